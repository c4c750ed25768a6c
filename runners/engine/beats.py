"""The heartbeat: live runs are noted as seen; that nobody was here, or the machine slept, becomes an event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from runners.engine.limits import Limits
from runners.engine.run_cache import RunCache
from runners.engine.summaries import kept_of, summary_row
from runners.engine.timers import Timer, Timers
from runners.model.errors import StoreFailed
from runners.model.events import Payload, TimeGap
from runners.model.state import RunState
from runners.ports.clock import Clock
from runners.ports.run_store import RunRow, RunStore

log = logging.getLogger("onduty.engine")


class Beats:
    """Beats from ``start`` to ``stop``."""

    def __init__(
        self,
        store: RunStore,
        runs: RunCache,
        *,
        clock: Clock,
        timers: Timers,
        limits: Limits,
        note: Callable[[str, Payload], None],
    ) -> None:
        """``note`` takes an event of our own for a run."""
        self._store = store
        self._runs = runs
        self._clock = clock
        self._timers = timers
        self._limits = limits
        self._note = note
        self._beat: Timer | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._last = (clock.now_utc(), clock.monotonic())
        self._stopping = False

    def note_absence(self, row: RunRow, state: RunState) -> None:
        """Nobody was here since the run was last seen, if that is long enough to be worth an event."""
        kept = kept_of(row)
        seen_utc = max(state.last_event_at, kept.seen_at_utc if kept else 0.0)
        now_utc = self._clock.now_utc()
        if now_utc - seen_utc > self._limits.time_gap_s:
            self._note(row.uid, _gap(seen_utc, now_utc, "the controller was not running"))

    def start(self) -> None:
        """From now on somebody is here."""
        self._last = (self._clock.now_utc(), self._clock.monotonic())
        self._next()

    def hold(self) -> None:
        """No further beat begins."""
        self._stopping = True
        if self._beat is not None:
            self._beat.cancel()

    async def close(self) -> None:
        """End what is under way, and note for the last time when live runs were seen."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._note_presence()

    def _next(self) -> None:
        def beat() -> None:
            task = asyncio.get_running_loop().create_task(self._take(), name="onduty beat")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

        self._beat = self._timers.after(self._limits.beat_s, beat)

    async def _take(self) -> None:
        """Note that we are here, and whether the machine was not: a wall clock that ran on alone was a suspend."""
        before_utc, before_s = self._last
        self._last = now_utc, now_s = self._clock.now_utc(), self._clock.monotonic()
        if (now_utc - before_utc) - (now_s - before_s) > self._limits.time_gap_s:
            gap = _gap(before_utc, now_utc, "the machine was asleep")
            for uid in self._runs.live:
                self._note(uid, gap)
        await self._note_presence()
        if not self._stopping:
            self._next()

    async def _note_presence(self) -> None:
        now_utc = self._clock.now_utc()
        rows = [summary_row(state, now_utc=now_utc) for state in self._runs.live.values()]
        if not rows:
            return
        try:
            await self._store.append((), summaries=rows)
        except StoreFailed as error:
            log.error("%s", error.message)


def _gap(from_utc: float, to_utc: float, why: str) -> TimeGap:
    return TimeGap(from_utc=round(from_utc, 3), to_utc=round(to_utc, 3), why=why)
