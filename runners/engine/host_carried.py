"""What was dispatched to one host and has no verdict yet: who is carried, and how each one leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from runners.engine.host_wants import Execution
from runners.engine.logs import Logs
from runners.engine.tell import TellNews, cut
from runners.model.metrics import HostReading
from runners.model.news import ExecutionStarted, ExecutionUncertain, News
from runners.ports.transport import HostSession


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
    def reading(self) -> HostReading | None:
        """How the host was when it was last looked at in this session."""

    def soon(self, action: Callable[[], None]) -> None:
        """Call it after a short while."""

    def forget(self, key: str, user: str) -> None:
        """Remove an execution's files on the host, now or at the next chance."""


class Carried:
    """Executions by key. Whoever goes on with one after an await asks first whether it is carried still."""

    def __init__(self, link: Link, *, logs: Logs, tell: TellNews) -> None:
        self._link = link
        self._logs = logs
        self._tell = tell
        self._by_key: dict[str, Execution] = {}

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def __iter__(self) -> Iterator[Execution]:
        """Those of this moment: what is done to one may end it, or another."""
        return iter(tuple(self._by_key.values()))

    def __contains__(self, execution: Execution) -> bool:
        return self._by_key.get(execution.key) is execution

    def find(self, key: str) -> Execution | None:
        """Who has this key; None when nobody has."""
        return self._by_key.get(key)

    def take(self, execution: Execution) -> Execution:
        """Carry it, unless its key is carried already; who is carried."""
        return self._by_key.setdefault(execution.key, execution)

    def drop(self, execution: Execution) -> None:
        """Nobody wants to know any more. One that has left is let be."""
        if execution in self:
            del self._by_key[execution.key]
            self._logs.drop(execution.key)
            self._link.nudge()

    # ----- telling the core

    def runs(self, execution: Execution) -> None:
        """Its host says that it runs."""
        execution.silent_told = execution.asked = False
        self._tell(execution.run, ExecutionStarted(job_run=execution.job_run, key=execution.key))

    def end(self, execution: Execution, news: News) -> None:
        """These are the last news of it. Of one that has left nothing is told."""
        if execution in self:
            self.drop(execution)
            self._tell(execution.run, news)

    def unknown(self, execution: Execution, reason: str) -> None:
        """Only a person can say what became of it. Without a ``reason``: its host does not know it either."""
        reason = reason or f"{self._link.name} has neither the process nor its result"
        news = ExecutionUncertain(
            job_run=execution.job_run, key=execution.key, reason=cut(reason), answered=True, asked=execution.asked
        )
        self.end(execution, news)
