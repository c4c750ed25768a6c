"""What cannot be done to a run now, each with the sentence why; and what a change would be about."""

from __future__ import annotations

from collections.abc import Mapping

from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.core.guards_run import why_not_pause, why_not_resume, why_not_rollback
from runners.core.guards_unknown import unknown_of, why_not_reconcile
from runners.core.index import short_name
from runners.core.memo import Memo
from runners.core.secrets import wanted_secrets, why_not_give
from runners.model.phases import ENDED, FAILURES, Phase, RunPhase
from runners.model.state import RunState
from tui.screens.run_choice import Choice
from tui.view.logins import next_login
from tui.view.scene import RunScene

NO_PAGE = "no page fits; no page is better than a wrong page"
NO_LOG = "nothing has run here yet; there is no log"
_OF_RUN = ("roll-back", "pause", "note", "give-secret")
_LOOKS = ("runbook", "sent", "copy", "open", "mark", "host", "all-hosts", "alike")
_OF_SELECTION = ("retry", "skip", "cancel", "shell", "reconcile", *_LOOKS)
_READING = (*_OF_SELECTION, *_OF_RUN, "timeline", "record", "details", "login")
_SEARCHES = ("next-error", "previous-error", "find", "next-match", "previous-match", "filter", "jump", "save")
_RETRIES = (Phase.FAILED, Phase.TIMED_OUT, Phase.CANCELLED, Phase.BACKING_OFF)
_SKIPS = (Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF, Phase.CANCELLED)
_CANCELS = tuple(frozenset(Phase) - ENDED)
"""Phases that a change may be about; which job runs it is about the guards of the core say."""
_LOG = (*_SEARCHES, "context", "follow", "wrap", "window-right", "window-left", "times", "colours")


def why_not_while_reading(trouble: str) -> Mapping[str, str]:
    """Before the run was read: ``trouble`` is why it cannot be; empty while it is on its way."""
    return dict.fromkeys(
        (*_READING, *_LOG, "previous-attempt", "zoom", "next-pane", "pane"), trouble or "still reading"
    )


def why_not(scene: RunScene, choice: Choice, *, has_page: bool) -> Mapping[str, str]:
    """Each action of the run screen that does nothing now."""
    state = scene.state
    place = choice.target(state)
    now_utc = scene.here.now_utc
    reasons = {name: why for name, why in (
        ("roll-back", _why_not_rollback(state)),
        ("pause", _why_not_pause(state, now_utc)),
        ("give-secret", why_not_give(state, wanted_secrets(state))),
        ("login", "" if next_login(scene.hosts.values(), run=state.name) else "no host of this run asks for a login"),
    ) if why}  # fmt: skip
    if place is None:
        return {**reasons, **dict.fromkeys(_OF_SELECTION, "nothing is selected")}
    if not retry_targets(state, choice) and not retry_unknown(state, choice):
        reasons["retry"] = why_not_retry(state, place.run.id, now_utc=now_utc) or "nothing here failed"
    if not skip_targets(state, choice) and not skip_unknown(state, choice):
        reasons["skip"] = why_not_skip(state, place.run.id, now_utc=now_utc) or "nothing here can be skipped"
    if not choice.is_stage and not cancel_targets(state, choice):
        reasons["cancel"] = why_not_cancel(state, place.run.id, now_utc=now_utc)
    elif why := why_not_cancel(state, now_utc=now_utc):
        reasons["cancel"] = why
    if why := _why_not_reconcile(state, choice, place.run.id):
        reasons["reconcile"] = why
    reasons |= _of_marked(state, choice, now_utc)
    if not has_page:
        reasons["runbook"] = NO_PAGE if scene.pages_are_read else "the pages are being read"
    if place.run.current is None:
        hold = next((hold.text for hold in scene.holds if hold.what == place.run.id), "")
        reasons["sent"] = f"nothing was sent yet: {hold}" if hold else "nothing was sent yet"
        reasons |= dict.fromkeys(_SEARCHES, NO_LOG)
    if len(place.run.attempts) < 2:
        reasons["previous-attempt"] = "there is no earlier attempt"
    return reasons


