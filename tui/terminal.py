"""The person's terminal: whether a screen can be drawn on it, and lending it to another program and getting it back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from typing import Any

CANNOT_DRAW = ("", "dumb", "unknown")
"""Values of TERM that promise no cursor movement (terminfo(5))."""
NOT_FOUND = 127

RESTORE = (
    "\x1b7\x1b[r\x1b8"  # the whole screen scrolls; that would put the cursor home
    "\x1b[0m\x1b(B\x0f"  # colours, character set
    "\x1b[?1l\x1b>"  # cursor keys and keypad as usual
    "\x1b[?7h\x1b[?25h"  # wrap at the edge, a cursor
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l"  # no mouse reports, no bracketed paste
)
"""Undoes what a program that was killed may have left on (ECMA-48, xterm's control sequences)."""

LEAVE = "\x1b[?2026l\x1b[<u\x1b[?1049l\x1b[?1004l"
"""What Textual writes at its end: no frame is open, keys as usual, the main screen, no reports of the focus."""


def why_no_screen(environ: Mapping[str, str]) -> str:
    """Why nothing can be drawn here, in a sentence; empty when it can."""
    term = environ.get("TERM", "")
    if term not in CANNOT_DRAW:
        return ""
    name = f"TERM={term}" if term else "no TERM"
    return f"this terminal ({name}) cannot move its cursor, so there is no screen; every command works without one"


def has_terminal() -> bool:
    """Whether there is (still) a terminal to draw on."""
    try:
        return sys.__stdin__ is not None and os.isatty(sys.__stdin__.fileno())
    except ValueError:
        return False


def end_if_gone() -> None:
    """End at once, as a hangup does, where the terminal went away; a screen keeps nothing.

    Nothing is left to restore, what writes to it waits or fails for ever, and what reads finds its end again and again.
    """
    if not has_terminal():
        os._exit(128 + signal.SIGHUP)


def leave_screen(terminal: int, modes: list[Any]) -> None:
    """Give the terminal its modes and its main screen back, without waiting for one that takes nothing any more."""
    try:
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
        # Opened anew: who shares the one that we were given keeps waiting for it as before.
        own = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            os.write(own, (LEAVE + RESTORE).encode())
        finally:
            os.close(own)
    except (OSError, termios.error):
        pass  # it went away meanwhile, or is full


def lend(command: Sequence[str], banner: str) -> int:
    """Run a program in this terminal, which is in its usual state; returns its exit code, 127 when it does not start.

    ``banner`` is printed before. However the program ends, the terminal is afterwards as it was. A key that interrupts
    reaches the program alone.
    """
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    try:
        before = termios.tcgetattr(terminal)
    except termios.error:
        before = None
    # A handler in Python is taken off again in the child, an ignored signal is not.
    interrupts = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        print(f"\n{banner}\n", flush=True)
        try:
            return subprocess.run(command, env=dict(os.environ), check=False).returncode
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            return NOT_FOUND
    finally:
        signal.signal(signal.SIGINT, interrupts)
        if before is not None:
            _give_back(terminal, before)


def _give_back(terminal: int, before: list[Any]) -> None:
    # A shell with job control takes the foreground for itself, and one that was killed does not give it back; who
    # writes or changes modes from the background is stopped.
    stops = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, os.getpgrp())
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        print(RESTORE, end="", flush=True)
    except (termios.error, OSError):
        # The terminal went away while it was lent.
        return
    finally:
        signal.signal(signal.SIGTTOU, stops)
