"""What an attempt and its tasks become by an event. Part of ``reduce``, and used by it alone."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from runners.core.draft import Draft
from runners.core.index import Place
from runners.core.moves import IllegalMove
from runners.core.tasks import IN_FLIGHT, body_of, has_passed, in_flight, is_live
from runners.model.definition import Part
from runners.model.events import (
    CancelStepped,
    ContactLost,
    ContactRegained,
    Event,
    JobQueued,
    JobStarted,
    OutputsRecorded,
    RunbookLinked,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
)
from runners.model.phases import FAILURES, LIVE, Phase, Result, TaskPhase
from runners.model.state import AttemptState, JobRunState, RunbookLink, TaskState

_TASK_PHASE = {
    Result.SUCCESS: TaskPhase.SUCCEEDED,
    Result.FAILURE: TaskPhase.FAILED,
    Result.ERROR: TaskPhase.FAILED,
    Result.TIMEOUT: TaskPhase.TIMED_OUT,
    Result.CANCELLATION: TaskPhase.CANCELLED,
    Result.SKIP: TaskPhase.NOT_RUN,
}

_AFRESH: dict[str, Any] = {
    "result": None,
    "exit_code": None,
    "signal": None,
    "reason": "",
    "kind": None,
    "answered": False,
    "cancel_asked": False,
    "cancel_step": "",
    "survivors": (),
    "runbook": None,
}
_NO_TASK = TaskState()
_NO_ATTEMPT = AttemptState(number=0)
_NOT_RUN = TaskState(phase=TaskPhase.NOT_RUN)


def _task(draft: Draft, run: JobRunState, task: int, **changes: Any) -> tuple[AttemptState, ...]:
    """The attempts of ``run`` with one task of the current one changed."""
    attempt = run.attempts[-1]
    old = attempt.tasks[task - 1]
    return _with_task(draft, run, task, replace(old, **changes))


def _with_task(draft: Draft, run: JobRunState, task: int, new: TaskState) -> tuple[AttemptState, ...]:
    attempt = run.attempts[-1]
    tasks = attempt.tasks
    if tasks[task - 1] is new:
        return run.attempts
    return with_attempt(run, replace(attempt, tasks=(*tasks[: task - 1], new, *tasks[task:])))


def with_attempt(run: JobRunState, attempt: AttemptState) -> tuple[AttemptState, ...]:
    """The attempts of ``run`` with the current one replaced."""
    return run.attempts if run.attempts[-1] is attempt else (*run.attempts[:-1], attempt)


def expect_attempt(run: JobRunState, attempt: int) -> None:
    """Raise ``IllegalMove`` unless ``attempt`` is the one that comes next."""
    if attempt != run.next_attempt:
        raise IllegalMove(f"{run.id} goes on with attempt {run.next_attempt}, not {attempt}")


def job_queued(draft: Draft, event: Event, payload: JobQueued) -> None:
    """It waits for its host and a place."""
    place, run = draft.find(payload.job_run)
    expect_attempt(run, payload.attempt)
    if payload.rollback:
        draft.change(place, phase=Phase.ROLLING_BACK, since=event.time, not_before=None, rollback_due=False, **_AFRESH)
    else:
        draft.change(place, phase=Phase.QUEUED, since=event.time, not_before=None)


def job_started(draft: Draft, event: Event, payload: JobStarted) -> None:
    """An attempt begins."""
    place, run = draft.find(payload.job_run)
    expect_attempt(run, payload.attempt)
    before = run.current
    steps = draft.planned(place).steps(rollback=payload.rollback)
    closing = sum(step.part is Part.FINALLY for step in steps)
    tasks: tuple[TaskState, ...] = (_NO_TASK,) * len(steps)
    workdir_attempt = payload.attempt
    goes_on = payload.from_task > 1 or payload.only_task > 0
    if goes_on:
        if before is None or before.rollback or max(payload.from_task, payload.only_task) > len(steps) - closing:
            raise IllegalMove(f"{run.id} has nothing to go on with")
        kept = tuple(_kept(task) for task in before.tasks)
        if payload.only_task:
            tasks = (*kept[: len(steps) - closing], *tasks[len(steps) - closing :])
            tasks = (*tasks[: payload.only_task - 1], _NO_TASK, *tasks[payload.only_task :])
        else:
            tasks = (*kept[: payload.from_task - 1], *tasks[payload.from_task - 1 :])
    # Work folders go when a run ends: one of before is removed soon, perhaps under a task that runs in it.
    removed_at: float = draft.of_run("folders_removed_at") or 0.0
    if before is not None and (goes_on or payload.rollback) and (before.started_at or 0.0) > removed_at:
        workdir_attempt = before.workdir_attempt
    attempt = replace(
        _NO_ATTEMPT,
        number=payload.attempt,
        rollback=payload.rollback,
        from_task=payload.from_task,
        only_task=payload.only_task,
        workdir_attempt=workdir_attempt,
        tasks=tasks,
        closing=closing,
        started_at=event.time,
    )
    again: dict[str, Any] = {}
    if before is not None:
        again = {"exit_code": None, "signal": None, "reason": "", "kind": None}
    draft.change(
        place,
        phase=Phase.ROLLING_BACK if payload.rollback else Phase.RUNNING,
        since=event.time,
        attempts=(*run.attempts, attempt),
        next_attempt=payload.attempt + 1,
        next_from=1,
        next_only=0,
        fence=(),
        retry_asked=False,
        **again,
    )


def _kept(task: TaskState) -> TaskState:
    return replace(task, phase=TaskPhase.KEPT) if has_passed(task) else _NOT_RUN


def task_dispatched(draft: Draft, event: Event, payload: TaskDispatched) -> None:
    """A task is committed; from here on only the host knows."""
    place, run = draft.find(payload.job_run)
    attempt = run.current
    if (
        attempt is None
        or not is_live(run)
        or run.phase is Phase.UNKNOWN
        or (run.phase is Phase.CANCELLING and payload.task <= body_of(attempt))
        or attempt.number != payload.attempt
        or not 1 <= payload.task <= len(attempt.tasks)
        or attempt.tasks[payload.task - 1].phase is not TaskPhase.WAITING
        or in_flight(run)
    ):
        raise IllegalMove(f"{run.id} cannot dispatch task {payload.task} of attempt {payload.attempt}")
    task = replace(
        _NO_TASK,
        phase=TaskPhase.DISPATCHED,
        key=payload.key,
        attempt=payload.attempt,
        timeout_s=payload.timeout_s,
        dispatched_at=event.time,
        started_at=event.time,
        dispatch_seq=event.seq,
    )
    tasks = attempt.tasks
    if payload.task > body_of(attempt):
        # What was not dispatched before finally: never will be.
        tasks = tuple(_NOT_RUN if t.phase is TaskPhase.WAITING else t for t in tasks[: body_of(attempt)])
        tasks += attempt.tasks[body_of(attempt) :]
    tasks = (*tasks[: payload.task - 1], task, *tasks[payload.task :])
    # A cancel that was asked before spares it: only one that is asked while it runs stops it.
    spared: dict[str, Any] = {"cancel_step": "", "survivors": ()} if run.cancel_asked else {}
    if not run.first_dispatch:
        spared["first_dispatch"] = event.seq
    draft.change(place, attempts=with_attempt(run, replace(attempt, tasks=tasks)), **spared)


def _live_task(run: JobRunState, attempt: int, task: int, key: str) -> TaskState | None:
    """The task that news is about, when it still is in flight; late news finds none."""
    current = run.current
    if run.phase not in LIVE or current is None or current.number != attempt or not 1 <= task <= len(current.tasks):
        return None
    found = current.tasks[task - 1]
    return found if found.key == key and found.phase in IN_FLIGHT else None


def task_started(draft: Draft, event: Event, payload: TaskStarted) -> None:
    """The host said that it runs; late news changes nothing."""
    place, run = draft.find(payload.job_run)
    task = _live_task(run, payload.attempt, payload.task, payload.key)
    if task is None or task.phase is not TaskPhase.DISPATCHED:
        return
    attempts = _task(draft, run, payload.task, phase=TaskPhase.RUNNING, began=True, started_at=event.time)
    if attempts is not run.attempts:
        draft.change(place, attempts=attempts)


def outputs_recorded(draft: Draft, event: Event, payload: OutputsRecorded) -> None:
    """What a task wrote for later jobs; late news changes nothing."""
    place, run = draft.find(payload.job_run)
    task = _live_task(run, payload.attempt, payload.task, payload.key)
    if task is None:
        return
    goes_on = {name: task.outputs.get(name, "") + text for name, text in payload.values.items()}
    attempts = _task(
        draft,
        run,
        payload.task,
        outputs={**task.outputs, **goes_on},
        output_problems=(*task.output_problems, *payload.problems),
    )
    draft.change(place, attempts=attempts)
    draft.has_outputs(place)


def task_finished(draft: Draft, event: Event, payload: TaskFinished) -> None:
    """The host's verdict; late news changes nothing."""
    place, run = draft.find(payload.job_run)
    task = _live_task(run, payload.attempt, payload.task, payload.key)
    if task is None:
        # A slow host may report attempt 1 after a person retried. The later attempt owns the job run now.
        return
    attempts = _task(
        draft,
        run,
        payload.task,
        phase=_TASK_PHASE[payload.result],
        result=payload.result,
        kind=payload.kind,
        exit_code=payload.exit_code,
        signal=payload.signal,
        reason=payload.reason,
        ended_at=event.time,
        host_started_at=payload.host_started_at or None,
        host_ended_at=payload.host_ended_at or None,
        log_bytes=payload.log_bytes,
        log_owed=payload.log_owed,
        log_cut=payload.log_cut,
        log_limited=payload.log_limited,
        limits_kept=payload.limits_kept,
        cpu_s=payload.cpu_s,
        memory_peak_bytes=payload.memory_peak_bytes,
        memory_peak_of=payload.memory_peak_of,
        host=payload.host,
        files=payload.files,
    )
    if run.phase is Phase.UNKNOWN:
        _regained(draft, place, run, event.time, attempts)
    elif attempts is not run.attempts:
        draft.change(place, attempts=attempts)


