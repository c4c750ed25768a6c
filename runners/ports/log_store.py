"""The seam to the log files: append what a host sent, know exactly how far we are, read it back.

One file per execution key holds the bytes, masked when the run has secrets; one index beside it holds records. A
record is written after its chunk; recovery cuts the file to the last whole record; readers stop at the last record.
So a log is never torn for its readers, and following a host again starts from ``raw_offset`` without losing or doubling
a byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\Z")


def check_log_name(run: str, key: str) -> None:
    """Raise ``ValueError`` for a run or key that is no plain file name; every store opens by this rule."""
    for part in (run, key):
        if not _SAFE_NAME.match(part):
            raise ValueError(f"{part!r} cannot be the name of a log")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """How far one log is on our side."""

    raw_offset: int = 0
    """Of a writer: where the next chunk must start. Of a log: bytes of the host's log that stand in our file."""
    file_bytes: int = 0
    """Bytes a reader may read of our file; differs from ``raw_offset`` where masking changed lengths."""
    lines: int = 0
    """Newlines in those bytes."""


class StreamMasker(Protocol):
    """Replaces secrets in one stream, whatever pieces it comes in."""

    @property
    def held_bytes(self) -> int:
        """Bytes at the end of what came that are not given back yet, because a secret may begin there."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take the bytes that follow; what can be written now."""
        ...

    def end(self) -> bytes:
        """Nothing follows: what was held back."""
        ...

    def copy(self) -> StreamMasker:
        """One that goes on from here, too."""
        ...


class StreamMask(Protocol):
    """The secrets of a run, as a log must not show them."""

    @property
    def context_bytes(self) -> int:
        """Bytes before a place that decide what becomes of it."""
        ...

    def text(self, text: str) -> str:
        """Masked, as text."""
        ...

    def masker(self, *, already: int = 0) -> StreamMasker:
        """For one stream. ``already``: bytes at its start that were written before; they are context alone."""
        ...


class LogWriter(Protocol):
    """The only writer of one log."""

    @property
    def position(self) -> LogPosition:
        """Where the next chunk must start."""
        ...

    async def append(self, raw_offset: int, data: bytes, at_utc: float) -> LogPosition:
        """Write one chunk and its record.

        A chunk that starts before ``position.raw_offset`` is cut to what is new; one that starts after it raises
        ``ValueError`` (bytes would be missing). Returns when the operating system has the bytes and the record.
        """
        ...

    async def end(self, at_utc: float) -> LogPosition:
        """No more bytes come: write what was held back because a secret might have begun there."""
        ...

    async def sync(self) -> None:
        """fsync file and index; after this the host's copy may be removed."""
        ...

    async def close(self) -> None:
        """Close without fsync. Appending after it raises ``ValueError``."""
        ...


class LogStore(Protocol):
    """All logs of the controller."""

    async def open(self, run: str, key: str, mask: StreamMask | None = None) -> LogWriter:
        """Open for appending; cut file and index to the last whole record first. Creates what is missing.

        With ``mask`` nothing reaches the disk but what it gives back. A masked log that is opened again asks for some
        bytes that it had before (``position.raw_offset``): what was held back is nowhere but on the host.
        Raises ``ValueError`` when this log has a writer already.
        """
        ...

    async def tail(self, run: str, key: str, max_bytes: int) -> bytes:
        """The end of the log, at most ``max_bytes``; empty when there is no log.

        When the log is longer it begins with a whole line, unless the last line alone is longer than ``max_bytes``.
        """
        ...

    async def read(self, run: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes from ``offset``, never past the last record."""
        ...

    async def position(self, run: str, key: str) -> LogPosition:
        """How far the log is; zeros when there is none."""
        ...

    async def close(self) -> None:
        """Finish what was asked and close every log. Closing twice is not an error."""
        ...
