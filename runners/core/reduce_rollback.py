"""Pausing a run, and taking it back. Part of ``reduce``, and used by it alone."""

from __future__ import annotations

from typing import Any

from runners.core.draft import Draft
from runners.core.index import Place
from runners.core.moves import IllegalMove
from runners.core.reduce_attempts import ended, with_attempt
from runners.core.reduce_jobs import NOT_PAUSED, ask_to_stop, took_effect, unqueue
from runners.core.rollback import is_left, lacks_previous
from runners.core.secrets import stood_still
from runners.core.tasks import in_flight
from runners.model.events import Event, NoteAdded, RollbackFinished, RollbackStarted, RunPaused, RunResumed, ShellOpened
from runners.model.phases import LIVE, Phase, Result, RunPhase, StagePhase
from runners.model.state import JobRunState, Note, Shell

_REMEMBERED_NOTES = 50
"""Shells likewise."""


def run_paused(draft: Draft, event: Event, payload: RunPaused) -> None:
    """Nothing new starts until it is resumed."""
    if draft.of_run("phase") is not RunPhase.PAUSED:
        draft.move_run(RunPhase.PAUSED)
        draft.run.update(paused_by=event.actor, paused_at=event.time)
    draft.run.update(pause_now=payload.now, reason=payload.reason)
    unqueue(draft, event.time, asked_too=True)
    took_effect(draft, payload.intent)


def run_resumed(draft: Draft, event: Event, payload: RunResumed) -> None:
    """It goes on; the time that attempts stood between two tasks does not count."""
    draft.move_run(RunPhase.RUNNING)
    draft.run.update(reason="", **NOT_PAUSED)
    # What waits for a secret stands still until that is given.
    if not draft.of_run("secrets_needed"):
        stood_still(draft, event.time)
    took_effect(draft, payload.intent)


def note_added(draft: Draft, event: Event, payload: NoteAdded) -> None:
    """Somebody wrote something down; the newest are kept."""
    note = Note(at=event.time, by=event.actor, text=payload.text)
    draft.run["notes"] = (*draft.of_run("notes")[1 - _REMEMBERED_NOTES :], note)
    took_effect(draft, payload.intent)


def shell_opened(draft: Draft, event: Event, payload: ShellOpened) -> None:
    """Somebody went to look at a host; the newest are kept."""
    shell = Shell(at=event.time, by=event.actor, host=payload.host)
    draft.run["shells"] = (*draft.of_run("shells")[1 - _REMEMBERED_NOTES :], shell)
    took_effect(draft, payload.intent)


def rollback_started(draft: Draft, event: Event, payload: RollbackStarted) -> None:
    """What lives is asked to stop, nothing else starts, and what has a way back is due."""
    draft.move_run(RunPhase.ROLLING_BACK)
    draft.run.update(
        rolled_back_by=event.actor,
        reason=payload.reason,
        result=None,
        ended_at=None,
        warnings=(),
        stopping=False,
        **NOT_PAUSED,
    )
    for phase in (StagePhase.HELD, StagePhase.RUNNING, StagePhase.WAITING):
        draft.move_stages(phase, StagePhase.STOPPED)
    for place in draft.index.places.values():
        _make_ready(draft, event, place, draft.job_run(place), not_running=payload.not_running)
        run, planned = draft.job_run(place), draft.planned(place)
        # Also what nobody knows of: it is taken back should its host find it after all.
        if is_left(planned, run) and not lacks_previous(draft.index, planned, run):
            draft.change(place, rollback_due=True, acted="rolled back", acted_by=event.actor, acted_at=event.time)
        elif run.rollback_due:
            draft.change(place, rollback_due=False)
    took_effect(draft, payload.intent)


def _make_ready(draft: Draft, event: Event, place: Place, run: JobRunState, *, not_running: bool) -> None:
    """Stop what lives, and let nothing else start."""
    match run.phase:
        case Phase.WAITING | Phase.QUEUED | Phase.BACKING_OFF:
            draft.change(
                place,
                phase=Phase.CANCELLED,
                since=event.time,
                not_before=None,
                retry_asked=False,
                result=Result.CANCELLATION,
                reason="not retried: the run is rolled back" if run.attempts else "not started: the run is rolled back",
            )
        case Phase.UNKNOWN if not_running:
            attempt = run.attempts[-1]
            key = attempt.tasks[in_flight(run) - 1].key
            assert key is not None
            changes: dict[str, Any] = {"cancel_asked": False, "cancel_step": "", "survivors": (), "answered": False}
            draft.change(
                place,
                phase=Phase.ROLLBACK_FAILED if attempt.rollback else Phase.CANCELLED,
                since=event.time,
                attempts=with_attempt(run, ended(draft, attempt, event.time, Phase.UNKNOWN, None, run.reason)),
                fence=(*run.fence, key),
                result=Result.FAILURE if attempt.rollback else Result.CANCELLATION,
                **changes,
            )
        case _ if run.phase in LIVE and not run.cancel_asked:
            if not run.attempts[-1].rollback:
                ask_to_stop(draft, event, place, run)
        case _:
            pass


def rollback_finished(draft: Draft, event: Event, payload: RollbackFinished) -> None:
    """``IllegalMove`` for a phase that no rollback ends in."""
    if payload.phase not in (RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE):
        raise IllegalMove(f"rollback_finished cannot say {payload.phase.value}")
    draft.move_run(payload.phase)
    draft.run.update(
        result=payload.result, warnings=payload.warnings, ended_at=event.time, folders_removed_at=event.time
    )
