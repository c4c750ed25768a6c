"""Turn what hosts and timers report into events, if it still matters.

News about an earlier attempt, about a task that is over or about a job run that ended is normal, and becomes nothing.
"""

from __future__ import annotations

from runners.core.index import index_of, job_run_of
from runners.core.outputs import recorded
from runners.core.ready import may_start
from runners.core.tasks import in_flight, waits_for_host
from runners.model.events import (
    CancelStepped,
    ContactLost,
    ContactRegained,
    JobFinished,
    JobQueued,
    JobStarted,
    LogFetched,
    Payload,
    RunbookLinked,
    TaskFinished,
    TaskStarted,
)
from runners.model.news import (
    AdviceGiven,
    BackoffPassed,
    CancelProgress,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionUncertain,
    HostGaveUp,
    HostReady,
    LogArrived,
    News,
)
from runners.model.phases import FAILURES, LIVE, RUN_ENDED, Phase, Result, TaskPhase
from runners.model.state import JobRunState, RunState, TaskState

_NOTHING: tuple[Payload, ...] = ()
SILENT_NOW = "; asked again, and silent: "
"""Between what a host said before and why it does not say it again."""


def observe(state: RunState, news: News, now_utc: float) -> tuple[Payload, ...]:
    """The events that this news is, seen from ``state``; empty when it is stale. Raises nothing."""
    if news.job_run not in index_of(state.plan).places:
        return _NOTHING
    run = job_run_of(state, news.job_run)
    match news:
        case HostReady(attempt=attempt):
            if waits_for_host(run) and run.next_attempt == attempt:
                return (
                    JobStarted(
                        job_run=run.id,
                        attempt=attempt,
                        from_task=run.next_from,
                        only_task=run.next_only,
                        rollback=run.phase is Phase.ROLLING_BACK,
                    ),
                )
        case HostGaveUp(attempt=attempt):
            if waits_for_host(run) and run.next_attempt == attempt:
                rollback = run.phase is Phase.ROLLING_BACK
                return (
                    JobFinished(
                        job_run=run.id,
                        attempt=run.attempt,
                        phase=Phase.ROLLBACK_FAILED if rollback else Phase.FAILED,
                        result=Result.ERROR,
                        reason=news.reason,
                        kind=news.kind,
                    ),
                )
        case BackoffPassed(attempt=attempt):
            if run.phase is Phase.BACKING_OFF and run.next_attempt == attempt and may_start(state):
                return (JobQueued(job_run=run.id, attempt=attempt),)
        case ExecutionStarted() | ExecutionFinished() | ExecutionUncertain() | CancelProgress():
            # A rollback may end beside what is unknown; from there on only a person opens the run again.
            n = in_flight(run) if run.phase in LIVE and state.phase not in RUN_ENDED else 0
            if n and run.attempts[-1].tasks[n - 1].key == news.key:
                return _of_execution(run, n, run.attempts[-1].tasks[n - 1], news)
        case LogArrived(attempt=attempt, key=key):
            if any(task.key == key and task.log_owed for one in run.attempts for task in one.tasks):
                return (LogFetched(job_run=run.id, attempt=attempt, key=key, log_bytes=news.log_bytes),)
        case AdviceGiven(attempt=attempt):
            if run.phase in FAILURES and run.attempt == attempt:
                return _linked(run, news)
    return _NOTHING


def _of_execution(
    run: JobRunState,
    n: int,
    task: TaskState,
    news: ExecutionStarted | ExecutionFinished | ExecutionUncertain | CancelProgress,
) -> tuple[Payload, ...]:
    regained: tuple[Payload, ...] = ()
    if run.phase is Phase.UNKNOWN:
        regained = (ContactRegained(job_run=run.id, attempt=run.attempt),)
    match news:
        case ExecutionStarted(key=key):
            if task.phase is TaskPhase.DISPATCHED:
                return (TaskStarted(job_run=run.id, attempt=run.attempt, task=n, key=key),)
            return regained
        case ExecutionFinished():
            # No ContactRegained before it: that one says that it still runs.
            return (
                *recorded(run, n, news),
                TaskFinished(
                    job_run=run.id,
                    attempt=run.attempt,
                    task=n,
                    key=news.key,
                    result=news.result,
                    exit_code=news.exit_code,
                    signal=news.signal,
                    reason=news.reason,
                    kind=news.kind,
                    log_bytes=news.log_bytes,
                    log_owed=news.log_owed,
                    log_cut=news.log_cut,
                    log_limited=news.log_limited,
                    limits_kept=news.limits_kept,
                    host_started_at=news.host_started_at,
                    host_ended_at=news.host_ended_at,
                    cpu_s=news.cpu_s,
                    memory_peak_bytes=news.memory_peak_bytes,
                    memory_peak_of=news.memory_peak_of,
                    host=news.host,
                    files=news.files,
                ),
            )
        case ExecutionUncertain(reason=reason, answered=answered):
            known = run.phase is Phase.UNKNOWN and run.answered
            # Once the host has said that it does not know, silence tells nothing new.
            if not news.asked and (known or (run.phase is Phase.UNKNOWN and not answered)):
                return _NOTHING
            if known and not answered:
                reason = f"{run.reason.partition(SILENT_NOW)[0]}{SILENT_NOW}{reason}"
            return (ContactLost(job_run=run.id, attempt=run.attempt, reason=reason, answered=known or answered),)
        case CancelProgress(step=step, survivors=survivors):
            # Nobody asked to stop a finally task that a cancel spares.
            if not run.cancel_asked or not run.cancel_step or (run.cancel_step == step and run.survivors == survivors):
                return _NOTHING
            return (
                *regained,
                CancelStepped(job_run=run.id, attempt=run.attempt, step=step, survivors=survivors),
            )


def _linked(run: JobRunState, news: AdviceGiven) -> tuple[Payload, ...]:
    if run.runbook is not None:
        return _NOTHING
    return (
        RunbookLinked(
            job_run=run.id,
            attempt=run.attempt,
            page=news.page,
            section=news.section,
            score=news.score,
            why=news.why,
            first_line=news.first_line,
            task=news.task,
            line=news.line,
        ),
    )
