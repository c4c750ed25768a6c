"""The list of runs: groups, selection, opening, the preview at the side, what it says when there is nothing."""

from __future__ import annotations

from runners.model.api import HoldDocument
from tests.screens.desk import desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.scenes import canary_done, failed_run, finish, healthy_run, rollout, waiting_run


def busy() -> FakeController:
    """One fails, one runs, one waits for a person."""
    controller = FakeController(
        FakeRun(waiting_run(), "u3", "sync/7"),
        FakeRun(healthy_run(), "u2", "cert-rotate/9"),
        FakeRun(failed_run(), "u1", "deploy-api/42"),
    )
    hold = HoldDocument(kind="host_key", what="canary/canary@web1", text="web1 shows ssh-ed25519", since=None)
    controller.holds["u3"] = (hold,)
    return controller


async def test_runs_stand_in_groups_by_need_with_the_worst_selected() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("failing or unknown", "waits for you", "running")
        order = [here.text.index(name) for name in ("deploy-api/42    ", "sync/7", "cert-rotate/9")]
        assert order == sorted(order)
        assert here.row_of("┃", "board") == here.row_of("deploy-api/42", "board")


async def test_moving_selects_and_enter_opens_what_is_selected() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("cert-rotate/9")
        await here.press("G", "enter")
        await here.until(lambda: here.painted.NAME == "run" and here.run.feed.state is not None)
        assert here.run.feed.uid == "u2"
        await here.press("q", "g", "j", "l")
        assert here.run.feed.uid == "u3"


async def test_the_selection_stays_on_its_run_when_a_new_one_appears() -> None:
    controller = failed_controller()
    async with desk(controller, run=None) as here:
        await here.sees("deploy-api/42")
        controller.runs.insert(0, FakeRun(canary_done(), "u9", "backup-db/3"))
        await here.changed()
        await here.sees("backup-db/3")
        assert here.row_of("┃", "board") == here.row_of("deploy-api/42", "board")


async def test_an_empty_list_says_what_to_do() -> None:
    async with desk(FakeController(), run=None) as here:
        await here.sees("No runs yet. + starts one", "onduty demo")
        await here.press("enter")
        await here.sees("no run is selected")
        for key in ("j", "k", "g", "G", "o", "c", "ctrl+d", "ctrl+u"):
            await here.press(key)
        assert here.app.is_running


async def test_o_opens_the_run_with_its_page_on_top() -> None:
    async with desk(failed_controller(), run=None) as here:
        await here.sees("port-in-use")
        await here.press("o")
        await here.until(lambda: here.painted.NAME == "runbook")
        await here.press("escape")
        assert here.painted.NAME == "run"


async def test_o_without_a_page_says_so() -> None:
    async with desk(FakeController(FakeRun(healthy_run(), "u1", "x/1")), run=None) as here:
        await here.sees("x/1")
        await here.press("o")
        await here.sees("no page fits this run")


async def test_the_selected_run_stands_beside_the_list_on_a_wide_terminal() -> None:
    async with desk(busy(), run=None, size=(160, 44)) as here:
        await here.sees("first error", "who-holds-the-port", "asks")
        await here.press("G")
        await here.sees_no("who-holds-the-port")
        assert "cert-rotate/9" in here.rows[3]


async def test_a_click_selects_and_a_second_one_opens() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("cert-rotate/9")
        y = here.row_of("cert-rotate/9", "board")
        await here.pilot.click("#board", offset=(20, y))
        await here.until(lambda: here.row_of("┃", "board") == here.row_of("cert-rotate/9", "board"))
        await here.pilot.click("#board", offset=(20, y))
        await here.until(lambda: here.painted.NAME == "run")


async def test_copying_takes_the_name_and_back_has_nowhere_to_go() -> None:
    async with desk(failed_controller(), run=None) as here:
        await here.sees("deploy-api/42")
        await here.press("c")
        assert here.app.clipboard == "deploy-api/42"
        await here.press("escape")
        await here.sees("this is the first screen")
        assert here.app.is_running


async def test_q_leaves_and_says_that_runs_go_on() -> None:
    async with desk(failed_controller(), run=None) as here:
        await here.sees("deploy-api/42")
        await here.press("q")
        await here.until(lambda: not here.app.is_running)
        assert "1 run has not ended" in here.app.farewell


async def test_a_failure_of_another_run_shows_where_somebody_looks_at_something_else() -> None:
    controller = busy()
    async with desk(controller, run="u1") as here:
        await here.sees("bind: address already in use")
        finish(controller.runs[1].sim, rollout("web10"), 1.0)
        finish(controller.runs[1].sim, rollout("web10"), 1.0, 1)
        await here.changed()
        await here.sees("cert-rotate/9 in production", "failed")
        assert here.run.toasts[-1].kind == "fail"
        await here.press("j")
        assert here.run.toasts == []


async def test_its_own_failure_is_no_toast() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        finish(controller.runs[0].sim, rollout("web7"), 1.0)
        finish(controller.runs[0].sim, rollout("web7"), 1.0, 1)
        await here.changed()
        await here.sees("✗ 2 failed")
        assert here.run.toasts == []


async def test_many_runs_scroll_with_the_selection() -> None:
    controller = FakeController(*(FakeRun(canary_done(), f"u{n}", f"backup-db/{n}") for n in range(60, 0, -1)))
    async with desk(controller, run=None) as here:
        await here.sees("backup-db/60")
        await here.press("G")
        await here.sees("backup-db/1 ")
        assert "state" in here.text
        await here.press("g")
        await here.sees("backup-db/60", "running")


async def test_the_list_fits_a_tiny_terminal() -> None:
    async with desk(failed_controller(), run=None, size=(50, 9)) as here:
        await here.sees("deploy-api/42", ": actions", "? help")


async def test_what_is_said_again_stands_there_once() -> None:
    async with desk(FakeController(), run=None) as here:
        await here.press("o", "o", "y")
        await here.sees("no run is selected")
        assert len(here.painted.toasts) == 1


async def test_typing_after_a_slash_leaves_the_runs_that_have_it_and_escape_brings_all_back() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("cert-rotate/9", "sync/7")
        await here.press("slash")
        await here.type("CERT run")
        await here.sees("/ CERT run", "1 of 3")
        await here.sees_no("sync/7", "deploy-api/42    ")
        assert here.row_of("┃", "board") == here.row_of("cert-rotate/9", "board")
        await here.press("enter", "enter")
        await here.until(lambda: here.painted.NAME == "run" and here.run.feed.state is not None)
        assert here.run.feed.uid == "u2"
        await here.press("q")
        await here.sees("1 of 3")
        await here.press("escape")
        await here.sees("deploy-api/42", "sync/7", "cert-rotate/9")
        await here.sees_no("1 of 3")


async def test_what_no_run_has_is_said_and_the_keys_of_a_run_say_why_they_do_nothing() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("sync/7")
        await here.press("slash")
        await here.type("nowhere")
        await here.sees("No run has nowhere in its line; esc shows all.", "0 of 3")
        await here.press("down", "enter", "o")
        await here.sees("no run is selected")
        # Headline and counts are about all runs.
        assert "1 failed" in here.text
        await here.press("escape")
        await here.sees("deploy-api/42")


async def test_arrows_go_through_what_is_found_while_it_is_typed() -> None:
    async with desk(busy(), run=None) as here:
        await here.sees("sync/7")
        await here.press("slash", "slash", "down")
        await here.sees("3 of 3")
        assert here.row_of("┃", "board") == here.row_of("sync/7", "board")
