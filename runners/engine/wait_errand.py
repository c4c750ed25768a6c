"""A ``wait``: nothing but a time of the wall clock, which restarts and suspends do not move."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from runners.engine.errands import ErrandLog, Verdict
from runners.engine.timers import Timers
from runners.ports.transport import HostSession
from runners.spec.durations import format_duration


class WaitErrand:
    """Ends at ``until_utc``, which was settled when it was dispatched."""

    needs_session = False
    repeatable = True

    def __init__(self, *, until_utc: float, wait_s: float, timers: Timers) -> None:
        self._until_utc = until_utc
        self._wait_s = wait_s
        self._timers = timers

    @property
    def what(self) -> str:
        """``wait 30s``."""
        return f"wait {format_duration(self._wait_s)}"

    async def do(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """Wait."""
        await log.line(f"{self.what}, until {datetime.fromtimestamp(self._until_utc, UTC):%H:%M:%S} UTC")
        over = asyncio.Event()
        timer = self._timers.at_utc(self._until_utc, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()
        return Verdict()
