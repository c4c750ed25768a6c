"""Turn the event log into the current state of a run.

The only writer of ``RunState``: screens and the scheduler read what ``reduce`` returns, so two of them can never
disagree about a job. Pure: folding the stored log after a crash gives the state from before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from runners.core import reduce_attempts, reduce_jobs, reduce_rollback, secrets
from runners.core.draft import Draft
from runners.core.moves import IllegalMove
from runners.core.reduce_jobs import NOT_PAUSED
from runners.model.events import (
    CancelRequested,
    CancelStepped,
    ContactLost,
    ContactRegained,
    Event,
    IntentRefused,
    JobFinished,
    JobQueued,
    JobSkipped,
    JobStarted,
    LockReleased,
    LockTaken,
    LogFetched,
    NoteAdded,
    OutputsRecorded,
    RetryScheduled,
    RollbackFinished,
    RollbackStarted,
    RunbookLinked,
    RunCreated,
    RunFinished,
    RunHeld,
    RunPaused,
    RunReleased,
    RunResumed,
    RunStarted,
    SecretGiven,
    SecretNeeded,
    StageFinished,
    StageStarted,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
    TimeGap,
)
from runners.model.phases import RUN_ENDED, Phase, RunPhase, StagePhase
from runners.model.plan import Plan
from runners.model.state import (
    JobRunState,
    JobState,
    RunState,
    StageState,
)


class SequenceGap(ValueError):
    """An event of another run, or not the next one. Nothing was changed."""


def begin(plan: Plan, event: Event) -> RunState:
    """The state after the first event, ``RunCreated``; ``IllegalMove`` for any other."""
    created = event.payload
    if not isinstance(created, RunCreated):
        raise IllegalMove(f"a run begins with run_created, not with {event.type}")
    if event.seq != 1:
        raise SequenceGap(f"a run begins with event 1, not with {event.seq}")
    return RunState(
        uid=created.uid,
        name=created.name,
        number=created.number,
        plan=plan,
        plan_digest=created.plan_digest,
        by=event.actor,
        seq=1,
        stages=tuple(
            StageState(
                name=stage.name,
                jobs=tuple(
                    JobState(
                        name=job.name,
                        runs=tuple(
                            JobRunState(
                                id=id_,
                                number=job.first_number + h,
                                host=host,
                                policy_left=job.retry.attempts - 1,
                            )
                            for h, (host, id_) in enumerate(zip(job.hosts, job.job_run_ids(), strict=True))
                        ),
                        counts={Phase.WAITING: len(job.hosts)},
                    )
                    for job in stage.jobs
                ),
            )
            for stage in plan.stages
        ),
        created_at=event.time,
        last_hash=event.hash,
        last_event_at=event.time,
    )


def reduce(state: RunState, event: Event) -> RunState:
    """The state after ``event``; the state given is not changed.

    Raises ``SequenceGap`` when it is not the next event of this run and ``IllegalMove`` when it does not fit.
    """
    return reduce_all(state, (event,))


def reduce_all(state: RunState, events: Iterable[Event]) -> RunState:
    """The state after all of ``events``: what ``reduce`` gives one after the other, copying what they touch once."""
    draft = Draft(state)
    seq = state.seq
    for event in events:
        _take(draft, seq, event)
        seq = event.seq
    return draft.done()


def fold(plan: Plan, events: Iterable[Event]) -> RunState:
    """The state after all events of a run, from the first; raises as ``begin`` and ``reduce`` do."""
    rest = iter(events)
    first = next(rest, None)
    if first is None:
        raise SequenceGap("a run has at least one event")
    return reduce_all(begin(plan, first), rest)


def _take(draft: Draft, seq: int, event: Event) -> None:
    if event.seq != seq + 1 or event.run != draft.base.uid:
        raise SequenceGap(f"event {event.seq} of {event.run} does not follow event {seq} of {draft.base.uid}")
    _apply(draft, event)
    run = draft.run
    run["seq"] = event.seq
    run["last_hash"] = event.hash
    run["last_event_at"] = event.time


def _apply(draft: Draft, event: Event) -> None:
    # The most frequent first: they are tried in order. A test sends every type of PAYLOADS through here.
    match event.payload:
        case TaskFinished() as payload:
            reduce_attempts.task_finished(draft, event.time, payload)
        case TaskStarted() as payload:
            reduce_attempts.task_started(draft, event.time, payload)
        case TaskDispatched() as payload:
            reduce_attempts.task_dispatched(draft, event.time, event.seq, payload)
        case JobFinished() as payload:
            reduce_jobs.job_finished(draft, event.time, payload)
        case JobStarted() as payload:
            reduce_attempts.job_started(draft, event.time, payload)
        case JobQueued() as payload:
            reduce_attempts.job_queued(draft, event.time, payload)
        case RunbookLinked() as payload:
            reduce_attempts.runbook_linked(draft, payload)
        case RetryScheduled() as payload:
            reduce_jobs.retry_scheduled(draft, event, payload)
        case OutputsRecorded() as payload:
            reduce_attempts.outputs_recorded(draft, payload)
        case ContactLost() as payload:
            reduce_attempts.contact_lost(draft, event.time, payload)
        case ContactRegained() as payload:
            reduce_attempts.contact_regained(draft, event.time, payload)
        case JobSkipped() as payload:
            reduce_jobs.job_skipped(draft, event, payload)
        case CancelRequested() as payload:
            reduce_jobs.cancel_requested(draft, event, payload)
        case CancelStepped() as payload:
            reduce_attempts.cancel_stepped(draft, payload)
        case StageStarted(stage=name):
            s = _stage_position(draft, name)
            draft.move_stage(s, StagePhase.RUNNING, started_at=draft.stage(s).started_at or event.time, ended_at=None)
        case StageFinished(stage=name, phase=phase):
            draft.move_stage(_stage_position(draft, name), phase, ended_at=event.time)
        case RunStarted():
            draft.move_run(RunPhase.RUNNING)
            draft.run["started_at"] = event.time
        case RunHeld():
            draft.move_run(RunPhase.HELD)
            draft.move_stages(StagePhase.RUNNING, StagePhase.HELD)
        case RunReleased():
            draft.move_run(RunPhase.RUNNING)
            draft.move_stages(StagePhase.HELD, StagePhase.RUNNING)
            draft.run.update(result=None, ended_at=None, warnings=(), cancelled_by="")
        case RunFinished(phase=run_phase, result=result, warnings=warnings):
            if run_phase not in RUN_ENDED:
                raise IllegalMove(f"run_finished cannot say {run_phase.value}")
            draft.move_run(run_phase)
            draft.run.update(
                result=result, warnings=warnings, ended_at=event.time, folders_removed_at=event.time, **NOT_PAUSED
            )
        case RunPaused() as payload:
            reduce_rollback.run_paused(draft, event, payload)
        case RunResumed() as payload:
            reduce_rollback.run_resumed(draft, event, payload)
        case RollbackStarted() as payload:
            reduce_rollback.rollback_started(draft, event, payload)
        case RollbackFinished() as payload:
            reduce_rollback.rollback_finished(draft, event, payload)
        case NoteAdded() as payload:
            reduce_rollback.note_added(draft, event, payload)
        case SecretNeeded() as payload:
            secrets.secret_needed(draft, event, payload)
        case SecretGiven() as payload:
            secrets.secret_given(draft, event, payload)
        case LogFetched() as payload:
            secrets.log_fetched(draft, payload)
        case LockTaken():
            draft.run["lock_taken"] = True
        case LockReleased():
            draft.run["lock_taken"] = False
        case IntentRefused() | TimeGap():
            pass
        case RunCreated():
            raise IllegalMove(f"{draft.base.name} exists already")
        case unknown:
            raise TypeError(f"reduce does not know {type(unknown).__name__}")


def _stage_position(draft: Draft, name: str) -> int:
    for s, stage in enumerate(draft.base.plan.stages):
        if stage.name == name:
            return s
    raise IllegalMove(f"{draft.base.name} has no stage {name}")
