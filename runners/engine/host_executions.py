"""Executions on one host, each carried from its dispatch to its verdict, through any number of sessions.

At most once is the host's own claim. Here it means: after a lost session the host is asked before anything is done,
and what was given up meanwhile is not started.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from msgspec import structs

from runners.engine.errands import Doing, ErrandLog, NobodyKnows, Verdict, lost_in, news_of
from runners.engine.host_wants import Execution, PlaceKey, Stage
from runners.engine.limits import Limits
from runners.engine.logs import BytesMissing, Logs
from runners.engine.timers import Timers
from runners.engine.verdict import cancelled_before_start, finished, kind_of, never_ran, refusal_kind
from runners.model.errors import HostRefused, SudoRefused
from runners.model.ids import parse_key
from runners.model.metrics import HostReading
from runners.model.news import CancelProgress, ExecutionFinished, ExecutionStarted, ExecutionUncertain, LogArrived, News
from runners.model.outputs import MOST_OUTPUT_BYTES, NO_OUTPUTS, Outputs
from runners.model.phases import Result
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionResult,
    HostSession,
    Survivor,
)
from runners.remote.outputs import parse_outputs

TellNews = Callable[[str, News], None]
"""Run uid and what happened."""

MOST_REASON_CHARACTERS = 2000


_SAMPLED = 64
"""Executions that a look at the host asks about, at most."""


class Link(Protocol):
    """What executions need of the link that they are on."""

    @property
    def name(self) -> str: ...

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange; losing the session in it ends the session and nothing else."""

    def ended(self, session: HostSession, cause: str) -> None:
        """The session is of no use any more."""

    def is_open(self, session: HostSession | None) -> bool:
        """Whether it is the session of this moment, and lives."""

    def heard(self) -> None:
        """The host said something."""

    def nudge(self) -> None:
        """What is needed may have changed."""

    @property
    def reading(self) -> HostReading | None: ...

    def soon(self, action: Callable[[], None]) -> None:
        """Call it after a short while."""

    def forget(self, key: str, user: str) -> None:
        """Remove an execution's files on the host, now or at the next chance."""


