"""The controller dies at every commit and around every exchange with a host; the next one ends the run all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runners.core import reduce
from runners.core.index import job_run_of
from runners.model.definition import OnFailure, RetryPolicy
from runners.model.errors import ActionRefused
from runners.model.events import TimeGap
from runners.model.intents import Cancel, Pause, Resume, Retry, Rollback
from runners.model.inventory import Host
from runners.model.phases import Phase, RunPhase
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.ports.transport import SessionSink
from runners.testing.behaviour import Gate, OnCancel, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan
from tests.flows.sweep import GUARD_S, Fate, FrayedSession, events_of, every_moment, whole

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


async def started(kit: Kit, planned: Plan) -> str:
    return await kit.run(planned, "req1")


async def test_a_run_ends_right_wherever_its_controller_dies() -> None:
    planned = plan(
        [job("build", "fetch", "compile", on=["ci1"])],
        [
            job("release", "release", on=["web1", "web2"], retry=RetryPolicy(attempts=2, delay_s=0.0)),
            job("purge", on=["web1"], on_failure=OnFailure.CONTINUE),
        ],
        [job("after", on=["ci1"])],
    )

    def world(kit: Kit) -> None:
        kit.transport.on("fetch", prints("fetched"))
        kit.transport.on("release", prints("boom", code=1), prints("ok"), host="web2")
        kit.transport.on("purge", prints("boom", code=2))

    async def story(kit: Kit) -> RunState:
        return await kit.until_run(await started(kit, planned), *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert len(state.warnings) == 1
        assert phases(state) == {
            "s1/build@ci1": "succeeded",
            "s2/release@web1": "succeeded",
            "s2/release@web2": "succeeded",
            "s2/purge@web1": "failed",
            "s3/after@ci1": "succeeded",
        }
        keys = sorted(start.key.removeprefix(state.uid + ".") for start in kit.transport.ledger)
        assert keys == ["1.1.1", "1.1.2", "2.1.1", "3.1.1", "3.2.1", "4.1.1", "5.1.1"]
        assert kit.logs.content(state.uid, f"{state.uid}.1.1.1") == b"fetched\n"
        assert kit.logs.content(state.uid, f"{state.uid}.3.1.1") == b"boom\n"
        assert kit.logs.content(state.uid, f"{state.uid}.3.2.1") == b"ok\n"

    moments = await every_moment(world, story, check)
    assert moments > 50


async def test_a_persons_retry_takes_effect_once_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1", "web2"])], [job("after")])

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1), prints("ok"), host="web1")

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_run(uid, RunPhase.HELD, *ENDED)
        await kit.engine.submit(
            uid, Retry(id="i1", seen_attempts={"s1/release@web1": 1}, targets=("s1/release@web1",)), "bob"
        )
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert job_run_of(state, "s1/release@web1").attempt == 2
        assert len(kit.transport.ledger) == 4
        assert [event.type for event in events_of(kit, state)].count("retry_scheduled") == 1

    await every_moment(world, story, check)


async def test_a_cancel_is_carried_out_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1", "web2"])], [job("after")])

    def world(kit: Kit) -> None:
        kit.transport.on("release", hangs(Print(b"x\n"), OnCancel(ignores_term=True)))

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_job(uid, "s1/release@web1", Phase.RUNNING, Phase.CANCELLING, Phase.CANCELLED)
        try:
            await kit.engine.submit(uid, Cancel(id="i1"), "bob")
        except ActionRefused as error:
            raise AssertionError(error.message) from error
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.CANCELLED
        assert set(phases(state).values()) == {"cancelled"}
        assert kit.transport.running() == []

    await every_moment(world, story, check)


async def test_finally_runs_once_after_failure_and_cancel_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1"], closing=["undrain"]), job("long", on=["web2"], closing=["tidy"])])

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1))
        kit.transport.on("long", hangs())
        kit.transport.on("undrain", prints("no", code=5))

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_job(uid, "s1/release@web1", Phase.FAILED)
        await kit.until_job(uid, "s1/long@web2", Phase.RUNNING, Phase.CANCELLING, Phase.CANCELLED)
        await kit.engine.submit(uid, Cancel(id="i1"), "bob")
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.CANCELLED
        assert phases(state) == {"s1/release@web1": "failed", "s1/long@web2": "cancelled"}
        assert state.warnings == ("finally t2 of release@web1 failed: exit 5",)
        assert job_run_of(state, "s1/long@web2").attempts[0].tasks[1].result == "success"
        assert kit.transport.running() == []

    await every_moment(world, story, check)


async def test_a_rollback_is_carried_out_once_wherever_the_controller_dies() -> None:
    planned = plan(
        [job("migrate", on=["db1"], rollback=["restore"])],
        [job("release", on=["web1", "web2"], rollback=["activate"], verify=["smoke"]), job("report", on=["db1"])],
    )

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1), host="web2")

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_run(uid, RunPhase.HELD, RunPhase.ROLLING_BACK, RunPhase.ROLLED_BACK)
        await kit.engine.submit(uid, Rollback(id="i1"), "bob")
        return await kit.until_run(uid, RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.ROLLED_BACK
        assert phases(state) == {
            "s1/migrate@db1": "rolled_back",
            "s2/release@web1": "rolled_back",
            "s2/release@web2": "rolled_back",
            "s2/report@db1": "succeeded",
        }
        ran = sorted(start.key.removeprefix(state.uid + ".") for start in kit.transport.ledger)
        assert ran == ["1.1.1", "1.2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "3.1.1", "3.2.1", "3.2.2", "4.1.1"]
        back = [
            event.payload.job_run
            for event in events_of(kit, state)
            if event.type == "job_started" and event.payload.rollback
        ]
        assert sorted(back[:2]) == ["s2/release@web1", "s2/release@web2"]
        assert back[2:] == ["s1/migrate@db1"]
        assert [event.type for event in events_of(kit, state)].count("rollback_started") == 1

    await every_moment(world, story, check)


async def test_a_paused_run_stays_so_wherever_the_controller_dies_and_goes_on_when_resumed() -> None:
    planned = plan([job("release", "first", "second", on=["web1"]), job("later", on=["web2"], needs=["release"])])

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        try:
            await kit.engine.submit(uid, Pause(id="i1", now=True), "bob")
        except ActionRefused as error:
            raise AssertionError(error.message) from error
        await kit.settle()
        assert "s2" not in phases(await kit.engine.records.state(uid)).values()
        await kit.engine.submit(uid, Resume(id="i2"), "bob")
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert [event.type for event in events_of(kit, state)].count("run_paused") == 1

    await every_moment(lambda kit: None, story, check)


async def test_jobs_that_run_through_the_death_are_followed_on_without_losing_a_byte() -> None:
    kit = await Kit().start()
    kit.transport.on("release", [Print(b"one\n"), Gate("a"), Print(b"two\n"), Gate("b")])
    uid = await kit.run(plan([job("release", on=["web1", "web2"])]))
    await kit.transport.until(lambda: len(kit.transport.running()) == 2)
    await kit.settle()
    await kit.kill()
    await kit.logs.close()
    kit.transport.release("a")
    await kit.clock.advance(90.0)
    await kit.start()
    await kit.settle()
    assert phases(await kit.engine.records.state(uid)) == {"s1/release@web1": "running", "s1/release@web2": "running"}
    (gap,) = [event.payload for event in await kit.story(uid) if isinstance(event.payload, TimeGap)]
    assert gap.to_utc - gap.from_utc == pytest.approx(90.0)
    kit.transport.release("b")
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    for number in (1, 2):
        assert kit.logs.content(uid, f"{uid}.{number}.1.1") == b"one\ntwo\n"
    assert len(kit.transport.ledger) == 2
    await kit.stop()


async def test_a_restart_beside_a_silent_host_says_unknown_and_finds_the_truth_later() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    await kit.stop()
    await kit.logs.close()
    kit.transport.unreachable("web1")
    await kit.start()
    await kit.settle()
    await kit.clock.advance(11.0)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))["s1/release@web1"] == "unknown"
    kit.transport.finish(f"{uid}.1.1.1", exit_code=0)
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_the_state_from_the_store_is_the_state_that_was_live() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("boom", code=1))
    uid = await kit.run(plan([job("release", on=["web1", "web2"])], [job("after")]))
    await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    await kit.stop()
    await kit.logs.close()
    await kit.start()
    await kit.settle()
    again = await kit.engine.records.state(uid)
    assert again == state
    assert again == reduce.fold(again.plan, events_of(kit, again))
    await kit.stop()


async def test_a_run_ends_right_and_is_never_unknown_wherever_a_link_drops() -> None:
    planned = plan(
        [job("build", "fetch", "compile", on=["ci1", "ci2"])],
        [job("release", "release", on=["ci1"], retry=RetryPolicy(attempts=2, delay_s=0.0))],
    )
    at = 0
    while True:
        at += 1
        kit, fate = Kit(), Fate(at)
        kit.transport.on("fetch", prints("fetched"))
        kit.transport.on("release", prints("boom", code=1), prints("ok"))

        class Frayed:
            logins = kit.transport.logins

            async def connect(self, host: Host, sink: SessionSink, kit: Kit = kit, fate: Fate = fate) -> Any:
                inner = await kit.transport.connect(host, sink)
                return FrayedSession(inner, fate, lambda: kit.transport.drop(host.name))

        await kit.make(transport=Frayed()).start()  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(GUARD_S):
                uid = await kit.run(planned)
                state = await kit.until_run(uid, RunPhase.HELD, *ENDED)
                await kit.settle()
            assert state.phase is RunPhase.SUCCEEDED
            whole(kit, state)
            assert "contact_lost" not in await kit.types(uid)
            assert kit.logs.content(uid, f"{uid}.1.1.1") == b"fetched\n"
            assert kit.logs.content(uid, f"{uid}.3.2.1") == b"ok\n"
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(f"exchange {at} ({fate.where}): {error!r}") from error
        await kit.stop()
        if not fate.died.is_set():
            break
    assert at > 15
