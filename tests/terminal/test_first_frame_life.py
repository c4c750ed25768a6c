"""The list of runs stands before the screen does: keys wait for the screen, and nothing is left behind without one."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.ptys import OnPty

pytestmark = pytest.mark.terminal
ALTERNATE, MAIN = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    return fifo


@pytest.fixture
def held(failed_home: Path, gate: Path) -> Iterator[OnPty]:
    """The first frame; the screen comes when the gate is opened."""
    environ = {"ONDUTY_HOME": str(failed_home), "HELD_BY": str(gate)}
    opened = OnPty(environ=environ, module="tests.terminal.held_screen")
    try:
        opened.sees("nightly/1", "failing or unknown", "error: one test failed")
        yield opened
    finally:
        opened.close()


def modes(terminal: OnPty) -> list[Any]:
    return termios.tcgetattr(terminal.main)


def test_keys_that_come_early_are_keys_of_the_screen(held: OnPty, gate: Path) -> None:
    held.press(b"\x03")
    gate.write_text("")
    held.sees("ctrl-c stops nothing here")
    held.press(b"\r")
    held.sees("unit@local failed in test: exit 3")
    assert held.drawn.count(ALTERNATE) == 1
    held.press(b"qq")
    assert held.ends() == 0
    assert held.drawn.count(ALTERNATE) == held.drawn.count(MAIN) == 1


def test_the_terminal_is_afterwards_as_it_was_before_the_first_frame(held: OnPty, gate: Path) -> None:
    assert not modes(held)[3] & (termios.ICANON | termios.ECHO)
    gate.write_text("")
    held.until(lambda: b"\x1b[?2004h" in held.drawn, "the screen")
    held.press(b"q")
    assert held.ends() == 0
    now = modes(held)
    assert now[3] & termios.ICANON
    assert now[3] & termios.ECHO
    assert now[0] & termios.ICRNL
    assert now[3] & termios.ISIG


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)], ids=["term", "hup", "int"]
)
def test_who_ends_it_before_the_screen_has_the_terminal_gets_it_back(held: OnPty, number: int, code: int) -> None:
    held.process.send_signal(number)
    assert held.process.wait(60) == code
    assert modes(held)[3] & termios.ICANON
    assert modes(held)[3] & termios.ECHO
    left = held.reads_the_rest()
    assert MAIN in left
    assert b"\x1b[?25h" in left


def test_a_library_that_cannot_be_loaded_is_told_of_on_the_terminal_as_it_was(held: OnPty, gate: Path) -> None:
    gate.write_text("no such library")
    held.ends()
    held.drawn += held.reads_the_rest()
    assert held.process.returncode == 70
    before, _, after = held.drawn.partition(MAIN)
    assert b"bug" not in before
    assert b"this is a bug (ImportError); runs go on" in after


def test_a_controller_that_does_not_answer_is_waited_for_by_the_screen(failed_home: Path) -> None:
    pid = int((failed_home / "controller.lock").read_text())
    os.kill(pid, signal.SIGSTOP)
    screen = OnPty(environ={"ONDUTY_HOME": str(failed_home)})
    try:
        screen.sees("Reading the list of runs.")
        os.kill(pid, signal.SIGCONT)
        screen.sees("nightly/1", "failing or unknown")
    finally:
        os.kill(pid, signal.SIGCONT)
        screen.close()


def test_errors_that_go_to_a_file_leave_the_screen_on_the_terminal(failed_home: Path, tmp_path: Path) -> None:
    with (tmp_path / "errors").open("wb") as errors:
        screen = OnPty(environ={"ONDUTY_HOME": str(failed_home)}, errors=errors)
    try:
        screen.until(lambda: b"\x1b[?2004h" in screen.drawn, "the screen")
        screen.press(b"\r")
        screen.sees("unit@local failed in test: exit 3")
        screen.press(b"qq")
        assert screen.ends() == 0
    finally:
        screen.close()
    assert (tmp_path / "errors").read_bytes() == b""
