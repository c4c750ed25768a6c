"""Let an intent in, or say why not: seen from the state of this moment, not from the screen it was typed on.

All or nothing: of several targets every one is admitted, or none and every reason is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from runners.core.guards import (
    NOT_RUNNING,
    scope_of_retry,
    targets_of_retry,
    who_acted,
    why_in_vain,
    why_not_cancel,
    why_not_retry,
    why_not_skip,
    why_not_task,
)
from runners.core.guards_run import DESPITE_LATER, why_not_pause, why_not_resume, why_not_rollback
from runners.core.guards_unknown import unknown_of, why_not_reconcile
from runners.core.index import index_of, job_run_of, short_name
from runners.core.ready import runs_in
from runners.core.secrets import why_not_give
from runners.core.tasks import in_flight, is_live
from runners.model.errors import ActionRefused
from runners.model.events import (
    CancelRequested,
    IntentRefused,
    JobFinished,
    JobSkipped,
    LockTaken,
    NoteAdded,
    Payload,
    RetryScheduled,
    RollbackStarted,
    RunPaused,
    RunReleased,
    RunResumed,
    SecretGiven,
    ShellOpened,
)
from runners.model.intents import (
    Cancel,
    Give,
    Intent,
    Note,
    Pause,
    Reconcile,
    Resume,
    Retry,
    Rollback,
    Shell,
    Skip,
    name_of,
)
from runners.model.phases import RUN_ENDED, Phase, Result, RunPhase
from runners.model.state import JobRunState, RunState

MOST_CHARACTERS = 4000
"""Of a reason or a note."""
MOST_NAMED = 200
"""Job runs that one event names, so that it stays under 64 KiB."""


class Refused(ActionRefused):
    """An intent was not admitted. Nothing changed."""

    def __init__(self, reasons: Sequence[str], *, hint: str = "") -> None:
        super().__init__("; ".join(reasons), hint=hint)
        self.reasons = tuple(reasons)
        """One sentence for each target that stands in the way."""


def admit(state: RunState, intent: Intent, actor: str, now_utc: float) -> tuple[Payload, ...]:
    """The events that ``intent`` of ``actor`` is; raises ``Refused`` with every reason.

    Empty when an intent of this id took effect before: the person asked once, and a lost answer was asked for again.
    """
    if intent.id in state.intents:
        return ()
    match intent:
        case Retry():
            return tuple(_retry(state, intent, now_utc))
        case Skip():
            return tuple(_skip(state, intent, now_utc))
        case Cancel():
            return tuple(_cancel(state, intent, now_utc))
        case Rollback():
            return _rollback(state, intent)
        case Pause():
            _refuse(why_not_pause(state, now=intent.now, now_utc=now_utc))
            return (RunPaused(now=intent.now, reason=intent.reason[:MOST_CHARACTERS], intent=intent.id),)
        case Resume():
            _refuse(why_not_resume(state))
            return (RunResumed(reason=intent.reason[:MOST_CHARACTERS], intent=intent.id),)
        case Give(names=names, marks=marks):
            _refuse(why_not_give(state, names))
            return (SecretGiven(names=names, intent=intent.id, marks=marks),)
        case Reconcile():
            targets = _once(intent.targets) or unknown_of(state)
            _refuse("" if targets else why_not_reconcile(state))
            _check(state, targets, lambda target: why_not_reconcile(state, target), {}, now_utc, "reconcile")
            return ()
        case Note():
            _refuse("" if intent.text.strip() else "an empty note says nothing")
            return (NoteAdded(text=intent.text.strip()[:MOST_CHARACTERS], intent=intent.id),)
        case Shell(host=host):
            _refuse("" if host in state.plan.hosts else f"{host} is no host of {state.name}")
            return (ShellOpened(host=host, intent=intent.id),)
        case _:
            raise Refused([f"{name_of(intent)} comes with a later version"])


def _refuse(why: str, *, hint: str = "") -> None:
    if why:
        raise Refused([why], hint=hint)


def _rollback(state: RunState, intent: Rollback) -> tuple[Payload, ...]:
    why = why_not_rollback(
        state, not_running=intent.not_running, later=intent.later, despite_later=intent.despite_later
    )
    hint = f"onduty rollback {state.name} --dry-run {DESPITE_LATER}" if intent.later else f"onduty show {state.name}"
    _refuse(why, hint=hint)
    reason = intent.reason[:MOST_CHARACTERS]
    return (RollbackStarted(not_running=intent.not_running, reason=reason, intent=intent.id),)


def refusal(intent: Intent, refused: ActionRefused) -> IntentRefused:
    """The event that somebody was refused."""
    targets: tuple[str, ...] = getattr(intent, "targets", ())
    return IntentRefused(intent=name_of(intent), targets=targets[:MOST_NAMED], why=refused.message[:4000])


def _retry(state: RunState, intent: Retry, now_utc: float) -> Iterator[Payload]:
    targets = _once(intent.targets)
    if not targets:
        targets, left_alone = targets_of_retry(state)
        if not targets:
            raise _nothing_to_retry(state, left_alone, now_utc)

    def why_not(target: str) -> str:
        return (
            why_not_retry(state, target, not_running=intent.not_running, now_utc=now_utc)
            or why_not_task(state, target, from_task=intent.from_task, task=intent.task)
            or why_in_vain(state, frozenset(targets), target)
        )

    _check(state, targets, why_not, intent.seen_attempts, now_utc, "retry")
    if state.phase is RunPhase.HELD or state.phase in RUN_ENDED:
        yield from _reopened(state, intent.busy)
    for target in targets:
        run = job_run_of(state, target)
        from_task, only_task = scope_of_retry(state, target, from_task=intent.from_task, task=intent.task)
        yield RetryScheduled(
            job_run=target,
            attempt=run.next_attempt,
            by_policy=False,
            not_before=now_utc,
            reason=intent.reason,
            fence=_fence(run),
            intent=intent.id,
            from_task=from_task,
            only_task=only_task,
        )


def _reopened(state: RunState, busy: str) -> Iterator[Payload]:
    if state.plan.concurrency is not None and not state.lock_taken:
        _refuse(busy and f"{busy}; {state.name} has ended and would start again beside it")
        yield LockTaken(group=state.plan.concurrency.group)
    yield RunReleased()


def _fence(run: JobRunState) -> tuple[str, ...]:
    """Keys to seal on the host: what is unknown now, and what an attempt that never came about left unsealed."""
    if run.phase is not Phase.UNKNOWN:
        return run.fence
    key = run.attempts[-1].tasks[in_flight(run) - 1].key
    return (*run.fence, key) if key is not None else run.fence


def _nothing_to_retry(state: RunState, left_alone: Sequence[str], now_utc: float) -> Refused:
    if state.phase is RunPhase.CANCELLING:
        return Refused([f"{state.cancelled_by} is cancelling {state.name}; wait until it has ended"])
    reasons = [f"nothing of {state.name} failed or was left unreached"]
    for id_ in left_alone[:20]:
        who = who_acted(state, job_run_of(state, id_), now_utc)
        reasons.append(why_not_retry(state, id_, now_utc=now_utc) or f"{who}; name it to retry it")
    for _, run in islice(runs_in(state, Phase.WAITING, Phase.QUEUED, Phase.RUNNING), 20):
        if run.acted == "retried":
            reasons.append(why_not_retry(state, run.id, now_utc=now_utc))
    return Refused(reasons)


def _skip(state: RunState, intent: Skip, now_utc: float) -> Iterator[Payload]:
    targets = _once(intent.targets)
    if not targets:
        raise Refused(["say which job run to skip"])

    def why_not(target: str) -> str:
        return why_not_skip(state, target, not_running=intent.not_running, now_utc=now_utc)

    _check(state, targets, why_not, intent.seen_attempts, now_utc, "skip")
    if state.phase in RUN_ENDED:
        yield from _reopened(state, intent.busy)
    for target in targets:
        yield JobSkipped(job_run=target, reason=intent.reason, intent=intent.id)


def _cancel(state: RunState, intent: Cancel, now_utc: float) -> Iterator[Payload]:
    targets = _once(intent.targets)
    if not targets:
        why = why_not_cancel(state, now_utc=now_utc)
        if why:
            raise Refused([why])
        yield CancelRequested(job_runs=(), whole_run=True, reason=intent.reason, intent=intent.id)
        for _, run in runs_in(state, Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF, Phase.ROLLING_BACK):
            if not is_live(run):
                yield _never_started(run)
        return
    _check(state, targets, lambda target: why_not_cancel(state, target, now_utc=now_utc), {}, now_utc, "cancel")
    for start in range(0, len(targets), MOST_NAMED):
        yield CancelRequested(
            job_runs=targets[start : start + MOST_NAMED], whole_run=False, reason=intent.reason, intent=intent.id
        )
    for target in targets:
        run = job_run_of(state, target)
        if not is_live(run):
            yield _never_started(run)


def _never_started(run: JobRunState) -> JobFinished:
    when = "before it was retried" if run.attempts else "before it started"
    if run.phase is Phase.ROLLING_BACK:
        when = "before it was rolled back"
    return JobFinished(
        job_run=run.id,
        attempt=run.attempt,
        phase=Phase.ROLLBACK_FAILED if run.phase is Phase.ROLLING_BACK else Phase.CANCELLED,
        result=Result.CANCELLATION,
        reason=f"cancelled {when}",
    )


def _once(targets: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(targets))


def _check(
    state: RunState,
    targets: Sequence[str],
    why_not: Callable[[str], str],
    seen_attempts: Mapping[str, int],
    now_utc: float,
    verb: str,
) -> None:
    """Raise ``Refused`` with every reason, when there is one."""
    reasons: list[str] = []
    allowed: list[str] = []
    for target in targets:
        reason = why_not(target) or _why_stale(state, target, seen_attempts, now_utc)
        if reason:
            reasons.append(reason)
        else:
            allowed.append(target)
    if not reasons:
        return
    raise Refused(reasons, hint=_hint(state, targets, allowed, verb))


def _why_stale(state: RunState, target: str, seen_attempts: Mapping[str, int], now_utc: float) -> str:
    seen = seen_attempts.get(target)
    run = job_run_of(state, target)
    if seen is None or seen == run.attempt:
        return ""
    who = who_acted(state, run, now_utc)
    what = f"you saw attempt {seen} of {short_name(state, target)}, it is at attempt {run.attempt} now: look again"
    return f"{who}; {what}" if who else what


def _hint(state: RunState, targets: Sequence[str], allowed: Sequence[str], verb: str) -> str:
    places = index_of(state.plan).places
    runs = [job_run_of(state, target) for target in targets if target in places]
    if verb not in ("cancel", "reconcile") and any(run.phase is Phase.UNKNOWN for run in runs):
        names = " ".join(short_name(state, run.id) for run in runs)
        return f"onduty {verb} {state.name} {names} {NOT_RUNNING}"
    if verb == "skip" and any(run.phase is Phase.RUNNING for run in runs):
        names = " ".join(short_name(state, run.id) for run in runs if run.phase is Phase.RUNNING)
        return f"onduty cancel {state.name} {names}"
    if allowed:
        return f"onduty {verb} {state.name} " + " ".join(short_name(state, target) for target in allowed[:20])
    return f"onduty show {state.name}"
