"""``!``: the terminal is lent to a shell and comes back, whatever becomes of that shell."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.test_ways_out import FAILED
from tests.terminal.tmux import Terminal

pytestmark = pytest.mark.terminal


@pytest.fixture
def lent(open_terminal: Open, failed_home: Path, tmp_path: Path) -> Terminal:
    """The screen at the failed run, and then a shell on this machine."""
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\necho I am a shell\nPS1='there$ ' exec /bin/sh -i\n", encoding="utf-8")
    shell.chmod(0o700)
    terminal = open_terminal(failed_home, SHELL=str(shell))
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED)
    terminal.press("!")
    terminal.sees("onduty: a shell on local; exit comes back", "I am a shell", "there$")
    return terminal


def leave(terminal: Terminal) -> None:
    terminal.sees(FAILED, "error: one test failed")
    assert terminal.flag("alternate_on") == "1"
    assert terminal.flag("cursor_flag") == "0"
    terminal.press("q")
    terminal.sees("failing or unknown")
    terminal.press("q")
    terminal.is_restored()


def test_exit_comes_back_to_the_same_screen(lent: Terminal) -> None:
    assert lent.flag("alternate_on") == "0"
    assert lent.flag("cursor_flag") == "1"
    lent.run("echo typed-$((40 + 2)); exit 7")
    leave(lent)


def test_a_size_that_changed_meanwhile_is_the_screens_size(lent: Terminal) -> None:
    lent.resize(80, 24)
    lent.run("exit")
    lent.sees("1 jobs", "first error")
    lent.resize(120, 36)
    leave(lent)


def test_a_shell_that_is_killed_with_the_terminal_in_disorder_gives_it_back(lent: Terminal) -> None:
    lent.run(r"printf '\033[?25l\033[?1003h\033[?7l\033[31m'; stty raw -echo; kill -9 $$")
    lent.sees("was killed (signal 9)")
    leave(lent)


def test_a_key_that_interrupts_reaches_the_shell_alone(lent: Terminal) -> None:
    lent.run("trap 'echo caught-it' INT; echo re''ady")
    lent.sees("ready")
    lent.press("C-c")
    lent.run("")
    lent.sees("there$")
    lent.run("exit")
    leave(lent)


def test_a_hangup_while_the_terminal_is_lent_ends_everything(lent: Terminal) -> None:
    import psutil

    process = psutil.Process(lent.pid_of("tui.cli"))
    children = process.children()
    lent.close()
    process.wait(30)
    assert children
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_a_termination_that_came_meanwhile_is_heard_at_its_end(lent: Terminal) -> None:
    os.kill(lent.pid_of("tui.cli"), signal.SIGTERM)
    lent.run("echo still-here; exit")
    lent.until(lambda: lent.flag("alternate_on") == "0" and "user$" in lent.text.rstrip()[-8:], "the prompt")
    lent.run("echo code=$?")
    lent.sees("code=143")
    lent.is_restored()


def test_what_a_person_asked_for_colours_reaches_the_shell(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home, NO_COLOR="1", SHELL="/bin/sh")
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED)
    terminal.press("!")
    terminal.sees("a shell on local")
    terminal.run("echo NO_COLOR is $NO_COLOR.")
    terminal.sees("NO_COLOR is 1.")
    terminal.run("exit")
    leave(terminal)
