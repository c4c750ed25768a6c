"""Asking hosts again from the run screen: while it asks it says so, the answer is shown, a refusal says why."""

from __future__ import annotations

from runners.model.phases import Phase
from tests.screens.desk import desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.scenes import finish, host_status, rollout, unknown_run


async def test_asking_says_so_until_the_answer_is_there() -> None:
    sim = unknown_run()
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    async with desk(controller) as here:
        assert here.run.choice.selected == rollout("web6")
        await here.sees("U ask again")
        await here.press("U")
        await here.sees("asking web6")
        await here.until(lambda: controller.requests)
        assert (controller.requests[0].intent, controller.requests[0].targets) == ("reconcile", (rollout("web6"),))
        await here.press("U")
        await here.sees("the hosts are being asked")
        sim.finish(rollout("web6"), 0)
        await here.changed()
        await here.sees("release@web6: ")
        await here.sees_no("asking web6")
        assert len(controller.requests) == 1


async def test_a_stages_row_asks_about_all_that_is_unknown_there() -> None:
    sim = unknown_run()
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    async with desk(controller) as here:
        while here.run.choice.selected != "rollout":
            await here.press("k")
        await here.press("U")
        await here.until(lambda: controller.requests)
        assert set(controller.requests[0].targets) == {rollout("web6"), rollout("web7")}
        for name in ("web6", "web7"):
            finish(sim, rollout(name), 1.0)
        await here.changed()
        await here.sees("2 asked: 2 known now")
        assert sim.phase(rollout("web6")) is not Phase.UNKNOWN


async def test_where_nothing_is_unknown_the_key_says_why() -> None:
    async with desk(failed_controller()) as here:
        await here.press("U")
        await here.sees("nothing of deploy-api/42 is unknown")


async def test_a_refusal_and_a_lost_controller_end_the_asking() -> None:
    controller = FakeController(FakeRun(unknown_run(), "u1", "deploy-api/42"))
    controller.refuse_with = "web6 was heard of a moment ago"
    async with desk(controller) as here:
        await here.press("U")
        await here.sees("web6 was heard of a moment ago")
        assert here.run.asked is None
        await here.sees_no("asking web6")


async def test_hosts_behind_one_jump_host_are_one_incident_and_one_line_when_they_return() -> None:
    sim = unknown_run()
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    controller.hosts = tuple(
        host_status(name, "unreachable", behind="b1", behind_since="2026-11-21T12:03:14.000Z")
        for name in ("web6", "web7", "web8")
    )
    async with desk(controller) as here:
        await here.sees("b1 not reached since 12:03:14: 3 hosts behind it, 2 unknown, 1 waiting", "trying now")
        controller.hosts = tuple(host_status(name) for name in ("web6", "web7", "web8"))
        await here.changed()
        await here.sees("b1 answers again", "3 hosts behind it")
        assert here.text.count("answers again") == 1
