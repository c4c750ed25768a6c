"""How a job run ends, and what people and the policy do to it. Part of ``reduce``, and used by it alone."""

from __future__ import annotations

from typing import Any

from runners.core.draft import Draft
from runners.core.index import Place
from runners.core.moves import IllegalMove
from runners.core.reduce_attempts import ended, expect_attempt, with_attempt
from runners.core.tasks import is_live, last_task, spares_finally
from runners.model.definition import STOPPING
from runners.model.events import CancelRequested, Event, JobFinished, JobSkipped, RetryScheduled
from runners.model.phases import BAD, ENDED, LIVE, FailureKind, Phase, Result, RunPhase, StagePhase, TaskPhase
from runners.model.state import JobRunState

_REMEMBERED_INTENTS = 256

_NO_CANCEL: dict[str, Any] = {"cancel_asked": False, "cancel_step": "", "survivors": ()}


def job_finished(draft: Draft, event: Event, payload: JobFinished) -> None:
    """A job run ended."""
    place, run = draft.find(payload.job_run)
    if payload.phase not in ENDED or payload.phase is Phase.SKIPPED:
        raise IllegalMove(f"job_finished cannot say {payload.phase.value}")
    if payload.attempt != run.attempt:
        raise IllegalMove(f"{run.id} is at attempt {run.attempt}, not {payload.attempt}")
    attempts = run.attempts
    if is_live(run):
        over = ended(
            draft,
            run.attempts[-1],
            event.time,
            payload.phase,
            payload.result,
            payload.reason,
            exit_code=payload.exit_code,
            signal=payload.signal,
            kind=payload.kind,
        )
        attempts = with_attempt(run, over)
    draft.change(
        place,
        phase=payload.phase,
        since=event.time,
        attempts=attempts,
        not_before=None,
        retry_asked=False,
        result=payload.result,
        exit_code=payload.exit_code,
        signal=payload.signal,
        reason=payload.reason,
        kind=payload.kind,
        answered=False,
        **(_NO_CANCEL if run.cancel_asked else {}),
    )
    if payload.phase in BAD and draft.planned(place).on_failure in STOPPING:
        draft.run["stopping"] = True
        unqueue(draft, event.time)


def unqueue(draft: Draft, time: float, *, asked_too: bool = False) -> None:
    """A stop: what waits for its host goes back to where it was; what a person asked for only when ``asked_too``."""
    for s, stage in enumerate(draft.base.plan.stages):
        for j, job in enumerate(stage.jobs):
            if not draft.counts(s, j).get(Phase.QUEUED):
                continue
            for h in range(len(job.hosts)):
                place = Place(s, j, h)
                run = draft.job_run(place)
                if run.phase is Phase.QUEUED and (asked_too or not run.retry_asked):
                    if run.attempts and not run.retry_asked:
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
        if job.on_failure in STOPPING
        for phase in BAD
    )


def took_effect(draft: Draft, intent: str) -> None:
    """Remember that an intent, by its id, has had its effect; the last 256 of a run. Empty: nobody asked."""
    if not intent:
        return
    known: tuple[str, ...] = draft.of_run("intents")
    if not known or known[-1] != intent:
        draft.run["intents"] = (*known[1 - _REMEMBERED_INTENTS :], intent)


def retry_scheduled(draft: Draft, event: Event, payload: RetryScheduled) -> None:
    """Another attempt will come."""
    place, run = draft.find(payload.job_run)
    expect_attempt(run, payload.attempt)
    if payload.by_policy:
        attempt = run.current
        if run.phase is not Phase.RUNNING or attempt is None or run.policy_left < 1:
            raise IllegalMove(f"the policy may not retry {run.id}")
        task = attempt.tasks[last_task(attempt) - 1]
        facts: dict[str, Any] = {"exit_code": task.exit_code, "signal": task.signal, "kind": task.kind}
        if task.phase is TaskPhase.SUCCEEDED:
            # The attempt's time was over between two tasks: the last task's exit 0 is not how it ended.
            facts = {"exit_code": None, "signal": None, "kind": FailureKind.TIMEOUT}
        phase = Phase.FAILED if task.phase is TaskPhase.FAILED else Phase.TIMED_OUT
        result = task.result if phase is Phase.FAILED else Result.TIMEOUT
        over = ended(draft, attempt, event.time, phase, result, payload.reason, **facts)
        draft.change(
            place,
            phase=Phase.BACKING_OFF,
            since=event.time,
            attempts=with_attempt(run, over),
            not_before=payload.not_before,
            policy_left=run.policy_left - 1,
            next_from=payload.from_task,
            next_only=payload.only_task,
            reason=payload.reason,
            **facts,
        )
        return
    attempts = run.attempts
    if run.phase is Phase.UNKNOWN:
        attempts = with_attempt(run, ended(draft, run.attempts[-1], event.time, Phase.UNKNOWN, None, run.reason))
    draft.change(
        place,
        phase=Phase.WAITING,
        since=event.time,
        attempts=attempts,
        not_before=None,
        fence=payload.fence,
        next_from=payload.from_task,
        next_only=payload.only_task,
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
    took_effect(draft, payload.intent)


def job_skipped(draft: Draft, event: Event, payload: JobSkipped) -> None:
    """It counts as satisfied."""
    place, run = draft.find(payload.job_run)
    attempts = run.attempts
    if run.phase is Phase.UNKNOWN:
        attempts = with_attempt(run, ended(draft, run.attempts[-1], event.time, Phase.UNKNOWN, None, run.reason))
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
    took_effect(draft, payload.intent)


def cancel_requested(draft: Draft, event: Event, payload: CancelRequested) -> None:
    """Somebody wants these job runs, or the run, to end."""
    if payload.whole_run:
        if draft.of_run("phase") not in (RunPhase.CANCELLING, RunPhase.ROLLING_BACK):
            draft.move_run(RunPhase.CANCELLING)
            draft.run.update(cancelled_by=event.actor, **NOT_PAUSED)
            draft.move_stages(StagePhase.HELD, StagePhase.RUNNING)
        for place in draft.index.places.values():
            run = draft.job_run(place)
            if run.rollback_due:
                draft.change(place, rollback_due=False)
            if run.phase in LIVE:
                ask_to_stop(draft, event, place, run)
    else:
        for job_run in payload.job_runs:
            place, run = draft.find(job_run)
            ask_to_stop(draft, event, place, run)
    took_effect(draft, payload.intent)


NOT_PAUSED: dict[str, Any] = {"paused_by": "", "paused_at": None, "pause_now": False}


def ask_to_stop(draft: Draft, event: Event, place: Place, run: JobRunState) -> None:
    """Somebody wants this job run to end: what runs is asked, the first time never a ``finally:`` task."""
    changes: dict[str, Any] = {"acted": "cancelled", "acted_by": event.actor, "acted_at": event.time}
    if is_live(run):
        step = "" if spares_finally(run) else "asked"
        changes.update(cancel_asked=True, cancel_step=step, survivors=())
    if run.phase is Phase.RUNNING:
        changes.update(phase=Phase.CANCELLING, since=event.time)
    draft.change(place, **changes)
