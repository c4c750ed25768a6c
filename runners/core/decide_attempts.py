"""What follows inside one attempt: the next task, the policy's next attempt, or the end. Part of ``decide``."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from runners.core.tasks import body_of, has_passed, in_flight, last_task
from runners.model.definition import RetryPolicy
from runners.model.events import JobFinished, Payload, RetryScheduled, TaskDispatched
from runners.model.ids import execution_key
from runners.model.phases import FailureKind, Phase, Result, RunPhase, TaskPhase
from runners.model.plan import PlannedJob, PlannedTask
from runners.model.state import AttemptState, JobRunState, RunState, TaskState

Dice = Callable[[], float]
"""A number from 0 to below 1, each time another."""

LEAST_TIMEOUT_S = 0.1
"""With less time left the next task of an attempt is not dispatched."""


class Moment(NamedTuple):
    """A live attempt, and all that counts for what follows."""

    state: RunState
    planned: PlannedJob
    run: JobRunState
    attempt: AttemptState
    now_utc: float
    dice: Dice

    @property
    def steps(self) -> tuple[PlannedTask, ...]:
        """What the attempt runs."""
        return self.planned.steps(rollback=self.attempt.rollback)

    @property
    def is_stopped(self) -> bool:
        """Whether a person stopped it: nothing of it starts but ``finally:``."""
        return self.run.phase is Phase.CANCELLING or self.run.cancel_asked


def next_of_attempt(now: Moment) -> Payload | None:
    """The event that follows; None while its host has a task."""
    if in_flight(now.run):
        return None
    event = _next_of_body(now)
    if event is None or isinstance(event, TaskDispatched):
        return event
    for n in range(body_of(now.attempt) + 1, len(now.attempt.tasks) + 1):
        if now.attempt.tasks[n - 1].phase is TaskPhase.WAITING:
            # Who stops it does not wait for a secret: without it the task fails, and that is said.
            if now.state.secrets_needed and not now.is_stopped:
                return None
            # A limit of its own: the attempt's is for tasks and verify, and may be what ended them.
            return _dispatched(now, n, now.steps[n - 1].timeout_s or now.planned.timeout_s)
    return event


def _next_of_body(now: Moment) -> Payload | None:
    """The next task, or how the attempt ends: the same again after each ``finally:`` task. None while it is paused."""
    attempt = now.attempt
    body = range(1, body_of(attempt) + 1)
    for n in (attempt.only_task,) if attempt.only_task else body:
        task, name = attempt.tasks[n - 1], now.steps[n - 1].name
        match task.phase:
            case TaskPhase.SUCCEEDED | TaskPhase.KEPT:
                continue
            case TaskPhase.WAITING | TaskPhase.NOT_RUN if now.is_stopped:
                return _cancelled(now, f"cancelled before {name}")
            case TaskPhase.WAITING if now.state.pause_now or now.state.secrets_needed:
                return None
            case TaskPhase.WAITING:
                return _dispatch(now, n)
            case TaskPhase.NOT_RUN:
                return _no_time_left(now, n)
            case _:
                return _after_failure(now, n, task)
    not_passed = [now.steps[n - 1].name for n in body if not has_passed(attempt.tasks[n - 1])]
    if not_passed:
        only = now.steps[attempt.only_task - 1].name
        if now.is_stopped:
            return _cancelled(now, f"cancelled after {only}")
        have = "have" if len(not_passed) > 1 else "has"
        return _ended(
            now, Phase.FAILED, Result.FAILURE, f"only {only} was run; {', '.join(not_passed)} {have} not passed"
        )
    return _ended(now, Phase.SUCCEEDED, Result.SUCCESS, "", exit_code=0)


def _ended(
    now: Moment,
    phase: Phase,
    result: Result,
    reason: str,
    *,
    exit_code: int | None = None,
    signal: str | None = None,
    kind: FailureKind | None = None,
) -> JobFinished:
    if now.attempt.rollback:
        phase = Phase.ROLLED_BACK if phase is Phase.SUCCEEDED else Phase.ROLLBACK_FAILED
        result = Result.FAILURE if phase is Phase.ROLLED_BACK else result
    return JobFinished(
        job_run=now.run.id,
        attempt=now.attempt.number,
        phase=phase,
        result=result,
        exit_code=exit_code,
        signal=signal,
        reason=reason,
        kind=kind,
    )


def _no_time_left(now: Moment, n: int) -> Payload:
    why = f"no time left for {now.steps[n - 1].name}"
    return _failed(now, Phase.TIMED_OUT, Result.TIMEOUT, None, why, FailureKind.TIMEOUT)


def _cancelled(now: Moment, reason: str, task: TaskState | None = None) -> JobFinished:
    return _ended(
        now,
        Phase.CANCELLED,
        Result.CANCELLATION,
        reason,
        exit_code=task.exit_code if task else None,
        signal=task.signal if task else None,
    )


def _dispatch(now: Moment, n: int) -> Payload:
    task, attempt = now.steps[n - 1], now.attempt
    if attempt.rollback:
        # As of finally: the job's limit is for its tasks and verify. What undoes them may well take longer than they
        # did, and a rollback that is cut in the middle is worse than one that is late.
        return _dispatched(now, n, task.timeout_s or now.planned.timeout_s)
    limits = [task.timeout_s]
    if now.planned.timeout_s is not None:
        left_s = now.planned.timeout_s - (now.now_utc - (attempt.started_at or now.now_utc) - attempt.idle_s)
        # The first task always gets its chance: nothing but our own slowness can have used the time.
        if left_s < LEAST_TIMEOUT_S and last_task(attempt):
            return _no_time_left(now, n)
        limits.append(max(left_s, LEAST_TIMEOUT_S))
    return _dispatched(now, n, min((limit for limit in limits if limit is not None), default=None))


def _dispatched(now: Moment, n: int, timeout_s: float | None) -> TaskDispatched:
    return TaskDispatched(
        job_run=now.run.id,
        attempt=now.attempt.number,
        task=n,
        key=execution_key(now.state.uid, now.run.number, now.attempt.number, n),
        timeout_s=timeout_s,
        rollback=now.attempt.rollback,
    )


def _after_failure(now: Moment, n: int, task: TaskState) -> Payload:
    name = now.steps[n - 1].name
    if now.is_stopped or task.phase is TaskPhase.CANCELLED:
        return _cancelled(now, f"cancelled in {name}", task)
    reason = f"{task.reason} in {name}" if task.reason else f"failed in {name}"
    if task.phase is TaskPhase.TIMED_OUT:
        return _failed(now, Phase.TIMED_OUT, Result.TIMEOUT, task, reason, task.kind or FailureKind.TIMEOUT)
    return _failed(now, Phase.FAILED, task.result or Result.FAILURE, task, reason, task.kind)


def _failed(
    now: Moment, phase: Phase, result: Result, task: TaskState | None, reason: str, kind: FailureKind | None
) -> Payload:
    """The attempt is over: the policy goes on, or the job run ends."""
    run = now.run
    if _policy_goes_on(now, kind):
        nth = now.planned.retry.attempts - run.policy_left
        return RetryScheduled(
            job_run=run.id,
            attempt=run.next_attempt,
            by_policy=True,
            not_before=now.now_utc + delay_s(now.planned.retry, nth, now.dice),
            reason=reason,
            from_task=now.attempt.from_task,
            only_task=now.attempt.only_task,
        )
    return _ended(
        now,
        phase,
        result,
        reason,
        exit_code=task.exit_code if task else None,
        signal=task.signal if task else None,
        kind=kind,
    )


def _policy_goes_on(now: Moment, kind: FailureKind | None) -> bool:
    # Who is refused will be refused again, and each refusal is reported to somebody.
    if kind is FailureKind.AUTH:
        return False
    may = now.state.phase in (RunPhase.RUNNING, RunPhase.PAUSED) and not now.state.stopping
    if now.run.policy_left < 1 or not may or now.attempt.rollback:
        return False
    ran = zip(now.planned.tasks, now.attempt.tasks, strict=True)
    return all(spec.repeatable or task.key is None or task.phase is TaskPhase.KEPT for spec, task in ran)


def delay_s(policy: RetryPolicy, nth: int, dice: Dice) -> float:
    """Seconds before the policy's ``nth`` retry (from 1): exponential, capped, with full jitter where asked.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    """
    longest = min(policy.max_delay_s, policy.delay_s * policy.backoff ** min(nth - 1, 64))
    return longest * dice() if policy.full_jitter else longest
