"""What came of asking hosts about what was unknown of them: the answers as they come, in a toast's two lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runners.model.events import ContactLost, ContactRegained, Event, JobFinished, Payload, TaskFinished, TaskStarted
from runners.model.phases import Phase
from runners.model.state import RunState
from tui.view.facts import how_it_ended, listed, place_of, short_name
from tui.view.glyphs import JOB_PHASES
from tui.view.safe_text import SafeText, own, safe

PATIENCE_S = 30.0
"""For the hosts' answers; the controller goes on asking afterwards. As ``onduty reconcile`` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Job runs whose hosts were asked what became of them."""

    targets: tuple[str, ...]
    until_utc: float
    """When nobody waits any longer."""
    after_seq: int | None = None
    """Older events are no answers; None: the controller has not taken the question yet."""
    heard: Mapping[str, tuple[int, Payload]] = field(default_factory=dict)
    """The first that was heard of each, with its seq."""

    def hear(self, event: Event) -> Asked:
        """With what ``event`` says of one of them."""
        payload = event.payload
        if (
            not isinstance(payload, ContactLost | ContactRegained | TaskStarted | TaskFinished | JobFinished)
            or payload.job_run not in self.targets
            or (self.after_seq is not None and event.seq <= self.after_seq)
        ):
            return self
        # What came before the question was taken is no answer to it, so the newest counts until that is known.
        if self.after_seq is not None and payload.job_run in self.heard:
            return self
        return replace(self, heard={**self.heard, payload.job_run: (event.seq, payload)})

    def taken(self, targets: tuple[str, ...], seq: int) -> Asked:
        """The controller took the question after ``seq`` and asks about ``targets``."""
        heard = {name: said for name, said in self.heard.items() if said[0] > seq and name in targets}
        return replace(self, targets=targets, after_seq=seq, heard=heard)

    def waits(self, now_utc: float) -> bool:
        """Whether an answer is still waited for."""
        return now_utc < self.until_utc and (self.after_seq is None or self.heard.keys() < set(self.targets))


def asking_words(asked: Asked) -> SafeText:
    """``asking web6 and web7`` and what about."""
    hosts = list(dict.fromkeys(target.rpartition("@")[2] for target in asked.targets))
    what = asked.targets[0] if len(asked.targets) == 1 else f"{len(asked.targets)} job runs"
    return own(f"asking {listed(hosts)}\nwhat became of {safe(what)}")


def answer_words(asked: Asked, state: RunState) -> tuple[str, SafeText]:
    """Kind and text of the toast with what came out; the kind is ``warn`` while something is unknown still."""
    said = [_outcome(asked, state, target) for target in asked.targets]
    still = [words for known, words in said if not known]
    if len(said) == 1:
        return ("warn" if still else "run"), said[0][1]
    known = len(said) - len(still)
    head = f"{len(said)} asked: {known} known now" + (f", {len(still)} unknown still" if still else "")
    return ("warn" if still else "run"), own(f"{head}\n{(still or [words for _, words in said])[0]}")


def _outcome(asked: Asked, state: RunState, target: str) -> tuple[bool, SafeText]:
    place = place_of(state, target)
    if place is None:
        return False, safe(target)
    name, host, run = short_name(place), safe(place.run.host), place.run
    news = asked.heard.get(target)
    if run.phase is not Phase.UNKNOWN:
        mark = JOB_PHASES[run.phase.value]
        how = f", {how_it_ended(run)}" if mark.word == "failed" else ""
        return True, own(f"{name}: {'known again, ' if mark.severity == 2 else ''}{mark.word}{how}")
    if news is None:
        said = "nothing was heard of it; the controller goes on asking"
        return False, own(f"{name} unknown still: {said}")
    payload = news[1]
    if isinstance(payload, ContactLost) and payload.answered:
        return False, own(f"{name} unknown still: {host} has neither its process nor its result")
    why = safe(payload.reason) if isinstance(payload, ContactLost) else own("no word")
    return False, own(f"{name} unknown still: {host} is silent ({why}); the controller goes on asking")
