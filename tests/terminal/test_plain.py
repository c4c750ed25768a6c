"""``onduty --plain`` on a real terminal: text that is only added to, commands that are typed, previews that ask."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.conftest import onduty
from tests.terminal.ptys import OnPty

pytestmark = pytest.mark.terminal


@pytest.fixture
def plain(failed_home: Path) -> Iterator[Callable[..., OnPty]]:
    opened: list[OnPty] = []

    def open_one(*words: str, **environ: str) -> OnPty:
        environ = {"ONDUTY_HOME": str(failed_home), "TERM": "dumb", "ONDUTY_SETTINGS": "", **environ}
        opened.append(OnPty(*words, environ=environ, size=(200, 60)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def ends(one: OnPty) -> int:
    one.until(lambda: one.process.poll() is not None, "its end")
    return one.process.returncode


def test_a_failure_is_retried_by_what_is_typed_and_nothing_is_drawn_over(plain: Callable[..., OnPty]) -> None:
    one = plain("--plain")
    one.sees("failing or unknown, 1:", "nightly/1 in staging: held", "First error: error: one test failed")
    one.press(b"retry last\n")
    one.sees("as attempt 2.", "echo 'running tests'", "Go on? yes, or anything else to leave it.")
    one.press(b"no\n")
    one.sees("Nothing was done.")
    one.press(b"retry last\n")
    one.until(lambda: one.text.count("Go on?") == 2, "the second question")
    one.press(b"yes\n")
    one.sees("build/unit@local will be retried", "next: retry nightly/1 unit@local")
    one.press(b"rety last\n")
    one.sees('rety: no such command, did you mean "retry"?')
    one.press(b"q\n")
    one.sees("You left; runs go on.")
    assert ends(one) == 0
    # Only printable text and line ends: no cursor is moved, no colour is set.
    assert not [byte for byte in one.drawn if byte < 32 and byte not in b"\r\n\t"]


def test_a_terminal_that_cannot_draw_is_told_of_it_and_ctrl_c_leaves_the_runs_alone(
    plain: Callable[..., OnPty],
) -> None:
    one = plain()
    one.sees("try: onduty --plain")
    assert ends(one) == 2
    one = plain("--plain")
    one.sees("nightly/1")
    one.process.send_signal(signal.SIGINT)
    one.sees("You left; runs go on.")
    assert ends(one) == 130


def test_settings_make_it_the_way_that_onduty_opens(plain: Callable[..., OnPty], tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("plain: true\n")
    file.chmod(0o600)
    one = plain(ONDUTY_SETTINGS=str(file))
    one.sees("onduty, plain.", "nightly/1")
    one.press(b"\x04")
    assert ends(one) == 0


def test_without_a_terminal_it_ends_when_no_run_goes_on_by_itself(failed_home: Path) -> None:
    done = onduty(failed_home, "--plain", ONDUTY_SETTINGS="")
    assert done.returncode == 0
    assert "nightly/1 in staging: held" in done.stdout
    assert done.stdout.endswith("No run goes on by itself.\n")
