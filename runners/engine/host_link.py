"""One host: connected while something needs it, executions carried through cuts, and why the rest waits.

A link never decides about a job run. It answers effects with news, and each answer is safe to repeat: what it does on
a host is at most once by the host's own claim, and after a lost session the host is asked before anything is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from runners.engine.host_failure import HostFailure, failure_of
from runners.engine.host_session import SinkOfLink
from runners.engine.host_slots import HostSlots
from runners.engine.host_wants import Execution, PlaceKey, Stage, Want
from runners.engine.limits import Limits
from runners.engine.logs import BytesMissing, Logs
from runners.engine.timers import Timer, Timers
from runners.engine.verdict import cancelled_before_start, finished, never_ran, refusal_kind
from runners.model.api import HostStatus
from runners.model.errors import HostRefused, SessionLost
from runners.model.holds import Hold, HoldKind
from runners.model.inventory import Host
from runners.model.news import (
    CancelProgress,
    ExecutionStarted,
    ExecutionUncertain,
    HostGaveUp,
    HostReady,
    News,
)
from runners.model.phases import FailureKind
from runners.ports.clock import Clock
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionResult,
    HostFacts,
    HostSession,
    Survivor,
    Transport,
)

log = logging.getLogger("onduty.engine")

TellNews = Callable[[str, News], None]
"""Run uid and what happened."""


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
    ) -> None:
        self.host = host
        self._transport = transport
        self._clock = clock
        self._timers = timers
        self._dice = dice
        self._limits = limits
        self._slots = slots
        self._logs = logs
        self._tell = tell
        self._changed = changed

        self._wants: deque[Want] = deque()
        self._places: set[PlaceKey] = set()
        self._promised: set[PlaceKey] = set()
        """Places whose ``HostReady`` is out and whose first execution has not come yet."""
        self._executions: dict[str, Execution] = {}
        self._forgets: set[str] = set()
        self._workdirs: set[str] = set()

        self._session: HostSession | None = None
        self._facts: HostFacts | None = None
        self._connecting = False
        self._queued_for_slot = False
        self._failure: HostFailure | None = None
        self._failing_since_s: float | None = None
        self._lost: str | None = None
        """Why the session of this moment is over; None: it is not."""
        self._heard_s: float | None = None
        self._idle_since_s: float | None = None
        self._wake = asyncio.Event()
        self._again = asyncio.Event()
        """Connect now instead of after the pause."""
        self._worker: asyncio.Task[None] | None = None
        self._ops: set[asyncio.Task[None]] = set()
        self._deadline: Timer | None = None
        self._life = Timer(0.0, None, None)
        self._closed = False

    # ----- asked by effects

    def prepare(self, run: str, job_run: str, attempt: int, fence: tuple[str, ...]) -> None:
        """Queue for a place; answered by ``HostReady`` or ``HostGaveUp``, unless it is withdrawn."""
        place = (run, job_run, attempt)
        if place in self._places or any(want.place == place for want in self._wants):
            return
        self._wants.append(
            Want(
                run=run,
                job_run=job_run,
                attempt=attempt,
                fence=fence,
                asked_s=self._clock.monotonic(),
                asked_utc=self._clock.now_utc(),
            )
        )
        self._again.set()
        self._set_deadline()
        self._nudge()

    def reserve(self, place: PlaceKey, *, leaving: frozenset[PlaceKey]) -> bool:
        """Take a place at once, if the host is connected, one is free and nobody waits for it; say whether.

        ``leaving`` are places that are given back together with this one's use.
        """
        if self._session is None or self._lost is not None or self._wants or self._closed:
            return False
        if len(self._places - leaving) >= self._limits.attempts_per_host:
            return False
        self._places.add(place)
        self._promised.add(place)
        return True

    def release(self, run: str, job_run: str, attempt: int) -> None:
        """Give the place back, or stop waiting for one."""
        place = (run, job_run, attempt)
        self._places.discard(place)
        self._promised.discard(place)
        for want in [want for want in self._wants if want.place == place]:
            self._wants.remove(want)
        # A person went past an attempt that is unknown: whatever its host says later changes nothing.
        for execution in list(self._executions.values()):
            if (execution.run, execution.job_run, execution.attempt) == place:
                del self._executions[execution.key]
                self._logs.drop(execution.key)
        self._nudge()

    def start(self, execution: Execution) -> None:
        """Carry an execution from its dispatch to its verdict. Known keys are left alone."""
        if execution.key in self._executions or self._closed:
            return
        place = (execution.run, execution.job_run, execution.attempt)
        self._places.add(place)
        self._promised.discard(place)
        self._executions[execution.key] = execution
        if self._session is None or self._lost is not None:
            execution.silent_since_s = self._clock.monotonic()
            self._set_deadline()
        elif execution.stage is Stage.START:
            self._begin(self._session, execution)
        else:
            self._do(self._ask_again, self._session, (execution,))
        self._nudge()

    def cancel(self, key: str, grace_s: float) -> bool:
        """Cancel an execution that is being carried; False when it is not."""
        execution = self._executions.get(key)
        if execution is None:
            return False
        execution.cancel_grace_s = grace_s
        if self._session is not None and self._lost is None and execution.stage is Stage.FOLLOWED:
            self._do(self._send_cancel, self._session, execution)
        self._nudge()
        return True

    def forget(self, key: str) -> None:
        """Remove an execution's files on the host, now or at the next chance."""
        self._forgets.add(key)
        self._nudge()

    def forget_workdirs(self, workdirs: Sequence[str]) -> None:
        """Remove work folders on the host, now or at the next chance."""
        self._workdirs.update(workdirs)
        self._nudge()

    def look_again(self) -> None:
        """Something changed (a key was trusted, an agent came): connect now instead of later."""
        self._again.set()
        self._nudge()

    def make_room(self) -> None:
        """Others wait for a session: close this one when nothing needs it."""
        if self._session is not None:
            self._wake.set()

    async def close(self) -> None:
        """End the session; what runs on the host runs on."""
        self._closed = True
        tasks = [task for task in (self._worker, *self._ops) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._deadline is not None:
            self._deadline.cancel()

    # ----- looked at by status

    @property
    def runs(self) -> frozenset[str]:
        """Runs that use the host now."""
        return frozenset(
            {want.run for want in self._wants}
            | {run for run, _, _ in self._places}
            | {execution.run for execution in self._executions.values()}
        )

    def status(self, run_names: Callable[[str], str]) -> HostStatus:
        """The connection as it is."""
        facts = self._facts
        phase, text = self._phase()
        return HostStatus(
            name=self.host.name,
            address=self.host.target,
            phase=phase,
            text=text,
            last_heard_s=None if self._heard_s is None else round(self._clock.monotonic() - self._heard_s, 1),
            connect_s=facts.connect_s if facts else None,
            fingerprint=self._failure.fingerprint if self._failure else None,
            user=facts.user if facts else self.host.user,
            runs=tuple(sorted(run_names(run) for run in self.runs)),
        )

    def holds(self) -> dict[tuple[str, str], Hold]:
        """Why attempts wait for this host: by run uid and job run."""
        return {(want.run, want.job_run): self._hold(want) for want in self._wants if not want.sealing}

    def _phase(self) -> tuple[str, str]:
        if self._session is not None and self._lost is None:
            return "connected", ""
        if self._failure is not None:
            return self._failure.phase, self._failure.text
        if self._lost is not None and self._executions:
            return "silent", self._lost
        if self._connecting:
            return "connecting", ""
        return "idle", ""

    def _hold(self, want: Want) -> Hold:
        name = self.host.name
        if self._failure is not None:
            if self._failure.waits_for_person:
                return Hold(kind=HoldKind.HOST_KEY, what=want.job_run, text=self._failure.text, since=want.asked_utc)
            return Hold(
                kind=HoldKind.HOST,
                what=want.job_run,
                text=self._failure.text,
                since=want.asked_utc,
                until=self._clock.now_utc() + self._gives_up_s(want) - self._clock.monotonic(),
            )
        if self._session is not None:
            count = self._limits.attempts_per_host
            text = f"{count} attempts run on {name}, waits for a place"
            return Hold(kind=HoldKind.CAPACITY, what=want.job_run, text=text, since=want.asked_utc)
        if self._queued_for_slot:
            text = f"{self._limits.hosts} hosts are in use, waits for one to be free"
            return Hold(kind=HoldKind.CAPACITY, what=want.job_run, text=text, since=want.asked_utc)
        return Hold(kind=HoldKind.HOST, what=want.job_run, text=f"connecting to {name}", since=want.asked_utc)

    # ----- the life of the link

    @property
    def _busy(self) -> bool:
        """Somebody waits for this host or has something on it."""
        return bool(self._wants or self._promised or self._executions)

    @property
    def _needed(self) -> bool:
        return self._busy or bool(self._forgets or self._workdirs)

    def _nudge(self) -> None:
        self._wake.set()
        if self._worker is None and self._needed and not self._closed:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"onduty host {self.host.name}")
        self._changed()

    async def _work(self) -> None:
        tries = 0
        while self._needed and not self._closed:
            since_s = self._clock.monotonic()
            try:
                await self._use_once()
            except Exception as error:
                log.exception("host %s: the link failed", self.host.name)
                self._connect_failed(error)
            if self._failure is None:
                # A session that was lost is opened again at once, one that never lasts is not.
                tries = 0 if self._clock.monotonic() - since_s > self._limits.backoff_max_s else tries + 1
                if tries > 1 and self._lost is not None:
                    await self._rest(self._pause_s(tries - 1))
                continue
            if not self._busy:
                # Files to remove are worth one attempt, not a siege.
                self._forgets.clear()
                self._workdirs.clear()
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
        sink = SinkOfLink(self)
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
        self._failure = self._failing_since_s = None
        self._heard()
        self._changed()
        return session

    def _connect_failed(self, error: Exception) -> None:
        failure = failure_of(self.host.name, error)
        if self._failure is None or self._failure.waits_for_person:
            log.info("host %s: %s", self.host.name, failure.text)
            self._failing_since_s = self._clock.monotonic()
        self._failure = failure
        if failure.final:
            for want in list(self._wants):
                self._give_up(want, failure.kind, failure.text)
        self._set_deadline()
        self._changed()

    async def _serve(self, session: HostSession) -> None:
        """Use a session until it is lost, or nothing needs it any more."""
        try:
            asked = tuple(e for e in self._executions.values() if e.stage is Stage.ASK)
            if asked:
                self._do(self._ask_again, session, asked)
            for execution in [e for e in self._executions.values() if e.stage is Stage.START]:
                self._begin(session, execution)
            self._listen_for_life(session)
            while self._lost is None:
                self._wake.clear()
                self._grant(session)
                self._sweep(session)
                if not self._stays_open():
                    self._session = None
                    break
                await self._wake.wait()
        finally:
            await self._leave(session)

    def _listen_for_life(self, session: HostSession) -> None:
        """Ask now and then, so that the age of the last news says something about the link and not about the job."""

        def beat() -> None:
            if self._session is not session or self._lost is not None:
                return
            followed = [one.key for one in self._executions.values() if one.stage is Stage.FOLLOWED]
            if followed:
                self._do(self._ask_for_life, session, followed[:1])
            self._listen_for_life(session)

        self._life.cancel()
        self._life = self._timers.after(self._limits.host_beat_s, beat)

    async def _ask_for_life(self, session: HostSession, keys: Sequence[str]) -> None:
        await session.ask(keys)
        self._heard()

    def _stays_open(self) -> bool:
        if self._needed or self._ops:
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
        ops = [op for op in self._ops if op is not asyncio.current_task()]
        for op in ops:
            op.cancel()
        await asyncio.gather(*ops, return_exceptions=True)
        self._session = None
        now_s = self._clock.monotonic()
        for execution in self._executions.values():
            execution.cancel_sent = False
            if execution.stage in (Stage.BUSY, Stage.FOLLOWED, Stage.ENDING):
                execution.stage = Stage.ASK
            if execution.silent_since_s is None:
                execution.silent_since_s = now_s
                execution.silent_grace_s = self._limits.silent_s
        for want in self._wants:
            if want.sealing:
                want.sealing = False
                self._places.discard(want.place)
        self._set_deadline()
        self._changed()
        with contextlib.suppress(Exception):
            await session.close()

    # ----- places

    def _grant(self, session: HostSession) -> None:
        for want in list(self._wants):
            if len(self._places) >= self._limits.attempts_per_host:
                return
            if want.sealing:
                continue
            self._places.add(want.place)
            if want.fence:
                want.sealing = True
                self._do(self._seal, session, want)
            else:
                self._ready(want)

    def _ready(self, want: Want) -> None:
        self._wants.remove(want)
        self._promised.add(want.place)
        self._tell(want.run, HostReady(job_run=want.job_run, attempt=want.attempt))
        self._changed()

    async def _seal(self, session: HostSession, want: Want) -> None:
        for key in want.fence:
            before = await session.seal(key)
            if before.phase is ExecutionPhase.RUNNING and want in self._wants:
                # A person vouched that it was dead, and the host says that it lives: two must not run side by side.
                self._places.discard(want.place)
                self._give_up(want, FailureKind.UNKNOWN, f"{key} still runs on {self.host.name}; nothing was started")
                return
        if want in self._wants:
            self._ready(want)

    def _give_up(self, want: Want, kind: FailureKind, reason: str) -> None:
        self._wants.remove(want)
        self._tell(want.run, HostGaveUp(job_run=want.job_run, attempt=want.attempt, kind=kind, reason=reason[:2000]))

    def _gives_up_s(self, want: Want) -> float:
        since_s = max(want.asked_s, self._failing_since_s or want.asked_s)
        return since_s + self._limits.give_up_s

    # ----- deadlines

    def _set_deadline(self) -> None:
        """One timer for what comes first: a silence to be told, or the end of patience."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        dues_s = [
            execution.silent_since_s + execution.silent_grace_s
            for execution in self._executions.values()
            if execution.silent_since_s is not None and not execution.silent_told
        ]
        if self._failure is not None and not self._failure.waits_for_person:
            dues_s.extend(self._gives_up_s(want) for want in self._wants)
        if dues_s and not self._closed:
            self._deadline = self._timers.after(min(dues_s) - self._clock.monotonic(), self._on_deadline)

    def _on_deadline(self) -> None:
        self._deadline = None
        now_s = self._clock.monotonic()
        why = self._failure.text if self._failure else self._lost or f"{self.host.name} has not answered yet"
        for execution in list(self._executions.values()):
            since_s = execution.silent_since_s
            if since_s is None or execution.silent_told or now_s < since_s + execution.silent_grace_s:
                continue
            execution.silent_told = True
            self._tell(
                execution.run,
                ExecutionUncertain(job_run=execution.job_run, key=execution.key, reason=why[:2000], answered=False),
            )
        if self._failure is not None and not self._failure.waits_for_person:
            for want in [want for want in self._wants if now_s >= self._gives_up_s(want)]:
                self._give_up(want, self._failure.kind, self._failure.text)
        self._set_deadline()
        self._nudge()

    # ----- executions

    def _begin(self, session: HostSession, execution: Execution) -> None:
        execution.stage = Stage.BUSY
        self._do(self._start, session, execution)

    async def _start(self, session: HostSession, execution: Execution) -> None:
        try:
            report = await session.start(execution.request)
        except HostRefused as error:
            self._over(execution)
            self._tell(
                execution.run,
                never_ran(execution.job_run, execution.key, error.message, kind=refusal_kind(error.message)),
            )
            return
        self._heard()
        await self._take_report(session, execution, report, follows=True)

    async def _ask_again(self, session: HostSession, executions: Sequence[Execution]) -> None:
        for execution in executions:
            execution.stage = Stage.BUSY
        reports = await session.ask([execution.key for execution in executions])
        self._heard()
        for execution, report in zip(executions, reports, strict=True):
            # One at a time per execution: a log that has to be opened does not hold up the verdict of another.
            self._do(self._take_report, session, execution, report)

    async def _take_report(
        self, session: HostSession, execution: Execution, report: ExecutionReport, *, follows: bool = False
    ) -> None:
        """Go on from what the host says about a key. ``follows``: ``start`` follows from byte 0 already."""
        execution.silent_since_s = None
        match report.phase:
            case ExecutionPhase.RUNNING | ExecutionPhase.DONE | ExecutionPhase.LOST:
                if report.phase is ExecutionPhase.RUNNING and execution.stage is Stage.BUSY:
                    execution.silent_told = False
                    self._tell(execution.run, ExecutionStarted(job_run=execution.job_run, key=execution.key))
                if execution.stage is Stage.BUSY:
                    execution.stage = Stage.FOLLOWED
                if not follows or report.phase is ExecutionPhase.LOST:
                    await session.follow(execution.key, await self._logs.feed(execution.run, execution.key).resume())
                if report.phase is ExecutionPhase.RUNNING and execution.cancel_grace_s is not None:
                    await self._send_cancel(session, execution)
            case ExecutionPhase.ABSENT if execution.cancel_grace_s is not None:
                before = await session.seal(execution.key)
                if before.phase in (ExecutionPhase.ABSENT, ExecutionPhase.CLAIMED):
                    self._over(execution)
                    self._tell(execution.run, cancelled_before_start(execution.job_run, execution.key))
                else:
                    await self._take_report(session, execution, before)
            case ExecutionPhase.ABSENT:
                await self._start(session, execution)
            case ExecutionPhase.CLAIMED:
                self._over(execution)
                reason = f"{self.host.name} claimed it and never started it; it will not run there"
                self._tell(execution.run, never_ran(execution.job_run, execution.key, reason))

    async def _send_cancel(self, session: HostSession, execution: Execution) -> None:
        if execution.cancel_sent or execution.cancel_grace_s is None:
            return
        execution.cancel_sent = True
        await session.cancel(execution.key, execution.cancel_grace_s)

    async def _end(self, session: HostSession, execution: Execution, result: ExecutionResult) -> None:
        try:
            await self._logs.feed(execution.run, execution.key).finish(result.log_bytes)
        except BytesMissing as error:
            self._session_over(session, str(error))
            return
        if self._executions.get(execution.key) is not execution:
            return
        self._over(execution)
        self._tell(
            execution.run,
            finished(execution.job_run, execution.key, result, timeout_s=execution.request.timeout_s),
        )
        self._logs.drop(execution.key)

    def _over(self, execution: Execution) -> None:
        self._executions.pop(execution.key, None)
        self._nudge()

    def _sweep(self, session: HostSession) -> None:
        if self._forgets or self._workdirs:
            keys, workdirs = sorted(self._forgets), sorted(self._workdirs)
            self._forgets.clear()
            self._workdirs.clear()
            self._do(self._remove, session, keys, workdirs)

    async def _remove(self, session: HostSession, keys: Sequence[str], workdirs: Sequence[str]) -> None:
        try:
            if keys:
                await session.remove(keys)
            if workdirs:
                await session.remove_workdirs(workdirs)
        except SessionLost:
            self._forgets.update(keys)
            self._workdirs.update(workdirs)
            raise

    # ----- what a session says (through SinkOfLink)

    async def session_output(self, session: HostSession | None, key: str, offset: int, data: bytes) -> None:
        """Bytes of a log. A slow disk slows the host."""
        self._heard()
        execution = self._executions.get(key)
        if execution is None:
            return
        try:
            await self._logs.feed(execution.run, key).put(offset, data)
        except BytesMissing as error:
            if session is not None:
                self._session_over(session, str(error))

    def session_finished(self, session: HostSession | None, key: str, result: ExecutionResult) -> None:
        """A verdict; the log was delivered before."""
        self._heard()
        execution = self._executions.get(key)
        if session is None or session is not self._session or self._lost is not None:
            return
        if execution is not None and execution.stage is not Stage.ENDING:
            execution.stage = Stage.ENDING
            self._do(self._end, session, execution, result)

    async def session_vanished(self, session: HostSession | None, key: str, report: ExecutionReport) -> None:
        """Neither a process nor a result: only a person can say."""
        self._heard()
        execution = self._executions.get(key)
        if execution is None:
            return
        self._over(execution)
        self._logs.drop(key)
        reason = report.reason or f"{self.host.name} has neither the process nor its result"
        self._tell(
            execution.run,
            ExecutionUncertain(job_run=execution.job_run, key=key, reason=reason[:2000], answered=True),
        )

    def session_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """How far a cancel is."""
        self._heard()
        execution = self._executions.get(key)
        if execution is not None:
            names = tuple(f"pid {one.pid} {one.user} {one.command[:200]}" for one in survivors[:50])
            self._tell(
                execution.run,
                CancelProgress(job_run=execution.job_run, key=key, step=step.value, survivors=names),
            )

    def session_over(self, session: HostSession | None, cause: str) -> None:
        """The session was lost."""
        if session is not None:
            self._session_over(session, cause)

    def _session_over(self, session: HostSession, cause: str) -> None:
        if self._session is session and self._lost is None:
            log.info("host %s: the session ended: %s", self.host.name, cause)
            self._lost = cause
            self._nudge()

    def _heard(self) -> None:
        self._heard_s = self._clock.monotonic()

    # ----- requests to the session

    def _do(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange with the host; losing the session in it is the session's end, not an error."""

        async def exchange() -> None:
            try:
                await action(session, *args)
            except SessionLost as error:
                self._session_over(session, error.message)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.exception("host %s: %s failed", self.host.name, getattr(action, "__name__", action))
                self._session_over(session, f"{type(error).__name__}: {error}")
            finally:
                self._ops.discard(task)
                self._wake.set()

        task = asyncio.get_running_loop().create_task(exchange(), name=f"onduty exchange {self.host.name}")
        self._ops.add(task)
