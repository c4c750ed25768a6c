"""What became of an intent, as it is stored, so that asking twice gives the same answer once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from runners.core.guards import targets_of_retry
from runners.core.guards_unknown import unknown_of
from runners.model.api import IntentAnswer
from runners.model.errors import ActionRefused
from runners.model.events import CancelRequested, JobSkipped, Payload, RetryScheduled
from runners.model.intents import Cancel, Give, Intent, Note, Pause, Reconcile, Resume, Retry, Rollback, Shell, Skip
from runners.model.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Accepted or refused, for ever."""

    answer: IntentAnswer | None = None
    """None: it was refused."""
    refused: str = ""
    hint: str = ""

    def result(self) -> IntentAnswer:
        """The answer; raises ``ActionRefused`` when it was refused."""
        if self.answer is None:
            raise ActionRefused(self.refused, hint=self.hint)
        return self.answer

    def cleaned(self, clean: Callable[[str], str]) -> Outcome:
        """The same, without what ``clean`` takes out of words."""
        answer = self.answer and structs.replace(self.answer, text=clean(self.answer.text))
        return replace(self, answer=answer, refused=clean(self.refused), hint=clean(self.hint))


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What became of a request to start a run."""

    uid: str


def refused(error: ActionRefused) -> Outcome:
    """It was not admitted."""
    return Outcome(refused=error.message, hint=error.hint)


def accepted(before: RunState, intent: Intent, payloads: Sequence[Payload], *, seq: int) -> Outcome:
    """It was admitted; these events are its own."""
    targets = tuple(
        dict.fromkeys(
            target
            for payload in payloads
            for target in (
                (payload.job_run,)
                if isinstance(payload, RetryScheduled | JobSkipped)
                else payload.job_runs
                if isinstance(payload, CancelRequested)
                else ()
            )
        )
    )
    named = targets[0] if len(targets) == 1 else f"{len(targets)} job runs"
    match intent:
        case Retry():
            text = f"{named} will be retried{_left_alone(before, intent)}"
        case Skip():
            text = f"{named} {'is' if len(targets) == 1 else 'are'} skipped"
        case Rollback():
            text = f"{before.name} is being rolled back"
        case Pause(now=now):
            text = f"{before.name} is paused; what runs {'stops between two tasks' if now else 'finishes its tasks'}"
        case Resume():
            text = f"{before.name} goes on"
        case Give(names=names):
            text = f"{before.name} has {', '.join(names)} and goes on"
        case Reconcile():
            targets = intent.targets or unknown_of(before)
            hosts = list(dict.fromkeys(target.rpartition("@")[2] for target in targets))
            named = targets[0] if len(targets) == 1 else f"{len(targets)} job runs"
            text = f"{hosts[0] if len(hosts) == 1 else f'{len(hosts)} hosts'} asked now what became of {named}"
        case Note():
            text = f"noted beside {before.name}"
        case Shell(host=host):
            text = f"a shell on {host} is noted beside {before.name}"
        case Cancel(targets=()):
            text = f"{before.name} is being cancelled"
        case _:
            text = f"{named} will be stopped"
    return Outcome(answer=IntentAnswer(accepted=True, text=text, seq=seq, targets=targets))


def _left_alone(before: RunState, intent: Retry) -> str:
    """What a retry of everything did not take, by name: nobody may think that it was tried again."""
    if intent.targets:
        return ""
    left = targets_of_retry(before)[1]
    if not left:
        return ""
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    return f"; left alone, since they are unknown or were cancelled: {', '.join(left[:5])}{more}"
