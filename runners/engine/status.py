"""What is true only now, told to whoever listens: at most ten times a second, and now and then as a sign of life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from runners.engine.limits import Limits
from runners.engine.timers import Timers
from runners.model.api import Status
from runners.ports.clock import Clock


class Watchers:
    """Who has a screen on which run."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._by_run: dict[str, list[str]] = {}

    @contextmanager
    def watch(self, run: str, actor: str) -> Iterator[None]:
        """``actor`` looks at ``run`` while this is open."""
        self._by_run.setdefault(run, []).append(actor)
        self._changed()
        try:
            yield
        finally:
            names = self._by_run[run]
            names.remove(actor)
            if not names:
                del self._by_run[run]
            self._changed()

    def of(self, run: str) -> tuple[str, ...]:
        """Each name once, sorted."""
        return tuple(sorted(set(self._by_run.get(run, ()))))

    @property
    def runs(self) -> tuple[str, ...]:
        """Runs that somebody watches."""
        return tuple(self._by_run)


COST_SHARE = 10
"""A status that took a while to put together is not put together again before that many times as long has passed."""


class StatusBoard:
    """Wakes listeners, each of which has its status put together; none is while nobody listens."""

    def __init__(self, *, clock: Clock, timers: Timers, limits: Limits) -> None:
        self._clock = clock
        self._timers = timers
        self._limits = limits
        self._version = 0
        self._moved = asyncio.Event()
        self._listeners: set[asyncio.Event] = set()
        self._ended = False

    def changed(self) -> None:
        """Something that status shows is different now."""
        self._version += 1
        for wake in self._listeners:
            wake.set()

    def end(self) -> None:
        """Let every listener finish."""
        self._ended = True
        for wake in self._listeners:
            wake.set()

    async def changes(self, sign_of_life_s: float, compute: Callable[[], Awaitable[Status]]) -> AsyncIterator[Status]:
        """The status now, and again after every change; ``summaries`` only when they differ from the line before."""
        wake = asyncio.Event()
        self._listeners.add(wake)
        summaries = None
        try:
            while not self._ended:
                seen = self._version
                began_s = self._clock.monotonic()
                status = await compute()
                cost_s = self._clock.monotonic() - began_s
                rest_s = min(max(self._limits.status_s, COST_SHARE * cost_s), sign_of_life_s)
                yield status if status.summaries != summaries else replace(status, summaries=None)
                summaries = status.summaries
                await self._wait(wake, rest_s, until_changed=None)
                await self._wait(wake, sign_of_life_s - rest_s, until_changed=seen)
        finally:
            self._listeners.discard(wake)

    async def _wait(self, wake: asyncio.Event, seconds: float, *, until_changed: int | None) -> None:
        passed = False

        def ring() -> None:
            nonlocal passed
            passed = True
            wake.set()

        timer = self._timers.after(seconds, ring)
        try:
            while not passed and not self._ended and (until_changed is None or self._version == until_changed):
                wake.clear()
                await wake.wait()
        finally:
            timer.cancel()
