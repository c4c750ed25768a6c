"""Engines on chosen worlds, and the times at which a world was asked and answered."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ulid import ULID

from runners.adapters.clock import SystemClock
from runners.adapters.log_files import FileLogStore
from runners.adapters.sqlite import SqliteRunStore
from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.engine.engine import Engine
from runners.engine.errand_of import Tools
from runners.model.inventory import Host
from runners.model.phases import RunPhase
from runners.model.plan import Plan
from runners.ports.transport import (
    CancelStep,
    ExecutionReport,
    ExecutionRequest,
    ExecutionResult,
    HostFacts,
    HostInspection,
    HostSession,
    SessionSink,
    Survivor,
    Transport,
)
from runners.testing.fake_files import FakeRunFiles, FakeSourceFiles
from runners.testing.fake_web import FakeWeb
from runners.testing.memory_store import MemoryLogStore, MemoryRunStore
from tests.bench.measure import COMMAND_TIMEOUT_S, BenchFailed
from tests.flows.engine_kit import Advisor


@asynccontextmanager
async def engine_on(transport: Transport, folder: Path | None) -> AsyncIterator[Engine]:
    """An engine with SQLite and log files under ``folder``; None: with stores in memory."""
    if folder is not None:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    engine = Engine(
        store=await SqliteRunStore.open(folder / "onduty.sqlite") if folder else MemoryRunStore(),
        logs=FileLogStore(folder) if folder else MemoryLogStore(),
        transport=transport,
        advisor=Advisor(),
        clock=SystemClock(),
        tools=Tools(web=FakeWeb(), sources=FakeSourceFiles(), files=FakeRunFiles()),
        new_uid=lambda: str(ULID()),
    )
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


def ssh_transport() -> SshTransport:
    """SSH without an agent; the inventory names everything."""
    return SshTransport(agent_path=lambda: None, config=SshConfig())


async def run_to_end(engine: Engine, plan: Plan) -> str:
    """Run a plan; its uid once it has succeeded. Raises ``BenchFailed`` when it does not."""
    state = await engine.create_run(
        plan, definition="version: 1\n", inventory=None, actor="bench", request_id=str(ULID())
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            async for event in engine.records.events(state.uid):
                if event is not None and event.type in ("run_finished", "run_held"):
                    break
    ended = await engine.records.state(state.uid)
    if ended.phase is not RunPhase.SUCCEEDED:
        raise BenchFailed(f"{ended.name} is {ended.phase.value}, and should have succeeded")
    return state.uid


@dataclass(slots=True)
class Times:
    """Monotonic seconds, in the order in which things happened."""

    asked: list[float] = field(default_factory=list)
    """The engine asked for a start."""
    told: list[float] = field(default_factory=list)
    """The engine was told that an execution finished."""


class TimedTransport:
    """Another transport, and when it was asked and when it answered."""

    def __init__(self, inner: Transport, times: Times) -> None:
        self._inner = inner
        self._times = times
        self.logins = inner.logins

    async def connect(self, host: Host, sink: SessionSink) -> HostSession:
        """As ``Transport``."""
        return _TimedSession(await self._inner.connect(host, _TimedSink(sink, self._times)), self._times)

    async def inspect(self, host: Host) -> HostInspection:
        """As ``Transport``."""
        return await self._inner.inspect(host)


class _TimedSession:
    def __init__(self, inner: HostSession, times: Times) -> None:
        self._inner = inner
        self._times = times
        self.facts: HostFacts = inner.facts

    async def start(self, request: ExecutionRequest) -> ExecutionReport:
        self._times.asked.append(time.perf_counter())
        return await self._inner.start(request)

    async def under(self, user: str) -> Any:
        return await self._inner.under(user) if user else self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _TimedSink:
    def __init__(self, inner: SessionSink, times: Times) -> None:
        self._inner = inner
        self._times = times

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        await self._inner.on_output(key, offset, data)

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        self._times.told.append(time.perf_counter())
        await self._inner.on_finished(key, result)

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        await self._inner.on_vanished(key, report)

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        await self._inner.on_cancel_step(key, step, survivors)

    async def on_lost(self, cause: str) -> None:
        await self._inner.on_lost(cause)


class LoneSink:
    """Waits for the verdicts of a session that no engine drives."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[ExecutionResult]] = {}

    def verdict(self, key: str) -> asyncio.Future[ExecutionResult]:
        """The result of ``key``, once it is there."""
        return self._waiting.setdefault(key, asyncio.get_running_loop().create_future())

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        """Nobody reads it."""

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        """As ``SessionSink``."""
        self.verdict(key).set_result(result)

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        """As ``SessionSink``."""
        self.verdict(key).set_exception(BenchFailed(f"{key} is lost: {report.reason}"))

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """Nobody cancels."""

    async def on_lost(self, cause: str) -> None:
        """As ``SessionSink``."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(BenchFailed(f"the session was lost: {cause}"))
