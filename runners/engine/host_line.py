"""The line to one host: opened when it is needed, tried again after growing pauses, left when nothing needs it.

It knows sessions and why there is none; what goes over them is its user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from runners.engine.host_around import Around
from runners.engine.host_exchanges import Exchanges
from runners.engine.host_failure import HostFailure, failure_of
from runners.engine.host_hops import Incident
from runners.engine.host_session import SessionOwner, SinkOfLink
from runners.engine.timers import Timer
from runners.model.inventory import Host
from runners.ports.transport import HostFacts, HostSession

log = logging.getLogger("onduty.engine")


class Uses(Protocol):
    """What needs the line."""

    @property
    def is_busy(self) -> bool:
        """Somebody waits for this host, looks at it, or has something on it: worth a siege."""

    @property
    def is_needed(self) -> bool:
        """Busy, or there is something small to do when it comes along: worth one try."""

    @property
    def is_urgent(self) -> bool:
        """Something of ours lives there."""

    @property
    def ear(self) -> SessionOwner:
        """Who hears the sessions."""

    def began(self, session: HostSession) -> None:
        """It is open."""

    def serve(self, session: HostSession) -> None:
        """Something may have changed, and it is still open."""

    def left(self) -> None:
        """It is over."""

    def failed(self, failure: HostFailure) -> None:
        """A try to open one failed."""

    def gave_up(self) -> None:
        """One try was enough."""

    def followed(self) -> tuple[str, str] | None:
        """Key and user of an execution whose log is followed; None: nothing is."""


class HostLine:
    """One session at a time with one host."""

    def __init__(self, host: Host, uses: Uses, around: Around) -> None:
        self.host = host
        self._uses = uses
        self._around = around
        self._limits, self._clock, self._timers = around.limits, around.clock, around.timers

        self.session: HostSession | None = None
        """Perhaps one that is being left."""
        self.facts: HostFacts | None = None
        """Of the newest session."""
        self.connecting = False
        self.queued_for_slot = False
        self.failure: HostFailure | None = None
        """Why the last try to connect failed; None: it did not."""
        self.failing_since_s = 0.0
        self.lost: str | None = None
        """Why the last session is over; None: it is not, or there was none."""
        self.heard_s: float | None = None
        self._idle_since_s: float | None = None
        self._wake = asyncio.Event()
        self._again = asyncio.Event()
        """Connect now instead of after the pause."""
        self._worker: asyncio.Task[None] | None = None
        self._exchanges = Exchanges(host.name, ended=self.ended, done=self._wake.set)
        self._life = Timer(0.0, None, None)
        self._closed = False

    @property
    def open(self) -> HostSession | None:
        """The session, while it lives."""
        return self.session if self.lost is None else None

    def is_open(self, session: HostSession | None) -> bool:
        """Whether it is the session of this moment, and lives."""
        return session is not None and self.session is session and self.lost is None

    def heard(self) -> None:
        """The host said something."""
        self.heard_s = self._clock.monotonic()

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange with the host; losing the session in it is the session's end, not an error."""
        self._exchanges.run(action, session, *args)

    def ended(self, session: HostSession, cause: str) -> None:
        """The session is of no use any more."""
        if self.is_open(session):
            log.info("host %s: the session ended: %s", self.host.name, cause)
            self.lost = cause
            self.nudge()

    def nudge(self) -> None:
        """What is needed may have changed."""
        self._wake.set()
        waits = self.failure is not None and (self.failure.waits_for_person or bool(self.failure.hop))
        if waits and not self._uses.is_busy:
            # Nobody waits for the person any more, so the person is not kept waiting either.
            self._again.set()
        if self._worker is None and self._uses.is_needed and not self._closed:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"onduty host {self.host.name}")
        self._around.changed()

    def look_again(self) -> None:
        """Connect now instead of after the pause; behind a hop as soon as nobody else is at it."""
        if not self._around.hops.hurry(self):
            self._again.set()

    # ----- as one who waits for a hop

    @property
    def is_urgent(self) -> bool:
        """Something of ours lives there."""
        return self._uses.is_urgent

    def try_now(self) -> None:
        """Connect: it is its turn, or the hop answers again."""
        self._again.set()

    def failed_again(self, failure: HostFailure) -> None:
        """Another host tried, and the hop is not reached still."""
        assert self.failure is not None, "it waits because it failed"
        text = f"{self.host.name} is reached through {failure.hop}: {failure.cause}"
        self.failure = replace(failure, text=text)
        self._uses.failed(self.failure)

    @property
    def incident(self) -> Incident | None:
        """The hop that it waits for, with all who do; None: it waits for none."""
        return self._around.hops.of(self)

    def make_room(self) -> None:
        """Others wait for a session: this one is closed when nothing needs it."""
        self._wake.set()

    async def close(self) -> None:
        """End the session; what runs on the host runs on."""
        self._closed = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._around.hops.leave(self)
        await self._exchanges.cancel()

    # ----- inside

    async def _work(self) -> None:
        tries = 0
        while self._uses.is_needed and not self._closed:
            since_s = self._clock.monotonic()
            try:
                await self._use_once()
            except Exception as error:
                log.exception("host %s: the link failed", self.host.name)
                self._connect_failed(error)
            if self.failure is None:
                # A session that was lost is opened again at once, one that never lasts is not.
                tries = 0 if self._clock.monotonic() - since_s > self._limits.backoff_max_s else tries + 1
                if tries > 1 and self.lost is not None:
                    await self._rest(self._pause_s(tries - 1))
                continue
            if not self._uses.is_busy:
                # Files to remove are worth one attempt, not a siege.
                self._uses.gave_up()
                break
            tries += 1
            await self._rest(None if self.failure.hop else self._pause_s(tries))
        self._around.hops.leave(self)
        self._worker = None
        if self.failure is not None and self.failure.login is not None:
            self.failure = None
            await self._around.transport.logins.give_up(self.host)
        self._around.changed()

    async def _use_once(self) -> None:
        await self._take_slot()
        try:
            session = await self._connect()
            if session is not None:
                await self._serve(session)
        finally:
            self._around.slots.release()

    async def _take_slot(self) -> None:
        self.queued_for_slot = True
        try:
            await self._around.slots.acquire(urgent=self._uses.is_urgent)
        finally:
            self.queued_for_slot = False

    def _pause_s(self, tries: int) -> float:
        if self.failure is not None and self.failure.waits_for_person:
            return self._limits.key_retry_s
        bound_s = self._limits.backoff_first_s * 2.0 ** min(tries - 1, 30)
        return self._around.dice() * min(bound_s, self._limits.backoff_max_s)

    async def _rest(self, seconds: float | None) -> None:
        """Wait that long (None: for its turn behind a hop), or until somebody wants to try now."""
        self._again.clear()
        timer = self._timers.after(seconds, self._again.set) if seconds is not None else Timer(0.0, None, None)
        try:
            await self._again.wait()
        finally:
            timer.cancel()

    async def _connect(self) -> HostSession | None:
        self.connecting = True
        self._around.changed()
        sink = SinkOfLink(self._uses.ear)
        try:
            session = await self._around.transport.connect(self.host, sink)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._connect_failed(error)
            return None
        finally:
            self.connecting = False
        sink.session = session
        self.session, self.facts, self.lost = session, session.facts, sink.lost
        self.failure = None
        self._around.hops.up(self)
        self.heard()
        self._around.changed()
        return session

    def _connect_failed(self, error: Exception) -> None:
        failure = failure_of(self.host.name, error)
        if self.failure is None or self.failure.waits_for_person:
            if (self.failure is None or self.failure.text != failure.text) and not failure.hop:
                log.info("host %s: %s", self.host.name, failure.text)
            self.failing_since_s = self._clock.monotonic()
        self.failure = failure
        if failure.hop:
            self._around.hops.down(self, failure)
        else:
            self._around.hops.up(self)
        self._uses.failed(failure)
        self._around.changed()

    async def _serve(self, session: HostSession) -> None:
        """Use a session until it is lost, or nothing needs it any more."""
        try:
            self._uses.began(session)
            self._listen_for_life(session)
            while self.lost is None:
                self._wake.clear()
                self._uses.serve(session)
                if not self._stays_open():
                    self.session = None
                    break
                await self._wake.wait()
        finally:
            await self._leave(session)

    def _stays_open(self) -> bool:
        if self._uses.is_needed or self._exchanges:
            self._idle_since_s = None
            return True
        if self._around.slots.waiting:
            return False
        now_s = self._clock.monotonic()
        if self._idle_since_s is None:
            self._idle_since_s = now_s
            self._timers.after(self._limits.idle_s, self._wake.set)
        return now_s - self._idle_since_s < self._limits.idle_s

    async def _leave(self, session: HostSession) -> None:
        self._idle_since_s = None
        self._life.cancel()
        await self._exchanges.cancel()
        self.session = None
        self._uses.left()
        self._around.changed()
        with contextlib.suppress(Exception):
            await session.close()

    def _listen_for_life(self, session: HostSession) -> None:
        """Ask now and then, so that the age of the last news says something about the link and not about the job."""

        def beat() -> None:
            if not self.is_open(session):
                return
            if (followed := self._uses.followed()) is not None:
                self.exchange(self._ask_for_life, session, *followed)
            self._listen_for_life(session)

        self._life.cancel()
        self._life = self._timers.after(self._limits.host_beat_s, beat)

    async def _ask_for_life(self, session: HostSession, key: str, user: str) -> None:
        await (await session.under(user)).ask([key])
        self.heard()
