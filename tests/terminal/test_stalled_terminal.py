"""A terminal that takes nothing for a while, as behind a link that stalls or a window that is stopped."""

from __future__ import annotations

import fcntl
import signal
import struct
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.person import until
from tests.terminal.conftest import onduty
from tests.terminal.ptys import OnPty

pytestmark = pytest.mark.terminal
FAILED = "unit@local failed in test: exit 3"


@pytest.fixture
def screen(failed_home: Path) -> Iterator[OnPty]:
    """The run's screen."""
    opened = OnPty(environ={"ONDUTY_HOME": str(failed_home)})
    try:
        opened.sees("nightly/1")
        opened.press(b"\r")
        opened.sees(FAILED)
        yield opened
    finally:
        opened.close()


def unread_bytes(screen: OnPty) -> int:
    """What the kernel keeps for the terminal."""
    return int(struct.unpack("i", fcntl.ioctl(screen.main, termios.FIONREAD, b"\0" * 4))[0])


def waits_for_the_terminal(screen: OnPty) -> bool:
    """Whether a thread of the screen is in a write that goes on when somebody reads."""
    threads = Path(f"/proc/{screen.process.pid}/task").iterdir()
    return unread_bytes(screen) > 4000 and any((thread / "wchan").read_text() == "wait_woken" for thread in threads)


def stall(screen: OnPty) -> None:
    """Read nothing, until as many frames wait as may; a pane is zoomed and is not, again and again."""
    screen.press(b"z" * 120)
    until(lambda: waits_for_the_terminal(screen), "a full pty")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_screen_that_waits_for_its_terminal_ends_when_told(screen: OnPty, number: int, code: int) -> None:
    stall(screen)
    screen.process.send_signal(number)
    assert screen.process.wait(60) == code
    assert termios.tcgetattr(screen.main)[3] & termios.ICANON
    left = screen.reads_the_rest()
    assert b"\x1b[?1049l" in left
    assert left.endswith(b"\x1b[?2004l")


@pytest.mark.parametrize("before", [lambda screen: None, stall], ids=["idle", "stalled"])
def test_a_terminal_that_is_gone_without_a_word_ends_the_screen(screen: OnPty, before: Callable[[OnPty], None]) -> None:
    before(screen)
    assert screen.hang_up() == 129


@pytest.mark.faults
def test_a_terminal_that_takes_again_shows_what_is_now(screen: OnPty, failed_home: Path) -> None:
    stall(screen)
    assert onduty(failed_home, "retry", "last").returncode == 0
    until(lambda: '"attempt": 2' in onduty(failed_home, "show", "last", "--json").stdout, "another attempt")
    screen.sees("attempt 2", FAILED)
    screen.press(b"q")
    screen.sees("failing or unknown")
    screen.press(b"q")
    assert screen.ends() == 0