def _regained(draft: Draft, place: Place, run: JobRunState, time: float, attempts: tuple[AttemptState, ...]) -> None:
    phase = Phase.CANCELLING if run.cancel_asked else Phase.RUNNING
    if run.attempts[-1].rollback:
        phase = Phase.ROLLING_BACK
    draft.change(place, phase=phase, since=time, attempts=attempts, reason="", kind=None, answered=False)


def contact_lost(draft: Draft, event: Event, payload: ContactLost) -> None:
    """Nobody can say what became of it."""
    place, run = draft.find(payload.job_run)
    task = in_flight(run)
    if run.phase not in LIVE or run.attempt != payload.attempt or not task:
        return
    draft.change(
        place,
        phase=Phase.UNKNOWN,
        since=run.since if run.phase is Phase.UNKNOWN else event.time,
        attempts=_task(draft, run, task, phase=TaskPhase.UNKNOWN),
        reason=payload.reason,
        answered=payload.answered,
    )


def contact_regained(draft: Draft, event: Event, payload: ContactRegained) -> None:
    """The host was asked and it still runs."""
    place, run = draft.find(payload.job_run)
    task = in_flight(run)
    if run.phase is not Phase.UNKNOWN or run.attempt != payload.attempt or not task:
        return
    _regained(draft, place, run, event.time, _task(draft, run, task, phase=TaskPhase.RUNNING, began=True))


