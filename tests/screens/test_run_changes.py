"""Retry, skip and cancel from the screen: the preview, the reason, the safe default, the refusal."""

from __future__ import annotations

import pytest
from rich.style import Style

from runners.testing.builders import job, plan_of, stage
from tests.screens.desk import Desk, desk
from tests.screens.drawn import strips_of
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.scenes import begun, failed_run, finish, healthy_run, rollout
from tui.screens.confirm import ConfirmScreen


async def dialog(here: Desk, key: str) -> ConfirmScreen:
    """Press a key and wait until its dialog listens."""
    await here.press(key)
    await here.until(lambda: isinstance(here.app.screen, ConfirmScreen) and here.app.screen.listens, "the dialog")
    assert isinstance(here.app.screen, ConfirmScreen)
    return here.app.screen


def closed(here: Desk) -> bool:
    return not isinstance(here.app.screen, ConfirmScreen)


async def test_retry_shows_tasks_host_and_commands_and_runs_them_on_capital_y() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await here.sees("etry", "release@web3", "PRODUCTION", "./fetch.sh", "sudo systemctl restart api", "No, go back")
        await here.sees("restart ran on web3 before and is marked as not repeatable.")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        request = controller.requests[0]
        assert (request.intent, request.targets, request.seen_attempts) == (
            "retry",
            (rollout("web3"),),
            {rollout("web3"): 1},
        )
        await here.sees("retry accepted", "attempt      2")


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("n",), ("q",), ("ctrl+c",), ("tab",) * 4 + ("enter",)])
async def test_the_safe_answer_is_the_default_and_changes_nothing(keys: tuple[str, ...]) -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await here.press(*keys)
        await here.until(lambda: closed(here))
        assert controller.requests == []
        assert here.app.is_running


@pytest.mark.parametrize("key", ["y", "r", "space", "x", "1"])
async def test_other_keys_do_not_confirm(key: str) -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await here.press(key)
        assert not closed(here)
        assert controller.requests == []


async def test_a_reason_is_typed_and_kept_with_the_run() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "S")
        await here.press("tab", "tab")
        await here.type("Ye web3 is out of rotation")
        await here.press("backspace")
        await here.sees("Ye web3 is out of rotatio")
        assert controller.requests == []
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        assert controller.requests[0].intent == "skip"
        assert controller.requests[0].reason == "Ye web3 is out of rotatio"
        await here.sees_no("✗ 1 failed")


async def test_a_click_on_a_button_answers() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        screen = await dialog(here, "r")
        top = screen.query_one("#dialog").region.y
        row = next(y for y, text in enumerate(here.rows) if y >= top and "No, go back" in text)
        await here.pilot.click(offset=(here.rows[row].index("No, go back") + 2, row))
        await here.until(lambda: closed(here))
        assert controller.requests == []


async def test_a_pasted_y_confirms_nothing() -> None:
    from textual import events

    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        here.app.post_message(events.Paste("Y\nY\n"))
        await to_field(here, "reason")
        here.app.post_message(events.Paste("from the ticket\nsecond line"))
        await here.sees("from the ticket")
        assert "second line" not in here.text
        assert controller.requests == []


async def test_keys_typed_before_the_dialog_was_drawn_are_ignored() -> None:
    from textual import events

    controller = failed_controller()
    async with desk(controller) as here:
        early = events.Key("Y", "Y")
        screen = await dialog(here, "r")
        screen.takes_key(early)
        await here.pilot.pause()
        assert not closed(here)
        assert controller.requests == []


async def test_cancelling_a_whole_run_in_production_asks_for_its_name() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("g")
        await dialog(here, "X")
        await here.sees("deploy-api/42", "PRODUCTION")
        await here.press("Y")
        assert not closed(here)
        assert controller.requests == []
        await to_field(here, "name")
        await here.type("deploy-api/4")
        await here.press("enter", "enter")
        assert controller.requests == []
        assert not closed(here)
        await to_field(here, "name")
        await here.type("2")
        await here.press("enter", "enter")
        await here.until(lambda: controller.requests)
        assert (controller.requests[0].intent, controller.requests[0].targets) == ("cancel", ())
        await here.until(lambda: closed(here))


async def to_field(here: Desk, name: str) -> None:
    """Tab until a field of the dialog has the focus."""
    for _ in range(7):
        assert isinstance(here.app.screen, ConfirmScreen)
        if here.app.screen.field == name:
            return
        await here.press("tab")
    raise AssertionError(f"tab never reaches {name}")


async def test_cancelling_one_host_names_it_and_asks_for_no_name() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("j")
        assert here.run.choice.selected == rollout("web6")
        await dialog(here, "X")
        await here.sees("cancel", "web6", "TERM")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert controller.requests[0].targets == (rollout("web6"),)


