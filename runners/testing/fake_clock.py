"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools

_SETTLE_PASSES = 20
"""Turns of the event loop given to woken tasks before time moves on."""


class FakeClock:
    """``Clock`` by hand: ``advance`` fires sleepers in the order of their time, then of their arrival."""

    def __init__(self, *, utc: float = 1_795_000_000.0, monotonic_s: float = 1000.0) -> None:
        self._utc = utc
        self._monotonic_s = monotonic_s
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    def now_utc(self) -> float:
        """Seconds since 1970, UTC."""
        return self._utc

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return self._monotonic_s

    async def sleep_until(self, monotonic_s: float) -> None:
        """Wait until a test has moved the clock that far."""
        if monotonic_s <= self._monotonic_s:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (monotonic_s, next(self._order), future))
        self._arrived.set()
        await future

    @property
    def sleeping(self) -> tuple[float, ...]:
        """When each task that sleeps now will wake, soonest first."""
        return tuple(due for due, _, future in sorted(self._sleepers, key=lambda s: s[:2]) if not future.done())

    async def wait_for_sleepers(self, count: int = 1) -> None:
        """Return once at least ``count`` tasks sleep: the condition to wait on before ``advance``."""
        while len(self.sleeping) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def advance(self, seconds: float) -> None:
        """Move both clocks forward, stopping at every sleeper on the way so that what it starts sees its own time."""
        if seconds < 0:
            raise ValueError("time does not go back; use jump_utc for a wall clock that does")
        target_s = self._monotonic_s + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target_s:
            due_s, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._move_to(due_s)
            future.set_result(None)
            await self._settle()
        self._move_to(target_s)
        await self._settle()

    def jump_utc(self, seconds: float) -> None:
        """Move the wall clock alone, either way: a suspended machine, a corrected clock."""
        self._utc += seconds

    def _move_to(self, monotonic_s: float) -> None:
        if monotonic_s > self._monotonic_s:
            self._utc += monotonic_s - self._monotonic_s
            self._monotonic_s = monotonic_s

    async def _settle(self) -> None:
        for _ in range(_SETTLE_PASSES):
            await asyncio.sleep(0)
