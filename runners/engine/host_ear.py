"""What a host says by itself: pieces of logs, verdicts, how far a cancel is, the end of a session."""

from __future__ import annotations

from collections.abc import Sequence

from runners.engine.host_carried import Carried, Link
from runners.engine.host_fetching import Fetching
from runners.engine.host_wants import Execution, Stage
from runners.engine.logs import BytesMissing, Logs
from runners.engine.tell import TellNews
from runners.model.news import CancelProgress
from runners.ports.transport import CancelStep, ExecutionReport, ExecutionResult, HostSession, Survivor

_MOST_SURVIVORS = 50
_MOST_COMMAND_CHARACTERS = 200


class Ear:
    """Hears the sessions of one link, one after the other; keeps what ``SessionOwner`` promises."""

    def __init__(self, link: Link, carried: Carried, *, logs: Logs, fetching: Fetching, tell: TellNews) -> None:
        self._link = link
        self._carried = carried
        self._logs = logs
        self._fetching = fetching
        self._tell = tell

    async def session_output(self, session: HostSession | None, key: str, offset: int, data: bytes) -> None:
        """Bytes of a log. A slow disk slows the host."""
        self._link.heard()
        execution = self._carried.find(key)
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
        execution = self._carried.find(key)
        if session is None or execution is None or not self._link.is_open(session):
            return
        if execution.stage is not Stage.ENDING:
            execution.stage = Stage.ENDING
            self._link.exchange(self._fetching.put_away, session, execution, result)

    def session_vanished(self, session: HostSession | None, key: str, report: ExecutionReport) -> None:
        """Neither a process nor a result: only a person can say."""
        self._link.heard()
        execution = self._carried.find(key)
        if execution is not None:
            self._carried.unknown(execution, report.reason)

    def session_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """How far a cancel is."""
        self._link.heard()
        execution = self._carried.find(key)
        if execution is not None:
            names = tuple(_survivor(one, execution) for one in survivors[:_MOST_SURVIVORS])
            news = CancelProgress(job_run=execution.job_run, key=key, step=step.value, survivors=names)
            self._tell(execution.run, news)

    def session_over(self, session: HostSession | None, cause: str) -> None:
        """The session was lost."""
        if session is not None:
            self._link.ended(session, cause)


def _survivor(one: Survivor, execution: Execution) -> str:
    # What cannot be masked is not shown: a command line may hold anything.
    hidden = "(command not shown while a secret is missing)"
    command = hidden if execution.lacks_secrets else one.command[:_MOST_COMMAND_CHARACTERS]
    return f"pid {one.pid} {one.user} {command}"
