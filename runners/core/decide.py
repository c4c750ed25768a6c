"""Choose what happens next: the only place that starts, retries, ends, holds and releases anything by itself.

``decide`` looks at what the last events touched and answers with the next events. It is called again after they were
folded, until it has none: a second call with nothing new gives nothing. ``core.settle`` is that loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runners.core.consequences import effects_of
from runners.core.decide_attempts import Dice, Moment, next_of_attempt
from runners.core.decide_rollback import next_of_rollback
from runners.core.groups import waits_for_turn
from runners.core.index import Place, index_of, job_run_of
from runners.core.outcome import failed_result, stopped_by, warnings_of
from runners.core.ready import (
    MOVING,
    STAGE_DONE,
    anything_moves,
    counts_of,
    is_moving,
    needs_satisfied,
    runs_in,
    stage_is_satisfied,
)
from runners.core.rollback import is_wanted
from runners.core.tasks import is_live
from runners.model.definition import STOPPING, OnFailure
from runners.model.effects import Effect
from runners.model.events import (
    CancelRequested,
    CancelStepped,
    ContactLost,
    ContactRegained,
    IntentRefused,
    JobFinished,
    JobQueued,
    JobStarted,
    LockReleased,
    LogFetched,
    NoteAdded,
    OutputsRecorded,
    Payload,
    RetryScheduled,
    RollbackFinished,
    RollbackStarted,
    RunbookLinked,
    RunFinished,
    RunHeld,
    RunPaused,
    RunReleased,
    RunStarted,
    SecretNeeded,
    ShellOpened,
    StageFinished,
    StageStarted,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
    TimeGap,
)
from runners.model.phases import BAD, LIVE, RUN_ENDED, Phase, Result, RunPhase, StagePhase
from runners.model.state import JobRunState, RunState

MOST_NAMED = 200
"""Job runs that one event names, so that it stays under 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Events to commit, and what to do in the world once they are durable."""

    events: tuple[Payload, ...] = ()
    effects: tuple[Effect, ...] = ()


NOTHING = Decision()


def touched_by(payload: Payload) -> frozenset[str] | None:
    """Job runs that ``decide`` has to look at after this event; None: all of them."""
    match payload:
        case (
            JobQueued(job_run=id_)
            | JobStarted(job_run=id_)
            | TaskFinished(job_run=id_)
            | ContactLost(job_run=id_)
            | ContactRegained(job_run=id_)
            | RetryScheduled(job_run=id_, by_policy=True)
            | JobFinished(job_run=id_)
        ):
            return frozenset((id_,))
        case CancelRequested(job_runs=ids, whole_run=False):
            return frozenset(ids)
        case (
            TaskDispatched()
            | TaskStarted()
            | OutputsRecorded()
            | CancelStepped()
            | RunbookLinked()
            | SecretNeeded()
            | LogFetched()
            | RunHeld()
            | RunPaused()
            | NoteAdded()
            | ShellOpened()
            | RunFinished()
            | RollbackFinished()
            | LockReleased()
            | IntentRefused()
            | TimeGap()
        ):
            return frozenset()
        case _:
            # Also what a person does to one job run: it may have been what kept the others from starting.
            return None


def decide(state: RunState, touched: frozenset[str] | None, now_utc: float, dice: Dice) -> Decision:
    """What happens next, seen from what was ``touched`` (None: look at everything, at start and after a restart).

    At most one event per job run; none when nothing is left to do. Raises nothing.
    """
    if state.phase in RUN_ENDED or touched == frozenset():
        return NOTHING
    if waits_for_turn(state):
        return NOTHING
    if state.phase is RunPhase.QUEUED:
        return _decision(state, (RunStarted(),))
    if state.phase is RunPhase.HELD:
        return _decision(state, (RunReleased(),)) if _can_go_on(state) else NOTHING
    if state.phase is RunPhase.ROLLING_BACK:
        events = tuple(_next_of_job_runs(state, touched, now_utc, dice))
        # An unknown one holds up no other, so it may have been what the next job waited for.
        if not events and (touched is None or any(job_run_of(state, id_).phase not in MOVING for id_ in touched)):
            events = tuple(next_of_rollback(state))
        return _decision(state, events)
    if touched is not None and state.stopping and any(_stops(state, id_) for id_ in touched):
        touched = None
    events = tuple(_next_of_job_runs(state, touched, now_utc, dice))
    if touched is None or not _all_move(state, touched):
        # Stages are looked at beside events of job runs, because the next round will not see what was touched now.
        # The run is not: events of job runs go on, or end something that the next round is told of.
        events += tuple(_next_of_stages(state, reopen=touched is None))
        if not events:
            events = tuple(_end_of_run(state))
    return _decision(state, events)


def _decision(state: RunState, events: tuple[Payload, ...]) -> Decision:
    if not events:
        return NOTHING
    if (
        state.lock_taken
        and state.plan.concurrency is not None
        and isinstance(events[-1], RunFinished | RollbackFinished)
    ):
        events = (*events[:-1], LockReleased(group=state.plan.concurrency.group), events[-1])
    return Decision(events=events, effects=tuple(effect for event in events for effect in effects_of(state, event)))


def _stops(state: RunState, job_run: str) -> bool:
    s, j, h = index_of(state.plan).places[job_run]
    planned = state.plan.stages[s].jobs[j]
    return planned.on_failure in STOPPING and state.stages[s].jobs[j].runs[h].phase in BAD


def _all_move(state: RunState, touched: Iterable[str]) -> bool:
    places = index_of(state.plan).places
    for id_ in touched:
        s, j, h = places[id_]
        run = state.stages[s].jobs[j].runs[h]
        # A rollback that a failure asks for waits for no silent host.
        if not is_moving(run) or (state.stopping and run.phase is Phase.UNKNOWN):
            return False
    return True


# Job runs


def _next_of_job_runs(state: RunState, touched: frozenset[str] | None, now_utc: float, dice: Dice) -> Iterator[Payload]:
    places = index_of(state.plan).places
    looked_at: Iterable[tuple[Place, JobRunState]]
    if touched is None:
        looked_at = runs_in(state, *LIVE, Phase.BACKING_OFF)
    else:
        in_order = sorted(places[id_] for id_ in touched)
        looked_at = [(place, state.stages[place.stage].jobs[place.job].runs[place.host]) for place in in_order]
    stop = False
    for place, run in looked_at:
        event = _next_of(state, place, run, now_utc, dice)
        if event is not None:
            planned = state.plan.stages[place.stage].jobs[place.job]
            stop = stop or (isinstance(event, JobFinished) and event.phase in BAD and planned.on_failure in STOPPING)
            yield event
    if not stop:
        # After a stop everything is looked at again, so nothing is forgotten here.
        yield from _newly_queued(state, touched)


def _newly_queued(state: RunState, touched: frozenset[str] | None) -> Iterator[JobQueued]:
    if touched is None:
        for s, stage in enumerate(state.stages):
            for j in range(len(stage.jobs)):
                yield from _queue(state, s, j)
        return
    index = index_of(state.plan)
    freed: set[tuple[int, int]] = set()
    for place in sorted(index.places[id_] for id_ in touched):
        s, j, h = place
        run = state.stages[s].jobs[j].runs[h]
        if not is_moving(run):
            freed.update((s, n) for n in index.needed_by[s][j])
    for s, j in sorted(freed):
        yield from _queue(state, s, j)


def _queue(state: RunState, s: int, j: int) -> Iterator[JobQueued]:
    """Every job run of one job that may start now."""
    job = state.stages[s].jobs[j]
    if (
        Phase.WAITING in job.counts
        and state.phase is RunPhase.RUNNING
        and state.stages[s].phase is StagePhase.RUNNING
        and needs_satisfied(state, s, j)
    ):
        for run in job.runs:
            if run.phase is Phase.WAITING and (not state.stopping or run.retry_asked):
                yield JobQueued(job_run=run.id, attempt=run.next_attempt)


def _next_of(state: RunState, place: Place, run: JobRunState, now_utc: float, dice: Dice) -> Payload | None:
    planned = state.plan.stages[place.stage].jobs[place.job]
    match run.phase:
        case Phase.RUNNING | Phase.CANCELLING | Phase.ROLLING_BACK if is_live(run):
            return next_of_attempt(Moment(state, planned, run, run.attempts[-1], now_utc, dice))
        case Phase.UNKNOWN if (
            run.cancel_asked
            and run.answered
            and (state.phase is not RunPhase.ROLLING_BACK or run.attempts[-1].rollback)
        ):
            # What a rollback found unknown stays so: it must not be taken back beside something that may be alive.
            return JobFinished(
                job_run=run.id,
                attempt=run.attempt,
                phase=Phase.ROLLBACK_FAILED if run.attempts[-1].rollback else Phase.CANCELLED,
                result=Result.CANCELLATION,
                reason=f"cancelled; {run.reason}" if run.reason else "cancelled",
            )
        case Phase.BACKING_OFF if state.stopping:
            failed = run.attempts[-1]
            return JobFinished(
                job_run=run.id,
                attempt=failed.number,
                phase=failed.phase,
                result=failed.result or Result.ERROR,
                exit_code=failed.exit_code,
                signal=failed.signal,
                reason=failed.reason,
                kind=failed.kind,
            )
        case Phase.BACKING_OFF if (
            run.not_before is not None and run.not_before <= now_utc and state.phase is RunPhase.RUNNING
        ):
            return JobQueued(job_run=run.id, attempt=run.next_attempt)
        case _:
            return None


# Stages and the run


def _end_of_run(state: RunState) -> Iterator[Payload]:
    """Nothing follows from any job run or stage: the run ended, or a person has to come, or something moves."""
    if state.phase is RunPhase.CANCELLING:
        yield from _end_of_cancel(state)
    elif state.phase is RunPhase.PAUSED and any(run.retry_asked for _, run in runs_in(state, Phase.WAITING)):
        return
    elif all(stage.phase in STAGE_DONE for stage in state.stages):
        yield RunFinished(phase=RunPhase.SUCCEEDED, result=Result.SUCCESS, warnings=warnings_of(state))
    elif state.phase is RunPhase.RUNNING and is_wanted(state) and counts_of(state).keys().isdisjoint(MOVING):
        yield RollbackStarted(reason=f"on_failure: rollback, and {stopped_by(state)}")
    elif anything_moves(state) or (state.phase is RunPhase.PAUSED and is_wanted(state)):
        return
    elif state.stopping and not counts_of(state).get(Phase.UNKNOWN):
        yield from _stop_stages(state)
        yield RunFinished(phase=RunPhase.FAILED, result=failed_result(state), warnings=warnings_of(state))
    elif state.phase is not RunPhase.PAUSED:
        yield RunHeld(waits_for=_waits_for(state))


def _next_of_stages(state: RunState, *, reopen: bool) -> Iterator[Payload]:
    """``reopen``: look also whether a passed stage has something to do again, which only a person brings about."""
    if state.phase is RunPhase.CANCELLING:
        return
    before_passed = True
    for s, stage in enumerate(state.stages):
        match stage.phase:
            case StagePhase.WAITING | StagePhase.STOPPED if before_passed and state.phase is not RunPhase.PAUSED:
                yield StageStarted(stage=stage.name)
            case StagePhase.PASSED if (
                reopen and state.phase is not RunPhase.PAUSED and not stage_is_satisfied(state, s)
            ):
                yield StageStarted(stage=stage.name)
                before_passed = False
                continue
            case StagePhase.RUNNING if stage_is_satisfied(state, s):
                yield StageFinished(stage=stage.name, phase=_passed(state, s))
        before_passed = before_passed and stage.phase in STAGE_DONE


def _passed(state: RunState, s: int) -> StagePhase:
    skipped = all(set(job.counts) <= {Phase.SKIPPED} for job in state.stages[s].jobs)
    return StagePhase.SKIPPED if skipped else StagePhase.PASSED


def _stop_stages(state: RunState) -> Iterator[StageFinished]:
    for s, stage in enumerate(state.stages):
        if stage.phase is StagePhase.RUNNING and stage_is_satisfied(state, s):
            yield StageFinished(stage=stage.name, phase=_passed(state, s))
        elif stage.phase in (StagePhase.RUNNING, StagePhase.WAITING):
            yield StageFinished(stage=stage.name, phase=StagePhase.STOPPED)


def _end_of_cancel(state: RunState) -> Iterator[Payload]:
    counts = counts_of(state)
    if any(counts.get(phase) for phase in LIVE):
        return
    yield from _stop_stages(state)
    yield RunFinished(phase=RunPhase.CANCELLED, result=Result.CANCELLATION, warnings=warnings_of(state))


def _waits_for(state: RunState) -> tuple[str, ...]:
    found: list[str] = []
    for place, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT, Phase.CANCELLED, Phase.UNKNOWN):
        stage, planned = state.stages[place.stage], state.plan.stages[place.stage].jobs[place.job]
        tolerated = run.phase in BAD and planned.on_failure is OnFailure.CONTINUE
        if stage.phase is StagePhase.RUNNING and not tolerated:
            found.append(run.id)
            if len(found) == MOST_NAMED:
                break
    return tuple(found)


def _can_go_on(state: RunState) -> bool:
    """Whether a held run has something to do without a person."""
    if anything_moves(state) or (state.stopping and not counts_of(state).get(Phase.UNKNOWN)):
        return True
    for s, stage in enumerate(state.stages):
        if stage.phase is not StagePhase.HELD:
            continue
        if stage_is_satisfied(state, s):
            return True
        for j, job in enumerate(stage.jobs):
            if (
                Phase.WAITING in job.counts
                and needs_satisfied(state, s, j)
                and (not state.stopping or any(run.retry_asked for run in job.runs if run.phase is Phase.WAITING))
            ):
                return True
    return False
