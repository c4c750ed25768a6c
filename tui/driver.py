"""The way from the screen to the terminal: whether it is behind, and letting go of one that takes nothing any more."""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tui.first_frame import ALTERNATE, FirstFrame
from tui.terminal import end_if_gone, leave_screen

LET_GO_S = 2.0
"""A screen that is told to end, and waits for the terminal, ends without it after so long."""
_PIECES, _PIECE_S = 200, 0.01


class _Outlet:
    """The terminal's file, which can be told to take no more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.is_writing = False
        self.is_shut = False

    def write(self, text: str) -> None:
        self._use(lambda: self._file.write(text))

    def flush(self) -> None:
        self._use(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _use(self, do: Callable[[], object]) -> None:
        self.is_writing = True
        try:
            if not self.is_shut:
                do()
        except OSError:
            end_if_gone()
            raise
        finally:
            self.is_writing = False


class TerminalDriver(LinuxDriver):
    """Textual's, with what a stalled link asks for.

    Textual writes in a thread, and whoever writes waits once thirty writes do. That is right for keys, which are about
    what is seen; but frames that nobody asked for would be shown one after the other when the link comes back.
    """

    def __init__(self, app: App[Any], *, first: FirstFrame | None = None, **options: Any) -> None:
        """``first`` is what stands on the terminal already: the screen goes on there."""
        super().__init__(app, **options)
        # Not to the errors, as Textual does: they may go to a file.
        assert sys.__stdout__ is not None
        self._outlet = _Outlet(sys.__stdout__)
        self._file = cast("Any", self._outlet)
        self._first = first

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._first is not None:
            self.attrs_before = self._first.hand_over() or self.attrs_before
            self._first = None

    def write(self, data: str) -> None:
        if data == ALTERNATE and self._first is not None and self._first.stands:
            return  # some terminals would clear it
        super().write(data)

    @property
    def is_behind(self) -> bool:
        """The terminal has not taken yet what was drawn before."""
        # Textual has no other way to tell.
        return self._writer_thread is not None and not self._writer_thread._queue.empty()

    def end_within(self, seconds: float, code: int) -> None:
        """End the program with ``code`` unless it does so by itself; for who has a signal handler to run now."""
        if self._writer_thread is None or not self._writer_thread.is_alive():
            return  # the terminal is lent to another program, which is waited for
        # An alarm is heard while everything else waits for the terminal.
        writer = self._writer_thread.ident or 0
        signal.signal(signal.SIGALRM, lambda number, frame: self._let_go(code, writer))
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _let_go(self, code: int, writer: int) -> None:
        """The modes are put back at once, and what makes the terminal look as before is there for it to read.

        For that it loses what it did not read so far.
        """
        try:
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            # What is being written holds the terminal's lock. It comes to its end, in pieces of what fits in between,
            # each time that a signal makes it look again; nothing else is begun.
            self._outlet.is_shut = True
            signal.signal(signal.SIGALRM, lambda number, frame: None)
            for _ in range(_PIECES):
                termios.tcflush(self.fileno, termios.TCIOFLUSH)
                if not self._outlet.is_writing:
                    break
                signal.pthread_kill(writer, signal.SIGALRM)
                time.sleep(_PIECE_S)
            leave_screen(self.fileno, self.attrs_before or termios.tcgetattr(self.fileno))
        except (OSError, termios.error):
            pass  # it went away meanwhile
        finally:
            os._exit(code)


def is_behind(app: App[Any]) -> bool:
    """Whether a frame that nobody asked for had better wait."""
    driver = app._driver
    return isinstance(driver, TerminalDriver) and driver.is_behind
