"""The timeline and the details of a run at the keyboard: where they lead, what they refuse."""

from __future__ import annotations

import pytest

from runners.model.api import Usual
from tests.screens.desk import Desk, desk
from tests.screens.scenes import rollout
from tests.screens.timeline_scenes import failed_in_rollout, timeline_desk, told_controller
from tui.screens.confirm import ConfirmScreen
from tui.screens.details import DetailsScreen
from tui.screens.timeline import TimelineScreen


def screen_of(here: Desk) -> TimelineScreen:
    found = here.painted
    assert isinstance(found, TimelineScreen)
    return found


async def test_the_timeline_zooms_around_the_selected_row_moves_and_comes_back() -> None:
    async with timeline_desk() as here:
        await here.sees("now", "took", "✗ exit 1", "longest path", "╎ web3 failed")
        await here.press("left_square_bracket")
        await here.sees("the whole run is shown", "] sees a part of it")
        await here.press("right_square_bracket", "right_square_bracket")
        await here.sees("12:02:21 to 12:03:06")
        assert screen_of(here).zoom.level == 2
        await here.press("right")
        await here.sees("12:02:27 to 12:03:12")
        await here.press("h", "left_square_bracket", "left_square_bracket")
        await here.sees("start 12:01:35")
        await here.press("escape")
        assert here.app.screen is here.run


async def test_enter_goes_to_the_selected_job_run_on_the_runs_screen() -> None:
    async with timeline_desk() as here:
        await here.press("j")
        chosen = screen_of(here).choice.selected
        assert chosen == rollout("web2")
        await here.sees("web2")
        await here.press("enter")
        assert here.app.screen is here.run
        assert here.run.choice.selected == chosen
        assert here.focus == "log"


async def test_how_long_runs_like_it_usually_take_is_said_where_it_is_known() -> None:
    controller = told_controller(failed_in_rollout())
    controller.usual = Usual(runs=3, run_s=290.0)
    async with desk(controller) as here:
        await here.press("T")
        await here.sees("usual run 4m 50s")


async def test_events_are_read_on_where_they_ended_when_the_controller_comes_back() -> None:
    sim = failed_in_rollout()
    async with timeline_desk(sim) as here:
        await here.controller.go_down()
        await here.until(lambda: here.app.feed.trouble)
        sim.retry(rollout("web3"), by="bob")
        await here.controller.come_back()
        await here.sees("bob retried web3")
        assert here.text.count("alice started") == 1


async def test_what_can_be_done_to_a_run_can_be_done_from_its_timeline() -> None:
    async with timeline_desk() as here:
        await here.press("r")
        await here.until(lambda: isinstance(here.app.screen, ConfirmScreen))
        await here.sees("restart", "web3")


async def test_the_timeline_goes_on_with_the_run() -> None:
    sim = failed_in_rollout()
    async with timeline_desk(sim) as here:
        sim.retry(rollout("web3"), by="bob")
        await here.changed()
        await here.sees("bob retried web3")


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (40, 10)])
async def test_small_terminals_show_the_tree_or_the_bars(size: tuple[int, int]) -> None:
    async with desk(told_controller(failed_in_rollout()), size=size) as here:
        await here.press("T")
        await here.until(lambda: here.painted.NAME == "timeline")
        await here.sees("web3")
        if size[0] >= 60:
            await here.sees("━✗", "took")
            await here.press("1")
            await here.sees_no("took")
            await here.press("tab")
            await here.sees("took")


async def test_details_follow_the_run_and_a_line_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = failed_in_rollout()
    async with desk(told_controller(sim)) as here:
        await here.press("d")
        await here.until(lambda: isinstance(here.app.screen, DetailsScreen))
        await here.sees("rollout/release@web3", "exit 1", "attempt 1", "01JD0000000000000000000042.3.1.4")
        while "┃ key" not in here.text and "┃  key" not in here.text:
            await here.press("j")
        copied: list[str] = []
        monkeypatch.setattr(here.app, "copy_to_clipboard", copied.append)
        await here.press("c")
        assert copied[-1].startswith("01JD0000000000000000000042.")
        sim.retry(rollout("web3"), by="bob")
        await here.changed()
        await here.press("g")
        await here.sees("retried by bob")
        await here.press("escape")
        assert here.app.screen is here.run
