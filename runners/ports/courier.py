"""The seam that moves files to and from a host, beside its executions and over the same connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """A plain file on a host."""

    path: str
    """Below what was listed, with ``/``; empty: what was listed itself."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostListing:
    """What a path on a host is."""

    folder: bool
    files: tuple[HostFile, ...]
    left_out: tuple[str, ...] = ()
    """What is neither a plain file nor a folder: links (they are not followed), sockets, devices."""


class Courier(Protocol):
    """Moves files, one after the other, from the folder where the commands of its attempt run.

    Every method raises ``SessionLost`` when the connection went, and ``HostRefused`` with a sentence when the host
    would not; after either nothing half-written is left under a file's own name. ``close`` interrupts at once whatever
    is being moved; the host then removes what it has of it.
    """

    async def put(
        self, dest: str, chunks: AsyncIterator[bytes], *, size_bytes: int, sha256: str, mode: int, tag: str
    ) -> bool:
        """Write one file: into the same folder under a name made of ``tag``, checked there, renamed into place.

        Makes missing folders. Returns False when the same content was there already and nothing was sent; the mode is
        set in any case.
        """
        ...

    async def list(self, path: str) -> HostListing:
        """What is there."""
        ...

    async def get(self, path: str, size_bytes: int, take: Callable[[bytes], Awaitable[None]]) -> str:
        """Hand the first ``size_bytes`` of a file to ``take``, fewer when it became shorter.

        Returns their sha256 as the host computed it.
        """
        ...

    async def close(self) -> None:
        """End it. May be called again."""
        ...
