"""The seam to time: the only way a controller learns what time it is, so that tests can move it by hand."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for people, one for durations."""

    def now_utc(self) -> float:
        """Seconds since 1970, UTC. May jump, either way; for what people read and for timers that are stored."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back. For durations and timeouts. Stands while suspended."""
        ...

    async def sleep_until(self, monotonic_s: float) -> None:
        """Return once ``monotonic()`` is at least this; at once (after letting others run) when it already is."""
        ...
