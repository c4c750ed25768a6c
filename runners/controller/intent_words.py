"""What a request asks of a run, as an intent."""

from __future__ import annotations

from collections.abc import Sequence

from runners.model import api
from runners.model.errors import InputRefused
from runners.model.intents import INTENTS, Cancel, Intent, Note, Pause, Reconcile, Resume, Retry, Rollback, Shell, Skip


def intent_of(body: api.IntentRequest, resolved: Sequence[str]) -> Intent:
    """The intent for these job runs, each named once. Raises ``InputRefused`` for one that does not exist."""
    targets = tuple(dict.fromkeys(resolved))
    seen = dict(body.seen_attempts)
    match body.intent:
        case "retry":
            return Retry(
                id=body.id,
                reason=body.reason,
                targets=targets,
                seen_attempts=seen,
                not_running=body.not_running,
                from_task=body.from_task,
                task=body.task,
            )
        case "skip":
            return Skip(
                id=body.id, reason=body.reason, targets=targets, seen_attempts=seen, not_running=body.not_running
            )
        case "cancel":
            return Cancel(id=body.id, reason=body.reason, targets=targets)
        case "rollback" | "pause" | "resume" | "note" | "shell" if targets:
            raise InputRefused(f"{body.intent}: is for a whole run; nothing was done")
        case "rollback":
            return Rollback(
                id=body.id, reason=body.reason, not_running=body.not_running, despite_later=body.despite_later
            )
        case "pause":
            return Pause(id=body.id, reason=body.reason, now=body.now)
        case "resume":
            return Resume(id=body.id, reason=body.reason)
        case "note":
            return Note(id=body.id, text=body.text)
        case "shell":
            return Shell(id=body.id, host=body.host)
        case "reconcile":
            return Reconcile(id=body.id, reason=body.reason, targets=targets)
        case "approve" | "reject":
            raise InputRefused(f"{body.intent}: comes with a later version; nothing was done")
        case _:
            raise InputRefused(f"{body.intent}: no such intent; there are {', '.join(INTENTS)}")