async def test_retry_on_a_stage_takes_all_that_failed() -> None:
    sim = failed_run()
    finish(sim, rollout("web7"), 1.0)
    finish(sim, rollout("web7"), 1.0, 1)
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    async with desk(controller) as here:
        await here.sees("✗ 2 failed")
        await here.press("k")
        assert here.run.choice.selected == "rollout"
        await dialog(here, "r")
        await here.sees("web3", "web7", "2 job runs")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert set(controller.requests[0].targets) == {rollout("web3"), rollout("web7")}


async def test_a_disabled_key_says_why_and_opens_nothing() -> None:
    controller = FakeController(FakeRun(healthy_run(), "u1", "deploy-api/42"))
    async with desk(controller) as here:
        await here.sees("web9")
        for key, words in (("r", "running"), ("p", "earlier attempt"), ("o", "no page")):
            await here.press(key)
            assert closed(here)
            await here.toasted(words)
        assert controller.requests == []


async def test_what_the_controller_refuses_is_said_in_its_words() -> None:
    controller = failed_controller()
    controller.refuse_with = "bob retried web3 2s ago; attempt 2 runs"
    async with desk(controller) as here:
        await dialog(here, "r")
        await here.press("Y")
        await here.sees("bob retried web3 2s ago", "attempt 2 runs")


async def test_a_controller_that_went_away_is_a_failure_and_nothing_is_claimed() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await dialog(here, "r")
        await controller.go_down()
        await here.press("Y")
        await here.until(lambda: any(toast.kind == "fail" for toast in here.run.toasts))
        assert controller.requests == []
        await controller.come_back()


async def test_two_changing_keys_at_once_open_one_dialog() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.pilot.press("r", "X", "S")
        await here.until(lambda: not closed(here))
        assert sum(isinstance(screen, ConfirmScreen) for screen in here.app.screen_stack) == 1
        assert controller.requests == []


async def test_a_long_dialog_scrolls_and_keeps_its_buttons() -> None:
    tasks = " ".join(f"task{number}" for number in range(40))
    sim = begun(plan_of(stage("rollout", job("release", "web1", tasks)), environment="staging"))
    sim.ready()
    finish(sim, "release@web1", 1.0, 1)
    async with desk(FakeController(FakeRun(sim, "u1", "deploy-api/42")), size=(80, 24)) as here:
        await dialog(here, "r")
        await here.sees("No, go back", "task0")
        for _ in range(60):
            await here.press("down")
        await here.sees("No, go back", "task39")
        assert "task0 " not in here.text
        await here.press("up")
        await here.sees_no("never there")


def styles_of(here: Desk) -> set[Style | None]:
    """How the bar at the top is painted, which no dialog covers."""
    return {segment.style for segment in strips_of(here.app)[0]}


async def test_the_screen_behind_a_dialog_is_dimmed_and_comes_back() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        before = styles_of(here)
        await dialog(here, "r")
        assert not before & styles_of(here)
        await here.press("escape")
        await here.until(lambda: closed(here) and styles_of(here) == before, "the colours from before")


def controller_of_two_failures() -> FakeController:
    sim = failed_run()
    finish(sim, rollout("web7"), 1.0)
    finish(sim, rollout("web7"), 1.0, 1)
    return FakeController(FakeRun(sim, "u1", "deploy-api/42"))


async def test_a_change_is_about_what_is_marked_all_of_it_or_none() -> None:
    controller = controller_of_two_failures()
    async with desk(controller) as here:
        await here.until(lambda: here.run.choice.row() is not None)
        for host in ("web3", "web7"):
            here.run.choice.selected = rollout(host)
            here.run.choice.by_person = True
            await here.press("space")
        await here.sees("2 marked", "+✗ web3", "+✗ web7")
        await dialog(here, "r")
        await here.sees("Retry 2 job runs", "rollout/release   web3 web7")
        await here.press("Y")
        await here.until(lambda: controller.requests)
        assert set(controller.requests[0].targets) == {rollout("web3"), rollout("web7")}
        await here.sees_no("2 marked")


async def test_one_marked_job_run_that_cannot_take_part_refuses_all() -> None:
    controller = controller_of_two_failures()
    async with desk(controller) as here:
        await here.until(lambda: here.run.choice.row() is not None)
        here.run.choice.marked = {rollout("web3"), rollout("web4")}
        here.run.paint()
        await here.press("r")
        await here.sees("release@web4 is marked too")
        assert closed(here)
        await here.press("escape")
        assert here.run.choice.marked == set()
