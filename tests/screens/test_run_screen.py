"""The run screen: what it shows first, what keeps its place, where tab and digits lead, the way out."""

from __future__ import annotations

import pytest

from runners.model.phases import Phase
from runners.testing.simulator import Simulator
from tests.screens.desk import desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.scenes import finish, healthy_run, rollout


def fails_in_restart(sim: Simulator, host: str) -> None:
    """A host at its first task goes on to the second, which must not be repeated, and fails there."""
    finish(sim, rollout(host), 1.0)
    finish(sim, rollout(host), 1.0, 1)


async def test_it_opens_at_the_failure_with_log_reason_and_page() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("web3 failed in restart: exit 1", "bind: address already in use", "port-in-use", "✗ 1 failed")
        assert here.run.choice.selected == rollout("web3")
        assert here.focus == "jobs"


async def test_a_choice_of_the_person_is_kept_while_the_run_goes_on() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("bind: address already in use")
        await here.press("j")
        chosen = here.run.choice.selected
        assert chosen != rollout("web3")
        sim = controller.runs[0].sim
        sim.now_utc += 1
        fails_in_restart(sim, "web7")
        await here.changed()
        await here.sees("✗ 2 failed")
        assert here.run.choice.selected == chosen


async def test_without_a_choice_it_goes_to_the_first_failure() -> None:
    controller = FakeController(FakeRun(healthy_run(), "u1", "deploy-api/42"))
    async with desk(controller) as here:
        sim = controller.runs[0].sim
        target = here.run.choice.target(sim.state)
        assert target is not None
        assert target.run.phase is Phase.RUNNING
        fails_in_restart(sim, "web10")
        await here.changed()
        await here.sees("web10 failed")
        assert here.run.choice.selected == rollout("web10")


async def test_who_reads_the_log_is_not_taken_away_by_another_failure() -> None:
    controller = FakeController(FakeRun(healthy_run(), "u1", "deploy-api/42"))
    async with desk(controller) as here:
        await here.sees("web9")
        reading = here.run.choice.selected
        await here.press("2", "k")
        fails_in_restart(controller.runs[0].sim, "web10")
        await here.changed()
        await here.sees("web10 failed")
        assert here.run.choice.selected == reading


async def test_tab_goes_around_the_panes_that_are_shown() -> None:
    async with desk(failed_controller()) as here:
        seen = []
        for _ in range(4):
            await here.press("tab")
            seen.append(here.focus)
        assert seen == ["log", "why", "runbook", "jobs"]
    async with desk(failed_controller(), size=(160, 50)) as here:
        seen = []
        for _ in range(6):
            await here.press("tab")
            seen.append(here.focus)
        assert seen == ["log", "why", "runbook", "host", "people", "jobs"]


@pytest.mark.parametrize("size", [(120, 36), (160, 44), (80, 24)])
async def test_digits_jump_to_panes_at_every_size(size: tuple[int, int]) -> None:
    async with desk(failed_controller(), size=size) as here:
        for digit, name in (("2", "log"), ("3", "why"), ("4", "runbook"), ("5", "host"), ("1", "jobs")):
            await here.press(digit)
            assert here.focus == name
            assert here.run.area_of(name) is not None
            assert here.run.query_one(f"#{name}").region.width > 0
        await here.sees("web3")


async def test_zoom_gives_the_pane_the_body_and_tab_takes_the_next_one() -> None:
    async with desk(failed_controller()) as here:
        await here.press("2", "z")
        assert here.run.query_one("#log").region.width == 120
        assert here.run.area_of("jobs") is None
        await here.press("tab")
        assert here.focus == "why"
        assert here.run.query_one("#why").region.width == 120
        await here.press("z")
        assert here.run.query_one("#jobs").region.width > 0
        assert here.focus == "why"


async def test_escape_leaves_search_then_zoom_then_the_log_then_the_run() -> None:
    async with desk(failed_controller()) as here:
        await here.press("2", "z", "slash", *"bind", "enter")
        await here.sees("bind")
        await here.press("escape")
        assert not here.run.pager.check_action("end_find", ())
        assert here.run.area_of("jobs") is None
        assert here.focus == "log"
        await here.press("escape")
        assert here.run.area_of("jobs") is not None
        assert here.focus == "log"
        await here.press("escape")
        assert here.focus == "jobs"
        await here.press("escape")
        assert here.painted.NAME == "board"


