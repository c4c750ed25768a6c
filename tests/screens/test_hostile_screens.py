"""Whatever a file, a person or a host supplies is text on every screen: in memory, and on a real pty."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pyte
import pytest

import tui.wiring
from tests.screens.hostile_screens import CORPUS, app_over, hostile_controller, tour
from tests.screens.test_hostile_output import MARKS, ROOT, TitledScreen, read_to_end

pytestmark = pytest.mark.timeout(400)
"""A tour through every screen is long on a machine that others use too."""
SIZES = {"wide": (160, 44), "medium": (120, 36), "narrow": (80, 24)}
QUERIES = (b"\x1b[c", b"\x1b[0c", b"\x1b[6n", b"\x1b[5n", b"\x1b[?6n", b"\x1bZ", b"\x05")
HIDDEN = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x061C, 0xFEFF, 0x2028, 0x2029}


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The logs of the app are put back."""
    monkeypatch.setattr(tui.wiring, "log_reader", tui.wiring.log_reader)


@pytest.mark.parametrize(
    ("kind", "size"), [*((kind, "medium") for kind in CORPUS), ("markup", "narrow"), ("long", "wide")]
)
async def test_nothing_hostile_is_more_than_text_on_any_screen(kind: str, size: str) -> None:
    evil = CORPUS[kind]
    controller = hostile_controller(evil)
    app = app_over(controller)
    seen: list[str] = []

    def visit(place: str) -> None:
        seen.append(place)
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                bad = [hex(ord(one)) for one in segment.text if not one.isprintable() or ord(one) in HIDDEN]
                assert not bad, (place, bad, segment.text)
                style = segment.style
                assert style is None or not (style.meta or style.link or style.blink or style.conceal), (place, style)

    async with app.run_test(size=SIZES[size]) as pilot:
        await tour(app, pilot, controller, evil, visit)
        assert app.is_running
    assert app.crash is None
    assert app.broken == {}
    assert {"board", "pane 5, zoomed", "dialog r", "dialog B", "dialog M", "screen at", "toasts", "no controller"} <= {
        *seen
    }


def test_a_real_terminal_is_not_touched_by_any_of_it_on_any_screen() -> None:
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.screens.hostile_screens"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=ROOT,
        env=env,
        start_new_session=True,
    )
    os.close(side)
    try:
        drawn = read_to_end(main)
        assert process.wait(timeout=30) == 0, drawn[-2000:]
    finally:
        process.kill()
        process.wait()
        os.close(main)
    for mark in (*MARKS, *QUERIES):
        assert mark not in drawn, mark
    assert not any(f"\u00c2{chr(code)}".encode("latin-1") in drawn for code in range(0x80, 0xA0))
    screen = TitledScreen(120, 36)
    pyte.ByteStream(screen).feed(drawn)
    assert not [title for title in screen.titles if "HOSTILE" in title]
