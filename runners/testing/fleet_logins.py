"""Hosts of the fleet that ask whoever logs in: one-time codes in rounds of prompts, or a password."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncssh


@dataclass(slots=True, kw_only=True)
class Asks:
    """What a host wants to know besides, or instead of, a key."""

    rounds: Sequence[Sequence[tuple[str, bool]]] = ()
    """Prompts with whether they echo, round by round; empty: it does not ask so."""
    right: Sequence[Sequence[str]] = ()
    """The answers that it takes, round by round."""
    name: str = ""
    words: str = ""
    """What it says before its prompts."""
    password: str = field(default="", repr=False)
    """Empty: it takes none."""
    takes_keys: bool = False
    """The fleet's key lets in without a question."""
    grace_s: float = 120.0
    """As sshd's ``LoginGraceTime``."""
    approval: asyncio.Event | None = None
    """A right answer is not enough: it waits for this."""
    heard: list[tuple[str, ...]] = field(default_factory=list, repr=False)
    """Every answer that came, in order."""
    asked: int = 0
    """Rounds of prompts that were sent."""


class AskingServer(asyncssh.SSHServer):
    """The questions of one connection."""

    def __init__(self, asks: Asks | None) -> None:
        self.asks = asks
        self._round = 0

    def public_key_auth_supported(self) -> bool:
        return self.asks is None or self.asks.takes_keys

    def kbdint_auth_supported(self) -> bool:
        return self.asks is not None and bool(self.asks.rounds)

    def password_auth_supported(self) -> bool:
        return self.asks is not None and bool(self.asks.password)

    def validate_password(self, username: str, password: str) -> bool:
        assert self.asks is not None
        self.asks.heard.append((password,))
        return password == self.asks.password

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, Sequence[tuple[str, bool]]]:
        self._round = 0
        return self._challenge()

    async def validate_kbdint_response(
        self, username: str, responses: Sequence[str]
    ) -> bool | tuple[str, str, str, Sequence[tuple[str, bool]]]:
        assert self.asks is not None
        self.asks.heard.append(tuple(responses))
        if tuple(responses) != tuple(self.asks.right[self._round]):
            return False
        self._round += 1
        if self.asks.approval is not None:
            await self.asks.approval.wait()
        return self._challenge() if self._round < len(self.asks.rounds) else True

    def _challenge(self) -> tuple[str, str, str, Sequence[tuple[str, bool]]]:
        assert self.asks is not None
        self.asks.asked += 1
        return self.asks.name, self.asks.words, "", tuple(self.asks.rounds[self._round])
