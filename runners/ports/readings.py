"""The seam to the series of readings of hosts that is kept with a run, for whoever looks at it later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runners.model.metrics import HostReading

MOST_READINGS = 2_000
"""Of one host in one run. More is thinned: what is older is kept in ever larger steps."""


class ReadingStore(Protocol):
    """How hosts were while runs were on them. It is worth nothing that a job would wait for it."""

    async def add(self, run: str, host: str, readings: Sequence[HostReading]) -> None:
        """Append, oldest first; what ``jobs`` used is not kept, the events have it. Raises ``OSError``; then any
        part of it may be kept."""
        ...

    async def read(self, run: str, host: str) -> tuple[HostReading, ...]:
        """What is kept, oldest first; nothing for a run or host that is not known, and what was damaged is left out.
        Raises ``OSError``."""
        ...
