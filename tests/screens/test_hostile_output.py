"""What a job prints never steers the terminal and never becomes markup: in memory, and on a real pty."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte

from tests.screens.drawn import strips_of
from tests.screens.hostile_pane import ATTACKS, Hostile
from tui.widgets.log_pane import LogPane

ROOT = Path(__file__).resolve().parents[2]
MARKS = [
    b"]52;",
    b"0;HOSTILE",
    b"2;HOSTILE",
    b"kHOSTILE",
    b"\x1b[6n",
    b"\x1b[5n",
    b"\x1b[>c",
    b"\x1bc",
    b"\x1b[2J",
    b"\x1bP",
]


async def test_every_attack_is_drawn_as_text_and_nothing_else() -> None:
    app = Hostile()
    async with app.run_test(size=(160, 24)) as pilot:
        await pilot.pause()
        rows = [strip.text for strip in strips_of(app)]
        for strip in strips_of(app):
            for segment in strip:
                assert all(ord(character) >= 0x20 and not 0x7F <= ord(character) <= 0x9F for character in segment.text)
                assert segment.style is None or not segment.style.meta
                assert segment.style is None or not (segment.style.link or segment.style.blink or segment.style.conceal)
        text = "\n".join(rows)
        assert "[/x] [@click=app.quit]quit[/] [bold red]x[/]" in text
        assert "⋯ HOSTILE-RETURN" in text  # what was overwritten is there when lines are wrapped
        assert "open ␛52;c;SE9TVElMRQ==" in text
        assert "bidi \ufffdgnp.exe" in text
        assert "red hidden blink end" in text


async def test_searching_and_jumping_in_hostile_text_breaks_nothing() -> None:
    app = Hostile()
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("slash", *"[/x", "escape", "slash", *"end", "enter", "n", "n", "w", "e")
        await pilot.app.workers.wait_for_complete()
        await pilot.click(LogPane, offset=(20, 5))
        await pilot.pause()
        assert app.is_running


def test_a_real_terminal_keeps_its_title_clipboard_and_modes() -> None:
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.screens.hostile_pane"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )
    os.close(side)
    try:
        drawn = read_until(main, b"blink")
        os.write(main, b"q")
        drawn += read_to_end(main)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)
    for mark in MARKS:
        assert mark not in drawn, mark
    assert not any(f"\u00c2{chr(code)}".encode("latin-1") in drawn for code in range(0x80, 0xA0))
    screen = TitledScreen(160, 24)
    # pyte does not know some of the modes that Textual itself asks for; what it knows must not have been touched.
    pyte.ByteStream(screen).feed(drawn)
    assert not [title for title in screen.titles if "HOSTILE" in title]


class TitledScreen(pyte.Screen):
    """Remembers every title it was given."""

    def __init__(self, columns: int, lines: int) -> None:
        self.titles: list[str] = []
        super().__init__(columns, lines)

    def set_title(self, param: str) -> None:
        self.titles.append(param)

    def set_icon_name(self, param: str) -> None:
        self.titles.append(param)


def read_until(fd: int, wanted: bytes) -> bytes:
    """Read the pty until ``wanted`` was drawn; the test's own time limit ends a wait in vain."""
    data = b""
    while wanted not in data:
        if select.select([fd], [], [], 60)[0]:
            data += os.read(fd, 65536)
        else:
            raise AssertionError(f"never drawn; so far {data[-500:]!r}")
    return data


def read_to_end(fd: int) -> bytes:
    data = b""
    while True:
        try:
            block = os.read(fd, 65536)
        except OSError:  # Linux: the other side is closed
            return data
        if not block:
            return data
        data += block


def test_the_attacks_are_attacks() -> None:
    assert all(any(byte < 0x20 or byte >= 0x7F for byte in attack) or b"[@click" in attack for attack in ATTACKS)
