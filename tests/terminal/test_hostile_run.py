"""A job that prints everything a terminal obeys: through the real app on a real pty, on every screen."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screens.hostile_pane import ATTACKS
from tests.screens.test_hostile_output import MARKS
from tests.terminal.conftest import onduty, stop_controller
from tests.terminal.ptys import OnPty

pytestmark = pytest.mark.terminal
LAST = b"error: [/x] [@click=app.exit]go[/] \x1b]52;c;SE9TVElMRQ==\x07 \x1b]0;HOSTILE\x07\x1b[2J\x9b6n [bold red]x[/]\n"
QUERIES = (b"\x1b[c", b"\x1b[0c", b"\x1b[6n", b"\x1b[5n", b"\x1b[?6n", b"\x1bZ", b"\x05")


@pytest.fixture
def hostile_home(tmp_path: Path) -> Iterator[Path]:
    home, attack = tmp_path / "home", tmp_path / "attack.bin"
    attack.write_bytes(b"\n".join([*ATTACKS, LAST]))
    file = tmp_path / "hostile.yaml"
    file.write_text(
        f"""\
version: 1
name: hostile
environment: staging
stages:
  - name: s
    jobs:
      j:
        hosts: local
        tasks:
          - name: attack
            run: |
              # [/x] [@click=app.exit]here[/]
              cat {shlex.quote(str(attack))}
              exit 1
""",
        encoding="utf-8",
    )
    done = onduty(home, "run", str(file))
    assert done.returncode == 1, done.stderr
    yield home
    stop_controller(home)


def test_nothing_that_a_job_prints_reaches_the_terminal_on_any_screen(hostile_home: Path) -> None:
    app = OnPty(environ={"ONDUTY_HOME": str(hostile_home)})
    try:
        app.sees("hostile/1", "failing or unknown", "error: [/x]")
        app.press(b"\r")
        app.sees("j@local failed in attack: exit 1", "[/x] [@click=app.quit]quit[/]")
        for keys, seen, gone in (
            (b"2", "bold red", ""),
            (b"z", "HOSTILE-RETURN", "why  j@local"),
            (b"z", "why  j@local", ""),
            (b"e", "error: [/x]", ""),
            (b"w", "error: [/x]", ""),
            (b"/x\r", "/x", ""),
            (b"n", "error: [/x]", ""),
            (b"3", "first error", ""),
            (b"5", "this run here", "why  j@local"),
            (b"1", "why  j@local", "this run here"),
            (b"@", "sent to local", "why  j@local"),
            (b"q", "why  j@local", "sent to local"),
            (b"y", "# [/x] [@click=app.exit]here[/]", "why  j@local"),
            (b"q", "why  j@local", "name: attack"),
            (b"r", "No, go back", ""),
            (b"n", "why  j@local", "No, go back"),
            (b"?", "change, each after a preview", ""),
            (b"?", "why  j@local", "change, each after"),
            (b"2G", "@click=app.exit", ""),
        ):
            app.press(keys)
            app.sees(seen)
            if gone:
                app.sees_no(gone)
        # What looks like a link or a button is text: a click on it does nothing.
        row = next(y for y, line in enumerate(app.screen.display) if "@click" in line)
        column = app.screen.display[row].index("@click")
        app.press(f"\x1b[<0;{column + 1};{row + 1}M\x1b[<0;{column + 1};{row + 1}m".encode())
        app.press(b"1q")
        app.sees("failing or unknown")
        app.press(b"q")
        assert app.ends() == 0
    finally:
        app.close()
    for mark in (*MARKS, *QUERIES):
        assert mark not in app.drawn, mark
    assert not any(f"\u00c2{chr(code)}".encode("latin-1") in app.drawn for code in range(0x80, 0xA0))
    assert not [title for title in app.screen.titles if "HOSTILE" in title]


def test_what_is_copied_is_the_visible_text_alone(hostile_home: Path) -> None:
    import base64
    import re

    app = OnPty(environ={"ONDUTY_HOME": str(hostile_home)})
    try:
        app.sees("hostile/1")
        app.press(b"\r")
        app.sees("j@local failed in attack")
        app.press(b"c")
        app.sees("copied to the clipboard")
        app.press(b"qq")
        assert app.ends() == 0
    finally:
        app.close()
    (copied,) = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", app.drawn)
    text = base64.b64decode(copied).decode()
    assert text.startswith("error: [/x] [@click=app.exit]go[/]")
    assert text.isprintable()
    assert "HOSTILE" not in text
