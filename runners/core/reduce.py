"""Turn the event log into the current state of a run.

The only writer of ``RunState``: screens and the scheduler read what ``reduce`` returns, so two of them can never
disagree about a job. Pure: folding the stored log after a crash gives the state from before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

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
    Payload,
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
    ShellOpened,
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
        secret_marks={name: (mark,) for name, mark in created.secret_marks.items()},
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
    uid, last = state.uid, None
    for event in events:
        if event.seq != draft.seq + 1 or event.run != uid:
            raise SequenceGap(f"event {event.seq} of {event.run} does not follow event {draft.seq} of {uid}")
        draft.seq = event.seq
        apply = _APPLY.get(event.payload.__class__)
        if apply is None:
            raise TypeError(f"reduce does not know {type(event.payload).__name__}")
        apply(draft, event, event.payload)
        last = event
    if last is not None:
        draft.run.update(seq=last.seq, last_hash=last.hash, last_event_at=last.time)
    return draft.done()


def fold(plan: Plan, events: Iterable[Event]) -> RunState:
    """The state after all events of a run, from the first; raises as ``begin`` and ``reduce`` do."""
    rest = iter(events)
    first = next(rest, None)
    if first is None:
        raise SequenceGap("a run has at least one event")
    return reduce_all(begin(plan, first), rest)


def _stage_started(draft: Draft, event: Event, payload: StageStarted) -> None:
    s = _stage_position(draft, payload.stage)
    draft.move_stage(s, StagePhase.RUNNING, started_at=draft.stage(s).started_at or event.time, ended_at=None)


def _stage_finished(draft: Draft, event: Event, payload: StageFinished) -> None:
    draft.move_stage(_stage_position(draft, payload.stage), payload.phase, ended_at=event.time)


def _run_started(draft: Draft, event: Event, payload: RunStarted) -> None:
    draft.move_run(RunPhase.RUNNING)
    draft.run["started_at"] = event.time


def _run_held(draft: Draft, event: Event, payload: RunHeld) -> None:
    draft.move_run(RunPhase.HELD)
    draft.move_stages(StagePhase.RUNNING, StagePhase.HELD)


def _run_released(draft: Draft, event: Event, payload: RunReleased) -> None:
    draft.move_run(RunPhase.RUNNING)
    draft.move_stages(StagePhase.HELD, StagePhase.RUNNING)
    draft.run.update(result=None, ended_at=None, warnings=(), cancelled_by="")


def _run_finished(draft: Draft, event: Event, payload: RunFinished) -> None:
    if payload.phase not in RUN_ENDED:
        raise IllegalMove(f"run_finished cannot say {payload.phase.value}")
    draft.move_run(payload.phase)
    draft.run.update(
        result=payload.result,
        warnings=payload.warnings,
        ended_at=event.time,
        folders_removed_at=event.time,
        **NOT_PAUSED,
    )


def _lock_taken(draft: Draft, event: Event, payload: LockTaken) -> None:
    draft.run["lock_taken"] = True


def _lock_released(draft: Draft, event: Event, payload: LockReleased) -> None:
    draft.run["lock_taken"] = False


def _nothing(draft: Draft, event: Event, payload: Payload) -> None:
    """It stands in the history, and the state is as it was."""


def _again(draft: Draft, event: Event, payload: RunCreated) -> None:
    raise IllegalMove(f"{draft.base.name} exists already")


def _stage_position(draft: Draft, name: str) -> int:
    for s, stage in enumerate(draft.base.plan.stages):
        if stage.name == name:
            return s
    raise IllegalMove(f"{draft.base.name} has no stage {name}")


# By class: trying thirty patterns in order costs as much as a change. A test sends every type of PAYLOADS through here.
_APPLY: Final[Mapping[type[Payload], Callable[[Draft, Event, Any], None]]] = {
    CancelRequested: reduce_jobs.cancel_requested,
    CancelStepped: reduce_attempts.cancel_stepped,
    ContactLost: reduce_attempts.contact_lost,
    ContactRegained: reduce_attempts.contact_regained,
    IntentRefused: _nothing,
    JobFinished: reduce_jobs.job_finished,
    JobQueued: reduce_attempts.job_queued,
    JobSkipped: reduce_jobs.job_skipped,
    JobStarted: reduce_attempts.job_started,
    LockReleased: _lock_released,
    LockTaken: _lock_taken,
    LogFetched: secrets.log_fetched,
    NoteAdded: reduce_rollback.note_added,
    OutputsRecorded: reduce_attempts.outputs_recorded,
    RetryScheduled: reduce_jobs.retry_scheduled,
    RollbackFinished: reduce_rollback.rollback_finished,
    RollbackStarted: reduce_rollback.rollback_started,
    RunCreated: _again,
    RunFinished: _run_finished,
    RunHeld: _run_held,
    RunPaused: reduce_rollback.run_paused,
    RunReleased: _run_released,
    RunResumed: reduce_rollback.run_resumed,
    RunStarted: _run_started,
    RunbookLinked: reduce_attempts.runbook_linked,
    SecretGiven: secrets.secret_given,
    SecretNeeded: secrets.secret_needed,
    ShellOpened: reduce_rollback.shell_opened,
    StageFinished: _stage_finished,
    StageStarted: _stage_started,
    TaskDispatched: reduce_attempts.task_dispatched,
    TaskFinished: reduce_attempts.task_finished,
    TaskStarted: reduce_attempts.task_started,
    TimeGap: _nothing,
}
