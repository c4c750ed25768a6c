"""A long run costs a job no more than a short one: counted in calls, which a busy machine does not change."""

from __future__ import annotations

import sys
from types import FrameType

from runners.model.phases import RunPhase
from runners.testing.behaviour import prints
from tests.flows.engine_kit import Kit, job, plan

FEW, MANY = 40, 160


async def calls_of_a_job(jobs: int) -> float:
    """Python calls for each job of a run of that many on one host, from its creation to its end."""
    kit = await Kit().start()
    kit.transport.on("j", prints("hello"))
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        uid = await kit.run(plan([job(f"j{n}") for n in range(jobs)]))
        async for event in kit.engine.records.events(uid):
            if event is not None and event.type == "run_finished":
                break
    finally:
        sys.setprofile(before)
    assert (await kit.engine.records.state(uid)).phase is RunPhase.SUCCEEDED
    await kit.stop()
    return calls / jobs


async def test_a_job_of_a_long_run_on_one_host_costs_what_one_of_a_short_run_costs() -> None:
    few, many = await calls_of_a_job(FEW), await calls_of_a_job(MANY)
    assert many < 1.2 * few, "what is done for one job looks at all the others"