async def test_l_opens_a_run_and_its_log_and_h_goes_all_the_way_back() -> None:
    async with desk(failed_controller(), run=None) as here:
        await here.sees("deploy-api/42")
        await here.press("l")
        await here.sees("bind: address already in use")
        await here.press("l")
        assert here.focus == "log"
        await here.press("h", "h")
        assert here.painted.NAME == "board"


async def test_enter_folds_and_opens_a_stage_and_the_selection_stays_on_it() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("web7")
        await here.press("g", "j", "j")
        assert here.run.choice.selected == "rollout"
        await here.press("enter")
        assert "web7" not in here.rows[20]
        assert here.run.choice.selected == "rollout"
        assert not here.run.choice.is_open()
        await here.press("enter")
        assert here.run.choice.is_open()


async def test_hosts_put_together_open_one_by_one_and_fold_again() -> None:
    async with desk(failed_controller()) as here:
        await here.press("G")
        while not here.run.choice.selected.endswith("@passed"):
            before = here.run.choice.selected
            await here.press("k")
            assert here.run.choice.selected != before
        await here.press("enter")
        assert rollout("web2") in [item.id for item in here.run.choice.tree.items if item]
        await here.press("h")
        assert rollout("web2") not in [item.id for item in here.run.choice.tree.items if item]
        assert here.painted.NAME == "run"


async def test_a_smaller_terminal_keeps_the_pane_that_had_the_focus() -> None:
    async with desk(failed_controller(), size=(160, 44)) as here:
        await here.press("3")
        await here.pilot.resize_terminal(80, 24)
        await here.until(lambda: here.run.size.width == 80 and here.run.tab == "why")
        assert here.focus == "why"
        await here.sees("3 why", "exit 1")
        await here.pilot.resize_terminal(160, 44)
        await here.until(lambda: here.run.size.width == 160)
        assert here.focus == "why"
        await here.until(lambda: here.run.query_one("#jobs").region.width > 0)


async def test_a_pane_that_the_new_size_does_not_have_hands_the_focus_to_the_jobs() -> None:
    async with desk(failed_controller(), size=(160, 50)) as here:
        await here.press("tab", "tab", "tab", "tab", "tab")
        assert here.focus == "people"
        await here.pilot.resize_terminal(120, 36)
        await here.until(lambda: here.run.size.width == 120 and here.focus == "jobs", "the focus to be on the jobs")


async def test_a_tiny_terminal_shows_the_first_bad_line_and_log_below() -> None:
    async with desk(failed_controller(), size=(50, 9)) as here:
        await here.sees("web3 failed", "▸ bind: address already in use", ": actions", "? help")
        assert sum("task 2 attempt 1" in row for row in here.rows) >= 3
        await here.press("z")
        await here.until(lambda: any("too small" in toast.text for toast in here.run.toasts))


async def test_a_terminal_of_one_row_breaks_nothing() -> None:
    async with desk(failed_controller(), size=(10, 1)) as here:
        await here.press("j", "tab", "2", "z", "question_mark", "escape")
        assert here.app.is_running


async def test_a_click_selects_and_a_second_one_opens_the_log() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.pilot.click("#jobs", offset=(10, here.row_of("web7", "jobs")))
        await here.until(lambda: here.run.choice.selected == rollout("web7"))
        await here.pilot.click("#jobs", offset=(10, here.row_of("web7", "jobs")))
        await here.until(lambda: here.focus == "log")


async def test_a_click_on_a_tab_shows_its_pane() -> None:
    async with desk(failed_controller(), size=(80, 24)) as here:
        at = here.rows[2].index("4 runbook")
        await here.pilot.click("#tabs", offset=(at + 2, 0))
        await here.until(lambda: here.focus == "runbook")


async def test_a_run_that_does_not_exist_says_so_and_q_goes_back() -> None:
    async with desk(failed_controller(), run="nope") as here:
        await here.sees("there is no run nope")
        await here.press("r")
        await here.until(lambda: here.run.toasts)
        await here.press("q")
        assert here.painted.NAME == "board"


async def test_what_it_waits_for_stands_where_the_log_will_be() -> None:
    async with desk(failed_controller()) as here:
        await here.press("G")
        assert here.run.choice.selected.startswith("after/")
        await here.sees("Nothing has run here yet")


async def test_who_else_is_here_is_said() -> None:
    controller = failed_controller()
    controller.watchers = ("alice", "bob")
    async with desk(controller, size=(160, 44)) as here:
        await here.sees("2 watching", "bob   watches")
