"""The seam to logins that need a person: what is asked now, who answers, and what happens then.

``Transport.connect`` raises ``LoginNeeded`` while a person is asked, and the question stays open: a ``connect`` after
the answer goes on where it was. Whoever is told that something moved connects again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runners.model.api.login import LoginReply
from runners.model.errors import ActionRefused
from runners.model.inventory import Host


class Logins(Protocol):
    """Every open question of one transport. An answer is kept for the one login it was given for and nowhere else."""

    def listen(self, moved: Callable[[], None]) -> None:
        """Call ``moved`` whenever a question was opened, answered, or is over."""
        ...

    async def answer(self, question: str, answers: Sequence[str], by: str) -> LoginReply:
        """Answer an open question; returns when its host has said what it thinks of that, or after some seconds.

        Raises ``ActionRefused`` when the question is over, naming who was first, and ``InputRefused`` for another
        number of answers than prompts. What a host that had hung up was to be told is not told: it asks anew.
        """
        ...

    async def try_now(self, host: Host) -> LoginReply:
        """Somebody is there for this host's login: ask a host that had hung up anew, forget why it was not tried."""
        ...

    async def give_up(self, host: Host) -> None:
        """Nobody waits for this host any more: hang up where it asks."""
        ...

    def forget_keys(self) -> int:
        """Forget the keys that passphrases unlocked; how many there were."""
        ...


class NoLogins:
    """``Logins`` where nobody is ever asked."""

    def listen(self, moved: Callable[[], None]) -> None:
        """Nothing moves."""

    async def answer(self, question: str, answers: Sequence[str], by: str) -> LoginReply:
        """Never asked."""
        raise over(question)

    async def try_now(self, host: Host) -> LoginReply:
        """Nothing waits."""
        return LoginReply(text=f"{host.name} asks nothing")

    async def give_up(self, host: Host) -> None:
        """Nothing is open."""

    def forget_keys(self) -> int:
        """There are none."""
        return 0


def over(question: str, by: str = "") -> ActionRefused:
    """The question is over: ``by`` answered it, or it was asked anew since."""
    if by:
        return ActionRefused(f"{by} answered it first; nothing was sent", hint="onduty login")
    return ActionRefused(
        "that question is over: its host let somebody in, asked anew or is not needed any more; nothing was sent",
        hint="onduty login",
    )
