"""Things to do at a time, on the clock port: one sleeping task for all of them.

A time of the wall clock is looked at again every ``RECHECK_S``, because that clock jumps and stands apart from the
monotonic one while the machine is suspended.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import Callable

from runners.ports.clock import Clock

RECHECK_S = 30.0

log = logging.getLogger("onduty.engine")


class Timer:
    """One thing to do later; ``cancel`` makes it nothing."""

    __slots__ = ("action", "at_utc", "due_s")

    def __init__(self, due_s: float, at_utc: float | None, action: Callable[[], None] | None) -> None:
        self.due_s = due_s
        self.at_utc = at_utc
        self.action = action

    def cancel(self) -> None:
        """Do nothing at that time. Harmless when it has passed."""
        self.action = None


class Timers:
    """Every timer of one engine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._heap: list[tuple[float, int, Timer]] = []
        self._sleep: asyncio.Task[None] | None = None
        self._sleeps_until_s = 0.0
        self._closed = False

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` once that many seconds have passed."""
        return self._add(Timer(self._clock.monotonic() + max(0.0, seconds), None, action))

    def at_utc(self, at_utc: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` once the wall clock shows ``at_utc``; soon, when that is past."""
        return self._add(Timer(self._due_of(at_utc), at_utc, action))

    async def close(self) -> None:
        """Forget all timers."""
        self._closed = True
        self._heap.clear()
        if self._sleep is not None:
            self._sleep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sleep
            self._sleep = None

    def _due_of(self, at_utc: float) -> float:
        left_s = at_utc - self._clock.now_utc()
        return self._clock.monotonic() + min(max(0.0, left_s), RECHECK_S)

    def _add(self, timer: Timer) -> Timer:
        if self._closed:
            timer.cancel()
            return timer
        heapq.heappush(self._heap, (timer.due_s, next(self._order), timer))
        self._arm()
        return timer

    def _arm(self) -> None:
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        if not self._heap:
            return
        due_s = self._heap[0][0]
        if self._sleep is not None:
            if self._sleeps_until_s <= due_s:
                return
            self._sleep.cancel()
        self._sleeps_until_s = due_s
        self._sleep = asyncio.get_running_loop().create_task(self._wake(due_s), name="onduty timers")

    async def _wake(self, due_s: float) -> None:
        await self._clock.sleep_until(due_s)
        self._sleep = None
        self._fire()
        self._arm()

    def _fire(self) -> None:
        now_s = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now_s:
            timer = heapq.heappop(self._heap)[2]
            if timer.action is None:
                continue
            if timer.at_utc is not None and timer.at_utc > self._clock.now_utc():
                timer.due_s = self._due_of(timer.at_utc)
                heapq.heappush(self._heap, (timer.due_s, next(self._order), timer))
                continue
            action, timer.action = timer.action, None
            try:
                action()
            except Exception:
                log.exception("a timer failed")
