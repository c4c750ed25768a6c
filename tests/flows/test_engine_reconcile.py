"""A person asks the hosts now: they are tried at once, and what comes of it is an event whatever it is."""

from __future__ import annotations

import pytest

from runners.core.index import job_run_of
from runners.model.errors import ActionRefused
from runners.model.intents import Reconcile
from runners.model.phases import Phase, RunPhase
from runners.ports.transport import ExecutionPhase
from runners.testing.behaviour import Print, hangs
from tests.flows.engine_kit import Kit, job, phases, plan

RELEASE = "s1/release@web1"


async def silent(kit: Kit) -> str:
    """A run whose one job is unknown, because nobody answers on its host."""
    kit.transport.on("release", hangs(Print(b"one\n")))
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    kit.transport.cut("web1", "cable")
    await kit.settle()
    await kit.clock.advance(2.1)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))[RELEASE] == "unknown"
    return uid


async def test_a_host_that_is_back_is_asked_at_once_and_not_at_the_next_try() -> None:
    kit = await Kit().start()
    uid = await silent(kit)
    kit.transport.restore("web1")
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))[RELEASE] == "unknown"
    before = kit.clock.monotonic()
    answer = await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    assert (answer.text, answer.targets) == ("web1 asked now what became of s1/release@web1", (RELEASE,))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    assert kit.clock.monotonic() == before
    kit.transport.finish(f"{uid}.1.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_a_job_that_ended_meanwhile_has_its_true_exit_code() -> None:
    kit = await Kit().start()
    uid = await silent(kit)
    kit.transport.finish(f"{uid}.1.1.1", exit_code=4)
    kit.transport.restore("web1")
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    assert job_run_of(await kit.until_run(uid, RunPhase.HELD), RELEASE).exit_code == 4
    await kit.stop()


async def test_a_host_that_is_silent_still_is_said_with_the_reason_of_this_try_and_asked_on() -> None:
    kit = await Kit().start()
    uid = await silent(kit)
    tries = len(kit.transport.connects)
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    await kit.settle()
    assert len(kit.transport.connects) == tries + 1
    assert (await kit.types(uid))[-1] == "contact_lost"
    assert (
        job_run_of(await kit.engine.records.state(uid), RELEASE).reason
        == "web1 did not answer; nothing was started there"
    )
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.stop()


async def lost(kit: Kit) -> str:
    """A run held by a job whose host rebooted."""
    kit.transport.on("release", hangs(Print(b"one\n")))
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    kit.transport.reboot("web1")
    await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    return uid


async def test_a_host_that_did_not_know_is_asked_again_and_its_answer_is_an_event() -> None:
    kit = await Kit().start()
    uid = await lost(kit)
    heard = (await kit.types(uid)).count("contact_lost")
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    await kit.settle()
    assert (await kit.types(uid)).count("contact_lost") == heard + 1
    assert (await kit.engine.records.state(uid)).phase is RunPhase.HELD
    assert len(kit.transport.ledger) == 1
    await kit.stop()


@pytest.mark.parametrize("ended", [False, True])
async def test_a_job_that_is_there_again_after_all_is_followed_to_its_end(ended: bool) -> None:
    kit = await Kit().start()
    uid = await lost(kit)
    key = f"{uid}.1.1.1"
    kit.transport.execution(key).phase = ExecutionPhase.RUNNING
    if ended:
        kit.transport.finish(key)
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    await kit.settle()
    await kit.clock.advance(1.0)
    if not ended:
        await kit.until_job(uid, RELEASE, Phase.RUNNING)
        await kit.settle()
        kit.transport.finish(key)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.logs.content(uid, key) == b"one\n"
    await kit.stop()


async def test_a_host_that_lost_every_trace_of_a_job_that_ran_does_not_run_it_again() -> None:
    kit = await Kit().start()
    uid = await lost(kit)
    del kit.transport.host("web1").executions[f"{uid}.1.1.1"]
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    await kit.settle()
    run = job_run_of(await kit.engine.records.state(uid), RELEASE)
    assert (run.phase, run.answered) == (Phase.UNKNOWN, True)
    assert run.reason == "web1 has no trace of it any more, and it had begun there"
    assert len(kit.transport.ledger) == 1
    await kit.stop()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_trace_that_is_gone_when_the_host_comes_back_is_unknown_and_no_second_start(restarted: bool) -> None:
    kit = await Kit().start()
    uid = await silent(kit)
    if restarted:
        await kit.stop()
        await kit.start()
    del kit.transport.host("web1").executions[f"{uid}.1.1.1"]
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    await kit.until_run(uid, RunPhase.HELD)
    assert len(kit.transport.ledger) == 1
    await kit.stop()


async def test_a_silent_host_that_did_not_know_before_is_tried_once() -> None:
    kit = await Kit().start()
    uid = await lost(kit)
    kit.transport.cut("web1")
    await kit.settle()
    await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    await kit.settle()
    tries = len(kit.transport.connects)
    run = job_run_of(await kit.engine.records.state(uid), RELEASE)
    assert run.answered
    assert run.reason.startswith("rebooted since; asked again, and silent: web1 did not answer")
    await kit.clock.advance(300.0)
    await kit.settle()
    assert len(kit.transport.connects) == tries
    await kit.stop()


async def test_asking_twice_with_one_id_tries_the_host_once() -> None:
    kit = await Kit().start()
    uid = await silent(kit)
    tries = len(kit.transport.connects)
    for _ in range(2):
        await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
        await kit.settle()
    assert len(kit.transport.connects) == tries + 1
    await kit.stop()


async def test_nothing_unknown_is_refused_and_recorded() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    with pytest.raises(ActionRefused, match="nothing of deploy-api/1 is unknown"):
        await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
    assert "intent_refused" in await kit.types(uid)
    await kit.stop()
