"""What a request asks for, as the controller reads it."""

from __future__ import annotations

from runners.model import api
from runners.model.intents import Cancel, Intent, Note, Pause, Reconcile, Resume, Retry, Rollback, Shell, Skip


def intent_of(request: api.IntentRequest, later: tuple[str, ...] = ()) -> Intent:
    """``later``: runs that changed the same hosts since."""
    match request.intent:
        case "retry":
            return Retry(
                id=request.id,
                reason=request.reason,
                targets=request.targets,
                seen_attempts=dict(request.seen_attempts),
                not_running=request.not_running,
                from_task=request.from_task,
                task=request.task,
            )
        case "skip":
            return Skip(
                id=request.id,
                reason=request.reason,
                targets=request.targets,
                seen_attempts=dict(request.seen_attempts),
                not_running=request.not_running,
            )
        case "cancel":
            return Cancel(id=request.id, reason=request.reason, targets=request.targets)
        case "rollback":
            assert not request.targets
            return Rollback(
                id=request.id,
                reason=request.reason,
                not_running=request.not_running,
                despite_later=request.despite_later,
                later=later,
            )
        case "pause":
            return Pause(id=request.id, reason=request.reason, now=request.now)
        case "resume":
            return Resume(id=request.id, reason=request.reason)
        case "reconcile":
            return Reconcile(id=request.id, reason=request.reason, targets=request.targets)
        case "note":
            return Note(id=request.id, text=request.text)
        case "shell":
            return Shell(id=request.id, host=request.host)
        case _:
            raise AssertionError(request.intent)
