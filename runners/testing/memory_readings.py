"""How hosts were, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from runners.model.metrics import HostReading
from runners.model.thinning import thinned
from runners.ports.readings import MOST_READINGS


@dataclass(slots=True)
class MemoryReadings:
    """Keeps what ``ReadingStore`` promises."""

    kept: dict[tuple[str, str], tuple[HostReading, ...]] = field(default_factory=dict)
    full: bool = False
    """No room: every ``add`` fails."""

    async def add(self, run: str, host: str, readings: Sequence[HostReading]) -> None:
        """As the promise says."""
        if self.full:
            raise OSError(28, "No space left on device")
        new = (msgspec.structs.replace(one, jobs=()) for one in readings)
        self.kept[run, host] = thinned((*self.kept.get((run, host), ()), *new), MOST_READINGS)

    async def read(self, run: str, host: str) -> tuple[HostReading, ...]:
        """As the promise says."""
        return self.kept.get((run, host), ())
