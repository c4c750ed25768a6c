"""What a person is about to ask of a run: how much of it, with which words, and the request that this is.

The controller answers with a preview of exactly that request. What is shown is what is sent: the request that is made
of a preview names its targets and the attempts that were seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from runners.core.guards import NOT_RUNNING
from runners.core.guards_run import DESPITE_LATER
from runners.model.api import IntentRequest
from runners.model.preview import Preview

VOUCH, DESPITE = "not_running", "despite_later"
WORDS = {VOUCH: "I vouch that it is dead", DESPITE: "go on despite later runs"}
"""What only a person can say, by the field of the request that says it."""
WORD_KEYS = {VOUCH: "V", DESPITE: "D"}
"""Capitals, as the key that says yes: a name that is to be typed, such as ``deploy-api/42``, hardly begins with one."""
_FLAGS = {NOT_RUNNING: WORDS[VOUCH], DESPITE_LATER: WORDS[DESPITE]}
OF_JOB_RUNS = frozenset({"retry", "skip", "cancel"})
SPOKEN = {"rollback": "roll back", "login": "log in"}
"""Intents whose name is not what people say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How much of a run an intent is about."""

    label: str
    """``from restart on``; as it stands in the dialog."""
    intent: str
    """retry, skip, cancel, rollback, pause, resume or note."""
    targets: tuple[str, ...] = ()
    """Job runs; empty with ``whole``."""
    whole: bool = False
    """The request names no job run: the controller takes what there is."""
    unknown: tuple[str, ...] = ()
    """Job runs that are taken too once somebody vouches that they are dead."""
    from_task: str = ""
    task: str = ""
    now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the dialog is about."""

    title: str
    """``retry release@web3``; until the controller has said its own."""
    scopes: tuple[Scope, ...]
    """At least one; the first is chosen at first."""
    scope_label: str = "how much"
    """What the scopes are about."""
    name: str | None = None
    """What must be typed; None: nothing."""
    is_note: bool = False
    """The text is what is sent, and there is nothing to foresee."""

    def words(self, scope: int, preview: Preview | None) -> tuple[str, ...]:
        """What can be said on top, as fields of the request: each only where it makes a difference."""
        wanted = self.scopes[scope]
        later = preview is not None and bool(preview.later)
        return (*((VOUCH,) if wanted.unknown else ()), *((DESPITE,) if later else ()))

    def request(self, id: str, scope: int, words: frozenset[str]) -> IntentRequest:
        """What the controller is asked about."""
        wanted = self.scopes[scope]
        vouched = VOUCH in words and bool(wanted.unknown)
        whole = wanted.whole and not (vouched and wanted.intent in OF_JOB_RUNS)
        alone = not wanted.targets and not wanted.whole
        targets = () if whole else (*wanted.targets, *(wanted.unknown if vouched or alone else ()))
        return IntentRequest(
            id=id,
            intent=wanted.intent,
            targets=targets,
            not_running=vouched,
            from_task=wanted.from_task,
            task=wanted.task,
            now=wanted.now,
            despite_later=DESPITE in words,
        )


def answered(question: Question, request: IntentRequest, preview: Preview, text: str) -> IntentRequest:
    """The request to send once ``preview`` of it was agreed to; ``text`` is the reason, or the note."""
    if question.is_note:
        return replace(request, text=text)
    whole = request.intent not in OF_JOB_RUNS or (request.intent == "cancel" and not request.targets)
    return replace(
        request,
        reason=text,
        targets=() if whole else preview.targets,
        seen_attempts={} if whole else dict(preview.seen_attempts),
    )


def spoken(sentence: str) -> str:
    """A sentence of the core with the words of the dialog in place of the command line's."""
    for flag, words in _FLAGS.items():
        sentence = sentence.replace(flag, f'"{words}"')
    return sentence
