"""Outputs on their way from one host to the next: through lost links and killed controllers, and gone afterwards."""

from __future__ import annotations

import json

from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState
from runners.testing.behaviour import Exit, Gate, Output, Print
from tests.flows.engine_kit import Kit, job, plan
from tests.flows.sweep import every_moment

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)
PLAN = plan([job("build", "fetch", "compile", on=["ci1"])], [job("release", on=["web1"])])


def world(kit: Kit) -> None:
    kit.transport.on("fetch", (Output(b"commit=abc\ntag=old\n"), Print(b"fetched\n"), Exit(0)))
    kit.transport.on("compile", (Output(b"tag=2.4.1\nnonsense\n"), Exit(0)))


def check(kit: Kit, state: RunState) -> None:
    assert state.phase is RunPhase.SUCCEEDED
    (release,) = [start for start in kit.transport.ledger if start.host == "web1"]
    assert release.request.env["ONDUTY_OUT_build_tag"] == "2.4.1"
    assert release.request.env["ONDUTY_OUT_build_commit"] == "abc"
    assert release.request.earlier is not None
    assert json.loads(release.request.earlier) == {"s1/build": {"ci1": {"commit": "abc", "tag": "2.4.1"}}}
    assert [start.request.earlier for start in kit.transport.ledger if start.host == "ci1"] == [None, None]
    assert state.warnings == (
        "t2 of build@ci1: line 2 of its outputs is not key=value "
        "(a key has letters, digits and _, at most 128); it was left out",
    )


async def test_a_later_job_is_given_what_an_earlier_one_wrote() -> None:
    kit = await Kit().start()
    world(kit)
    uid = await kit.run(PLAN)
    state = await kit.until_run(uid, *ENDED)
    check(kit, state)
    document = await kit.engine.records.document(uid)
    assert [one.outputs for one in document.jobs] == [{"commit": "abc", "tag": "2.4.1"}, {}]
    types = await kit.types(uid)
    assert types.count("outputs_recorded") == 2
    assert types[types.index("outputs_recorded") + 1] == "task_finished"
    await kit.stop()


async def test_outputs_arrive_once_wherever_the_controller_dies() -> None:
    async def story(kit: Kit) -> RunState:
        return await kit.until_run(await kit.run(PLAN), *ENDED)

    assert await every_moment(world, story, check) > 20


async def test_a_host_that_is_lost_before_its_outputs_are_read_is_asked_again_before_the_verdict_counts() -> None:
    kit = await Kit().start()
    world(kit)
    kit.transport.on("fetch", (Gate(), Output(b"commit=abc\n"), Print(b"fetched\n"), Exit(0)))
    uid = await kit.run(PLAN)
    await kit.transport.until(lambda: len(kit.transport.running()) == 1)
    kit.transport.host("ci1").lose_next_output = True
    kit.transport.unreachable("ci1")
    kit.transport.release()
    await kit.settle()
    await kit.clock.advance(3.0)
    await kit.until_job(uid, "s1/build@ci1", Phase.UNKNOWN)
    assert "task_finished" not in await kit.types(uid)
    kit.transport.restore("ci1")
    await kit.clock.advance(16.0)
    state = await kit.until_run(uid, *ENDED)
    check(kit, state)
    assert kit.logs.content(uid, f"{uid}.1.1.1") == b"fetched\n"
    await kit.settle()
    assert kit.transport.host("ci1").executions == {}
    await kit.stop()
