"""What is waited for: which hold a job run has, how many wait for a person, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.core.tasks import waits_for_host
from runners.model.holds import PERSON, HoldKind
from runners.model.phases import Phase, RunPhase
from tui.keys.actions import key_of
from tui.view.facts import Place, is_due, stage_before
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.api import HoldDocument
    from runners.model.state import RunState
    from tui.view.scene import RunScene

NEEDS_PERSON = frozenset(kind.value for kind in PERSON)
_ASKS = frozenset({HoldKind.HOST_KEY.value, HoldKind.LOGIN.value, HoldKind.SECRET.value})
"""What a job run that was not started waits for until somebody answers."""
_KNOWN = frozenset(kind.value for kind in HoldKind)
_HOLD_WORDS = {
    HoldKind.FAILED.value: "waits for a person",
    HoldKind.UNKNOWN.value: "unknown",
    HoldKind.BACKOFF.value: "waits for its time",
    HoldKind.HOST.value: "not reached",
    HoldKind.HOST_KEY.value: "trust its key",
    HoldKind.LOGIN.value: "waits for a login",
    HoldKind.SECRET.value: "a secret is missing",
    HoldKind.CONCURRENCY.value: "waits for its turn",
    HoldKind.WAIT.value: "waits for its time",
    HoldKind.CAPACITY.value: "no free place",
    HoldKind.CANCEL.value: "being stopped",
    HoldKind.PAUSED.value: "paused",
    HoldKind.ROLLBACK.value: "its turn comes",
}


def hold_for(scene: RunScene, place: Place) -> HoldDocument | None:
    """What a job run waits for: its own hold, else the one that its job, its stage or the whole run shares."""
    run = place.run
    if own_hold := scene.held.get(run.id):
        return own_hold[0]
    queued = run.phase is Phase.QUEUED or (run.phase is Phase.ROLLING_BACK and waits_for_host(run))
    waiting = run.phase is Phase.WAITING
    shared: HoldDocument | None = None
    for hold in scene.held.get(place.job.id, ()):
        if hold.kind == HoldKind.ROLLBACK:
            shared = hold if is_due(scene.state, run) else shared
        elif hold.kind == HoldKind.NEEDS:
            shared = hold if waiting else shared
        elif hold.kind != HoldKind.STAGE and (queued or (waiting and hold.kind not in _KNOWN)):
            shared = hold
    if shared is None and waiting:
        shared = next((hold for hold in scene.held.get(place.stage, ()) if hold.kind == HoldKind.STAGE), None)
    if shared is None and (waiting or run.phase is Phase.QUEUED):
        return next(iter(run_holds(scene)), None)
    return shared


def asking(scene: RunScene) -> int:
    """Job runs that wait until somebody brings a key, a login or a secret; of those that share a hold all."""
    held = {hold.what for hold in scene.holds if hold.kind in _ASKS}
    if not held:
        return 0
    state, many, shared = scene.state, 0, set()
    for planned, stage in zip(state.plan.stages, state.stages, strict=True):
        for job, now in zip(planned.jobs, stage.jobs, strict=True):
            if not held.isdisjoint((job.id, stage.name, state.name)):
                shared.add(job.id)
                many += now.counts.get(Phase.QUEUED, 0)
    return many + sum(1 for what in held if "@" in what and what.partition("@")[0] not in shared)


def run_holds(scene: RunScene) -> Sequence[HoldDocument]:
    """What the whole run waits for."""
    return scene.held.get(scene.state.name, ())


def in_keys(text: str) -> SafeText:
    """What a hold says, with the key of the run's screen in place of the command that gives a secret or logs in."""
    before, found, _ = text.rpartition("; onduty secret give ")
    if found:
        return own(f"{safe(before)}; {key_of('give-secret')} gives it")
    before, found, _ = text.rpartition("; onduty login ")
    return own(f"{safe(before)}; {key_of('login')} logs in") if found else safe(text)


def hold_words(hold: HoldDocument | None, state: RunState) -> SafeText:
    """A hold in the few words of a list: ``needs rollout``, ``connecting``; empty without one.

    A kind that this screen does not know shows as its own name; the why pane has its sentence.
    """
    if hold is None:
        return own("")
    match hold.kind:
        case HoldKind.STAGE if state.phase is RunPhase.PAUSED and not stage_before(state, hold.what):
            return own("paused")
        case HoldKind.STAGE:
            before = stage_before(state, hold.what)
            return safe(f"needs {before}") if before else own("")
        case HoldKind.NEEDS if hold.text.startswith("nothing new starts"):
            return own("nothing new starts")
        case HoldKind.NEEDS if state.phase is RunPhase.PAUSED and hold.text == "the run is paused":
            return own("paused")
        case HoldKind.NEEDS:
            return safe(hold.text)
        case HoldKind.HOST if hold.text.startswith("connecting"):
            return own("connecting")
        case HoldKind.HOST if hold.text.endswith("is being prepared"):
            return own("preparing")
        case _:
            return safe(_HOLD_WORDS.get(hold.kind, hold.kind.replace("_", " ")))
