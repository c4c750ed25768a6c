"""Jump hosts as ssh writes them: ``[user@]host[:port]`` or ``ssh://…``, several with commas, the first hop first
(ssh_config(5), ProxyJump)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runners.spec.report import quoted

_HOP = re.compile(r"(?:ssh://)?(?:([^@\s]+)@)?(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.%-]+)(?::([0-9]{1,5}))?/?\Z")
_USER = re.compile(r"[A-Za-z0-9_.@+\\$-]{1,255}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One host to go through."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        """As ssh writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (f"{self.user}@" if self.user else "") + host + (f":{self.port}" if self.port else "")


class HopRefused(ValueError):
    """Not a jump host; the reason is a sentence."""


def parse_hops(text: str) -> tuple[Hop, ...]:
    """The hops, the first one first; ``none`` is no hop at all. Raises ``HopRefused``."""
    if text.strip() == "none":
        return ()
    return tuple(_hop(part.strip()) for part in text.split(","))


def _hop(text: str) -> Hop:
    found = _HOP.match(text)
    if found is None:
        raise HopRefused(f"{quoted(text)} is no jump host; write host, user@host or user@host:port")
    user, host, port = found.groups()
    host = host.strip("[]")
    # ssh would take a leading dash as an option.
    if host.startswith("-") or (user is not None and (user.startswith("-") or not _USER.match(user))):
        raise HopRefused(f"{quoted(text)} is no jump host; write host, user@host or user@host:port")
    if port is not None and not 1 <= int(port) <= 65535:
        raise HopRefused(f"{quoted(text)}: the port must be from 1 to 65535")
    return Hop(host=host, user=user, port=None if port is None else int(port))
