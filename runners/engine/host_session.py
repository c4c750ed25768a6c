"""The sink given to one session: it passes on what the session says and names the session that said it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runners.ports.transport import CancelStep, ExecutionReport, ExecutionResult, HostSession, Survivor


class SessionOwner(Protocol):
    """Who hears a session."""

    async def session_output(self, session: HostSession | None, key: str, offset: int, data: bytes) -> None: ...

    def session_finished(self, session: HostSession | None, key: str, result: ExecutionResult) -> None: ...

    def session_vanished(self, session: HostSession | None, key: str, report: ExecutionReport) -> None: ...

    def session_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None: ...

    def session_over(self, session: HostSession | None, cause: str) -> None: ...


class SinkOfLink:
    """One session's voice. A lost session may speak before ``connect`` has returned it."""

    def __init__(self, owner: SessionOwner) -> None:
        self._owner = owner
        self.session: HostSession | None = None
        """Set once it is open."""
        self.lost: str | None = None

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        """As the promise of ``SessionSink`` says."""
        await self._owner.session_output(self.session, key, offset, data)

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        """As the promise of ``SessionSink`` says."""
        self._owner.session_finished(self.session, key, result)

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        """As the promise of ``SessionSink`` says."""
        self._owner.session_vanished(self.session, key, report)

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """As the promise of ``SessionSink`` says."""
        self._owner.session_cancel_step(key, step, survivors)

    async def on_lost(self, cause: str) -> None:
        """As the promise of ``SessionSink`` says."""
        self.lost = cause
        self._owner.session_over(self.session, cause)
