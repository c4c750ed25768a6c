"""Cuts, reboots, deaths of the controller, people and time in any order: what must hold holds."""

from __future__ import annotations

import contextlib
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runners.core import reduce
from runners.core.chain import verify
from runners.engine.codec import read
from runners.model.definition import OnFailure, RetryPolicy
from runners.model.errors import ActionRefused
from runners.model.events import TaskFinished
from runners.model.intents import Cancel, Intent, Retry, Skip
from runners.model.phases import Phase, RunPhase, TaskPhase
from runners.model.state import RunState
from runners.testing.behaviour import Gate, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan

HOSTS = ("web1", "web2", "web3")
PLAN = plan(
    [job("build", "fetch", "compile", on=["web1"], retry=RetryPolicy(attempts=2, delay_s=5.0))],
    [
        job("release", "push", "restart", on=HOSTS),
        job("purge", on=["web2"], on_failure=OnFailure.CONTINUE, needs=["release"]),
    ],
    [job("after", on=["web3"])],
)
JOB_RUNS = tuple(id_ for one in PLAN.jobs() for id_ in one.job_run_ids())

moves = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["cut", "drop", "restore", "lose_start", "reboot", "unknown_key"]), st.sampled_from(HOSTS)
        ),
        st.tuples(st.just("advance"), st.sampled_from([0.1, 1.0, 3.0, 20.0, 130.0])),
        st.tuples(st.just("release"), st.just("")),
        st.tuples(st.just("kill"), st.just("")),
        st.tuples(st.just("stop"), st.just("")),
        st.tuples(st.sampled_from(["retry", "skip", "cancel_one"]), st.sampled_from(JOB_RUNS)),
        st.tuples(st.sampled_from(["retry_all", "cancel"]), st.just("")),
    ),
    max_size=14,
)


async def play(story: list[tuple[str, object]]) -> None:
    kit = await Kit().start()
    kit.transport.on("compile", prints("boom", code=1), prints("ok"))
    kit.transport.on("push", [Print(b"one\n"), Gate(), Print(b"two\n")])
    kit.transport.on("restart", prints("boom", code=1), prints("ok"), host="web2")
    kit.transport.on("purge", prints(code=3))
    kit.transport.on("after", hangs())
    uid = await kit.run(PLAN)
    await kit.settle()
    for number, (move, what) in enumerate(story):
        await one_move(kit, uid, f"i{number}", move, what)
        await kit.settle()
        holds_now(await kit.engine.records.state(uid))
    for host in HOSTS:
        kit.transport.restore(host)
    for _ in range(4):
        kit.transport.release()
        await kit.clock.advance(130.0)
        await kit.settle()
    await at_rest(kit, uid)
    await kit.stop()


async def one_move(kit: Kit, uid: str, id_: str, move: str, what: object) -> None:
    host = str(what)
    match move:
        case "cut":
            kit.transport.cut(host)
        case "drop":
            kit.transport.drop(host)
        case "restore":
            kit.transport.restore(host)
        case "lose_start":
            kit.transport.lose_next_start(host, arrived=len(id_) % 2 == 0)
        case "reboot":
            kit.transport.reboot(host)
        case "unknown_key":
            kit.transport.key_unknown(host)
            kit.transport.drop(host)
        case "advance":
            await kit.clock.advance(float(host))
        case "release":
            kit.transport.release()
            for fake in kit.transport.hosts:
                fake.released.clear()
        case "kill":
            await kit.kill()
            await kit.logs.close()
            await kit.start()
        case "stop":
            await kit.stop()
            await kit.logs.close()
            await kit.start()
        case _:
            await ask(kit, uid, intent_of(id_, move, host))


def intent_of(id_: str, move: str, target: str) -> Intent:
    match move:
        case "retry":
            return Retry(id=id_, targets=(target,), not_running=True)
        case "skip":
            return Skip(id=id_, targets=(target,), not_running=True)
        case "cancel_one":
            return Cancel(id=id_, targets=(target,))
        case "cancel":
            return Cancel(id=id_)
        case _:
            return Retry(id=id_)


async def ask(kit: Kit, uid: str, intent: Intent) -> None:
    with contextlib.suppress(ActionRefused):
        answer = await kit.engine.submit(uid, intent, "alice")
        assert await kit.engine.submit(uid, intent, "alice") == answer


def holds_now(state: RunState) -> None:
    """At most one task of one attempt of a job run is with its host."""
    for stage in state.stages:
        for one in stage.jobs:
            for run in one.runs:
                live = [
                    task
                    for attempt in run.attempts
                    for task in attempt.tasks
                    if task.phase in (TaskPhase.DISPATCHED, TaskPhase.RUNNING)
                ]
                assert len(live) <= 1
                assert not live or run.phase in (Phase.RUNNING, Phase.CANCELLING, Phase.UNKNOWN)


async def at_rest(kit: Kit, uid: str) -> None:
    state = await kit.engine.records.state(uid)
    rows = kit.disk.events[uid]
    assert verify(rows) == ""
    assert reduce.fold(state.plan, [read(row) for row in rows]) == state
    kit.transport.assert_each_key_ran_once()
    dispatched = Counter(
        getattr(event.payload, "key", "") for event in map(read, rows) if event.type == "task_dispatched"
    )
    assert set(dispatched.values()) <= {1}
    assert {start.key for start in kit.transport.ledger} <= set(dispatched)
    # Everything lives again and every gate is open: what is left waits for a person or has ended.
    assert state.phase not in (RunPhase.QUEUED, RunPhase.RUNNING, RunPhase.CANCELLING), phases(state)
    assert kit.transport.running() == [] or "unknown" in phases(state).values(), phases(state)
    if state.phase is RunPhase.HELD:
        document = await kit.engine.records.document(uid)
        assert document.holds
    for event in map(read, rows):
        if isinstance(event.payload, TaskFinished) and event.payload.log_bytes:
            log = kit.logs.content(uid, event.payload.key)
            assert len(log) == event.payload.log_bytes
            assert log in (b"boom\n", b"ok\n", b"one\ntwo\n", b"one\n")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(story=moves)
async def test_whatever_happens_nothing_runs_twice_and_the_run_ends_or_waits_for_a_person(
    story: list[tuple[str, object]],
) -> None:
    await play(story)
