"""What stands on the terminal before the screen's library is loaded is what the screen draws first."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from pathlib import Path

import msgspec
import pyte
import pytest
from msgspec.structs import replace
from rich.color import ColorSystem
from rich.console import Console
from textual.strip import Strip

from runbooks.library import Library
from runners.client.client import ControllerClient
from runners.client.place import SOCKET_NAME
from runners.model import api
from tests.screens.desk import LIBRARY
from tests.screens.drawn import strips_of
from tests.screens.scenes import board_scene
from tui.app import OndutyApp
from tui.cli.version import version
from tui.first_frame import FirstFrame, Known
from tui.view.board_frame import board_frame
from tui.view.frame import frame_text
from tui.view.glyphs import UNICODE
from tui.view.look import Look
from tui.view.painting import color_system
from tui.view.scene import BoardScene
from tui.view.theme import THEMES

SIZES = [(60, 15), (80, 24), (120, 36), (160, 44)]


async def _nobody(*, start: bool) -> tuple[ControllerClient, api.Hello]:
    await asyncio.Event().wait()
    raise AssertionError("never")


def cells(said: str, size: tuple[int, int]) -> list[list[tuple[object, ...]]]:
    """What a terminal shows."""
    screen = pyte.Screen(*size)
    pyte.Stream(screen).feed(said)
    return [
        [
            (cell.data, cell.bg, *((cell.fg, cell.bold) if cell.data.strip() else ()), cell.reverse, cell.underscore)
            for cell in (screen.buffer[y][x] for x in range(size[0]))
        ]
        for y in range(size[1])
    ]


def drawn_anew(strip: Strip) -> str:
    """What a terminal with all colours is told."""
    system = ColorSystem.TRUECOLOR
    return "".join(
        f"\x1b[0;{Strip.render_ansi(one.style, system)}m{one.text}" for one in strip if one.style is not None
    )


def text_of(rows: list[list[tuple[object, ...]]]) -> list[str]:
    return ["".join(str(cell[0]) for cell in row) for row in rows]


def seen_first(**changes: object) -> BoardScene:
    """The list as it is known before the screen asks for more."""
    shown = board_scene()
    summaries = tuple(msgspec.structs.replace(run, **changes) for run in shown.summaries)
    here = replace(shown.here, lag_s=None)
    return replace(shown, here=here, summaries=summaries, statuses={}, selected="")


@pytest.mark.parametrize(
    ("size", "theme"), [*((size, "dark") for size in SIZES), ((160, 44), "ansi"), ((80, 24), "none"), ((120, 36), "hc")]
)
async def test_it_is_what_the_screen_draws_first(size: tuple[int, int], theme: str) -> None:
    look, scene = Look(THEMES[theme]), seen_first()
    # Nothing is given that is not known by then.
    known = BoardScene(here=scene.here, summaries=scene.summaries)
    ours = frame_text(board_frame(known, *size, look.glyphs), look, color_system({"COLORTERM": "truecolor"}))
    hello = api.Hello(version=version(), protocol=1, pid=1, home="", user=scene.here.user, started_at="")
    first, library_is_there = FirstFrame(look), threading.Event()
    first.known = Known(hello=hello, summaries=scene.summaries)

    def library() -> Library:
        library_is_there.wait()
        return LIBRARY

    app = OndutyApp(_nobody, library, look, first=first, now=lambda: scene.here.now_utc, zone=scene.here.zone)
    async with app.run_test(size=size):
        try:
            strips = strips_of(app)
            # A style remembers what it was for the first terminal that asked, which may have been another test's.
            theirs = "".join(f"\x1b[{y + 1};1H{drawn_anew(strip)}" for y, strip in enumerate(strips))
            assert text_of(cells(ours, size)) == text_of(cells(theirs, size))
            assert cells(ours, size) == cells(theirs, size)
        finally:
            library_is_there.set()


def test_what_a_host_wrote_steers_nothing() -> None:
    scene = seen_first(first_line="\x1b]0;mine\x07\x1b[2J\x9b31m\u202eevil", by="\x1b[1m", runbook="\x1b7")
    drawn = frame_text(board_frame(scene, 160, 44, UNICODE), Look(), color_system({}))
    steering = re.sub(r"\x1b\[[0-9;]*[mH]", "", drawn)
    assert steering.isprintable()
    assert "evil" in steering


@pytest.mark.parametrize("colorterm", ["", "truecolor", "24bit", "TrueColor", "yes"])
@pytest.mark.parametrize("term", ["xterm", "xterm-256color", "xterm-kitty", "tmux-256color", "linux", "rxvt-16color"])
def test_a_terminal_has_the_colours_that_the_screen_will_use(term: str, colorterm: str) -> None:
    environ = {"COLORTERM": colorterm, "TERM": term}
    console = Console(force_terminal=True, _environ=environ)
    assert color_system(environ) == console._color_system


@pytest.mark.parametrize(
    "broken",
    ["tui.first_frame.controller_was_started", "runners.client.place.prepare_home"],
    ids=["locked", "another's"],
)
def test_a_state_folder_that_cannot_be_used_is_for_the_screen_to_tell(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError("it belongs to somebody else")

    monkeypatch.setenv("ONDUTY_HOME", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as asked:
        asked.bind(str(tmp_path / SOCKET_NAME))
        asked.listen()
        asked.setblocking(False)
        monkeypatch.setattr(broken, refuse)
        first = FirstFrame(Look())
        first.draw()
        assert first.known is None
        assert not first.stands
        with pytest.raises(BlockingIOError):
            asked.accept()  # nobody was asked
