"""The one table of actions, and the screens that are made from it."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from tests.screens.desk import desk
from tests.screens.fake_controller import failed_controller
from tui.keys.actions import ACTIONS, Action, Kind, action, on_screen
from tui.screens.board import BoardScreen
from tui.screens.host import HostScreen
from tui.screens.painted import PaintedScreen
from tui.screens.pipeline import PipelineScreen
from tui.screens.record import RecordScreen
from tui.screens.run import RunScreen
from tui.screens.runbook import RunbookScreen
from tui.screens.timeline import TimelineScreen

SCREENS: dict[str, type[PaintedScreen]] = {
    "board": BoardScreen,
    "run": RunScreen,
    "runbook": RunbookScreen,
    "pipeline": PipelineScreen,
    "host": HostScreen,
    "timeline": TimelineScreen,
    "record": RecordScreen,
}


def method_of(one: Action) -> str:
    return f"do_{one.name.replace('-', '_')}"


@pytest.mark.parametrize("screen", SCREENS)
def test_every_action_has_a_method_on_each_of_its_screens(screen: str) -> None:
    missing = [one.name for one in on_screen(screen) if not callable(getattr(SCREENS[screen], method_of(one), None))]
    assert missing == []


@pytest.mark.parametrize("screen", SCREENS)
def test_no_screen_does_what_the_table_does_not_have(screen: str) -> None:
    known = {method_of(one) for one in on_screen(screen)}
    assert {name for name in dir(SCREENS[screen]) if name.startswith("do_")} <= known


@pytest.mark.parametrize("screen", SCREENS)
def test_a_key_means_one_thing_on_a_screen(screen: str) -> None:
    counts = collections.Counter(key for one in on_screen(screen) for key in one.keys)
    assert [key for key, count in counts.items() if count > 1] == []


def test_a_key_means_the_same_kind_of_thing_on_every_screen() -> None:
    kinds: dict[str, set[Kind]] = collections.defaultdict(set)
    for one in ACTIONS:
        for key in one.keys:
            kinds[key].add(one.kind)
    assert [key for key, found in kinds.items() if Kind.CHANGE in found and len(found) > 1] == []


def test_nothing_that_changes_is_on_ctrl_or_on_a_key_of_lists() -> None:
    for one in ACTIONS:
        if one.kind is Kind.CHANGE:
            assert not any(key.startswith("ctrl+") or key in ("enter", "space", "escape", "tab") for key in one.keys)


def test_what_is_asked_for_by_name_is_found_and_the_rest_is_an_error() -> None:
    assert action("retry").key == "r"
    with pytest.raises(KeyError):
        action("explode")


@pytest.mark.parametrize(
    "one", [one for one in on_screen("run") if one.name not in ("quit", "back")], ids=lambda one: one.name
)
async def test_every_key_of_the_run_screen_does_something_or_says_why(
    one: Action, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing breaks: ``desk`` looks at that."""
    monkeypatch.chdir(tmp_path)
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("bind: address already in use")
        lent = here.lends(monkeypatch)
        for key in one.keys:
            await here.press(key)
            await here.press("escape")
        assert here.app.is_running
        if one.name == "shell":
            await here.until(lambda: [host.name for host in lent] == ["web3"])
        assert (one.name == "shell") is bool(lent)


async def test_keys_before_the_run_was_read_say_that_it_is_being_read() -> None:
    controller = failed_controller()
    await controller.go_down("connection refused")
    async with desk(controller) as here:
        await here.sees("The controller does not answer")
        for key in ("r", "S", "X", "exclamation_mark", "e", "slash", "at", "y", "c", "z", "tab", "2", "o", "p", "l"):
            await here.press(key)
            assert here.painted.NAME == "run"
        assert here.run.toasts
