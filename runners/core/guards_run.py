"""Why a whole run cannot be rolled back, paused or resumed now, in a sentence; empty when it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.core.ages import age
from runners.core.guards import NOT_RUNNING, in_words
from runners.core.index import short_name
from runners.core.ready import runs_in
from runners.core.rollback import left, takes_any, without_previous, without_rollback
from runners.model.phases import RUN_ENDED, Phase, RunPhase

if TYPE_CHECKING:
    from runners.model.state import RunState

DESPITE_LATER = "--despite-later"
_MOST_NAMED = 8


def why_not_rollback(
    state: RunState, *, not_running: bool = False, later: Sequence[str] = (), despite_later: bool = False
) -> str:
    """Why this run cannot be rolled back now; empty when it can.

    ``later`` are later runs that changed the same hosts, as sentences say them; only the controller knows them.
    """
    if state.phase is RunPhase.ROLLING_BACK:
        return f"{state.rolled_back_by} is rolling {state.name} back already"
    if state.phase is RunPhase.ROLLED_BACK:
        return f"{state.name} was rolled back by {state.rolled_back_by} already"
    silent = [run.id for _, run in runs_in(state, Phase.UNKNOWN)]
    rest = frozenset(left(state)) if silent else frozenset()
    unknown = [id_ for id_ in silent if id_ in rest]
    if not takes_any(state) and not (not_running and unknown):
        return _nothing(state, unknown)
    if later and not despite_later:
        runs = "; ".join(later[:_MOST_NAMED])
        return (
            f"a later run changed the same hosts: {runs}; rolling back {state.name} now would undo that too: "
            f"say {DESPITE_LATER} if it should"
        )
    return ""


def _nothing(state: RunState, unknown: Sequence[str]) -> str:
    """What to say when nothing would be rolled back."""
    reasons = []
    if unknown:
        reasons.append(
            f"{names_of(state, unknown)} {_are(unknown)} unknown: look there, and say {NOT_RUNNING} when you know "
            f"that nothing of it runs"
        )
    if without := without_previous(state):
        reasons.append(f"no earlier release is known for {names_of(state, without)}")
    if bare := without_rollback(state):
        reasons.append(f"{names_of(state, bare)} {'have' if len(bare) > 1 else 'has'} no rollback")
    if not reasons:
        return f"nothing of {state.name} ran on any host, so there is nothing to roll back"
    return f"nothing of {state.name} can be rolled back: {'; '.join(reasons)}"


def why_not_pause(state: RunState, *, now: bool = False, now_utc: float | None = None) -> str:
    """Why this run cannot be paused now; empty when it can. ``now``: between two tasks."""
    match state.phase:
        case RunPhase.RUNNING:
            return ""
        case RunPhase.PAUSED if now and not state.pause_now:
            return ""
        case RunPhase.PAUSED:
            when = f" {age(now_utc - state.paused_at)} ago" if now_utc is not None and state.paused_at else ""
            return f"{state.paused_by} paused {state.name}{when} already"
        case RunPhase.HELD:
            return f"{state.name} is held: nothing of it starts before a person decides"
        case RunPhase.QUEUED:
            return f"{state.name} has not started yet; cancel it instead"
        case RunPhase.CANCELLING:
            return f"{state.cancelled_by} is cancelling {state.name}"
        case RunPhase.ROLLING_BACK:
            return f"{state.name} is being rolled back, and that is not paused; cancel stops it"
        case _:
            return f"{state.name} {in_words(state.phase)}; nothing of it runs"


def why_not_resume(state: RunState) -> str:
    """Why this run cannot be resumed now; empty when it can."""
    if state.phase is RunPhase.PAUSED:
        return ""
    if state.phase in RUN_ENDED:
        return f"{state.name} {in_words(state.phase)}; nothing of it waits"
    return f"{state.name} is not paused; it is {state.phase.value.replace('_', ' ')}"


def names_of(state: RunState, ids: Sequence[str]) -> str:
    """Short names of job runs; the first 8."""
    named = ", ".join(short_name(state, id_) for id_ in ids[:_MOST_NAMED])
    return f"{named} and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else named


def _are(ids: Sequence[str]) -> str:
    return "is" if len(ids) == 1 else "are"
