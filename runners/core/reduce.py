"""Turn the event log into the current state of a run.

The only writer of ``RunState``: screens and the scheduler read what ``reduce`` returns, so two of them can never
disagree about a job. Pure: folding the stored log after a crash gives the state from before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runners.core.copying import changed
from runners.core.draft import Draft
from runners.core.index import Place
from runners.core.moves import IllegalMove, check_move
from runners.model.definition import OnFailure
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
    RetryScheduled,
    RunbookLinked,
    RunCreated,
    RunFinished,
    RunHeld,
    RunReleased,
    RunStarted,
    StageFinished,
    StageStarted,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
    TimeGap,
)
from runners.model.phases import BAD, LIVE, RUN_ENDED, FailureKind, Phase, Result, RunPhase, StagePhase, TaskPhase
from runners.model.plan import Plan
from runners.model.state import (
    AttemptState,
    JobRunState,
    JobState,
    RunbookLink,
    RunState,
    StageState,
    TaskState,
)

_REMEMBERED_INTENTS = 256

IN_FLIGHT = frozenset({TaskPhase.DISPATCHED, TaskPhase.RUNNING, TaskPhase.UNKNOWN})
"""The host may have it: exactly one task of a live attempt, none of any other."""

_TASK_PHASE = {
    Result.SUCCESS: TaskPhase.SUCCEEDED,
    Result.FAILURE: TaskPhase.FAILED,
    Result.ERROR: TaskPhase.FAILED,
    Result.TIMEOUT: TaskPhase.TIMED_OUT,
    Result.CANCELLATION: TaskPhase.CANCELLED,
    Result.SKIP: TaskPhase.NOT_RUN,
}

_NO_TASK = TaskState()
_NOT_RUN = TaskState(phase=TaskPhase.NOT_RUN)


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
            _task_finished(draft, event.time, payload)
        case TaskStarted() as payload:
            _task_started(draft, event.time, payload)
        case TaskDispatched() as payload:
            _task_dispatched(draft, event.time, payload)
        case JobFinished() as payload:
            _job_finished(draft, event.time, payload)
        case JobStarted() as payload:
            _job_started(draft, event.time, payload)
        case JobQueued() as payload:
            _job_queued(draft, event.time, payload)
        case RunbookLinked() as payload:
            _runbook_linked(draft, payload)
        case RetryScheduled() as payload:
            _retry_scheduled(draft, event, payload)
        case ContactLost() as payload:
            _contact_lost(draft, event.time, payload)
        case ContactRegained() as payload:
            _contact_regained(draft, event.time, payload)
        case JobSkipped() as payload:
            _job_skipped(draft, event, payload)
        case CancelRequested() as payload:
            _cancel_requested(draft, event, payload)
        case CancelStepped() as payload:
            _cancel_stepped(draft, payload)
        case StageStarted(stage=name):
            s = _stage_position(draft, name)
            draft.move_stage(s, StagePhase.RUNNING, started_at=draft.stage(s).started_at or event.time, ended_at=None)
        case StageFinished(stage=name, phase=phase):
            draft.move_stage(_stage_position(draft, name), phase, ended_at=event.time)
        case RunStarted():
            _move_run(draft, RunPhase.RUNNING)
            draft.run["started_at"] = event.time
        case RunHeld():
            _move_run(draft, RunPhase.HELD)
            _move_stages(draft, StagePhase.RUNNING, StagePhase.HELD)
        case RunReleased():
            _move_run(draft, RunPhase.RUNNING)
            _move_stages(draft, StagePhase.HELD, StagePhase.RUNNING)
            draft.run.update(result=None, ended_at=None, warnings=(), cancelled_by="")
        case RunFinished(phase=run_phase, result=result, warnings=warnings):
            if run_phase not in RUN_ENDED:
                raise IllegalMove(f"run_finished cannot say {run_phase.value}")
            _move_run(draft, run_phase)
            draft.run.update(result=result, warnings=warnings, ended_at=event.time)
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


def _move_run(draft: Draft, phase: RunPhase) -> None:
    check_move(draft.of_run("phase"), phase)
    draft.run["phase"] = phase


def _move_stages(draft: Draft, old: StagePhase, new: StagePhase) -> None:
    for s in range(len(draft.base.stages)):
        if draft.stage(s).phase is old:
            draft.move_stage(s, new)


def _at(draft: Draft, job_run: str) -> tuple[Place, JobRunState]:
    place = draft.place(job_run)
    return place, draft.job_run(place)


def _task(draft: Draft, run: JobRunState, task: int, **changes: Any) -> tuple[AttemptState, ...]:
    """The attempts of ``run`` with one task of the current one changed."""
    attempt = run.attempts[-1]
    old = attempt.tasks[task - 1]
    return _with_task(draft, run, task, draft.part(old, **changes))


def _with_task(draft: Draft, run: JobRunState, task: int, new: TaskState) -> tuple[AttemptState, ...]:
    attempt = run.attempts[-1]
    tasks = attempt.tasks
    if tasks[task - 1] is new:
        return run.attempts
    return _with_attempt(run, draft.part(attempt, tasks=(*tasks[: task - 1], new, *tasks[task:])))


def _with_attempt(run: JobRunState, attempt: AttemptState) -> tuple[AttemptState, ...]:
    return run.attempts if run.attempts[-1] is attempt else (*run.attempts[:-1], attempt)


def in_flight(run: JobRunState) -> int:
    """Number of the task that its host may have; 0: none."""
    if run.attempts:
        for n, task in enumerate(run.attempts[-1].tasks, start=1):
            if task.phase in IN_FLIGHT:
                return n
    return 0


def _expect_attempt(run: JobRunState, attempt: int) -> None:
    if attempt != run.next_attempt:
        raise IllegalMove(f"{run.id} goes on with attempt {run.next_attempt}, not {attempt}")


def _job_queued(draft: Draft, time: float, payload: JobQueued) -> None:
    place, run = _at(draft, payload.job_run)
    _expect_attempt(run, payload.attempt)
    draft.change(place, phase=Phase.QUEUED, since=time, not_before=None)


def _job_started(draft: Draft, time: float, payload: JobStarted) -> None:
    place, run = _at(draft, payload.job_run)
    _expect_attempt(run, payload.attempt)
    before = run.current
    count = len(draft.planned(place).tasks)
    tasks: tuple[TaskState, ...] = (_NO_TASK,) * count
    workdir_attempt = payload.attempt
    if payload.from_task > 1:
        if before is None or payload.from_task > count:
            raise IllegalMove(f"{run.id} has nothing to go on with from task {payload.from_task}")
        kept = tuple(changed(task, phase=TaskPhase.KEPT) for task in before.tasks[: payload.from_task - 1])
        tasks = kept + tasks[payload.from_task - 1 :]
        workdir_attempt = before.workdir_attempt
    attempt = draft.made(
        AttemptState(
            number=payload.attempt,
            from_task=payload.from_task,
            workdir_attempt=workdir_attempt,
            tasks=tasks,
            started_at=time,
        )
    )
    draft.change(
        place,
        phase=Phase.RUNNING,
        since=time,
        attempts=(*run.attempts, attempt),
        next_attempt=payload.attempt + 1,
        fence=(),
        retry_asked=False,
        result=None,
        exit_code=None,
        signal=None,
        reason="",
        kind=None,
    )


def _task_dispatched(draft: Draft, time: float, payload: TaskDispatched) -> None:
    place, run = _at(draft, payload.job_run)
    attempt = run.current
    if (
        run.phase is not Phase.RUNNING
        or attempt is None
        or attempt.number != payload.attempt
        or not 1 <= payload.task <= len(attempt.tasks)
        or attempt.tasks[payload.task - 1].phase is not TaskPhase.WAITING
        or in_flight(run)
    ):
        raise IllegalMove(f"{run.id} cannot dispatch task {payload.task} of attempt {payload.attempt}")
    task = draft.made(
        TaskState(
            phase=TaskPhase.DISPATCHED,
            key=payload.key,
            attempt=payload.attempt,
            timeout_s=payload.timeout_s,
            started_at=time,
        )
    )
    draft.change(place, attempts=_with_task(draft, run, payload.task, task))


def _live_task(run: JobRunState, attempt: int, task: int, key: str) -> TaskState | None:
    """The task that news is about, when it still is in flight; late news finds none."""
    current = run.current
    if run.phase not in LIVE or current is None or current.number != attempt or not 1 <= task <= len(current.tasks):
        return None
    found = current.tasks[task - 1]
    return found if found.key == key and found.phase in IN_FLIGHT else None


def _task_started(draft: Draft, time: float, payload: TaskStarted) -> None:
    place, run = _at(draft, payload.job_run)
    task = _live_task(run, payload.attempt, payload.task, payload.key)
    if task is None or task.phase is not TaskPhase.DISPATCHED:
        return
    attempts = _task(draft, run, payload.task, phase=TaskPhase.RUNNING, started_at=time)
    if attempts is not run.attempts:
        draft.change(place, attempts=attempts)


def _task_finished(draft: Draft, time: float, payload: TaskFinished) -> None:
    place, run = _at(draft, payload.job_run)
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
        ended_at=time,
        log_bytes=payload.log_bytes,
        log_cut=payload.log_cut,
        cpu_s=payload.cpu_s,
    )
    if run.phase is Phase.UNKNOWN:
        _regained(draft, place, run, time, attempts)
    elif attempts is not run.attempts:
        draft.change(place, attempts=attempts)


def _regained(draft: Draft, place: Place, run: JobRunState, time: float, attempts: tuple[AttemptState, ...]) -> None:
    phase = Phase.CANCELLING if run.cancel_asked else Phase.RUNNING
    draft.change(place, phase=phase, since=time, attempts=attempts, reason="", kind=None, answered=False)


def _contact_lost(draft: Draft, time: float, payload: ContactLost) -> None:
    place, run = _at(draft, payload.job_run)
    task = in_flight(run)
    if run.phase not in LIVE or run.attempt != payload.attempt or not task:
        return
    draft.change(
        place,
        phase=Phase.UNKNOWN,
        since=run.since if run.phase is Phase.UNKNOWN else time,
        attempts=_task(draft, run, task, phase=TaskPhase.UNKNOWN),
        reason=payload.reason,
        answered=payload.answered,
    )


def _contact_regained(draft: Draft, time: float, payload: ContactRegained) -> None:
    place, run = _at(draft, payload.job_run)
    task = in_flight(run)
    if run.phase is not Phase.UNKNOWN or run.attempt != payload.attempt or not task:
        return
    _regained(draft, place, run, time, _task(draft, run, task, phase=TaskPhase.RUNNING))


def last_task(attempt: AttemptState) -> int:
    """Number of the last task that this attempt dispatched; 0: none."""
    for n in range(len(attempt.tasks), 0, -1):
        task = attempt.tasks[n - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return n
    return 0


def _ended(
    draft: Draft, attempt: AttemptState, time: float, phase: Phase, result: Result | None, reason: str
) -> AttemptState:
    """The attempt, over: what was not dispatched is not run, and it has the facts of its last task."""
    n = last_task(attempt)
    task = attempt.tasks[n - 1] if n else _NO_TASK
    return draft.part(
        attempt,
        tasks=tuple(_NOT_RUN if task.phase is TaskPhase.WAITING else task for task in attempt.tasks),
        ended_at=time,
        phase=phase,
        result=result,
        exit_code=task.exit_code,
        signal=task.signal,
        reason=reason,
        kind=task.kind,
    )


def _job_finished(draft: Draft, time: float, payload: JobFinished) -> None:
    place, run = _at(draft, payload.job_run)
    if payload.phase not in (Phase.SUCCEEDED, Phase.FAILED, Phase.TIMED_OUT, Phase.CANCELLED):
        raise IllegalMove(f"job_finished cannot say {payload.phase.value}")
    if payload.attempt != run.attempt:
        raise IllegalMove(f"{run.id} is at attempt {run.attempt}, not {payload.attempt}")
    attempts = run.attempts
    if run.phase in LIVE:
        over = draft.part(
            _ended(draft, run.attempts[-1], time, payload.phase, payload.result, payload.reason),
            exit_code=payload.exit_code,
            signal=payload.signal,
            kind=payload.kind,
        )
        attempts = _with_attempt(run, over)
    draft.change(
        place,
        phase=payload.phase,
        since=time,
        attempts=attempts,
        not_before=None,
        retry_asked=False,
        result=payload.result,
        exit_code=payload.exit_code,
        signal=payload.signal,
        reason=payload.reason,
        kind=payload.kind,
        answered=False,
        cancel_asked=False,
        cancel_step="",
        survivors=(),
    )
    if payload.phase in BAD and draft.planned(place).on_failure is OnFailure.STOP:
        draft.run["stopping"] = True
        _unqueue(draft, time)


def _unqueue(draft: Draft, time: float) -> None:
    """A stop: what waits for its host goes back to where it was, unless a person asked for it."""
    for s, stage in enumerate(draft.base.plan.stages):
        for j, job in enumerate(stage.jobs):
            if not draft.counts(s, j).get(Phase.QUEUED):
                continue
            for h in range(len(job.hosts)):
                place = Place(s, j, h)
                run = draft.job_run(place)
                if run.phase is Phase.QUEUED and not run.retry_asked:
                    if run.attempts:
                        draft.change(place, phase=Phase.BACKING_OFF, since=time, not_before=time)
                    else:
                        draft.change(place, phase=Phase.WAITING, since=time)


def _still_stopping(draft: Draft) -> None:
    """A failed job run of a ``stop`` job was retried or skipped: is there another one?"""
    if not draft.of_run("stopping"):
        return
    draft.run["stopping"] = any(
        draft.counts(s, j).get(phase)
        for s, stage in enumerate(draft.base.plan.stages)
        for j, job in enumerate(stage.jobs)
        if job.on_failure is OnFailure.STOP
        for phase in BAD
    )


def _took_effect(draft: Draft, intent: str) -> None:
    if not intent:
        return
    known: tuple[str, ...] = draft.of_run("intents")
    if not known or known[-1] != intent:
        draft.run["intents"] = (*known[1 - _REMEMBERED_INTENTS :], intent)


def _retry_scheduled(draft: Draft, event: Event, payload: RetryScheduled) -> None:
    place, run = _at(draft, payload.job_run)
    _expect_attempt(run, payload.attempt)
    if payload.by_policy:
        attempt = run.current
        if run.phase is not Phase.RUNNING or attempt is None or run.policy_left < 1:
            raise IllegalMove(f"the policy may not retry {run.id}")
        task = attempt.tasks[last_task(attempt) - 1]
        timed_out = task.phase in (TaskPhase.TIMED_OUT, TaskPhase.SUCCEEDED)
        result = task.result if task.phase is TaskPhase.FAILED else Result.TIMEOUT
        over = _ended(
            draft, attempt, event.time, Phase.TIMED_OUT if timed_out else Phase.FAILED, result, payload.reason
        )
        if task.phase is TaskPhase.SUCCEEDED:
            # The attempt's time was over between two tasks: the last task's exit 0 is not how it ended.
            over = draft.part(over, exit_code=None, signal=None, kind=FailureKind.TIMEOUT)
        draft.change(
            place,
            phase=Phase.BACKING_OFF,
            since=event.time,
            attempts=_with_attempt(run, over),
            not_before=payload.not_before,
            policy_left=run.policy_left - 1,
            exit_code=over.exit_code,
            signal=over.signal,
            reason=over.reason,
            kind=over.kind,
        )
        return
    attempts = run.attempts
    if run.phase is Phase.UNKNOWN:
        attempts = _with_attempt(run, _ended(draft, run.attempts[-1], event.time, Phase.UNKNOWN, None, run.reason))
    draft.change(
        place,
        phase=Phase.WAITING,
        since=event.time,
        attempts=attempts,
        not_before=None,
        fence=payload.fence,
        retry_asked=True,
        result=None,
        exit_code=None,
        signal=None,
        reason="",
        kind=None,
        answered=False,
        cancel_asked=False,
        cancel_step="",
        survivors=(),
        runbook=None,
        acted="retried",
        acted_by=event.actor,
        acted_at=event.time,
    )
    _still_stopping(draft)
    _took_effect(draft, payload.intent)


def _job_skipped(draft: Draft, event: Event, payload: JobSkipped) -> None:
    place, run = _at(draft, payload.job_run)
    attempts = run.attempts
    if run.phase is Phase.UNKNOWN:
        attempts = _with_attempt(run, _ended(draft, run.attempts[-1], event.time, Phase.UNKNOWN, None, run.reason))
    draft.change(
        place,
        phase=Phase.SKIPPED,
        since=event.time,
        attempts=attempts,
        not_before=None,
        retry_asked=False,
        result=Result.SKIP,
        reason=payload.reason,
        answered=False,
        cancel_asked=False,
        cancel_step="",
        survivors=(),
        acted="skipped",
        acted_by=event.actor,
        acted_at=event.time,
    )
    _still_stopping(draft)
    _took_effect(draft, payload.intent)


def _cancel_requested(draft: Draft, event: Event, payload: CancelRequested) -> None:
    if payload.whole_run:
        if draft.of_run("phase") is not RunPhase.CANCELLING:
            _move_run(draft, RunPhase.CANCELLING)
            draft.run["cancelled_by"] = event.actor
            _move_stages(draft, StagePhase.HELD, StagePhase.RUNNING)
        for place in draft.index.places.values():
            run = draft.job_run(place)
            if run.phase in LIVE:
                _ask_to_stop(draft, event, place, run)
    else:
        for job_run in payload.job_runs:
            place, run = _at(draft, job_run)
            _ask_to_stop(draft, event, place, run)
    _took_effect(draft, payload.intent)


def _ask_to_stop(draft: Draft, event: Event, place: Place, run: JobRunState) -> None:
    changes: dict[str, Any] = {"acted": "cancelled", "acted_by": event.actor, "acted_at": event.time}
    if run.phase in LIVE:
        changes.update(cancel_asked=True, cancel_step="asked", survivors=())
    if run.phase is Phase.RUNNING:
        changes.update(phase=Phase.CANCELLING, since=event.time)
    draft.change(place, **changes)


def _cancel_stepped(draft: Draft, payload: CancelStepped) -> None:
    place, run = _at(draft, payload.job_run)
    if run.phase is Phase.CANCELLING and run.attempt == payload.attempt:
        draft.change(place, cancel_step=payload.step, survivors=payload.survivors)


def _runbook_linked(draft: Draft, payload: RunbookLinked) -> None:
    place, run = _at(draft, payload.job_run)
    if run.phase not in BAD or run.attempt != payload.attempt:
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
        attempts = _with_attempt(run, draft.part(attempts[-1], runbook=link))
    draft.change(place, attempts=attempts, runbook=link)
