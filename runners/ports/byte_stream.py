"""A connection of bytes, whatever carries it: a socket of this machine, or a channel through a host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class StreamRefused(Exception):
    """The connection could not be made, in words such as ``Connection refused``. Nothing was sent."""


class ByteStream(Protocol):
    """Both directions of one connection. Used by one task at a time."""

    async def receive(self, max_bytes: int) -> bytes:
        """The next bytes, at least one; ``b""`` once the other side has ended. Raises ``OSError`` when it broke."""
        ...

    async def send(self, data: bytes) -> None:
        """Hand over all of ``data``. Raises ``OSError`` when the connection broke."""
        ...

    async def close(self) -> None:
        """Close at once; may be called again. Never raises."""
        ...


OpenStream = Callable[[str, int], Awaitable[ByteStream]]
"""Connect to a host and port. Raises ``StreamRefused``; through a host also ``SessionLost``."""
