"""What earlier runs did, on the screen: asked behind what is shown, once, and nothing is missing without an answer."""

from __future__ import annotations

import msgspec
import pytest

from runners.model import api
from tests.screens.desk import desk
from tests.screens.fake_controller import FakeClient
from tests.screens.pasts import expected_desk, seen_before
from tests.screens.scenes import rollout


async def test_a_failure_says_what_changed_and_what_helped_and_asks_once_for_each_failure() -> None:
    controller = seen_before()
    async with desk(controller) as here:
        await here.sees("web3 failed in restart", "2.4.0 -> 2.4.1 +2 more", "3 of 12 runs", "a retry by bob in run 38")
        asked = len(controller.asked_before)
        assert asked == 1
        for _ in range(5):
            here.run.paint()
        assert len(controller.asked_before) == asked
        run = controller.runs[0].sim
        run.finish(rollout("web6"), 2)
        controller.before = msgspec.structs.replace(controller.before, job_run=rollout("web6"))
        await controller.changed()
        await here.sees("2 failed")
        here.run.choice.selected, here.run.choice.by_person = rollout("web6"), True
        await here.until(lambda: [job for job in controller.asked_before if job == rollout("web6")])
        await here.sees("release@web6", "a retry by bob in run 38")


async def test_a_controller_that_does_not_know_the_question_leaves_the_rows_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from runners.model.errors import NotFound

    async def unknown(self: FakeClient, uid: str, job_run: str = "") -> api.Before:
        raise NotFound("there is no such thing in API version 1")

    monkeypatch.setattr(FakeClient, "before", unknown)
    async with desk(seen_before()) as here:
        await here.sees("web3 failed in restart", "passed on")
        await here.sees_no("changed", "fixed by")
        assert not here.app.broken


async def test_a_run_that_goes_on_says_what_is_left_and_what_takes_long() -> None:
    async with expected_desk() as here:
        await here.sees("About", "left.", "usually 5m 10s", "longer than usual")
