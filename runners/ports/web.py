"""The seam to HTTP servers: one request, one answer, nothing done behind its back.

An adapter follows no redirect, uses no proxy and no ``.netrc`` (a check asks exactly the address that was written),
repeats nothing, keeps no cookie and no connection, and writes no URL into any log of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from runners.ports.byte_stream import OpenStream


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """What is asked; every template is filled."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What came back, whatever its status."""

    status: int
    words: str = ""
    """The reason phrase; HTTP/2 has none."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """The beginning of it, at most ``KEPT_BODY_BYTES``; the rest was read and dropped."""


KEPT_BODY_BYTES = 1024


class NoAnswer(Exception):
    """Nobody answered, in words such as ``Connection refused``."""

    def __init__(self, words: str, *, sent: bool) -> None:
        super().__init__(words)
        self.sent = sent
        """Whether something of the request may have reached the server."""


class Web(Protocol):
    """Asks HTTP servers."""

    async def ask(self, request: WebRequest, *, timeout_s: float, through: OpenStream | None = None) -> WebAnswer:
        """Send once and return the answer. Raises ``NoAnswer``, also after ``timeout_s``.

        ``through`` makes the connection in place of this machine's own network; TLS is spoken over it with the name in
        the URL, and what it raises besides ``StreamRefused`` and ``OSError`` passes through.
        """
        ...
