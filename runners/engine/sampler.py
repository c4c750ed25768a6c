"""How one host is, looked at as often as somebody looks at it, over the session that is open anyway.

While a screen has this host open, or a run of which something is here: every two seconds. While something runs and
nobody looks: every fifteen, after a first pair. Else not at all. The disks are looked at once a minute.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from runners.engine.limits import Limits
from runners.engine.timers import Timer, Timers
from runners.model.metrics import HostReading, HostSample
from runners.ports.clock import Clock
from runners.ports.transport import HostSession
from runners.remote.samples import reading_of


class Sampled(Protocol):
    """The link whose host it is."""

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None: ...
    def is_open(self, session: HostSession | None) -> bool: ...
    def heard(self) -> None: ...
    def is_watched(self) -> bool: ...
    def live_keys(self) -> tuple[str, ...]: ...
    def is_worth_a_look(self) -> bool: ...
    def has_reading(self, reading: HostReading) -> None: ...


class Sampler:
    """What is known of a host now. One look at a time."""

    def __init__(self, link: Sampled, *, clock: Clock, timers: Timers, limits: Limits) -> None:
        self._link = link
        self._clock = clock
        self._timers = timers
        self._limits = limits
        self._timer = Timer(0.0, None, None)
        self._before: HostSample | None = None
        self._cpus: int | None = None
        self._looked_s: float | None = None
        self._rooms_s: float | None = None
        self._looks = 0
        """In this session."""
        self._looking = False
        self.reading: HostReading | None = None
        """The last one of this session; None: there was none."""

    def begin(self, session: HostSession) -> None:
        """Look from now on, whenever there is a reason to."""
        self.end()
        self._wait(session)

    def end(self) -> None:
        """The session is over; what was seen in it says nothing any more."""
        self._timer.cancel()
        self._before = self._cpus = self._looked_s = self._rooms_s = self.reading = None
        self._looks, self._looking = 0, False

    def _wait(self, session: HostSession) -> None:
        self._timer = self._timers.after(self._limits.sample_s, lambda: self._tick(session))

    def _tick(self, session: HostSession) -> None:
        if not self._link.is_open(session):
            return
        now_s = self._clock.monotonic()
        keys = self._link.live_keys()
        worth = self._link.is_worth_a_look()
        if worth and not self._looking and (self._link.is_watched() or self._is_due(now_s)):
            self._looking, self._looked_s = True, now_s
            self._looks += 1
            rooms = self._rooms_s is None or now_s - self._rooms_s >= self._limits.rooms_s
            if rooms:
                self._rooms_s = now_s
            self._link.exchange(self._look, session, keys, rooms)
        self._wait(session)

    def _is_due(self, now_s: float) -> bool:
        # What a host does in a second takes two looks to know: the second comes soon after the first.
        return self._looks < 2 or self._looked_s is None or now_s - self._looked_s >= self._limits.sample_unseen_s

    async def _look(self, session: HostSession, keys: tuple[str, ...], rooms: bool) -> None:
        try:
            sample = await session.sample(keys, rooms=rooms)
        finally:
            self._looking = False
        if not self._link.is_open(session):
            return
        self._cpus = sample.cpus or self._cpus
        self.reading = reading_of(self._before, sample, at_utc=self._clock.now_utc(), cpus=self._cpus)
        self._before = sample
        self._link.heard()
        self._link.has_reading(self.reading)
