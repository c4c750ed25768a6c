"""The sentences of the headline about a run that is paused, rolled back, or rolled back in part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.core.guards_run import why_not_rollback
from runners.core.ready import counts_of
from runners.core.rollback import left
from runners.model.phases import Phase
from tui.keys.actions import key_of
from tui.view.facts import Place, listed, place_of, places, subject
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.state import RunState


def paused_words(state: RunState, every: Sequence[Place]) -> SafeText:
    """Who, why, and what becomes of what runs: `` by bob: the database team looks. web4 finishes its tasks.``"""
    runs = _hosts(every, Phase.RUNNING)
    one = len(runs) == 1
    if runs and state.pause_now:
        what = f" {listed(runs)} {'stops' if one else 'stop'} between two tasks."
    elif runs:
        what = f" {listed(runs)} {'finishes its' if one else 'finish their'} tasks."
    else:
        what = " Nothing runs."
    key = key_of("pause")
    return own(f" by {safe(state.paused_by)}{_because(state)}{what} {key} resumes.")


def rolling_back_words(state: RunState) -> SafeText:
    """How far it is, what is at it, who asked and why."""
    done = counts_of(state).get(Phase.ROLLED_BACK, 0)
    every = tuple(places(state, Phase.ROLLING_BACK, Phase.CANCELLING))
    now, stops = _hosts(every, Phase.ROLLING_BACK), _hosts(every, Phase.CANCELLING)
    at = f", now {listed(now)}" if now else ""
    if stops and not now:
        at = f", first {listed(stops)} {'is' if len(stops) == 1 else 'are'} stopped"
    asked = f" Asked for by {safe(state.rolled_back_by)}{_because(state)}"
    return own(f" {done} of {done + len(left(state))} taken back{at}.{asked}")


def incomplete_words(state: RunState) -> SafeText:
    """What nobody knows of, and the key that tries again just what is left."""
    rest = [place for id_ in left(state) if (place := place_of(state, id_)) is not None]
    unknown = _hosts(rest, Phase.UNKNOWN)
    said = f" {listed(unknown)} {'is' if len(unknown) == 1 else 'are'} unknown." if unknown else ""
    again = not why_not_rollback(state) or not why_not_rollback(state, not_running=True)
    return own(f"{said} {key_of('roll-back')} tries what is left." if again else said)


def _hosts(found: Sequence[Place], phase: Phase) -> list[SafeText]:
    return list(dict.fromkeys(subject(one) for one in found if one.run.phase is phase))


def _because(state: RunState) -> str:
    reason = safe(state.reason)
    if not reason:
        return "."
    return f": {reason}" + ("" if reason.endswith((".", "!", "?")) else ".")
