"""Roll back, pause, resume, note and the wider scopes of retry and skip: each key, its preview and its refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from runners.core.guards import NOT_RUNNING
from runners.core.guards_run import DESPITE_LATER
from runners.model.phases import Phase, RunPhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.repair_scenes import (
    LATER,
    half_done,
    incomplete_run,
    lost_run,
    paused_run,
    repair_plan,
    rolled_back_run,
    rolling_back_run,
)
from tests.screens.scenes import begun, failed_run, finish, healthy_run, rollout
from tests.screens.test_run_changes import closed, dialog, to_field

NAME = "deploy-api/42"


def controller_of(sim: Simulator) -> FakeController:
    return FakeController(FakeRun(sim, "u1", NAME))


async def scope(here: Desk, words: str) -> None:
    """Press ``s`` until the dialog asks for this much, and its preview was drawn."""
    for _ in range(12):
        await here.until(lambda: not closed(here) and here.listens)
        if words in here.text:
            return
        await here.press("s")
    raise AssertionError(f"never {words!r}\n{here.text}")


async def listening(here: Desk, *texts: str) -> None:
    await here.until(lambda: not closed(here) and here.listens, "the preview")
    await here.sees(*texts)


# ----- roll back


async def test_a_rollback_names_every_command_what_stays_and_wants_the_name_typed() -> None:
    controller = controller_of(half_done())
    async with desk(controller, size=(120, 44)) as here:
        await dialog(here, "B")
        await here.sees("Roll back deploy-api/42", "PRODUCTION", "The whole run is taken back: 2 jobs, newest first")
        await here.sees("what is taken back, in this order", "./reactivate.sh", "./smoke.sh", "./undrain.sh")
        await here.sees("What runs is stopped first, whole tree: release@web4, release@web5.")
        await here.sees("not rolled back", "No rollback, what it did stays: announce@lb1.")
        rows = here.text.split("\n")
        first = next(n for n, row in enumerate(rows) if "./reactivate.sh" in row)
        assert first < next(n for n, row in enumerate(rows) if "./undrain.sh" in row)
        await here.press("Y")
        assert not closed(here)
        await to_field(here, "reason")
        await here.type("errors doubled")
        await to_field(here, "name")
        await here.type("deploy-api/42")
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        request = controller.requests[0]
        assert (request.intent, request.targets, request.reason) == ("rollback", (), "errors doubled")
        assert (request.not_running, request.despite_later) == (False, False)
        await here.until(lambda: controller.run("u1").sim.state.phase is RunPhase.ROLLING_BACK)


async def test_the_name_is_wanted_for_a_rollback_outside_production_too() -> None:
    controller = controller_of(half_done(repair_plan("staging")))
    async with desk(controller) as here:
        await dialog(here, "B")
        await here.sees("type deploy-api/42", "13 letters to go")


async def test_a_later_run_is_named_and_a_rollback_goes_on_despite_it_only_when_that_is_said() -> None:
    controller = controller_of(half_done())
    controller.later = LATER
    async with desk(controller, size=(120, 44)) as here:
        await dialog(here, "B")
        await here.sees("not possible now", "deploy-api/43 on web2, web3", "[ ] go on despite later runs", "Go back")
        assert DESPITE_LATER not in here.text
        await here.press("Y")
        assert not closed(here)
        await here.press("D")
        await listening(
            here, "[x] go on despite later runs", "A later run changed the same hosts", "type deploy-api/42"
        )
        # Its first letter is nobody's key.
        await here.type("deploy-api/42")
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        assert controller.requests[0].despite_later


async def test_unknown_ones_are_rolled_back_only_when_somebody_vouches_for_them() -> None:
    controller = controller_of(lost_run())
    async with desk(controller, size=(120, 44)) as here:
        await dialog(here, "B")
        await here.sees("I vouch that it is dead")
        await here.press("V")
        await listening(here, "[x] I vouch", "You vouch that attempt 1 is dead on web4")
        await to_field(here, "name")
        await here.type("deploy-api/42")
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        assert controller.requests[0].not_running


async def test_what_is_left_of_an_incomplete_rollback_is_tried_again() -> None:
    controller = controller_of(incomplete_run())
    async with desk(controller) as here:
        await dialog(here, "B")
        await here.sees("What is left of the rollback is taken back: 1 job on 1 host", "./reactivate.sh")


@pytest.mark.parametrize(
    ("sim", "key", "words"),
    [
        (rolled_back_run, "B", "was rolled back by bob already"),
        (rolling_back_run, "B", "bob is rolling deploy-api/42 back already"),
        (rolling_back_run, "P", "is being rolled back, and that is not paused"),
        (rolled_back_run, "P", "was rolled back; nothing of it runs"),
        (rolled_back_run, "r", "was rolled back by bob; start a new run"),
        (incomplete_run, "S", "was rolled back in part"),
        (begun, "B", "nothing of deploy-api/42 ran on any host"),
        (failed_run, "B", "no rollback"),
    ],
)
async def test_a_key_that_repairs_nothing_now_says_why(sim: Callable[[], Simulator], key: str, words: str) -> None:
    controller = controller_of(sim())
    async with desk(controller) as here:
        await here.press(key)
        await here.toasted(words)
        assert closed(here)
        assert controller.asked == []


# ----- pause and resume


async def test_a_pause_lets_what_runs_finish_unless_now_is_chosen() -> None:
    controller = controller_of(healthy_run())
    async with desk(controller) as here:
        await dialog(here, "P")
        await here.sees(
            "Pause deploy-api/42", "2 job runs finish all their tasks", "what runs", "finishes all its tasks"
        )
        await here.press("s")
        await listening(here, "stops between two tasks, now", "2 job runs stop after the task that runs")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert (controller.requests[0].intent, controller.requests[0].now) == ("pause", True)
        await here.sees("P resume")
        await dialog(here, "P")
        await here.sees("Resume deploy-api/42", "The run goes on.")
        await here.press("Y")
        await here.until(lambda: len(controller.requests) == 2)
        assert controller.requests[1].intent == "resume"
        await here.sees("P pause")


async def test_a_paused_run_can_still_be_stopped_between_two_tasks() -> None:
    controller = controller_of(paused_run())
    async with desk(controller) as here:
        await dialog(here, "P")
        await scope(here, "not yet: what runs stops between two tasks")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert (controller.requests[0].intent, controller.requests[0].now) == ("pause", True)


# ----- notes


async def test_a_note_is_typed_kept_and_shown() -> None:
    controller = failed_controller()
    async with desk(controller, size=(160, 44)) as here:
        await dialog(here, "M")
        await here.press("enter", "enter")
        assert not closed(here)
        assert controller.requests == []
        await to_field(here, "reason")
        await here.type("Yes, the database team looks")
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        request = controller.requests[0]
        assert (request.intent, request.text, request.reason) == ("note", "Yes, the database team looks", "")
        await here.sees("noted: Yes, the ")


async def test_a_note_is_found_by_its_name() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("colon")
        await here.type("note")
        await here.press("enter")
        await here.until(lambda: not closed(here))
        await here.press("escape")
        await here.until(lambda: closed(here))
        assert controller.requests == []


# ----- wider scopes of retry and skip


async def test_retry_from_the_task_where_it_ended_keeps_what_passed() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await scope(here, "from restart on, where it ended")
        await here.sees("kept, it passed before", "sudo systemctl restart api", "The job from task restart on")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert (controller.requests[0].from_task, controller.requests[0].task) == ("restart", "")
        assert controller.requests[0].targets == (rollout("web3"),)


async def test_one_task_alone_is_retried_and_the_others_are_named_as_left_out() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await scope(here, "restart alone")
        await here.sees("Task restart alone, and finally on web3", "left out, it has not passed")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert controller.requests[0].task == "restart"


async def test_the_scope_is_chosen_with_arrows_too() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await to_field(here, "scope")
        await here.press("right")
        await here.sees("from restart on, where it ended", "2 of 6")
        await here.press("left", "left")
        await here.sees("6 of 6")


async def test_a_job_run_may_be_widened_to_its_job_and_to_everything() -> None:
    sim = failed_run()
    finish(sim, rollout("web7"), 1.0)
    finish(sim, rollout("web7"), 1.0, 1)
    controller = controller_of(sim)
    async with desk(controller) as here:
        await here.sees("✗ 2 failed")
        await dialog(here, "r")
        await scope(here, "release on all its failed hosts, 2 hosts")
        await here.sees("web3", "web7")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert set(controller.requests[0].targets) == {rollout("web3"), rollout("web7")}


async def test_everything_leaves_the_unknown_alone_by_name_until_somebody_vouches() -> None:
    controller = controller_of(lost_run())
    async with desk(controller, size=(120, 44)) as here:
        await here.press("g")
        while here.run.choice.selected != "rollout":
            await here.press("j")
        await dialog(here, "r")
        await here.sees("Left alone, because nobody knows what became of it: release@web4, release@web5.")
        assert controller.asked[-1].targets == ()
        await here.press("V")
        await listening(here, "[x] I vouch that it is dead", "web4", "You vouch that attempt 1 is dead on web5")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        request = controller.requests[0]
        assert request.not_running
        assert set(request.targets) == {rollout("web3"), rollout("web4"), rollout("web5")}


@pytest.mark.parametrize(("key", "intent", "phase"), [("r", "retry", Phase.QUEUED), ("S", "skip", Phase.SKIPPED)])
async def test_an_unknown_job_run_is_acted_on_only_after_the_word(key: str, intent: str, phase: Phase) -> None:
    sim = lost_run()
    controller = controller_of(sim)
    async with desk(controller) as here:
        while here.run.choice.selected != rollout("web4"):
            await here.press("j")
        await dialog(here, key)
        await here.sees("not possible now", "release@web4 is unknown: web4 was lost while it ran")
        assert NOT_RUNNING not in here.text
        await here.press("Y", "enter")
        assert controller.requests == []
        await dialog(here, key)
        await to_field(here, "not_running")
        await here.press("space")
        await listening(here, "[x] I vouch that it is dead", "You vouch that")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        request = controller.requests[0]
        assert (request.intent, request.targets, request.not_running) == (intent, (rollout("web4"),), True)
        await here.until(lambda: sim.phase(rollout("web4")) is phase)


# ----- the preview


async def test_nothing_is_confirmed_before_the_preview_of_what_is_chosen_was_drawn() -> None:
    controller = failed_controller()
    controller.slow = asyncio.Event()
    async with desk(controller) as here:
        await here.press("r")
        await here.sees("The controller is asked what would happen.")
        await here.press("Y", "enter")
        assert controller.requests == []
        controller.slow = None
        await here.press("r")
        await here.until(lambda: closed(here) or here.listens, "a dialog that listens")


async def test_a_controller_that_does_not_answer_leaves_only_the_way_back() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await controller.go_down()
        await here.press("r")
        await here.sees("not possible now", "the controller does not answer", "Go back")
        await here.press("Y", "escape")
        await here.until(lambda: closed(here))
        assert controller.requests == []
        await controller.come_back()


async def test_the_hosts_in_a_rollback_stand_in_the_order_in_which_they_are_taken_back() -> None:
    sim = begun(
        plan_of(
            stage("a", job("one", "h1", "go", rollback="back")), stage("b", job("two", "h1", "go", rollback="back"))
        )
    )
    sim.play()
    controller = controller_of(sim)
    async with desk(controller) as here:
        await dialog(here, "B")
        await here.sees("b/two", "a/one")
        assert here.text.index("b/two   ") < here.text.index("a/one   ")
