"""The readings of one host of one run, as the controller has and gets them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from runners.model.errors import ControllerUnreachable, OndutyError
from runners.model.metrics import HostReading
from runners.model.thinning import thinned
from tui.bridge import RETRY_S, Feed

MOST_READINGS = 4_000
"""More than a controller keeps of one host."""


@dataclass(slots=True)
class HostFeed:
    """While it runs the host is looked at often."""

    feed: Feed
    uid: str
    host: str
    readings: list[HostReading] = field(default_factory=list)
    """Oldest first."""
    trouble: str = ""
    """Why they cannot be had, when the controller answers; empty otherwise."""
    version: int = 0

    async def run(self) -> None:
        """Follow them for as long as somebody looks."""
        while True:
            try:
                async with await self.feed.up() as client:
                    async for reading in client.follow_readings(self.uid, self.host):
                        self._take(reading)
            except ControllerUnreachable:
                pass
            except OndutyError as error:
                self.trouble = error.message
                self.version += 1
            await asyncio.sleep(RETRY_S)

    def _take(self, reading: HostReading) -> None:
        # After a line was cut all that is kept comes again.
        if self.readings and reading.at <= self.readings[-1].at:
            return
        if len(self.readings) >= MOST_READINGS:
            self.readings = list(thinned(self.readings, MOST_READINGS * 3 // 4))
        self.readings.append(reading)
        self.trouble = ""
        self.version += 1
