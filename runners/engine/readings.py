"""How hosts were while runs were on them: kept with each run, told to who looks. Nothing ever waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Collection

from runners.engine.limits import Limits
from runners.engine.timers import Timer, Timers
from runners.model.metrics import HostReading
from runners.ports.readings import MOST_READINGS, ReadingStore

log = logging.getLogger("onduty.engine")

MOST_WAITING = 300
"""Readings of one host that a disk which does not answer makes wait; the oldest go."""

Series = tuple[str, str]
"""Run uid and host."""


class Readings:
    """Takes what samplers see."""

    def __init__(self, store: ReadingStore | None, *, timers: Timers, limits: Limits) -> None:
        """Without a ``store`` nothing is kept, and who looks sees what comes."""
        self._store = store
        self._timers = timers
        self._limits = limits
        self._waiting: dict[Series, deque[HostReading]] = {}
        self._followers: dict[Series, list[asyncio.Queue[HostReading | None]]] = {}
        self._timer: Timer | None = None
        self._writing: asyncio.Task[None] | None = None
        self._trouble = ""
        self._closed = False

    def note(self, runs: Collection[str], host: str, reading: HostReading) -> None:
        """The host was looked at while these runs were on it."""
        for run in runs:
            if self._store is not None:
                self._waiting.setdefault((run, host), deque(maxlen=MOST_WAITING)).append(reading)
            for queue in self._followers.get((run, host), ()):
                if not queue.full():
                    queue.put_nowait(reading)
        if self._waiting and self._timer is None and not self._closed:
            self._timer = self._timers.after(self._limits.keep_readings_s, self._write_soon)

    def forget(self, run: str) -> None:
        """The run is gone; nothing of it is written any more."""
        for series in [one for one in self._waiting if one[0] == run]:
            del self._waiting[series]

    async def of(self, run: str, host: str) -> tuple[HostReading, ...]:
        """All that is known of the series, oldest first. Raises ``OSError``."""
        await self._written()
        kept = await self._store.read(run, host) if self._store is not None else ()
        newest = kept[-1].at if kept else 0.0
        return (*kept, *(one for one in self._waiting.get((run, host), ()) if one.at > newest))

    async def follow(
        self, run: str, host: str, sign_of_life_s: float
    ) -> AsyncGenerator[tuple[HostReading, ...] | None, None]:
        """All that is known, then each one as it comes; None when nothing came for that long. Raises ``OSError``."""
        queue: asyncio.Queue[HostReading | None] = asyncio.Queue(MOST_READINGS)
        series = (run, host)
        self._followers.setdefault(series, []).append(queue)
        try:
            known = await self.of(run, host)
            yield known
            newest = known[-1].at if known else 0.0
            while not self._closed:
                found = await self._next(queue, sign_of_life_s)
                if found is not None and found.at <= newest:
                    continue
                yield (found,) if found is not None else None
        finally:
            self._followers[series].remove(queue)
            if not self._followers[series]:
                del self._followers[series]

    async def close(self) -> None:
        """Write what waits, and let who follows go."""
        self._closed = True
        for queues in self._followers.values():
            for queue in queues:
                if not queue.full():
                    queue.put_nowait(None)
        if self._timer is not None:
            self._timer.cancel()
        await self._written()
        await self._write()

    async def _next(self, queue: asyncio.Queue[HostReading | None], seconds: float) -> HostReading | None:
        """The next one; None when nothing came in time, by the engine's clock."""
        timer = self._timers.after(seconds, lambda: None if queue.full() else queue.put_nowait(None))
        try:
            return await queue.get()
        finally:
            timer.cancel()

    async def _written(self) -> None:
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def _write_soon(self) -> None:
        self._timer = None
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_and_rest(), name="onduty readings")

    async def _write_and_rest(self) -> None:
        try:
            await self._write()
        finally:
            self._writing = None

    async def _write(self) -> None:
        if self._store is None:
            return
        waiting, self._waiting = self._waiting, {}
        for (run, host), readings in waiting.items():
            try:
                await self._store.add(run, host, tuple(readings))
            except (OSError, ValueError) as error:
                # A job's host can be told without it: what does not fit is gone, and the rest goes on.
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    log.warning("how hosts were is not kept: %s", error)
            else:
                self._trouble = ""
