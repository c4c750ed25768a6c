"""Events make the state: what fits, what is late, and what is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec.structs import fields, replace

from runners.core.decide import touched_by
from runners.core.index import index_of, short_name
from runners.core.moves import JOB_RUN_MOVES, RUN_MOVES, STAGE_MOVES, IllegalMove, check_move, states_markdown
from runners.core.reduce import SequenceGap, begin, fold, reduce
from runners.core.settle import Head, unchained
from runners.model.events import (
    PAYLOADS,
    Event,
    IntentRefused,
    JobFinished,
    JobQueued,
    JobSkipped,
    Payload,
    RetryScheduled,
    RunbookLinked,
    StageStarted,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
    TimeGap,
)
from runners.model.phases import Phase, Result, RunPhase, StagePhase, TaskPhase
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.testing.builders import UID, job, plan_of, stage
from runners.testing.simulator import Simulator

ONE = plan_of(stage("rollout", job("release", "web3", "fetch restart")))


def head_of(state: RunState) -> Head:
    return Head(state.uid, state.seq, state.last_hash)


def after(sim: Simulator, payload: Payload) -> RunState:
    return reduce(sim.state, unchained(head_of(sim.state), payload, "onduty", sim.now_utc))


def test_a_run_begins_with_every_job_run_waiting_and_numbered_over_the_whole_plan() -> None:
    plan = plan_of(stage("canary", job("release", "web1 web2", attempts=3)), stage("after", job("purge", "edge1")))
    state = begin(plan, Simulator(plan).events[0])
    runs = [run for one in state.stages for planned in one.jobs for run in planned.runs]
    assert [(run.id, run.number, run.phase, run.policy_left) for run in runs] == [
        ("canary/release@web1", 1, Phase.WAITING, 2),
        ("canary/release@web2", 2, Phase.WAITING, 2),
        ("after/purge@edge1", 3, Phase.WAITING, 0),
    ]
    assert (state.phase, state.seq, state.by, state.name) == (RunPhase.QUEUED, 1, "alice", "deploy-api/42")


def test_a_gap_in_the_sequence_raises_and_changes_nothing() -> None:
    sim = Simulator(ONE)
    before = sim.state
    event = replace(unchained(head_of(before), TimeGap(from_utc=1, to_utc=2), "onduty", 3.0), seq=before.seq + 2)
    with pytest.raises(SequenceGap, match="does not follow event 4"):
        reduce(before, event)
    with pytest.raises(SequenceGap):
        reduce(before, replace(event, seq=before.seq + 1, run="another"))
    assert sim.state is before
    with pytest.raises(SequenceGap):
        fold(ONE, ())
    with pytest.raises(IllegalMove):
        begin(ONE, replace(event, seq=1))


def test_folding_the_log_gives_the_live_state() -> None:
    sim = Simulator(ONE)
    sim.ready()
    sim.finish("release@web3")
    sim.finish("release@web3", 1)
    assert fold(ONE, sim.events) == sim.state
    step_by_step = begin(ONE, sim.events[0])
    for event in sim.events[1:]:
        step_by_step = reduce(step_by_step, event)
    assert step_by_step == sim.state


def test_an_event_changes_only_what_it_touches() -> None:
    plan = plan_of(stage("one", job("a", "web1 web2"), job("b", "web1")), stage("two", job("c", "web1")))
    sim = Simulator(plan)
    before = sim.state
    sim.ready("a@web1")
    assert sim.state.stages[0].jobs[0].runs[1] is before.stages[0].jobs[0].runs[1]
    assert sim.state.stages[0].jobs[1] is before.stages[0].jobs[1]
    assert sim.state.stages[1] is before.stages[1]
    assert sim.state.plan is plan


def test_illegal_moves_raise_and_change_nothing() -> None:
    sim = Simulator(ONE)
    sim.ready()
    id_, key = "rollout/release@web3", sim.key("release@web3")
    illegal: list[Payload] = [
        JobQueued(job_run=id_, attempt=2),
        JobQueued(job_run=id_, attempt=1),
        JobSkipped(job_run=id_),
        TaskDispatched(job_run=id_, attempt=1, task=1, key=key),
        TaskDispatched(job_run=id_, attempt=1, task=2, key=f"{UID}.1.1.2"),
        TaskDispatched(job_run=id_, attempt=1, task=3, key=f"{UID}.1.1.3"),
        RetryScheduled(job_run=id_, attempt=2, by_policy=True, not_before=0),
        JobFinished(job_run=id_, attempt=2, phase=Phase.FAILED, result=Result.FAILURE),
        JobFinished(job_run=id_, attempt=1, phase=Phase.SKIPPED, result=Result.SKIP),
        StageStarted(stage="rollout"),
        StageStarted(stage="nowhere"),
        JobQueued(job_run="rollout/release@nowhere", attempt=1),
        sim.events[0].payload,
    ]
    for payload in illegal:
        with pytest.raises(IllegalMove):
            after(sim, payload)
    assert fold(ONE, sim.events) == sim.state


def test_late_news_of_an_earlier_attempt_changes_nothing_but_the_sequence() -> None:
    sim = Simulator(ONE)
    sim.ready()
    old = sim.key("release@web3")
    sim.finish("release@web3", 1)
    sim.retry("release@web3")
    sim.ready()
    late: list[Payload] = [
        TaskFinished(job_run="rollout/release@web3", attempt=1, task=1, key=old, result=Result.FAILURE, exit_code=9),
        TaskStarted(job_run="rollout/release@web3", attempt=1, task=1, key=old),
        RunbookLinked(job_run="rollout/release@web3", attempt=1, page="port-in-use"),
    ]
    for payload in late:
        state = after(sim, payload)
        assert state.stages == sim.state.stages
        assert state.seq == sim.state.seq + 1


def test_a_verdict_about_another_task_or_twice_changes_nothing_but_the_sequence() -> None:
    sim = Simulator(ONE)
    sim.ready()
    first = sim.key("release@web3")
    sim.finish("release@web3")
    second = sim.key("release@web3")
    id_ = "rollout/release@web3"
    late: list[Payload] = [
        TaskFinished(job_run=id_, attempt=1, task=1, key=first, result=Result.FAILURE, exit_code=9),
        TaskFinished(job_run=id_, attempt=1, task=2, key=first, result=Result.FAILURE, exit_code=9),
        TaskFinished(job_run=id_, attempt=1, task=3, key=second, result=Result.FAILURE, exit_code=9),
        TaskStarted(job_run=id_, attempt=1, task=1, key=first),
    ]
    for payload in late:
        assert after(sim, payload).stages == sim.state.stages


def test_every_type_of_event_is_known_to_reduce_and_to_touched_by() -> None:
    sim = Simulator(ONE)
    for kind in PAYLOADS.values():
        payload = kind(**{field.name: example(kind, field.name) for field in fields(kind)})
        touched_by(payload)
        with contextlib.suppress(IllegalMove):
            after(sim, payload)


def example(kind: type[Payload], name: str) -> Any:
    if name == "job_run":
        return "rollout/release@web3"
    hint = get_type_hints(kind)[name]
    if get_origin(hint) is Mapping:
        return {}
    found = next(option for option in (*get_args(hint), hint) if isinstance(option, type))
    if issubclass(found, msgspec.Struct):
        return msgspec.convert({"at": 1.0}, found)
    if issubclass(found, Enum):
        return next(iter(found))
    known: dict[type, Any] = {str: "", int: 1, float: 1.0, bool: False, tuple: ()}
    return known[found]


def test_a_payload_of_another_world_is_refused() -> None:
    class Surprise(Payload, frozen=True):
        pass

    sim = Simulator(ONE)
    with pytest.raises(TypeError, match="does not know Surprise"):
        reduce(sim.state, Event(run=UID, seq=sim.state.seq + 1, time=1.0, actor="x", payload=Surprise()))


def test_a_refusal_and_a_time_gap_are_facts_that_change_nothing() -> None:
    sim = Simulator(ONE)
    for payload in (IntentRefused(intent="retry", why="no"), TimeGap(from_utc=1, to_utc=2)):
        assert after(sim, payload).stages == sim.state.stages


def test_what_was_not_dispatched_when_an_attempt_ended_is_not_run() -> None:
    sim = Simulator(ONE)
    sim.ready()
    sim.finish("release@web3", 1)
    attempt = sim.run("release@web3").attempts[0]
    assert [one.phase for one in attempt.tasks] == [TaskPhase.FAILED, TaskPhase.NOT_RUN]
    assert (attempt.exit_code, attempt.reason, attempt.phase) == (1, "exit 1 in fetch", Phase.FAILED)


def test_a_state_survives_json() -> None:
    sim = Simulator(ONE)
    sim.play(failing={"release@web3 restart": 3})
    sim.advise("release@web3")
    assert decode(encode(sim.state), RunState) == sim.state


def test_the_diagram_of_states_is_drawn_from_the_table() -> None:
    written = Path(__file__).parents[2] / "docs" / "states.md"
    assert written.read_text() == states_markdown(), "python -m runners.core.moves > docs/states.md"


def test_the_table_names_every_phase_and_refuses_what_it_does_not_list() -> None:
    assert set(JOB_RUN_MOVES) == set(Phase)
    assert set(STAGE_MOVES) == set(StagePhase)
    assert set(RUN_MOVES) == set(RunPhase)
    check_move(Phase.FAILED, Phase.WAITING)
    for old, new in (
        (Phase.SUCCEEDED, Phase.RUNNING),
        (Phase.RUNNING, Phase.SKIPPED),
        (Phase.RUNNING, Phase.RUNNING),
        (StagePhase.SKIPPED, StagePhase.RUNNING),
        (RunPhase.CANCELLED, RunPhase.SUCCEEDED),
    ):
        with pytest.raises(IllegalMove):
            check_move(old, new)


def test_names_are_short_where_the_job_is_unique_in_the_run() -> None:
    sim = Simulator(plan_of(stage("a", job("x"), job("y")), stage("b", job("x"))))
    assert [short_name(sim.state, id_) for id_ in index_of(sim.plan).places] == ["a/x@web1", "y@web1", "b/x@web1"]
