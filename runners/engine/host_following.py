"""An execution that its host has: its log is followed from where ours ends, or it is asked about now and then."""

from __future__ import annotations

from collections.abc import Callable

from runners.engine.host_carried import Carried, Link
from runners.engine.host_fetching import Fetching
from runners.engine.host_wants import Execution, Stage
from runners.engine.logs import Logs
from runners.ports.transport import ExecutionPhase, ExecutionReport, HostSession


class Following:
    """Goes along with what runs. ``ask`` has the host asked about one execution again."""

    def __init__(
        self,
        link: Link,
        carried: Carried,
        *,
        logs: Logs,
        fetching: Fetching,
        ask: Callable[[HostSession, Execution], None],
    ) -> None:
        self._link = link
        self._carried = carried
        self._logs = logs
        self._fetching = fetching
        self._ask = ask

    async def follow(
        self, session: HostSession, execution: Execution, report: ExecutionReport, *, followed: bool
    ) -> None:
        """Go along with it. ``followed``: the session follows it from byte 0 already."""
        # A quick one may have reported its end before the answer to its start is read.
        execution.began = True
        if execution.stage is Stage.BUSY:
            execution.stage = Stage.FOLLOWED
            if report.phase is ExecutionPhase.RUNNING:
                self._carried.runs(execution)
        if not followed or report.phase is ExecutionPhase.LOST:
            await self._ship(session, execution)
        if report.phase is ExecutionPhase.RUNNING:
            await self.cancel(session, execution)

    async def keep_quiet(self, session: HostSession, execution: Execution, report: ExecutionReport) -> None:
        """Its log holds what we could not mask: it stays on its host, which keeps it, until the secrets are known.

        So do outputs; who wrote some waits with its verdict, because what follows would have to do without them.
        """
        execution.began = True
        match report.phase:
            case ExecutionPhase.DONE if report.result is not None and not report.result.output_bytes:
                self._fetching.tell_alone(execution, report.result)
            case ExecutionPhase.LOST:
                self._carried.unknown(execution, report.reason)
            case ExecutionPhase.DONE:
                execution.stage = Stage.PARKED
            case _:
                if execution.stage is Stage.BUSY:
                    execution.stage = Stage.QUIET
                    self._carried.runs(execution)
                    self._link.soon(lambda: self._ask_quietly(session, execution))
                await self.cancel(session, execution)

    async def fetch_owed(self, session: HostSession, execution: Execution, report: ExecutionReport) -> None:
        """A log whose verdict was told: fetch it if it is still there."""
        if report.phase is ExecutionPhase.DONE:
            execution.stage = Stage.FOLLOWED
            await self._ship(session, execution)
        else:
            self._carried.drop(execution)

    async def cancel(self, session: HostSession, execution: Execution) -> None:
        """Have its host end it, once in a session, if somebody asked for that."""
        if execution.cancel_grace_s is not None and not execution.cancel_sent:
            execution.cancel_sent = True
            supervisor = await session.under(execution.request.sudo)
            await supervisor.cancel(execution.key, execution.cancel_grace_s)

    async def _ship(self, session: HostSession, execution: Execution) -> None:
        offset = await self._logs.feed(execution.run, execution.key).resume()
        await (await session.under(execution.request.sudo)).follow(execution.key, offset)

    def _ask_quietly(self, session: HostSession, execution: Execution) -> None:
        if execution in self._carried and execution.stage is Stage.QUIET and self._link.is_open(session):
            execution.stage = Stage.ASK
            self._ask(session, execution)