class Executions:
    """Everything dispatched to one host whose verdict we do not have. It is the ear of the link's sessions too."""

    def __init__(self, link: Link, *, logs: Logs, tell: TellNews, limits: Limits, timers: Timers) -> None:
        self._link = link
        self._timers = timers
        self._logs = logs
        self._tell = tell
        self._limits = limits
        self._by_key: dict[str, Execution] = {}

    def __bool__(self) -> bool:
        return bool(self._by_key)

    @property
    def runs(self) -> set[str]:
        """Runs that have something here."""
        return {execution.run for execution in self._by_key.values()}

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of what runs on the host as the account itself; work done from here is none of it."""
        return tuple(key for key, one in self._by_key.items() if one.errand is None and not one.request.sudo)[:_SAMPLED]

    # ----- asked by effects

    def add(self, execution: Execution, session: HostSession | None, *, now_s: float, asked: bool = False) -> bool:
        """Carry it from now on; False when it is carried already. ``asked``: what comes of the next try is told."""
        carried = self._by_key.setdefault(execution.key, execution)
        carried.asked = carried.asked or asked
        if carried is not execution:
            return False
        if session is None:
            execution.silent_since_s = now_s
        else:
            self._take_up(session, (execution,))
        return True

    def drop(self, place: PlaceKey) -> None:
        """A person went past an attempt that is unknown: whatever its host says later changes nothing."""
        for execution in list(self._by_key.values()):
            if execution.place == place:
                del self._by_key[execution.key]
                self._logs.drop(execution.key)

    def cancel(self, key: str, grace_s: float, session: HostSession | None) -> bool:
        """Cancel it now or when its host answers; False when it is not carried."""
        execution = self._by_key.get(key)
        if execution is None:
            return False
        execution.cancel_grace_s = grace_s
        execution.cancel_sent = False
        if execution.errand is not None:
            self._cancel_errand(execution)
            return True
        if session is not None and execution.stage in (Stage.FOLLOWED, Stage.QUIET):
            self._link.exchange(self._send_cancel, session, execution)
        elif session is not None and execution.stage is Stage.PARKED:
            execution.stage = Stage.ASK
            self._take_up(session, (execution,))
        return True

    def secrets_known(self, run: str, secrets: Mapping[str, str], session: HostSession | None) -> None:
        """What waited for them goes on from what its host says now."""
        waiting = [one for one in self._by_key.values() if one.run == run and one.lacks_secrets]
        for execution in waiting:
            execution.lacks_secrets = False
            execution.request = replace(execution.request, env={**execution.request.env, **secrets})
            if execution.stage in (Stage.QUIET, Stage.PARKED):
                execution.stage = Stage.ASK
        if session is not None:
            self._take_up(session, waiting)

    # ----- sessions come and go

    def session_began(self, session: HostSession) -> None:
        """Ask about what was dispatched before, start what was not sent yet."""
        self._take_up(session, tuple(self._by_key.values()))

    def session_ended(self, now_s: float) -> None:
        """Nothing is certain any more about what was not reported to its end."""
        for execution in self._by_key.values():
            execution.cancel_sent = False
            if execution.stage is not Stage.START:
                execution.stage = Stage.ASK
            if execution.silent_since_s is None:
                execution.silent_since_s = now_s
                execution.silent_grace_s = self._limits.silent_s

    def any_followed(self) -> tuple[str, str] | None:
        """A key that the host must know, and whom to ask for it."""
        followed = (one for one in self._by_key.values() if one.stage is Stage.FOLLOWED)
        return next(((one.key, one.request.sudo) for one in followed), None)

    def next_silence_s(self) -> float | None:
        """When the next silence has to be told, on the monotonic clock."""
        return min(
            (
                one.silent_since_s + one.silent_grace_s
                for one in self._by_key.values()
                if one.silent_since_s is not None and not one.silent_told
            ),
            default=None,
        )

    def tell_silence(self, now_s: float, why: str) -> None:
        """Say of everything that has been silent for too long that nobody knows."""
        for one in list(self._by_key.values()):
            if one.silent_told or one.silent_since_s is None or now_s < one.silent_since_s + one.silent_grace_s:
                continue
            one.silent_told = True
            if one.owed:
                continue
            self._tell(one.run, ExecutionUncertain(job_run=one.job_run, key=one.key, reason=_cut(why), answered=False))

    def silent(self) -> set[tuple[str, str]]:
        """Run and job run of everything that has been silent for too long."""
        return {(one.run, one.job_run) for one in self._by_key.values() if one.silent_told and not one.owed}

    def tell_asked(self, why: str) -> None:
        """The host was tried and is silent: say so of everything that a person asked about."""
        for one in [one for one in self._by_key.values() if one.asked]:
            one.asked = False
            news = ExecutionUncertain(job_run=one.job_run, key=one.key, reason=_cut(why), answered=False, asked=True)
            if one.answered:
                self._end(one, news)
            else:
                self._tell(one.run, news)

    # ----- exchanges with the host

    def _take_up(self, session: HostSession, executions: Sequence[Execution]) -> None:
        for execution in [one for one in executions if one.errand is not None and one.stage is not Stage.BUSY]:
            self._link.exchange(self._do, session, execution)
        asked = tuple(one for one in executions if one.stage is Stage.ASK and one.errand is None)
        fresh = tuple(one for one in executions if one.stage is Stage.START and one.errand is None)
        for execution in (*asked, *fresh):
            execution.stage = Stage.BUSY
        for user in dict.fromkeys(one.request.sudo for one in asked):
            self._link.exchange(self._ask, session, user, tuple(one for one in asked if one.request.sudo == user))
        for execution in fresh:
            self._link.exchange(self._start, session, execution)

    async def _do(self, session: HostSession, execution: Execution) -> None:
        """Do an errand from its beginning, unless that could do harm twice."""
        errand, asked = execution.errand, execution.stage is Stage.ASK
        assert errand is not None
        if not self._carries(execution):
            return
        execution.stage = Stage.FOLLOWED
        execution.silent_since_s = None
        if asked and not errand.repeatable:
            self._nobody_knows(execution, lost_in(errand, "the connection or the controller ended"))
            return
        execution.silent_told = execution.asked = False
        said = ErrandLog(self._logs.feed(execution.run, execution.key))
        await said.open()
        self._tell(execution.run, ExecutionStarted(job_run=execution.job_run, key=execution.key))
        execution.doing = Doing(
            errand, timers=self._timers, due_utc=execution.due_utc, timeout_s=execution.request.timeout_s
        )
        try:
            verdict = await execution.doing.run(said, session)
        except NobodyKnows as doubt:
            self._nobody_knows(execution, str(doubt))
            return
        except HostRefused as error:
            reason = _cut(error.message)
            verdict = Verdict(result=Result.ERROR, reason=reason, kind=refusal_kind(reason))
        finally:
            execution.doing = None
        if verdict.result is Result.SUCCESS:
            self._link.heard()
        elif verdict.reason:
            await said.line(verdict.reason)
        self._end(execution, news_of(execution.job_run, execution.key, verdict, await said.finish()))

    def _cancel_errand(self, execution: Execution) -> None:
        if execution.doing is not None:
            execution.doing.cancel()
        elif execution.stage is Stage.START:
            self._end(execution, cancelled_before_start(execution.job_run, execution.key))
        else:
            reason = "cancelled while its host was silent"
            self._end(
                execution,
                news_of(execution.job_run, execution.key, Verdict(result=Result.CANCELLATION, reason=reason), 0),
            )

    def _nobody_knows(self, execution: Execution, reason: str) -> None:
        news = ExecutionUncertain(
            job_run=execution.job_run, key=execution.key, reason=_cut(reason), answered=True, asked=execution.asked
        )
        self._end(execution, news)

    async def _ask(self, session: HostSession, user: str, executions: Sequence[Execution]) -> None:
        try:
            supervisor = await session.under(user)
        except (HostRefused, SudoRefused) as error:
            # The one who has the keys cannot be asked, and it may have started them: only a person can say.
            for execution in executions:
                if execution.owed:
                    self._drop(execution)
                else:
                    self._lost(execution, error.message)
            return
        reports = await supervisor.ask([execution.key for execution in executions])
        self._link.heard()
        for execution, report in zip(executions, reports, strict=True):
            # One exchange each: a log that has to be opened does not hold up the verdict of another.
            self._link.exchange(self._take_report, session, execution, report)

    async def _start(self, session: HostSession, execution: Execution) -> None:
        if not self._carries(execution):
            return
        try:
            supervisor = await session.under(execution.request.sudo)
            report = await supervisor.start(execution.request)
        except (HostRefused, SudoRefused) as error:
            self._end(execution, never_ran(execution.job_run, execution.key, error.message, kind=kind_of(error)))
            return
        self._link.heard()
        await self._take_report(session, execution, report, True)

    async def _take_report(
        self, session: HostSession, execution: Execution, report: ExecutionReport, followed: bool = False
    ) -> None:
        """Go on from what the host says about a key. ``followed``: ``start`` follows it from byte 0 already."""
        if not self._carries(execution):
            return
        execution.silent_since_s = None
        if execution.owed:
            await self._take_owed(session, execution, report)
            return
        match report.phase:
            case ExecutionPhase.LOST if execution.answered:
                self._lost(execution, report.reason)
            case ExecutionPhase.RUNNING | ExecutionPhase.DONE if execution.answered:
                # A session follows a key once, and this one may have told that it vanished. The next one is fresh.
                execution.answered = False
                self._link.ended(session, f"{execution.key} had vanished and is there again")
            case ExecutionPhase.RUNNING | ExecutionPhase.DONE | ExecutionPhase.LOST if execution.lacks_secrets:
                await self._only_verdict(session, execution, report)
            case ExecutionPhase.RUNNING | ExecutionPhase.DONE | ExecutionPhase.LOST:
                await self._follow(session, execution, report, followed)
            case ExecutionPhase.ABSENT if execution.cancel_grace_s is not None:
                before = report
                # On a full disk it cannot be sealed; nobody but this controller could start it.
                with contextlib.suppress(HostRefused):
                    before = await (await session.under(execution.request.sudo)).seal(execution.key)
                if before.phase in (ExecutionPhase.ABSENT, ExecutionPhase.CLAIMED):
                    self._end(execution, cancelled_before_start(execution.job_run, execution.key))
                else:
                    await self._take_report(session, execution, before)
            case ExecutionPhase.ABSENT if execution.began:
                self._lost(execution, f"{self._link.name} has no trace of it any more, and it had begun there")
            case ExecutionPhase.ABSENT if execution.lacks_secrets:
                execution.stage = Stage.PARKED
            case ExecutionPhase.ABSENT:
                await self._start(session, execution)
            case ExecutionPhase.CLAIMED:
                reason = f"{self._link.name} claimed it and never started it; it will not run there"
                self._end(execution, never_ran(execution.job_run, execution.key, reason))

    async def _follow(
        self, session: HostSession, execution: Execution, report: ExecutionReport, followed: bool
    ) -> None:
        # A quick one may have reported its end before the answer to its start is read.
        execution.began = True
        if execution.stage is Stage.BUSY:
            execution.stage = Stage.FOLLOWED
            if report.phase is ExecutionPhase.RUNNING:
                execution.silent_told = execution.asked = False
                self._tell(execution.run, ExecutionStarted(job_run=execution.job_run, key=execution.key))
        if not followed or report.phase is ExecutionPhase.LOST:
            offset = await self._logs.feed(execution.run, execution.key).resume()
            await (await session.under(execution.request.sudo)).follow(execution.key, offset)
        if report.phase is ExecutionPhase.RUNNING:
            await self._send_cancel(session, execution)

    async def _only_verdict(self, session: HostSession, execution: Execution, report: ExecutionReport) -> None:
        """Its log holds what we could not mask: it stays on its host, which keeps it, until the secrets are known.

        So do outputs; who wrote some waits with its verdict, because what follows would have to do without them.
        """
        execution.began = True
        match report.phase:
            case ExecutionPhase.DONE if report.result is not None and not report.result.output_bytes:
                news = finished(execution.job_run, execution.key, report.result, timeout_s=execution.request.timeout_s)
                self._end(execution, replace(self._seen_with(news), log_owed=report.result.log_bytes > 0))
            case ExecutionPhase.LOST:
                self._lost(execution, report.reason)
            case ExecutionPhase.DONE:
                execution.stage = Stage.PARKED
            case _:
                if execution.stage is Stage.BUSY:
                    execution.stage = Stage.QUIET
                    execution.silent_told = execution.asked = False
                    self._tell(execution.run, ExecutionStarted(job_run=execution.job_run, key=execution.key))
                    self._link.soon(lambda: self._ask_quietly(session, execution))
                await self._send_cancel(session, execution)

    def _ask_quietly(self, session: HostSession, execution: Execution) -> None:
        if self._carries(execution) and execution.stage is Stage.QUIET and self._link.is_open(session):
            execution.stage = Stage.ASK
            self._take_up(session, (execution,))

    async def _take_owed(self, session: HostSession, execution: Execution, report: ExecutionReport) -> None:
        """A log whose verdict was told: fetch it if it is still there."""
        if report.phase is ExecutionPhase.DONE:
            execution.stage = Stage.FOLLOWED
            offset = await self._logs.feed(execution.run, execution.key).resume()
            await (await session.under(execution.request.sudo)).follow(execution.key, offset)
        elif self._carries(execution):
            self._drop(execution)

    async def _send_cancel(self, session: HostSession, execution: Execution) -> None:
        if execution.cancel_grace_s is not None and not execution.cancel_sent:
            execution.cancel_sent = True
            supervisor = await session.under(execution.request.sudo)
            await supervisor.cancel(execution.key, execution.cancel_grace_s)

    async def _put_away(self, session: HostSession, execution: Execution, result: ExecutionResult) -> None:
        """Have the outputs here and the whole log on disk, then report the verdict.

        The outputs come first: a session that is lost meanwhile leaves everything as it was, for the next one.
        """
        outputs = NO_OUTPUTS
        if result.output_bytes and not execution.owed:
            supervisor = await session.under(execution.request.sudo)
            data = await supervisor.output(execution.key, min(result.output_bytes, MOST_OUTPUT_BYTES))
            outputs = self._without_secrets(execution.run, parse_outputs(data, size_bytes=result.output_bytes))
        try:
            position = await self._logs.feed(execution.run, execution.key).finish(result.log_bytes)
        except BytesMissing as error:
            self._link.ended(session, str(error))
            return
        if execution.owed:
            attempt = parse_key(execution.key).attempt
            news: News = LogArrived(
                job_run=execution.job_run, attempt=attempt, key=execution.key, log_bytes=position.file_bytes
            )
            self._link.forget(execution.key, execution.request.sudo)
        else:
            limit_s = execution.request.timeout_s
            verdict = finished(execution.job_run, execution.key, result, timeout_s=limit_s, outputs=outputs)
            news = replace(self._seen_with(verdict), log_bytes=position.file_bytes)
        self._end(execution, news)

    def _seen_with(self, verdict: ExecutionFinished) -> ExecutionFinished:
        """A failure with how its host was when it was last looked at."""
        seen = self._link.reading
        if seen is None or verdict.result in (Result.SUCCESS, Result.CANCELLATION):
            return verdict
        own = tuple(job for job in seen.jobs if job.key == verdict.key)
        return replace(verdict, host=structs.replace(seen, jobs=own))

    def _without_secrets(self, run: str, outputs: Outputs) -> Outputs:
        """Outputs stand in events and in later jobs' environments: a value that holds a secret is left out."""
        bad = [key for key, value in outputs.values.items() if self._logs.holds_secret(run, f"{key}={value}")]
        if not bad:
            return outputs
        said = tuple(f"its output {key} holds a secret; it was left out" for key in bad)
        values = {key: value for key, value in outputs.values.items() if key not in bad}
        return Outputs(values=values, problems=(*outputs.problems, *said))

    def _end(self, execution: Execution, news: News) -> None:
        if self._carries(execution):
            self._drop(execution)
            self._tell(execution.run, news)

    def _drop(self, execution: Execution) -> None:
        del self._by_key[execution.key]
        self._logs.drop(execution.key)
        self._link.nudge()

    def _lost(self, execution: Execution, reason: str) -> None:
        """Only a person can say what became of it."""
        reason = reason or f"{self._link.name} has neither the process nor its result"
        self._end(
            execution,
            ExecutionUncertain(
                job_run=execution.job_run,
                key=execution.key,
                reason=_cut(reason),
                answered=True,
                asked=execution.asked,
            ),
        )

    def _carries(self, execution: Execution) -> bool:
        return self._by_key.get(execution.key) is execution

    # ----- what a session says (through SinkOfLink)

    async def session_output(self, session: HostSession | None, key: str, offset: int, data: bytes) -> None:
        """Bytes of a log. A slow disk slows the host."""
        self._link.heard()
        execution = self._by_key.get(key)
        if execution is None:
            return
        try:
            await self._logs.feed(execution.run, key).put(offset, data)
        except BytesMissing as error:
            if session is not None:
                self._link.ended(session, str(error))

    def session_finished(self, session: HostSession | None, key: str, result: ExecutionResult) -> None:
        """A verdict; the log was delivered before."""
        self._link.heard()
        execution = self._by_key.get(key)
        if session is None or execution is None or not self._link.is_open(session):
            return
        if execution.stage is not Stage.ENDING:
            execution.stage = Stage.ENDING
            self._link.exchange(self._put_away, session, execution, result)

    def session_vanished(self, session: HostSession | None, key: str, report: ExecutionReport) -> None:
        """Neither a process nor a result: only a person can say."""
        self._link.heard()
        execution = self._by_key.get(key)
        if execution is not None:
            self._lost(execution, report.reason)

    def session_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """How far a cancel is."""
        self._link.heard()
        execution = self._by_key.get(key)
        if execution is not None:
            names = tuple(_survivor(one, execution) for one in survivors[:50])
            self._tell(
                execution.run,
                CancelProgress(job_run=execution.job_run, key=key, step=step.value, survivors=names),
            )

    def session_over(self, session: HostSession | None, cause: str) -> None:
        """The session was lost."""
        if session is not None:
            self._link.ended(session, cause)


def _survivor(one: Survivor, execution: Execution) -> str:
    # What cannot be masked is not shown: a command line may hold anything.
    command = "(command not shown while a secret is missing)" if execution.lacks_secrets else one.command[:200]
    return f"pid {one.pid} {one.user} {command}"


def _cut(reason: str) -> str:
    return reason[:MOST_REASON_CHARACTERS]
