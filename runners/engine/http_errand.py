"""An ``http`` task: ask, say in the log what came back, ask again while there is time."""

from __future__ import annotations

import asyncio

from runners.engine.errands import ErrandLog, NobodyKnows, Verdict, lost_in
from runners.engine.timers import Timers
from runners.model.kinds import HttpCheck
from runners.model.phases import FailureKind, Result
from runners.ports.clock import Clock
from runners.ports.transport import HostSession
from runners.ports.web import NoAnswer, Web, WebAnswer, WebRequest
from runners.spec.durations import format_duration
from runners.spec.kind_fields import why_not_header

TRY_S = 10.0
"""A try of several that has no answer after this is a failed one."""
ONCE_S = 300.0
"""A request that is sent once, where neither the task nor the job has a time limit."""


class HttpErrand:
    """One request with its templates filled; repeated within ``check.within_s`` of its dispatch."""

    def __init__(
        self,
        check: HttpCheck,
        *,
        repeatable: bool,
        dispatched_utc: float,
        timeout_s: float | None,
        web: Web,
        clock: Clock,
        timers: Timers,
    ) -> None:
        self._check = check
        self.repeatable = repeatable
        self._dispatched_utc = dispatched_utc
        self._timeout_s = timeout_s
        self._web = web
        self._clock = clock
        self._timers = timers

    @property
    def needs_session(self) -> bool:
        """Whether the host's connection carries it."""
        return self._check.from_host

    @property
    def what(self) -> str:
        """``POST http://…``."""
        return f"{self._check.method} {self._check.url}"

    async def do(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """Ask until the answer is right or the time is over."""
        for name, value in self._check.headers.items():
            # A secret was not known when the plan was checked; the reason names no part of it.
            if reason := why_not_header(value):
                await log.line(f"header {name} {reason}; nothing was sent")
                return Verdict(
                    result=Result.ERROR, reason=f"header {name} {reason}; nothing was sent", kind=FailureKind.ERROR
                )
        while True:
            began_s = self._clock.monotonic()
            answer: WebAnswer | None = None
            try:
                answer = await self._ask(session)
                said = f"{answer.status} {answer.words}".rstrip()
            except NoAnswer as problem:
                said = str(problem)
                if problem.sent and not self.repeatable:
                    await log.line(f"{self.what} -> {said}")
                    raise NobodyKnows(lost_in(self, said)) from None
            took_ms = (self._clock.monotonic() - began_s) * 1000
            await log.line(f"{self.what} -> {said} in {took_ms:.0f} ms")
            if answer is not None and self._check.is_right(answer.status):
                return Verdict()
            if not await self._again():
                break
        if answer is not None:
            await _show(log, answer)
        if self._check.within_s is None:
            right = " or ".join(map(str, self._check.status)) or "200 to 299"
            reason = f"answered {said}, expected {right}" if answer is not None else said
            return Verdict(result=Result.FAILURE, reason=reason, kind=FailureKind.EXIT)
        reason = f"not right within {format_duration(self._check.within_s)}, at last: {said}"
        return Verdict(result=Result.TIMEOUT, reason=reason, kind=FailureKind.TIMEOUT)

    async def _ask(self, session: HostSession | None) -> WebAnswer:
        check = self._check
        request = WebRequest(
            method=check.method,
            url=check.url,
            headers=tuple(check.headers.items()),
            body=None if check.body is None else check.body.encode(),
        )
        through = session.open_stream if session is not None and check.from_host else None
        return await self._web.ask(request, timeout_s=self._limit_s(), through=through)

    def _left_s(self) -> float:
        """Of ``within``; the first try has its chance even when a restart took all the time."""
        return self._dispatched_utc + (self._check.within_s or 0.0) - self._clock.now_utc()

    def _limit_s(self) -> float:
        if self._check.within_s is None:
            return self._timeout_s or ONCE_S
        return max(0.5, min(TRY_S, self._left_s()))

    async def _again(self) -> bool:
        """Wait for the next try; False when there is none."""
        left_s = self._left_s()
        if self._check.within_s is None or left_s <= 0:
            return False
        over = asyncio.Event()
        timer = self._timers.after(min(self._check.every_s, left_s), over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()
        return True


async def _show(log: ErrandLog, answer: WebAnswer) -> None:
    """The last answer: what a person would have asked curl for."""
    await log.line(f"HTTP {answer.status} {answer.words}".rstrip())
    for name, value in answer.headers:
        await log.line(f"{name}: {value}")
    if answer.body:
        await log.line("")
        await log.write(answer.body if answer.body.endswith(b"\n") else answer.body + b"\n")
