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
ASCII_TERMS = ("linux", "vt100", "vt220")
"""Terminals whose fonts lack most of our signs."""
NOT_FOUND = 127

RESTORE = (
    "\x1b7\x1b[r\x1b8"  # the whole screen scrolls; that would put the cursor home
    "\x1b[0m\x1b(B\x0f"  # colours, character set
    "\x1b[?1l\x1b>"  # cursor keys and keypad as usual
    "\x1b[?7h\x1b[?25h"  # wrap at the edge, a cursor
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l"  # no mouse reports, no bracketed paste
)
"""Undoes what a program that was killed may have left on (ECMA-48, xterm's control sequences)."""


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


def signs_in_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether signs outside ASCII would not show: what ``ONDUTY_ASCII``, the locale and the terminal say.

    Python puts ``LC_CTYPE=C.UTF-8`` into its own environment when the locale is C (PEP 538), so that value alone says
    nothing beside a ``LANG`` that says C. A locale that nobody set says nothing either: UTF-8 is what terminals speak.
    """
    if environ.get("ONDUTY_ASCII") or environ.get("TERM", "") in ASCII_TERMS:
        return True
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        return True
    lang = environ.get("LANG", "")
    ctype = environ.get("LC_CTYPE", "")
    if ctype == "C.UTF-8" and lang in ("C", "POSIX"):
        ctype = ""
    said = environ.get("LC_ALL") or ctype or lang
    return bool(said) and "utf8" not in said.lower().replace("-", "")


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
