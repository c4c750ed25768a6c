"""The machine's clocks."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The ``Clock`` of a real controller."""

    def now_utc(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """``CLOCK_MONOTONIC``: on Linux it stands while the machine is suspended."""
        return time.monotonic()

    async def sleep_until(self, monotonic_s: float) -> None:
        """Wait until the monotonic clock reads at least ``monotonic_s``."""
        await asyncio.sleep(max(0.0, monotonic_s - time.monotonic()))
        # The loop may wake a hair early, by its clock's resolution; there is no event to wait on for that hair.
        while (left_s := monotonic_s - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left_s)
