"""Concurrency groups in a whole engine: turns, races, restarts, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runners.model.definition import Concurrency, OnFailure, WhenBusy
from runners.model.errors import ActionRefused
from runners.model.intents import Cancel, Retry, Rollback
from runners.model.phases import RUN_ENDED, RunPhase
from runners.model.plan import Plan, PlannedJob
from runners.testing.behaviour import hangs, prints
from tests.flows.engine_kit import Kit, job, plan


def grouped(*jobs: PlannedJob, pipeline: str = "deploy", limit: int = 1, when_busy: WhenBusy = WhenBusy.QUEUE) -> Plan:
    group = Concurrency(group="web", limit=limit, when_busy=when_busy)
    return replace(plan(jobs or [job("release")], pipeline=pipeline), concurrency=group)


async def phases_of(kit: Kit, uids: Sequence[str]) -> list[str]:
    return [(await kit.engine.records.state(uid)).phase.value for uid in uids]


async def texts(kit: Kit, uid: str) -> list[tuple[str, str]]:
    return [(hold.kind, hold.text) for hold in (await kit.engine.records.document(uid)).holds]


async def test_runs_of_a_group_go_one_after_the_other_in_the_order_in_which_they_were_created() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uids = [await kit.run(grouped(pipeline=name), f"req-{name}") for name in ("one", "two", "three")]
    await kit.settle()
    assert await phases_of(kit, uids) == ["running", "queued", "queued"]
    assert await texts(kit, uids[1]) == [
        ("concurrency", "waits for one/1 (alice, running) in concurrency group web"),
    ]
    assert (await texts(kit, uids[2]))[0][1] == (
        "waits for one/1 (alice, running), two/1 (alice, queued) in concurrency group web"
    )
    (status,) = [one for one in (await kit.engine.status()).runs if one.uid == uids[1]]
    assert (status.phase, status.holds[0].kind) == ("queued", "concurrency")
    assert [line.what for line in await kit.engine.records.runs()][1] == status.holds[0].text
    assert len(kit.transport.ledger) == 1
    for done, expected in ((0, ["succeeded", "running", "queued"]), (1, ["succeeded", "succeeded", "running"])):
        kit.transport.finish(f"{uids[done]}.1.1.1")
        await kit.settle()
        assert await phases_of(kit, uids) == expected
    kit.transport.finish(f"{uids[2]}.1.1.1")
    await kit.until_run(uids[2], RunPhase.SUCCEEDED)
    assert (await kit.types(uids[2]))[:3] == ["run_created", "lock_taken", "run_started"]
    assert (await kit.types(uids[2]))[-2:] == ["lock_released", "run_finished"]
    await kit.stop()


async def test_a_held_run_keeps_the_others_waiting_until_it_is_cancelled() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("boom", code=1), prints("ok"))
    first = await kit.run(grouped(), "r1")
    await kit.until_run(first, RunPhase.HELD)
    second = await kit.run(grouped(), "r2")
    await kit.settle()
    assert await phases_of(kit, [first, second]) == ["held", "queued"]
    await kit.engine.submit(first, Cancel(id="c1"), "bob")
    assert (await kit.until_run(second, *RUN_ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_a_queued_run_starts_by_itself_under_the_next_controller() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uids = [await kit.run(grouped(), f"r{n}") for n in range(3)]
    await kit.settle()
    await kit.kill()
    await kit.start()
    await kit.settle()
    assert await phases_of(kit, uids) == ["running", "queued", "queued"]
    kit.transport.release()
    for uid in uids:
        assert (await kit.until_run(uid, *RUN_ENDED)).phase is RunPhase.SUCCEEDED
    started = [start.key.split(".")[0] for start in kit.transport.ledger]
    assert started == uids
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_a_run_that_ended_while_no_controller_was_there_to_let_the_next_one_start_holds_nobody_up() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    first, second = await kit.run(grouped(), "r1"), await kit.run(grouped(), "r2")
    await kit.settle()
    await kit.engine.submit(first, Cancel(id="c1"), "bob")
    await kit.kill()
    await kit.start()
    kit.transport.release()
    assert (await kit.until_run(second, *RUN_ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_cancelling_a_queued_run_starts_nothing_of_it_and_lets_those_behind_it_move_up() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uids = [await kit.run(grouped(), f"r{n}") for n in range(3)]
    await kit.settle()
    await kit.engine.submit(uids[1], Cancel(id="c1"), "bob")
    assert await phases_of(kit, uids) == ["running", "cancelled", "queued"]
    assert "deploy/1 (alice, running) in" in (await texts(kit, uids[2]))[0][1]
    kit.transport.release()
    await kit.until_run(uids[2], RunPhase.SUCCEEDED)
    assert not [start for start in kit.transport.ledger if start.key.startswith(uids[1])]
    await kit.stop()


async def test_a_run_that_may_not_wait_is_refused_with_the_name_of_the_holder_and_never_exists() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    refusing = grouped(when_busy=WhenBusy.REFUSE)
    first = await kit.run(refusing, "r1")
    await kit.settle()
    with pytest.raises(ActionRefused) as refused:
        await kit.run(refusing, "r2")
    assert refused.value.message == "deploy/1 (alice, running) holds concurrency group web; nothing was started"
    assert refused.value.hint == "onduty wait deploy/1"
    assert len(kit.disk.runs) == 1
    kit.transport.release()
    await kit.until_run(first, RunPhase.SUCCEEDED)
    second = await kit.run(refusing, "r2")
    assert (await kit.until_run(second, *RUN_ENDED)).phase is RunPhase.SUCCEEDED
    assert await kit.run(refusing, "r2") == second
    await kit.stop()


async def test_of_many_that_may_not_wait_and_come_at_once_one_starts() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    plans = [grouped(when_busy=WhenBusy.REFUSE) for _ in range(8)]
    answers = await asyncio.gather(*(kit.run(one, f"r{n}") for n, one in enumerate(plans)), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {str, ActionRefused}
    assert len(kit.disk.runs) == 1
    await kit.settle()
    (uid,) = [answer for answer in answers if isinstance(answer, str)]
    assert await phases_of(kit, [uid]) == ["running"]
    await kit.stop()


async def test_a_finished_run_is_rolled_back_beside_a_running_one_and_holds_up_the_next() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("ok"), hangs())
    first = await kit.run(grouped(job("release", rollback=["undo"])), "r1")
    await kit.until_run(first, RunPhase.SUCCEEDED)
    second = await kit.run(grouped(job("release", on=["web2"])), "r2")
    await kit.settle()
    kit.transport.on("undo", hangs())
    await kit.engine.submit(first, Rollback(id="b1"), "bob")
    await kit.settle()
    assert await phases_of(kit, [first, second]) == ["rolling_back", "running"]
    kit.transport.finish(f"{second}.1.1.1")
    third = await kit.run(grouped(), "r3")
    await kit.settle()
    assert (await texts(kit, third))[0][1] == ("waits for deploy/1 (alice, rolling back) in concurrency group web")
    kit.transport.release()
    assert (await kit.until_run(third, *RUN_ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_an_ended_run_is_not_retried_beside_another_of_its_group() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("boom", code=1), hangs(), prints("ok"))
    stopping = grouped(job("release", on_failure=OnFailure.STOP))
    first = await kit.run(stopping, "r1")
    await kit.until_run(first, RunPhase.FAILED)
    second = await kit.run(stopping, "r2")
    await kit.settle()
    retry = Retry(id="i1", targets=("s1/release@web1",))
    assert (await kit.engine.preview(first, retry)).refusal.startswith("deploy/2 (alice, running) holds")
    with pytest.raises(ActionRefused, match="deploy/1 has ended and would start again beside it"):
        await kit.engine.submit(first, retry, "bob")
    kit.transport.finish(f"{second}.1.1.1")
    await kit.until_run(second, RunPhase.SUCCEEDED)
    await kit.engine.submit(first, replace(retry, id="i2"), "bob")
    assert (await kit.until_run(first, RunPhase.SUCCEEDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 3), st.sampled_from(WhenBusy)),
        st.tuples(st.sampled_from(["finish", "cancel", "retry", "restart"]), st.integers(0, 9), st.none()),
    ),
    max_size=14,
)


@given(STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_never_more_runs_at_once_than_the_last_one_to_start_allows(
    steps: list[tuple[str, int, WhenBusy | None]],
) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, int, WhenBusy | None]]) -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uids: list[str] = []
    limits: dict[str, int] = {}
    started: list[str] = []

    async def look() -> None:
        await kit.settle()
        states = [await kit.engine.records.state(uid) for uid in uids]
        now = [one.uid for one in states if one.phase is not RunPhase.QUEUED and one.phase not in RUN_ENDED]
        fresh = [uid for uid in now if uid not in started]
        for n, uid in enumerate(fresh):
            assert len(now) - (len(fresh) - 1 - n) <= limits[uid]
        started[:] = now
        waiting = [one for one in states if one.phase is RunPhase.QUEUED]
        for one in waiting:
            assert next(hold.kind for hold in (await kit.engine.records.document(one.uid)).holds) == "concurrency"
        if waiting:
            assert len(now) >= limits[waiting[0].uid]

    for n, (what, number, busy) in enumerate(steps):
        if what == "run" and busy is not None:
            try:
                uid = await kit.run(
                    grouped(job("release", on_failure=OnFailure.STOP), limit=number, when_busy=busy), f"r{n}"
                )
            except ActionRefused:
                continue
            uids.append(uid)
            limits[uid] = number
        elif what == "restart":
            await kit.kill()
            await kit.start()
        elif uids:
            uid = uids[number % len(uids)]
            state = await kit.engine.records.state(uid)
            try:
                if what == "cancel":
                    await kit.engine.submit(uid, Cancel(id=f"i{n}"), "bob")
                elif what == "retry":
                    await kit.engine.submit(uid, Retry(id=f"i{n}", targets=("s1/release@web1",)), "bob")
                elif state.phase is RunPhase.RUNNING and kit.transport.running():
                    key = next((key for key in kit.transport.running() if key.startswith(uid)), None)
                    if key is not None:
                        kit.transport.finish(key, exit_code=number % 2)
            except ActionRefused:
                pass
        await look()
    await kit.stop()
