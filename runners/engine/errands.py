"""What the controller does itself in place of a host's supervisor: requests, transfers, waits.

An errand has the key, the log and the events of any execution. What lives of it lives in this process: it ends with the
controller, and after a restart it is done again where that harms nobody, else it is unknown until a person looks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from runners.engine.logs import LogFeed
from runners.engine.tell import cut
from runners.engine.timers import Timer, Timers
from runners.model.news import ExecutionFinished
from runners.model.phases import FailureKind, Result
from runners.ports.transport import HostSession
from runners.spec.durations import format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an errand ended."""

    result: Result = Result.SUCCESS
    reason: str = ""
    kind: FailureKind | None = None
    files: tuple[str, ...] = ()
    """What it left on this machine."""


CANCELLED = Verdict(result=Result.CANCELLATION, reason="cancelled")


class NobodyKnows(Exception):
    """It may have had its effect, and no answer came: only a person can say. The text says what was under way."""


class Errand(Protocol):
    """One thing to do."""

    @property
    def needs_session(self) -> bool:
        """Whether it goes over the host's connection."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether doing it again, in whole, harms nobody."""
        ...

    @property
    def what(self) -> str:
        """``POST http://…``: for sentences."""
        ...

    async def do(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """Do it, from its beginning. Cancelling the task stops it at once.

        Raises ``SessionLost`` when the host's connection went, and ``NobodyKnows``.
        """
        ...


class ErrandLog:
    """The log of an errand: goes on where an earlier controller or session stopped."""

    def __init__(self, feed: LogFeed) -> None:
        self._feed = feed
        self._at = 0

    async def open(self) -> None:
        """Find the end of what is there."""
        self._at = await self._feed.resume()

    async def line(self, text: str) -> None:
        """Write one line."""
        await self.write(text.encode("utf-8", "backslashreplace") + b"\n")

    async def write(self, data: bytes) -> None:
        """Write bytes as they are; what shows them makes them safe."""
        at, self._at = self._at, self._at + len(data)
        await self._feed.put(at, data)

    async def finish(self) -> int:
        """Wait until all is on disk; how many bytes there are."""
        await self._feed.finish(self._at)
        return self._at


class Doing:
    """One errand while it is done: it ends by itself, by its time limit, or because somebody asked."""

    def __init__(self, errand: Errand, *, timers: Timers, due_utc: float | None, timeout_s: float | None) -> None:
        self._errand = errand
        self._timers = timers
        self._due_utc = due_utc
        self._timeout_s = timeout_s
        self._stopped: Verdict | None = None
        self._task: asyncio.Task[Verdict] | None = None

    async def run(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """Do it to its end. Raises what ``Errand.do`` raises."""
        if self._stopped is not None:
            return self._stopped
        self._task = asyncio.get_running_loop().create_task(self._errand.do(log, session), name="onduty errand")
        timer = Timer(0.0, None, None)
        if self._due_utc is not None:
            timer = self._timers.at_utc(self._due_utc, self._time_is_over)
        try:
            await asyncio.wait({self._task})
        finally:
            timer.cancel()
            if not self._task.done():
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
        if self._stopped is not None and (self._task.cancelled() or self._task.exception() is not None):
            await log.line(self._stopped.reason)
            return self._stopped
        return self._task.result()

    def cancel(self) -> None:
        """Stop it now."""
        self._stop(CANCELLED if self._errand.repeatable else _with_doubt(CANCELLED, self._errand))

    def _time_is_over(self) -> None:
        within = f"no answer within {format_duration(round(self._timeout_s or 0.0, 3))}"
        verdict = Verdict(result=Result.TIMEOUT, reason=within, kind=FailureKind.TIMEOUT)
        self._stop(verdict if self._errand.repeatable else _with_doubt(verdict, self._errand))

    def _stop(self, verdict: Verdict) -> None:
        if self._stopped is None:
            self._stopped = verdict
            if self._task is not None:
                self._task.cancel()


def lost_in(errand: Errand, cause: str) -> str:
    """Why nobody knows what became of it."""
    return f"{cause} while {errand.what} was under way; whether it had its effect is not known"


def news_of(job_run: str, key: str, verdict: Verdict, log_bytes: int) -> ExecutionFinished:
    """The verdict as the core hears it."""
    return ExecutionFinished(
        job_run=job_run,
        key=key,
        result=verdict.result,
        reason=cut(verdict.reason),
        kind=verdict.kind,
        log_bytes=log_bytes,
        files=verdict.files,
    )


def _with_doubt(verdict: Verdict, errand: Errand) -> Verdict:
    reason = f"{verdict.reason} while {errand.what} was under way; it may have had its effect"
    return Verdict(result=verdict.result, reason=reason, kind=verdict.kind)
