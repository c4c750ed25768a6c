"""One host: connected while something needs it, places for attempts, and why the rest waits.

A link never decides about a job run: it answers effects with news. What it does on a host is safe to do again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from runners.engine.host_exchanges import Exchanges
from runners.engine.host_executions import Executions, TellNews
from runners.engine.host_failure import HostFailure, failure_of
from runners.engine.host_granting import Granting
from runners.engine.host_leftovers import Leftovers
from runners.engine.host_places import Places
from runners.engine.host_session import SinkOfLink
from runners.engine.host_slots import HostSlots
from runners.engine.host_standing import Standing
from runners.engine.host_wants import Execution, PlaceKey, Want
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.sampler import Sampler
from runners.engine.timers import Timer, Timers
from runners.model.api import HostStatus
from runners.model.holds import Hold
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from runners.ports.clock import Clock
from runners.ports.transport import HostFacts, HostSession, Transport

log = logging.getLogger("onduty.engine")


class HostLink:
    """Everything between the engine and one host record."""

    def __init__(
        self,
        host: Host,
        *,
        transport: Transport,
        clock: Clock,
        timers: Timers,
        dice: Callable[[], float],
        limits: Limits,
        slots: HostSlots,
        logs: Logs,
        tell: TellNews,
        changed: Callable[[], None],
        watched: Callable[[], Collection[str]],
    ) -> None:
        self.host = host
        self._transport = transport
        self._clock = clock
        self._timers = timers
        self._dice = dice
        self._limits = limits
        self._slots = slots
        self._changed = changed

        self._places = Places(limits.attempts_per_host)
        self._executions = Executions(self, logs=logs, tell=tell, limits=limits, timers=timers)
        self._granting = Granting(self, self._places, tell=tell, changed=changed)
        self._leftovers = Leftovers()
        self._sampler = Sampler(self, clock=clock, timers=timers, limits=limits)
        self._watched = watched

        self._session: HostSession | None = None
        self._facts: HostFacts | None = None
        self._connecting = False
        self._queued_for_slot = False
        self._failure: HostFailure | None = None
        self._failing_since_s = 0.0
        self._lost: str | None = None
        """Why the last session is over; None: it is not, or there was none."""
        self._heard_s: float | None = None
        self._idle_since_s: float | None = None
        self._wake = asyncio.Event()
        self._again = asyncio.Event()
        """Connect now instead of after the pause."""
        self._worker: asyncio.Task[None] | None = None
        self._exchanges = Exchanges(host.name, ended=self.ended, done=self._wake.set)
        self._deadline = Timer(0.0, None, None)
        self._life = Timer(0.0, None, None)
        self._closed = False

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    # ----- asked by effects

    def prepare(self, run: str, job_run: str, attempt: int, fence: tuple[tuple[str, str], ...]) -> None:
        """Queue for a place; answered by ``HostReady`` or ``HostGaveUp``, unless it is released before."""
        want = Want(
            run=run,
            job_run=job_run,
            attempt=attempt,
            fence=fence,
            asked_s=self._clock.monotonic(),
            asked_utc=self._clock.now_utc(),
        )
        if self._places.ask(want):
            self._again.set()
            self._set_deadline()
            self.nudge()

    def reserve(self, place: PlaceKey, *, leaving: frozenset[PlaceKey]) -> bool:
        """Take a place at once, if the host is connected, one is free and nobody waits for it; say whether.

        ``leaving`` are places that are given back together with this one's use.
        """
        return self._open_session() is not None and not self._closed and self._places.reserve(place, leaving=leaving)

    def release(self, run: str, job_run: str, attempt: int) -> None:
        """Give the place back, or stop waiting for one."""
        place = (run, job_run, attempt)
        self._places.leave(place)
        self._executions.drop(place)
        self.nudge()

    def start(self, execution: Execution, *, asked: bool = False) -> None:
        """Carry an execution from its dispatch to its verdict. Known keys are left alone.

        ``asked``: a person wants to know what became of it, so the host is tried now.
        """
        if not self._closed:
            self._places.occupy(execution.place)
            if self._executions.add(execution, self._open_session(), now_s=self._clock.monotonic(), asked=asked):
                self._set_deadline()
            if asked:
                self._again.set()
            self.nudge()

    def occupy(self, run: str, job_run: str, attempt: int) -> None:
        """The attempt has begun with something that goes on elsewhere; its place stays taken."""
        self._places.occupy((run, job_run, attempt))
        self.nudge()

    def fetch(self, execution: Execution) -> None:
        """Fetch a log whose verdict is known. It needs no place."""
        if not self._closed:
            self._executions.add(execution, self._open_session(), now_s=self._clock.monotonic())
            self.nudge()

    def secrets_known(self, run: str, secrets: Mapping[str, str]) -> None:
        """What waited for the secrets of a run goes on."""
        self._executions.secrets_known(run, secrets, self._open_session())
        self.nudge()

    def soon(self, action: Callable[[], None]) -> None:
        """Call it after a short while."""
        self._timers.after(self._limits.quiet_ask_s, action)

    def cancel(self, key: str, grace_s: float) -> bool:
        """Cancel an execution that is being carried; False when it is not."""
        return self._executions.cancel(key, grace_s, self._open_session())

    def forget(self, key: str, user: str) -> None:
        """Remove the files of an execution of ``user`` on the host, now or at the next chance."""
        self._leftovers.add_key(key, user)
        self.nudge()

    def forget_workdirs(self, workdirs: Sequence[str], sharers: Sequence[str]) -> None:
        """Remove work folders on the host, now or at the next chance."""
        self._leftovers.add_workdirs(workdirs, sharers)
        self.nudge()

    def look_again(self) -> None:
        """Something changed (a key was trusted, an agent came): connect now instead of later."""
        self._again.set()
        self.nudge()

    def make_room(self) -> None:
        """Others wait for a session: close this one when nothing needs it."""
        self._wake.set()

    async def close(self) -> None:
        """End the session; what runs on the host runs on."""
        self._closed = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        await self._exchanges.cancel()
        self._deadline.cancel()

    # ----- looked at by status

    def status(self, run_names: Callable[[str], str]) -> HostStatus:
        """The connection as it is."""
        facts = self._facts
        phase, text = self._standing().phase()
        return HostStatus(
            name=self.host.name,
            address=self.host.target,
            phase=phase,
            text=text,
            last_heard_s=None if self._heard_s is None else round(self._clock.monotonic() - self._heard_s, 1),
            connect_s=facts.connect_s if facts else None,
            fingerprint=self._failure.fingerprint if self._failure else None,
            user=facts.user if facts else self.host.user,
            reading=self._sampler.reading,
            runs=tuple(sorted(run_names(run) for run in self._places.runs | self._executions.runs)),
        )

    def holds(self) -> dict[tuple[str, str], Hold]:
        """Why attempts wait for this host: by run uid and job run."""
        standing, ahead_s = self._standing(), self._clock.now_utc() - self._clock.monotonic()
        return {
            (want.run, want.job_run): standing.hold(want, ahead_s + self._gives_up_s(want))
            for want in self._places.wants
            if not want.sealing
        }

    def _standing(self) -> Standing:
        return Standing(
            name=self.name,
            has_session=self._session is not None,
            is_open=self._open_session() is not None,
            failure=self._failure,
            lost=self._lost,
            carries=bool(self._executions),
            connecting=self._connecting,
            queued_for_slot=self._queued_for_slot,
            place_limit=self._places.limit,
            slot_limit=self._slots.limit,
        )

    # ----- the life of the link

    @property
    def _busy(self) -> bool:
        """Somebody waits for this host or has something on it."""
        return self._places.busy or bool(self._executions)

    @property
    def _needed(self) -> bool:
        return self._busy or bool(self._leftovers)

    def nudge(self) -> None:
        """What is needed may have changed."""
        self._wake.set()
        if self._worker is None and self._needed and not self._closed:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"onduty host {self.name}")
        self._changed()

    async def _work(self) -> None:
        tries = 0
        while self._needed and not self._closed:
            since_s = self._clock.monotonic()
            try:
                await self._use_once()
            except Exception as error:
                log.exception("host %s: the link failed", self.name)
                self._connect_failed(error)
            if self._failure is None:
                # A session that was lost is opened again at once, one that never lasts is not.
                tries = 0 if self._clock.monotonic() - since_s > self._limits.backoff_max_s else tries + 1
                if tries > 1 and self._lost is not None:
                    await self._rest(self._pause_s(tries - 1))
                continue
            if not self._busy:
                # Files to remove are worth one attempt, not a siege.
                self._leftovers.clear()
                break
            tries += 1
            await self._rest(self._pause_s(tries))
        self._worker = None
        self._changed()

    async def _use_once(self) -> None:
        await self._take_slot()
        try:
            session = await self._connect()
            if session is not None:
                await self._serve(session)
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        self._queued_for_slot = True
        try:
            await self._slots.acquire(urgent=bool(self._executions))
        finally:
            self._queued_for_slot = False

    def _pause_s(self, tries: int) -> float:
        if self._failure is not None and self._failure.waits_for_person:
            return self._limits.key_retry_s
        bound_s = self._limits.backoff_first_s * 2.0 ** min(tries - 1, 30)
        return self._dice() * min(bound_s, self._limits.backoff_max_s)

    async def _rest(self, seconds: float) -> None:
        """Wait that long, or until somebody wants to try now."""
        self._again.clear()
        timer = self._timers.after(seconds, self._again.set)
        try:
            await self._again.wait()
        finally:
            timer.cancel()

    async def _connect(self) -> HostSession | None:
        self._connecting = True
        self._changed()
        sink = SinkOfLink(self._executions)
        try:
            session = await self._transport.connect(self.host, sink)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._connect_failed(error)
            return None
        finally:
            self._connecting = False
        sink.session = session
        self._session, self._facts, self._lost = session, session.facts, sink.lost
        self._failure = None
        self.heard()
        self._changed()
        return session

    def _connect_failed(self, error: Exception) -> None:
        failure = failure_of(self.name, error)
        if self._failure is None or self._failure.waits_for_person:
            log.info("host %s: %s", self.name, failure.text)
            self._failing_since_s = self._clock.monotonic()
        self._failure = failure
        self._executions.tell_asked(failure.text)
        if failure.final:
            for want in list(self._places.wants):
                self._granting.give_up(want, failure.kind, failure.text)
        self._set_deadline()
        self._changed()

    async def _serve(self, session: HostSession) -> None:
        """Use a session until it is lost, or nothing needs it any more."""
        try:
            self._executions.session_began(session)
            self._listen_for_life(session)
            self._sampler.begin(session)
            while self._lost is None:
                self._wake.clear()
                self._granting.grant(session)
                if self._leftovers:
                    self.exchange(self._remove, session, *self._leftovers.take())
                if not self._stays_open():
                    self._session = None
                    break
                await self._wake.wait()
        finally:
            await self._leave(session)

    def _stays_open(self) -> bool:
        if self._needed or self._exchanges:
            self._idle_since_s = None
            return True
        if self._slots.waiting:
            return False
        now_s = self._clock.monotonic()
        if self._idle_since_s is None:
            self._idle_since_s = now_s
            self._timers.after(self._limits.idle_s, self._wake.set)
        return now_s - self._idle_since_s < self._limits.idle_s

    async def _leave(self, session: HostSession) -> None:
        self._idle_since_s = None
        self._life.cancel()
        self._sampler.end()
        await self._exchanges.cancel()
        self._session = None
        self._executions.session_ended(self._clock.monotonic())
        self._places.session_ended()
        self._set_deadline()
        self._changed()
        with contextlib.suppress(Exception):
            await session.close()

    def _listen_for_life(self, session: HostSession) -> None:
        """Ask now and then, so that the age of the last news says something about the link and not about the job."""

        def beat() -> None:
            if not self.is_open(session):
                return
            if (followed := self._executions.any_followed()) is not None:
                self.exchange(self._ask_for_life, session, *followed)
            self._listen_for_life(session)

        self._life.cancel()
        self._life = self._timers.after(self._limits.host_beat_s, beat)

    async def _ask_for_life(self, session: HostSession, key: str, user: str) -> None:
        await (await session.under(user)).ask([key])
        self.heard()

    def _gives_up_s(self, want: Want) -> float:
        return max(want.asked_s, self._failing_since_s) + self._limits.give_up_s

    # ----- deadlines

    def _set_deadline(self) -> None:
        """One timer for what comes first: a silence to be told, or the end of patience."""
        self._deadline.cancel()
        dues_s = []
        if (silence_s := self._executions.next_silence_s()) is not None:
            dues_s.append(silence_s)
        if self._failure is not None and not self._failure.waits_for_person:
            dues_s.extend(self._gives_up_s(want) for want in self._places.wants)
        if dues_s and not self._closed:
            self._deadline = self._timers.after(min(dues_s) - self._clock.monotonic(), self._on_deadline)

    def _on_deadline(self) -> None:
        now_s = self._clock.monotonic()
        why = self._failure.text if self._failure else self._lost or f"{self.name} has not answered yet"
        self._executions.tell_silence(now_s, why)
        if self._failure is not None and not self._failure.waits_for_person:
            for want in [want for want in self._places.wants if now_s >= self._gives_up_s(want)]:
                self._granting.give_up(want, self._failure.kind, self._failure.text)
        self._set_deadline()
        self.nudge()

    # ----- exchanges with the host

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange with the host; losing the session in it is the session's end, not an error."""
        self._exchanges.run(action, session, *args)

    def ended(self, session: HostSession, cause: str) -> None:
        """The session is of no use any more."""
        if self.is_open(session):
            log.info("host %s: the session ended: %s", self.name, cause)
            self._lost = cause
            self.nudge()

    def is_open(self, session: HostSession | None) -> bool:
        """Whether it is the session of this moment, and lives."""
        return session is not None and self._session is session and self._lost is None

    # ----- what the sampler asks

    def is_watched(self) -> bool:
        """Somebody has a screen on a run that has something here."""
        return not self._executions.runs.isdisjoint(self._watched())

    def live_keys(self) -> tuple[str, ...]:
        """Keys of what runs here."""
        return self._executions.keys

    def has_reading(self) -> None:
        """There is a new one."""
        if self.is_watched():
            self._changed()

    @property
    def reading(self) -> HostReading | None:
        """How the host was when it was last looked at in this session."""
        return self._sampler.reading

    def heard(self) -> None:
        """The host said something."""
        self._heard_s = self._clock.monotonic()

    def _open_session(self) -> HostSession | None:
        return self._session if self._lost is None else None

    async def _remove(self, session: HostSession, keys: dict[str, str], workdirs: dict[str, tuple[str, ...]]) -> None:
        await self._leftovers.remove(session, keys, workdirs)
        self.heard()
