"""Keys of the run screen that look: find, errors, attempts, what was sent, the definition, the page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import events

from runners.testing.builders import job, plan_of, stage
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller, memory_logs
from tests.screens.scenes import BIND, begun, failed_run, finish, rollout
from tui.screens import painted
from tui.screens.run import RunScreen
from tui.screens.runbook import RunbookScreen
from tui.screens.text import TextScreen

NEVER_S = 3600.0


async def test_what_is_typed_into_find_are_letters_and_no_commands() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("bind: address already in use")
        await here.press("slash", *"rSXqo!", "y")
        assert here.focus == "log"
        await here.until(lambda: here.run.pager.is_typing)
        await here.sees("rSXqo!y")
        assert here.painted.NAME == "run"
        assert len(here.app.screen_stack) == 2
        await here.press("escape")
        assert not here.run.pager.is_typing
        assert here.focus == "log"


def burst(here: Desk, *keys: str) -> None:
    """As fast as a bad link hands over what was typed: none waits for the one before."""
    characters = {"slash": "/", "enter": "\r", "escape": "\x1b", "colon": ":", "question_mark": "?"}
    for key in keys:
        here.app.post_message(events.Key(key, characters.get(key, key)))


async def test_letters_typed_right_behind_the_slash_are_not_lost() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        burst(here, "slash", "e", "r", "r")
        await here.until(lambda: here.run.pager.is_typing)
        await here.until(lambda: "err" in here.rows[22] + here.rows[21] + here.rows[23], "the query")


async def test_keys_typed_right_behind_a_search_are_commands_again() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        burst(here, "slash", "e", "r", "r", "enter", "n", "3")
        await here.until(lambda: here.focus == "why")
        assert not here.run.pager.is_typing
        await here.sees("/ err ")
        burst(here, "slash", "x", "escape", "1")
        await here.until(lambda: here.focus == "jobs")
        await here.sees_no("/ err")


async def test_keys_typed_before_a_screen_is_there_are_that_screens() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        burst(here, "colon", "n", "e", "x", "t", "space", "p", "a", "n", "e", "enter", "question_mark")
        await here.sees("change, each after a preview")
        burst(here, "q", "q")
        await here.until(lambda: here.painted.NAME == "board")


async def test_a_key_that_is_quicker_than_the_first_frame_of_a_run_is_about_what_it_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with desk(failed_controller(), run=None) as here:
        await here.sees("deploy-api/42")
        monkeypatch.setattr(painted, "FRAME_S", NEVER_S)
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.until(lambda: here.run.feed.state is not None)
        await here.press("at")
        await here.sees("sent to web3")


async def test_find_counts_and_n_goes_around() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.press("slash", "3", "enter")
        await here.until(lambda: here.run.pager.current_line is not None)
        first = here.run.pager.current_line
        await here.press("n")
        await here.until(lambda: here.run.pager.current_line != first)
        await here.press("N")
        await here.until(lambda: here.run.pager.current_line == first)


async def test_n_without_a_search_asks_what_to_find() -> None:
    async with desk(failed_controller()) as here:
        await here.press("n")
        assert here.run.pager.is_typing
        assert here.focus == "log"


async def test_e_goes_to_the_first_bad_line_and_then_says_that_there_is_no_more() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.press("2", "g", "e")
        await here.until(lambda: here.run.pager.current_line == 15)
        await here.press("e")
        await here.sees("no error below this line")
        await here.press("E")
        await here.sees("no error above this line")


async def test_e_shows_the_log_on_a_narrow_terminal() -> None:
    async with desk(failed_controller(), size=(80, 24)) as here:
        await here.press("e")
        assert here.run.tab == "log"
        assert here.focus == "log"


async def test_p_goes_back_through_attempts_and_around_to_the_newest() -> None:
    sim = failed_run()
    sim.retry(rollout("web3"))
    sim.ready(rollout("web3"))
    finish(sim, rollout("web3"), 1.0)
    finish(sim, rollout("web3"), 1.0, 1)
    async with desk(FakeController(FakeRun(sim, "u1", "deploy-api/42"))) as here:
        await here.sees("attempt 2 ", "web3 task 2 attempt 2 line 1")
        await here.press("p")
        await here.sees("attempt 1 ", "web3 task 2 attempt 1 line 1")
        await here.press("at")
        await here.sees("release, attempt 1")
        await here.press("escape", "p")
        await here.sees("web3 task 2 attempt 2 line 1")


async def test_another_job_run_shows_its_newest_attempt() -> None:
    async with desk(failed_controller()) as here:
        here.run.earlier = 1
        await here.press("j")
        assert here.run.earlier is None


async def test_follow_wrap_and_times_act_on_the_log_without_the_focus() -> None:
    sim = failed_run()
    logs = memory_logs(sim)
    key = sim.run(rollout("web3")).attempts[0].tasks[1].key
    assert key is not None
    logs[key].written += [b"long " * 60, b"the end"]
    async with desk(FakeController(FakeRun(sim, "u1", "deploy-api/42")), logs=logs) as here:
        await here.sees("the end", "12:03:02")
        assert sum("long long" in row for row in here.rows) == 1
        await here.press("w")
        await here.until(lambda: sum("long long" in row for row in here.rows) > 2)
        await here.press("w", "t")
        await here.sees_no("12:03:02")
        await here.press("f")
        await here.until(lambda: not here.run.pager.following)
        await here.press("f")
        await here.until(lambda: here.run.pager.following)
        assert here.focus == "jobs"


async def test_what_was_sent_shows_whole_commands_with_their_keys() -> None:
    long = "echo " + " ".join(f"word{number}" for number in range(60))
    sim = begun(plan_of(stage("rollout", job("release", "web1", "work"))))
    from dataclasses import replace

    planned = sim.plan.stages[0].jobs[0]
    changed = replace(planned, tasks=(replace(planned.tasks[0], command=long, env={"REGION": "eu"}, timeout_s=90.0),))
    plan = replace(sim.plan, stages=(replace(sim.plan.stages[0], jobs=(changed,)),))
    sim = begun(plan)
    sim.ready()
    finish(sim, "release@web1", 1.0, 1)
    async with desk(FakeController(FakeRun(sim, "u1", "deploy-api/42")), size=(80, 24)) as here:
        await here.press("at")
        await here.until(lambda: isinstance(here.app.screen, TextScreen))
        await here.sees("sent to web1", "REGION=eu", "limit: 90 s", "word0", "word59", "key ")
        await here.press("r", "X")
        assert isinstance(here.app.screen, TextScreen)
        await here.press("q")
        assert here.painted.NAME == "run"


async def test_the_definition_is_the_pinned_text() -> None:
    controller = failed_controller()
    controller.definition = "version: 1\nname: deploy-api\n# [/x] [@click=app.exit]here[/]\n"
    async with desk(controller) as here:
        await here.press("y")
        await here.sees("deploy-api", "version: 1", "# [/x] [@click=app.exit]here[/]", "3 lines")
        await here.press("escape")
        assert here.painted.NAME == "run"


async def test_copying_takes_the_first_bad_line() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.press("c")
        assert here.app.clipboard == BIND
        await here.sees("copied to the clipboard")


async def test_the_page_opens_whole_and_arrows_choose_its_steps() -> None:
    async with desk(failed_controller()) as here:
        await here.press("o")
        await here.until(lambda: isinstance(here.app.screen, RunbookScreen))
        await here.sees("why this page", "who-holds-the-port", "web3 failed in restart")
        await here.press("j")
        await here.sees("is-it-ours")
        await here.press("c")
        assert here.app.clipboard.startswith("ps -o pid")
        await here.press("G")
        last = here.text
        await here.press("g")
        assert here.text != last
        await here.press("tab")
        await here.sees("both panes are shown")
        await here.press("escape")
        assert here.painted.NAME == "run"


async def test_the_page_follows_the_run_while_it_is_read() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("o")
        await here.sees("✗ 1 failed")
        finish(controller.runs[0].sim, rollout("web7"), 1.0)
        finish(controller.runs[0].sim, rollout("web7"), 1.0, 1)
        await here.changed()
        await here.sees("✗ 2 failed")


async def test_the_page_has_tabs_on_a_narrow_terminal() -> None:
    async with desk(failed_controller(), size=(80, 24)) as here:
        await here.press("o")
        await here.sees("1 outline", "2 page", "why this page")
        await here.press("tab")
        await here.sees_no("why this page")
        await here.sees("who-holds-the-port")


async def test_the_page_says_what_enter_would_not_do_and_leads_to_the_retry_of_its_failure() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.press("o", "enter")
        await here.sees("r retry", "! shell", "no step is run from here", "! opens a shell on web3")
        await here.press("T")
        await here.sees("T is timeline on the screen of a run", "here it does nothing")
        assert isinstance(here.app.screen, RunbookScreen)
        await here.press("r")
        await here.sees("Retry release@web3", "No, go back")
        await here.press("escape")
        assert here.painted is here.run


@pytest.mark.parametrize("key", ["4", "tab"])
async def test_enter_in_the_runbook_pane_opens_the_page(key: str) -> None:
    async with desk(failed_controller()) as here:
        for _ in range(1 if key == "4" else 3):
            await here.press(key)
        assert here.focus == "runbook"
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, RunbookScreen))


async def test_ctrl_c_stops_nothing_and_says_how_to_leave() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("ctrl+c")
        await here.sees("ctrl-c stops nothing here", "q goes back")
        await here.press("at", "ctrl+c")
        await here.until(lambda: here.painted.toasts)
        await here.press("escape", "ctrl+q")
        assert here.app.is_running
        assert controller.requests == []


async def test_marked_lines_are_copied_and_the_log_is_saved_as_safe_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        await here.press("2", "e")
        await here.until(lambda: here.run.pager.current_line)
        await here.press("space", "space", "c")
        await here.until(lambda: here.app.clipboard == BIND)
        await here.sees("1 line, ")
        await here.press("s")
        await here.sees("saved ")
        assert os.listdir(tmp_path) == ["deploy-api-42-release-web3-1.log"]
        text = (tmp_path / "deploy-api-42-release-web3-1.log").read_text()
        assert text.startswith("--- ")
        assert f"12:03:02  {BIND}\n" in text
        await here.press("s")
        await here.until(lambda: len(os.listdir(tmp_path)) == 2)
        assert (tmp_path / "deploy-api-42-release-web3-1-2.log").read_text() == text
