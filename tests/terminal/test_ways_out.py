"""However the screen is left, the terminal is as it was; what it was open on is found again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.terminal.conftest import Open, onduty

pytestmark = pytest.mark.terminal
FAILED = "unit@local failed in test: exit 3"


def test_q_leaves_only_from_the_list_and_says_what_goes_on(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1", "failing or unknown")
    terminal.press("Enter")
    terminal.sees(FAILED)
    terminal.press("q")
    terminal.sees("failing or unknown")
    terminal.press("q")
    terminal.sees("1 run has not ended; onduty comes back to it.")
    terminal.is_restored()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal(number: int, code: int, open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1")
    os.kill(terminal.pid_of("tui.cli"), number)
    terminal.until(lambda: terminal.flag("alternate_on") == "0", "the main screen")
    terminal.run("echo code=$?")
    terminal.sees(f"code={code}")
    assert "Traceback" not in terminal.text
    terminal.is_restored()


def test_ctrl_c_neither_leaves_nor_stops_anything(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("C-c")
    terminal.sees("ctrl-c stops nothing here", "q leaves onduty")
    terminal.press("Enter")
    terminal.sees(FAILED)
    terminal.press("r")
    terminal.sees("No, go back")
    terminal.press("C-c")
    terminal.sees_no("No, go back")
    terminal.sees(FAILED)
    terminal.press("q", "q")
    terminal.is_restored()


def test_ctrl_z_gives_the_terminal_back_and_fg_returns(open_terminal: Open, failed_home: Path) -> None:
    # Job control is the shell's: dash and bash have it in an interactive shell.
    terminal = open_terminal(failed_home)
    terminal.run("set -m")
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("C-z")
    terminal.is_restored()
    terminal.run("clear; fg")
    terminal.sees("nightly/1", "failing or unknown")
    assert terminal.flag("alternate_on") == "1"
    os.kill(terminal.pid_of("tui.cli"), signal.SIGTSTP)
    terminal.is_restored()
    terminal.run("clear; fg")
    terminal.sees("nightly/1", "failing or unknown")
    terminal.press("q")
    terminal.is_restored()


def test_after_kill_9_it_opens_again_with_everything_and_then_restores(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED, "error: one test failed")
    os.kill(terminal.pid_of("tui.cli"), signal.SIGKILL)
    terminal.until(lambda: terminal.flag("pane_current_command") in ("sh", "dash", "bash", "env"), "the shell")
    # As after any program that was killed while it had the terminal: a newline is not what enter sends.
    terminal.press("C-j")
    terminal.type("stty sane; echo ki''lled")
    terminal.press("C-j")
    terminal.sees("killed")
    terminal.onduty()
    terminal.sees("nightly/1", "failing or unknown")
    terminal.press("Enter")
    terminal.sees(FAILED, "error: one test failed")
    terminal.press("q", "q")
    # `stty sane` leaves flow control as it is.
    terminal.is_restored("ixon")


def test_a_closed_window_ends_the_screen_and_not_the_run(open_terminal: Open, failed_home: Path) -> None:
    import psutil

    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1")
    process = psutil.Process(terminal.pid_of("tui.cli"))
    terminal.close()
    process.wait(30)
    assert '"phase": "held"' in onduty(failed_home, "show", "last", "--json").stdout
    assert not list((failed_home.parent).glob("onduty-report-*"))


def test_resizing_from_wide_to_tiny_and_back_keeps_up(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home, size=(160, 44))
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED, "people")
    for width, height in ((120, 36), (80, 24), (40, 8), (12, 3), (100, 30), (60, 16)):
        terminal.resize(width, height)
    terminal.sees("1 jobs", "first error")
    terminal.resize(160, 44)
    terminal.sees(FAILED, "people", "error: one test failed")
    terminal.press("q", "q")
    terminal.is_restored()


def test_a_controller_that_is_killed_is_missed_and_comes_back(open_terminal: Open, failed_home: Path) -> None:
    import json

    terminal = open_terminal(failed_home)
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED)
    os.kill(int(json.loads(onduty(failed_home, "controller", "status", "--json").stdout)["pid"]), signal.SIGKILL)
    terminal.sees("no controller for", "error: one test failed")
    terminal.sees_no("no controller for")
    terminal.press("r")
    terminal.sees("No, go back")
    terminal.press("Y")
    terminal.sees_no("No, go back")
    terminal.sees("attempt 2")
    terminal.sees(FAILED)
    terminal.press("q", "q")
    terminal.is_restored()
