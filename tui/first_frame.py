"""The list of runs on the terminal before the screen's library is loaded, which takes longer than all the rest.

What is drawn is what the screen draws first, by the same functions. Keys that are pressed meanwhile wait in the
terminal for the screen. Whatever happens before the screen has the terminal, the terminal is given back as it was.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import time
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Any

from msgspec import Struct

from runners.model import api
from runners.model.errors import OndutyError
from tui.terminal import leave_screen
from tui.view.board_frame import board_frame
from tui.view.frame import frame_text
from tui.view.look import Look
from tui.view.painting import color_system
from tui.view.scene import BoardScene, Here
from tui.wiring import controller_was_started, home

PATIENCE_S = 0.3
"""A controller that has not answered by then is waited for by the screen, which says so."""
ALTERNATE = "\x1b[?1049h"
"""Go to the other screen (xterm): the lines of the shell stay as they are."""
_BEGIN, _END = "\x1b[?25l\x1b[?2026h", "\x1b[?2026l"
"""No cursor, and all of it at once (the synchronized updates of terminals that have them)."""


class Known(Struct, frozen=True, kw_only=True):
    """What the controller said before the screen asks."""

    hello: api.Hello
    summaries: tuple[api.RunSummary, ...]


class FirstFrame:
    """What is on the terminal until the screen takes it over; as a context, the terminal is given back at its end."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        self._before: list[Any] | None = None
        """The modes of the terminal; None while it is not ours."""
        self._heard: dict[int, Any] = {}
        self.known: Known | None = None
        """Of the frame that stands there; None: none was drawn."""

    @property
    def stands(self) -> bool:
        """It is on the terminal, and nobody else has it yet."""
        return self._before is not None

    def draw(self) -> None:
        """Draw it, where a controller runs and answers at once."""
        known = None if self._is_another_ones() else _ask()
        if known is None:
            return
        try:
            frame = self._frame(known)
        except Exception:
            return  # the screen draws the same, part by part, and tells of the one that breaks
        self._take_terminal()
        self.known = known
        _write(sys.__stdout__.fileno() if sys.__stdout__ else 1, f"{ALTERNATE}{_BEGIN}{frame}{_END}".encode())

    def _frame(self, known: Known) -> str:
        width, height = os.get_terminal_size(self._terminal)
        here = Here(now_utc=time.time(), user=known.hello.user, zone=datetime.now().astimezone().tzinfo or UTC)
        parts = board_frame(BoardScene(here=here, summaries=known.summaries), width, height, self._look.glyphs)
        return frame_text(parts, self._look, color_system(os.environ))

    def hand_over(self) -> list[Any] | None:
        """The screen has the terminal from now on; returns the modes that it had before, None when it had none."""
        before, self._before = self._before, None
        return before

    def __enter__(self) -> FirstFrame:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()
        for number, heard in self._heard.items():
            signal.signal(number, heard)

    def _is_another_ones(self) -> bool:
        """Whether another job has the terminal, as after ``onduty &``: who draws then is stopped."""
        try:
            return os.tcgetpgrp(self._terminal) != os.getpgrp()
        except OSError:
            return False  # nobody has it for a job of a shell: under setsid, in a container

    def _take_terminal(self) -> None:
        self._before = termios.tcgetattr(self._terminal)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._heard[number] = signal.signal(number, self._told_to_end)
        now = termios.tcgetattr(self._terminal)
        now[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
        # Ctrl-c and ctrl-z too are keys of the screen.
        now[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        termios.tcsetattr(self._terminal, termios.TCSANOW, now)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        self._give_back()
        os._exit(128 + number)

    def _give_back(self) -> None:
        if self._before is not None:
            leave_screen(self._terminal, self._before)
            self._before = None


def _ask() -> Known | None:
    """What the controller says; None where none was started, where it says nothing in time, or is not ours to ask."""
    try:
        return asyncio.run(_answer()) if controller_was_started() else None
    except (OndutyError, OSError, ValueError):
        return None  # the screen asks again, and says what it hears


async def _answer() -> Known | None:
    from runners.client.client import ControllerClient
    from runners.client.place import prepare_home

    async with asyncio.timeout(PATIENCE_S), ControllerClient(prepare_home(home())) as client:
        hello = await client.hello(auth_sock=os.environ.get("SSH_AUTH_SOCK"))
        if hello.protocol != api.PROTOCOL:
            return None
        return Known(hello=hello, summaries=tuple(await client.runs()))


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
