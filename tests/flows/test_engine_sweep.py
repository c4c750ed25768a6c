"""The sweep: one run that uses the whole language, and a controller that dies wherever it can die.

Before and after every commit, every write of a log and every exchange with a host: no execution begins twice, nothing
is stuck, and the run ends as if nothing had happened. Then controllers that die again while they recover.
"""

from __future__ import annotations

import random

import pytest

from runners.core.index import job_run_of
from runners.model.definition import OnFailure, RetryPolicy
from runners.model.intents import Cancel, Rollback
from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState
from runners.testing.behaviour import OnCancel, Print, TimeOut, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan
from tests.flows.sweep import events_of, every_moment, lives

PLAN = plan(
    [job("build", "fetch", "compile", on=["ci1"], verify=["inspect"])],
    [
        job(
            "release",
            on=["web1", "web2"],
            retry=RetryPolicy(attempts=2, delay_s=0.0),
            verify=["smoke"],
            closing=["undrain"],
            rollback=["activate"],
        ),
        job("report", on=["ci1"], needs=["release"], timeout_s=30.0, on_failure=OnFailure.CONTINUE),
        job("long", on=["db1"], closing=["tidy"], rollback=["restore"]),
        job("never", on=["db1"], needs=["long"]),
    ],
)
LONG = "s2/long@db1"
RAN = (
    *("1.1.1", "1.1.2", "1.1.3"),  # build: fetch, compile, inspect
    *("2.1.1", "2.1.2", "2.1.3"),  # release on web1: release, smoke, undrain
    *("3.1.1", "3.1.3", "3.2.1", "3.2.2", "3.2.3"),  # on web2, where the first attempt failed
    "4.1.1",  # report, which its time limit ends
    *("5.1.1", "5.1.2"),  # long, which a person cancels, and its tidy
    *("2.2.1", "2.2.2", "3.3.1", "3.3.2", "5.2.1"),  # the rollback: activate and smoke on both, restore
)


def world(kit: Kit) -> None:
    kit.transport.on("fetch", prints("fetched"))
    kit.transport.on("release", prints("boom", code=1), prints("released"), host="web2")
    kit.transport.on("report", [Print(b"half a rep"), TimeOut()])
    kit.transport.on("long", hangs(Print(b"x\n"), OnCancel(ignores_term=True)))


async def story(kit: Kit) -> RunState:
    """Somebody cancels the long job, and then takes everything back."""
    uid = await kit.run(PLAN)
    await kit.until_job(uid, "s2/report@ci1", Phase.TIMED_OUT)
    await kit.until_job(uid, LONG, *(set(Phase) - {Phase.WAITING, Phase.QUEUED}))
    await kit.engine.submit(uid, Cancel(id="i1", targets=(LONG,)), "bob")
    await kit.until_run(uid, *(set(RunPhase) - {RunPhase.QUEUED, RunPhase.RUNNING}))
    await kit.engine.submit(uid, Rollback(id="i2"), "bob")
    return await kit.until_run(uid, RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE)


def check(kit: Kit, state: RunState) -> None:
    assert state.phase is RunPhase.ROLLED_BACK
    assert phases(state) == {
        "s1/build@ci1": "succeeded",
        "s2/release@web1": "rolled_back",
        "s2/release@web2": "rolled_back",
        "s2/report@ci1": "timed_out",
        LONG: "rolled_back",
        "s2/never@db1": "cancelled",
    }
    assert sorted(start.key.removeprefix(f"{state.uid}.") for start in kit.transport.ledger) == sorted(RAN)
    assert kit.transport.running() == []
    told = {"1.1.1": b"fetched\n", "3.1.1": b"boom\n", "3.2.1": b"released\n", "4.1.1": b"half a rep", "5.1.1": b"x\n"}
    assert {key: kit.logs.content(state.uid, f"{state.uid}.{key}") for key in told} == told
    assert [one.phase for one in job_run_of(state, LONG).attempts] == [Phase.CANCELLED, Phase.ROLLED_BACK]
    types = [event.type for event in events_of(kit, state)]
    for once in ("retry_scheduled", "cancel_requested", "rollback_started", "rollback_finished"):
        assert types.count(once) == 1, once


async def test_a_run_of_everything_ends_right_wherever_its_controller_dies() -> None:
    assert await every_moment(world, story, check) > 120


@pytest.mark.parametrize("seed", range(30))
async def test_controllers_that_die_while_they_recover_end_it_right_all_the_same(seed: int) -> None:
    dice = random.Random(seed)
    fates = await lives([dice.randint(1, 120) for _ in range(3)], world, story, check)
    assert fates[0].died.is_set()
