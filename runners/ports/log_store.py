"""The seam to the log files: append what a host sent, know exactly how far we are, read it back.

One file per execution key holds the bytes (masked, once secrets exist), one index beside it holds records. A record is
written after its chunk; recovery cuts the file to the last whole record; readers stop at the last record. So a log is
never torn for its readers, and following a host again starts from ``raw_offset`` without losing or doubling a byte.
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
    """Bytes of the host's log that were taken in."""
    file_bytes: int = 0
    """Bytes a reader may read of our file; differs from ``raw_offset`` once masking changes lengths."""
    lines: int = 0
    """Newlines in those bytes."""


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

    async def sync(self) -> None:
        """fsync file and index; after this the host's copy may be removed."""
        ...

    async def close(self) -> None:
        """Close without fsync. Appending after it raises ``ValueError``."""
        ...


class LogStore(Protocol):
    """All logs of the controller."""

    async def open(self, run: str, key: str) -> LogWriter:
        """Open for appending; cut file and index to the last whole record first. Creates what is missing.

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