def _of_marked(state: RunState, choice: Choice, now_utc: float) -> Mapping[str, str]:
    """What cannot be done to each of the marked job runs: all of them take part, or none."""
    if not choice.marked:
        return {}
    takes = {
        "retry": {*retry_targets(state, choice), *retry_unknown(state, choice)},
        "skip": {*(one for one in choice.meant(state) if not why_not_skip(state, one)), *skip_unknown(state, choice)},
        "cancel": set(cancel_targets(state, choice)),
    }
    reasons = {}
    for name, why_not_one in (("retry", why_not_retry), ("skip", why_not_skip), ("cancel", why_not_cancel)):
        left = next((one for one in choice.meant(state) if one not in takes[name]), None)
        if left is not None:
            why = why_not_one(state, left, now_utc=now_utc)
            reasons[name] = f"{short_name(state, left)} is marked too: {why}"
    return reasons


def labels_of(state: RunState) -> Mapping[str, str]:
    """Labels of keys that mean something else in this run now."""
    return {"pause": "resume"} if state.phase is RunPhase.PAUSED else {}


def wanted_keys(scene: RunScene) -> tuple[str, ...]:
    """Actions that this run waits for now and that the key bar leaves out elsewhere."""
    state = scene.state
    wanted = (
        ("login", next_login(scene.hosts.values(), run=state.name) is not None),
        ("give-secret", bool(state.secrets_needed)),
        ("reconcile", bool(unknown_of(state))),
    )
    return tuple(name for name, is_wanted in wanted if is_wanted)


def retry_targets(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Job runs under the selection that can be retried."""
    return tuple(one for one in choice.meant(state, *_RETRIES) if not why_not_retry(state, one))


def retry_unknown(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Unknown job runs under the selection that can be retried once somebody vouches that they are dead."""
    return tuple(one for one in _unknown(state, choice) if not why_not_retry(state, one, not_running=True))


def skip_targets(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Job runs under the selection that can be skipped: those that failed, else all."""
    if choice.marked:
        return tuple(one for one in choice.meant(state) if not why_not_skip(state, one))
    wanted = choice.meant(state, *FAILURES) or choice.meant(state, *_SKIPS)
    return tuple(one for one in wanted if not why_not_skip(state, one))


def skip_unknown(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Unknown job runs under the selection that can be skipped once somebody vouches that they are dead."""
    return tuple(one for one in _unknown(state, choice) if not why_not_skip(state, one, not_running=True))


def reconcile_targets(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Unknown job runs under the selection whose hosts can be asked."""
    return tuple(one for one in choice.meant(state) if not why_not_reconcile(state, one))


def _why_not_reconcile(state: RunState, choice: Choice, target: str) -> str:
    if reconcile_targets(state, choice):
        return ""
    return why_not_reconcile(state) or why_not_reconcile(state, target)


def _unknown(state: RunState, choice: Choice) -> tuple[str, ...]:
    return choice.meant(state, Phase.UNKNOWN)


def _no_rollback(state: RunState) -> str:
    """What no word would change; later runs are known to the controller alone, and its preview names them."""
    return why_not_rollback(state) and why_not_rollback(state, not_running=True)


_why_not_rollback = Memo(_no_rollback)


def _why_not_pause(state: RunState, now_utc: float) -> str:
    if state.phase is RunPhase.PAUSED:
        return why_not_resume(state)
    return why_not_pause(state, now_utc=now_utc)


def cancel_targets(state: RunState, choice: Choice) -> tuple[str, ...]:
    """Job runs under the selection that can be cancelled; empty on a stage's row, which stands for the whole run."""
    if choice.is_stage:
        return ()
    return tuple(one for one in choice.meant(state, *_CANCELS) if not why_not_cancel(state, one))
