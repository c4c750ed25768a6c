"""What the world has to do because of one event: the effects that follow it once it is durable."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.index import job_run_of, planned_job_of
from runners.core.tasks import in_flight, is_live, last_task, spares_finally, waits_for_host
from runners.model.definition import STOPPING
from runners.model.effects import (
    Advise,
    CancelExecution,
    Effect,
    ForgetExecution,
    ForgetWorkdirs,
    PrepareHost,
    ReleaseHost,
    StartExecution,
    WakeAt,
)
from runners.model.events import (
    CancelRequested,
    ContactRegained,
    JobFinished,
    JobQueued,
    JobSkipped,
    Payload,
    RetryScheduled,
    RollbackFinished,
    RollbackStarted,
    RunFinished,
    RunPaused,
    RunResumed,
    TaskDispatched,
    TaskFinished,
)
from runners.model.ids import workdir_name
from runners.model.phases import BAD, FAILURES, LIVE, Phase
from runners.model.state import JobRunState, RunState


def effects_of(before: RunState, payload: Payload) -> tuple[Effect, ...]:
    """The effects of an event about to be folded into ``before``; pure facts have none."""
    match payload:
        case JobQueued(job_run=id_, attempt=attempt):
            run = job_run_of(before, id_)
            return (PrepareHost(job_run=id_, host=run.host, attempt=attempt, fence=run.fence),)
        case TaskDispatched():
            run = job_run_of(before, payload.job_run)
            return (
                StartExecution(
                    job_run=run.id,
                    host=run.host,
                    key=payload.key,
                    attempt=payload.attempt,
                    task=payload.task,
                    timeout_s=payload.timeout_s,
                    workdir=workdir_of(before, run),
                ),
            )
        case TaskFinished():
            run = job_run_of(before, payload.job_run)
            return (ForgetExecution(job_run=run.id, host=run.host, key=payload.key),)
        case ContactRegained():
            run = job_run_of(before, payload.job_run)
            return cancel_effects(run) if run.cancel_asked and run.cancel_step else ()
        case CancelRequested(whole_run=True):
            return tuple(e for run in _all_runs(before) for e in _cancel_now(run))
        case CancelRequested(job_runs=ids):
            return tuple(e for id_ in ids for e in _cancel_now(job_run_of(before, id_)))
        case RetryScheduled():
            run = job_run_of(before, payload.job_run)
            over = _release(run)
            if payload.by_policy:
                return (*over, WakeAt(job_run=run.id, attempt=payload.attempt, at_utc=payload.not_before))
            return over
        case JobSkipped(job_run=id_):
            return _release(job_run_of(before, id_))
        case JobFinished():
            return _job_finished(before, payload)
        case RunPaused():
            return tuple(e for run in _all_runs(before) if run.phase is Phase.QUEUED for e in _release(run))
        case RunResumed():
            # An alarm that rang while it was paused was not heard.
            return tuple(
                WakeAt(job_run=run.id, attempt=run.next_attempt, at_utc=run.not_before or 0.0)
                for run in _all_runs(before)
                if run.phase is Phase.BACKING_OFF
            )
        case RollbackStarted(not_running=not_running):
            return tuple(e for run in _all_runs(before) for e in _before_rollback(run, not_running=not_running))
        case RunFinished() | RollbackFinished():
            return forget_workdirs(before)
        case _:
            return ()


def _job_finished(before: RunState, payload: JobFinished) -> tuple[Effect, ...]:
    run = job_run_of(before, payload.job_run)
    effects: tuple[Effect, ...] = _release(run)
    if payload.phase in FAILURES:
        reached = is_live(run) or run.phase is Phase.BACKING_OFF
        effects += (advise(run, reached=reached),)
    if payload.phase in BAD and planned_job_of(before, run.id).on_failure in STOPPING:
        effects += tuple(
            effect
            for other in _all_runs(before)
            if other.phase is Phase.QUEUED and not other.retry_asked and other.id != run.id
            for effect in _release(other)
        )
    return effects


def _before_rollback(run: JobRunState, *, not_running: bool) -> tuple[Effect, ...]:
    if run.phase is Phase.QUEUED or (run.phase is Phase.UNKNOWN and not_running):
        return _release(run)
    return () if run.cancel_asked else _cancel_now(run)


def _all_runs(state: RunState) -> Iterator[JobRunState]:
    return (run for stage in state.stages for job in stage.jobs for run in job.runs)


def _release(run: JobRunState) -> tuple[Effect, ...]:
    """Free the place that the attempt has, or that the next one was promised."""
    if is_live(run):
        return (ReleaseHost(job_run=run.id, host=run.host, attempt=run.attempt),)
    if waits_for_host(run):
        return (ReleaseHost(job_run=run.id, host=run.host, attempt=run.next_attempt),)
    return ()


def workdir_of(state: RunState, run: JobRunState) -> str:
    """Name of the work folder of the current attempt."""
    attempt = run.attempts[-1]
    return workdir_name(state.uid, run.number, attempt.workdir_attempt)


def cancel_effects(run: JobRunState) -> tuple[Effect, ...]:
    """Stop what the host may have of this job run, as somebody asked."""
    task = in_flight(run) if run.phase in LIVE else 0
    if not task:
        return ()
    key = run.attempts[-1].tasks[task - 1].key
    assert key is not None
    return (CancelExecution(job_run=run.id, host=run.host, key=key),)


def _cancel_now(run: JobRunState) -> tuple[Effect, ...]:
    return () if spares_finally(run) else cancel_effects(run)


def advise(run: JobRunState, *, reached: bool) -> Advise:
    """Ask for the page; ``reached`` is False when the failure is not one of the current attempt."""
    task = last_task(run.attempts[-1]) if reached and run.attempts else 0
    key = run.attempts[-1].tasks[task - 1].key if task else None
    return Advise(job_run=run.id, attempt=run.attempt, task=task, key=key)


def forget_workdirs(state: RunState) -> tuple[Effect, ...]:
    """Every work folder of the run, per job run."""
    return tuple(
        ForgetWorkdirs(
            job_run=run.id,
            host=run.host,
            workdirs=tuple(
                workdir_name(state.uid, run.number, attempt.number)
                for attempt in run.attempts
                if attempt.workdir_attempt == attempt.number
            ),
        )
        for run in _all_runs(state)
        if run.attempts
    )
