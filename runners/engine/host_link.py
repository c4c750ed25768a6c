"""One host: places for attempts, what is carried there, and why the rest waits, over a line that is opened when it is
needed.

A link never decides about a job run: it answers effects with news. What it does on a host is safe to do again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from runners.engine.host_around import Around
from runners.engine.host_executions import Executions
from runners.engine.host_failure import HostFailure
from runners.engine.host_granting import Granting
from runners.engine.host_leftovers import Leftovers
from runners.engine.host_line import HostLine
from runners.engine.host_places import Places
from runners.engine.host_session import SessionOwner
from runners.engine.host_standing import Standing
from runners.engine.host_wants import Execution, PlaceKey, Want
from runners.engine.sampler import Sampler
from runners.engine.timers import Timer
from runners.model.api import HostStatus, rfc3339
from runners.model.holds import Hold
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from runners.ports.transport import HostSession


class HostLink:
    """Everything between the engine and one host record."""

    def __init__(self, host: Host, around: Around) -> None:
        self.host = host
        self._around = around
        self._clock, self._timers, self._limits = around.clock, around.timers, around.limits
        self._changed = around.changed

        self._places = Places(around.limits.attempts_per_host)
        self._executions = Executions(
            self, logs=around.logs, tell=around.tell, limits=around.limits, timers=around.timers
        )
        self._granting = Granting(self, self._places, tell=around.tell, changed=around.changed)
        self._leftovers = Leftovers()
        self._sampler = Sampler(self, clock=around.clock, timers=around.timers, limits=around.limits)
        self._lookers: list[str] = []
        """Runs on whose behalf somebody looks at this very host."""
        self._line = HostLine(host, self, around)
        self._deadline = Timer(0.0, None, None)
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
            self._line.look_again()
            self._set_deadline()
            self.nudge()

    def reserve(self, place: PlaceKey, *, leaving: frozenset[PlaceKey]) -> bool:
        """Take a place at once, if the host is connected, one is free and nobody waits for it; say whether.

        ``leaving`` are places that are given back together with this one's use.
        """
        return self._line.open is not None and not self._closed and self._places.reserve(place, leaving=leaving)

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
            if self._executions.add(execution, self._line.open, now_s=self._clock.monotonic(), asked=asked):
                self._set_deadline()
            if asked:
                self._line.look_again()
            self.nudge()

    def occupy(self, run: str, job_run: str, attempt: int) -> None:
        """The attempt has begun with something that goes on elsewhere; its place stays taken."""
        self._places.occupy((run, job_run, attempt))
        self.nudge()

    def fetch(self, execution: Execution) -> None:
        """Fetch a log whose verdict is known. It needs no place."""
        if not self._closed:
            self._executions.add(execution, self._line.open, now_s=self._clock.monotonic())
            self.nudge()

    def secrets_known(self, run: str, secrets: Mapping[str, str]) -> None:
        """What waited for the secrets of a run goes on."""
        self._executions.secrets_known(run, secrets, self._line.open)
        self.nudge()

    def soon(self, action: Callable[[], None]) -> None:
        """Call it after a short while."""
        self._timers.after(self._limits.quiet_ask_s, action)

    def cancel(self, key: str, grace_s: float) -> bool:
        """Cancel an execution that is being carried; False when it is not."""
        return self._executions.cancel(key, grace_s, self._line.open)

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
        self._line.look_again()
        self.nudge()

    def make_room(self) -> None:
        """Others wait for a session: close this one when nothing needs it."""
        self._line.make_room()

    @contextmanager
    def looked_at(self, run: str) -> Iterator[None]:
        """Somebody looks at this very host for ``run`` while this is open: it is connected, and looked at often."""
        self._lookers.append(run)
        self.nudge()
        try:
            yield
        finally:
            self._lookers.remove(run)
            self.nudge()

    async def close(self) -> None:
        """End the session; what runs on the host runs on."""
        self._closed = True
        await self._line.close()
        self._deadline.cancel()

    # ----- looked at by status

    def status(self, run_names: Callable[[str], str]) -> HostStatus:
        """The connection as it is."""
        facts, incident = self._line.facts, self._line.incident
        phase, text = self._standing().phase()
        return HostStatus(
            name=self.host.name,
            address=self.host.target,
            phase=phase,
            text=text,
            last_heard_s=None if self._line.heard_s is None else round(self._clock.monotonic() - self._line.heard_s, 1),
            connect_s=facts.connect_s if facts else None,
            clock_offset_s=round(facts.clock_offset_s, 3) if facts else None,
            fingerprint=self._line.failure.fingerprint if self._line.failure else None,
            login=self._line.failure.login if self._line.failure else None,
            user=facts.user if facts else self.host.user,
            behind=incident.hop if incident else "",
            behind_since=rfc3339(incident.since_utc) if incident else None,
            next_try_at=rfc3339(incident.next_try_utc) if incident and incident.next_try_utc is not None else None,
            reading=self._sampler.reading,
            runs=tuple(sorted(run_names(run) for run in self._places.runs | self._executions.runs)),
        )

    @property
    def login(self) -> str:
        """Whom a person answers, so that this host can be used; empty: nobody."""
        return self._standing().login

    def holds(self) -> dict[tuple[str, str], Hold]:
        """Why attempts wait for this host, and what is lost until a person logs in: by run uid and job run."""
        standing, ahead_s = self._standing(), self._clock.now_utc() - self._clock.monotonic()
        found = {}
        if standing.login:
            found = {one: standing.login_hold(one[1]) for one in self._executions.silence.told()}
        for want in self._places.wants:
            if not want.sealing:
                found[want.run, want.job_run] = standing.hold(want, ahead_s + self._gives_up_s(want))
        return found

    def _standing(self) -> Standing:
        return Standing(
            name=self.name,
            has_session=self._line.session is not None,
            is_open=self._line.open is not None,
            failure=self._line.failure,
            lost=self._line.lost,
            carries=bool(self._executions),
            connecting=self._line.connecting,
            queued_for_slot=self._line.queued_for_slot,
            place_limit=self._places.limit,
            slot_limit=self._around.slots.limit,
        )

    def nudge(self) -> None:
        """What is needed may have changed."""
        self._line.nudge()

    # ----- what uses the line

    @property
    def is_busy(self) -> bool:
        """Somebody waits for this host, looks at it, or has something on it."""
        return self._places.busy or bool(self._executions) or bool(self._lookers)

    @property
    def is_needed(self) -> bool:
        """There are things to remove, at least."""
        return self.is_busy or bool(self._leftovers)

    @property
    def is_urgent(self) -> bool:
        """Something of ours lives there."""
        return bool(self._executions)

    @property
    def ear(self) -> SessionOwner:
        """Who hears the sessions."""
        return self._executions.ear

    def began(self, session: HostSession) -> None:
        """Take up what is carried."""
        self._executions.session_began(session)
        self._sampler.begin(session)

    def serve(self, session: HostSession) -> None:
        """Give places, remove what is to be removed."""
        self._granting.grant(session)
        if self._leftovers:
            self.exchange(self._remove, session, *self._leftovers.take())

    def left(self) -> None:
        """What is carried is silent from now on."""
        self._sampler.end()
        self._executions.session_ended(self._clock.monotonic())
        self._places.session_ended()
        self._set_deadline()

    def failed(self, failure: HostFailure) -> None:
        """Tell those who asked; what can never work fails at once."""
        self._executions.silence.tell_asked(failure.text)
        if failure.final:
            for want in self._places.wants:
                self._granting.give_up(want, failure.kind, failure.text)
        self._set_deadline()

    def gave_up(self) -> None:
        """What was to be removed stays until the host is collected."""
        self._leftovers.clear()

    def followed(self) -> tuple[str, str] | None:
        """An execution that the host can be asked about as a sign of life."""
        return self._executions.any_followed()

    def _gives_up_s(self, want: Want) -> float:
        return max(want.asked_s, self._line.failing_since_s) + self._limits.give_up_s

    # ----- deadlines

    def _set_deadline(self) -> None:
        """One timer for what comes first: a silence to be told, or the end of patience."""
        self._deadline.cancel()
        dues_s = []
        if (silence_s := self._executions.silence.next_s()) is not None:
            dues_s.append(silence_s)
        longest = self._places.longest
        if longest is not None and self._line.failure is not None and not self._line.failure.waits_for_person:
            dues_s.append(self._gives_up_s(longest))
        if dues_s and not self._closed:
            self._deadline = self._timers.after(min(dues_s) - self._clock.monotonic(), self._on_deadline)

    def _on_deadline(self) -> None:
        now_s = self._clock.monotonic()
        why = self._line.failure.text if self._line.failure else self._line.lost or f"{self.name} has not answered yet"
        self._executions.silence.tell(now_s, why)
        if self._line.failure is not None and not self._line.failure.waits_for_person:
            for want in [want for want in self._places.wants if now_s >= self._gives_up_s(want)]:
                self._granting.give_up(want, self._line.failure.kind, self._line.failure.text)
        self._set_deadline()
        self.nudge()

    # ----- exchanges with the host

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange with the host; losing the session in it is the session's end, not an error."""
        self._line.exchange(action, session, *args)

    def ended(self, session: HostSession, cause: str) -> None:
        """The session is of no use any more."""
        self._line.ended(session, cause)

    def is_open(self, session: HostSession | None) -> bool:
        """Whether it is the session of this moment, and lives."""
        return self._line.is_open(session)

    def heard(self) -> None:
        """The host said something."""
        self._line.heard()

    async def _remove(self, session: HostSession, keys: dict[str, str], workdirs: dict[str, tuple[str, ...]]) -> None:
        await self._leftovers.remove(session, keys, workdirs)
        self.heard()

    # ----- what the sampler asks

    def is_watched(self) -> bool:
        """Somebody has a screen on this host, or on a run that has something here."""
        return bool(self._lookers) or not self._executions.runs.isdisjoint(self._around.watched())

    def is_worth_a_look(self) -> bool:
        """Something runs here, or somebody looks at it."""
        return bool(self._lookers) or bool(self.live_keys())

    def live_keys(self) -> tuple[str, ...]:
        """Keys of what runs here."""
        return self._executions.keys

    def has_reading(self, reading: HostReading) -> None:
        """There is a new one; it is kept with the runs that are here."""
        self._around.readings.note(self._executions.runs.union(self._lookers), self.name, reading)
        if self.is_watched():
            self._changed()

    @property
    def reading(self) -> HostReading | None:
        """How the host was when it was last looked at in this session."""
        return self._sampler.reading
