"""The demo by keys: a failure with its page, a shell that mends it, a retry, green; and back in a new terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import Open, onduty

pytestmark = pytest.mark.terminal


@pytest.fixture
def demo_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "d"
    yield home
    done = onduty(home, "demo", "--stop")
    assert done.returncode == 0, done.stderr
    assert not (home / "demo").exists()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("size", [pytest.param((120, 36), marks=pytest.mark.faults), (80, 24)])
def test_from_the_failure_to_green_and_back_in_a_new_terminal(
    size: tuple[int, int], open_terminal: Open, demo_home: Path
) -> None:
    terminal = open_terminal(demo_home, size=size)
    terminal.onduty("demo")
    terminal.sees("web3 failed in restart: exit 1", "bind: address already in use", "port-in-use")
    terminal.press("!")
    terminal.sees("a shell on web3", "exit comes back", "web3:")
    assert terminal.flag("alternate_on") == "0"
    terminal.run("api status")
    terminal.sees("held by pid")
    found = re.search(r"held by pid (\d+)", terminal.text)
    assert found
    terminal.run(f"kill {found[1]}; api status")
    terminal.sees("nobody listens")
    terminal.run("exit")
    terminal.sees("web3 failed in restart")
    assert terminal.flag("alternate_on") == "1"
    terminal.press("r")
    terminal.sees("No, go back", "api restart")
    terminal.press("Y")
    terminal.sees("Passed.")
    terminal.sees_no("1 failed")
    # The window is closed: what was in it gets a hangup.
    terminal.close()

    again = open_terminal(demo_home, size=size)
    again.onduty("demo")
    again.sees("release-api/1", "Passed.", "✓")
    again.press("2")
    again.sees("attempt")
    again.press("h", "h")
    again.sees("runs", "7 of 7" if size[0] >= 100 else "recent")
    again.press("q")
    again.is_restored()


@pytest.mark.timeout(240)
def test_removing_the_demo_under_an_open_screen_leaves_nothing(open_terminal: Open, demo_home: Path) -> None:
    terminal = open_terminal(demo_home)
    terminal.onduty("demo")
    terminal.sees("release-api/1")
    done = onduty(demo_home, "demo", "--stop")
    assert done.returncode == 0, done.stderr
    terminal.sees("the state folder was removed, the controller too")
    assert not (demo_home / "demo").exists()
    terminal.press("q", "q")
    terminal.is_restored()
