"""Executions are started on their host at most once: the host is asked about a key before anything is done with it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from runners.engine.host_carried import Carried, Link
from runners.engine.host_following import Following
from runners.engine.host_wants import Execution, Stage
from runners.engine.verdict import cancelled_before_start, kind_of, never_ran
from runners.model.errors import HostRefused, SudoRefused
from runners.ports.transport import ExecutionPhase, ExecutionReport, HostSession


class Starting:
    """Sends what is new, asks about what was sent before, and goes on from what the host says."""

    def __init__(self, link: Link, carried: Carried, following: Following) -> None:
        self._link = link
        self._carried = carried
        self._following = following

    async def ask(self, session: HostSession, user: str, executions: Sequence[Execution]) -> None:
        """What the host knows of executions of one user."""
        try:
            supervisor = await session.under(user)
        except (HostRefused, SudoRefused) as error:
            # The one who has the keys cannot be asked, and it may have started them: only a person can say.
            for execution in executions:
                if execution.owed:
                    self._carried.drop(execution)
                else:
                    self._carried.unknown(execution, error.message)
            return
        reports = await supervisor.ask([execution.key for execution in executions])
        self._link.heard()
        for execution, report in zip(executions, reports, strict=True):
            # One exchange each: a log that has to be opened does not hold up the verdict of another.
            self._link.exchange(self._go_on, session, execution, report)

    async def start(self, session: HostSession, execution: Execution) -> None:
        """Send it, unless it was given up meanwhile."""
        if execution not in self._carried:
            return
        try:
            supervisor = await session.under(execution.request.sudo)
            report = await supervisor.start(execution.request)
        except (HostRefused, SudoRefused) as error:
            news = never_ran(execution.job_run, execution.key, error.message, kind=kind_of(error))
            self._carried.end(execution, news)
            return
        self._link.heard()
        await self._go_on(session, execution, report, followed=True)

    async def _go_on(
        self, session: HostSession, execution: Execution, report: ExecutionReport, followed: bool = False
    ) -> None:
        """Go on from what the host says about a key. ``followed``: ``start`` follows it from byte 0 already."""
        if execution not in self._carried:
            return
        execution.silent_since_s = None
        if execution.owed:
            await self._following.fetch_owed(session, execution, report)
            return
        match report.phase:
            case ExecutionPhase.ABSENT:
                await self._absent(session, execution, report)
            case ExecutionPhase.CLAIMED:
                reason = f"{self._link.name} claimed it and never started it; it will not run there"
                self._carried.end(execution, never_ran(execution.job_run, execution.key, reason))
            case ExecutionPhase.LOST if execution.answered:
                self._carried.unknown(execution, report.reason)
            case _ if execution.answered:
                # A session follows a key once, and this one may have told that it vanished. The next one is fresh.
                execution.answered = False
                self._link.ended(session, f"{execution.key} had vanished and is there again")
            case _ if execution.lacks_secrets:
                await self._following.keep_quiet(session, execution, report)
            case _:
                await self._following.follow(session, execution, report, followed=followed)

    async def _absent(self, session: HostSession, execution: Execution, report: ExecutionReport) -> None:
        """Its host has no trace of it."""
        if execution.cancel_grace_s is not None:
            await self._seal(session, execution, report)
        elif execution.began:
            reason = f"{self._link.name} has no trace of it any more, and it had begun there"
            self._carried.unknown(execution, reason)
        elif execution.lacks_secrets:
            execution.stage = Stage.PARKED
        else:
            await self.start(session, execution)

    async def _seal(self, session: HostSession, execution: Execution, before: ExecutionReport) -> None:
        """Cancelled before its start: nobody may start it from now on."""
        # On a full disk it cannot be sealed; nobody but this controller could start it.
        with contextlib.suppress(HostRefused):
            before = await (await session.under(execution.request.sudo)).seal(execution.key)
        if before.phase in (ExecutionPhase.ABSENT, ExecutionPhase.CLAIMED):
            self._carried.end(execution, cancelled_before_start(execution.job_run, execution.key))
        else:
            await self._go_on(session, execution, before)
