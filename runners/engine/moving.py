"""What uploads and downloads share: where they happen, how far they are, what things are called."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from runners.engine.errands import ErrandLog
from runners.ports.clock import Clock

PROGRESS_S = 1.0
"""At most one line of progress in this time."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which attempt moves files, and from which folder of its host."""

    run: str
    """Uid."""
    key: str
    attempt: str
    """``<job run number>.<attempt>``."""
    host: str
    workdir: str
    dir: str | None
    sharers: tuple[str, ...] = ()
    """As ``ExecutionRequest.sharers``."""


def into(dest: str, name: str) -> str:
    """Where ``name`` ends up: ``dest`` itself, or in it when it ends with ``/``."""
    return posixpath.join(dest, name) if dest.endswith("/") else dest


def name_of(path: str) -> str:
    """``app.log`` of ``/var/log/app.log``, ``log`` of ``/var/log/``."""
    return posixpath.basename(posixpath.normpath(path))


def size_text(size_bytes: int) -> str:
    """``812 B``, ``1.2 kB``, ``100.0 MB``."""
    size, unit = float(size_bytes), _UNITS[0]
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"


class Progress:
    """Lines about a transfer while it goes on."""

    def __init__(self, log: ErrandLog, clock: Clock, total_bytes: int) -> None:
        self._log = log
        self._clock = clock
        self._total_bytes = total_bytes
        self._moved_bytes = 0
        self._said_s = clock.monotonic()

    async def moved(self, size_bytes: int) -> None:
        """So many bytes more."""
        self._moved_bytes += size_bytes
        now_s = self._clock.monotonic()
        if now_s - self._said_s < PROGRESS_S:
            return
        self._said_s = now_s
        percent = min(100, self._moved_bytes * 100 // self._total_bytes) if self._total_bytes else 100
        await self._log.line(f"{percent} %, {size_text(self._moved_bytes)} of {size_text(self._total_bytes)}")
