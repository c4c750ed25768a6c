"""Logins that need a person: what a host or a key asks, and what is answered.

Answers are secrets: the two messages that carry them do not say them when they are printed.
"""

from __future__ import annotations

import msgspec

MOST_ANSWER_CHARACTERS = 4096
"""Of one answer; a longer one is no password."""


class LoginPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """One line that somebody is asked to type."""

    text: str
    """In the words of the host, printable and cut."""
    echo: bool = False
    """Whether it may be shown while it is typed."""


class LoginQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a login waits for now."""

    id: str = ""
    """Names this one question, for one answer. Empty: nothing can be typed; something else has to change."""
    asker: str
    """Name of the host or jump host that asks; of a locked key, of the first host that takes it."""
    kind: str
    """``host``: it asks in its own words; ``password``: it takes one and has no words; ``passphrase``: of a key file
    here; ``agent``: the SSH agent, a certificate or a hardware key has to do something."""
    text: str
    """A sentence: who wants what."""
    words: tuple[str, ...] = ()
    """Lines that the host said before its prompts, printable and cut: its own words, whoever wrote them."""
    prompts: tuple[LoginPrompt, ...] = ()
    note: str = ""
    """What became of the answer before; empty: there was none."""
    lapsed: bool = False
    """The host hung up while nobody answered: it has to be asked anew before anything is typed."""
    since: str | None = None
    """RFC 3339."""


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/hosts/login``: an answer, or the wish to try a login now, or to forget unlocked keys."""

    question: str = ""
    """Id of the question that is answered."""
    answers: tuple[str, ...] = ()
    """One for each prompt. Kept in memory, for this one login."""
    host: str = ""
    """Without a question: name of a host or jump host whose login is tried now."""
    forget: bool = False
    """Forget the keys that passphrases unlocked."""

    def __repr__(self) -> str:
        return f"LoginRequest({self.question or self.host}, {len(self.answers)} answers)"


class LoginReply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a ``LoginRequest``."""

    text: str
    """What became of it, in a sentence."""
    done: bool = False
    """Whether that login is over and we are in, or the key is unlocked."""
    question: LoginQuestion | None = None
    """What is asked next; null: nothing."""