def cancel_stepped(draft: Draft, event: Event, payload: CancelStepped) -> None:
    """How far ending it is."""
    place, run = draft.find(payload.job_run)
    if run.cancel_asked and run.phase is not Phase.UNKNOWN and run.attempt == payload.attempt:
        draft.change(place, cancel_step=payload.step, survivors=payload.survivors)


def runbook_linked(draft: Draft, event: Event, payload: RunbookLinked) -> None:
    """The page beside a failure."""
    place, run = draft.find(payload.job_run)
    if run.phase not in FAILURES or run.attempt != payload.attempt:
        return
    link = RunbookLink(
        page=payload.page,
        section=payload.section,
        score=payload.score,
        why=payload.why,
        first_line=payload.first_line,
        task=payload.task,
        line=payload.line,
    )
    attempts = run.attempts
    if payload.task and attempts:
        attempts = with_attempt(run, replace(attempts[-1], runbook=link))
    draft.change(place, attempts=attempts, runbook=link)


def ended(
    draft: Draft, attempt: AttemptState, time: float, phase: Phase, result: Result | None, reason: str, **facts: Any
) -> AttemptState:
    """The attempt, over: what was not dispatched is not run. ``facts`` are its exit code, signal and kind."""
    tasks = attempt.tasks
    if any(task.phase is TaskPhase.WAITING for task in tasks):
        tasks = tuple(_NOT_RUN if task.phase is TaskPhase.WAITING else task for task in tasks)
    return replace(
        attempt,
        tasks=tasks,
        ended_at=time,
        ended_seq=draft.seq,
        phase=phase,
        result=result,
        reason=reason,
        **facts,
    )
