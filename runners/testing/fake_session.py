"""A session with a scripted host: one task delivers to the sink, in order, one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.model.errors import SessionLost
from runners.ports.byte_stream import ByteStream, StreamRefused
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    HostFacts,
    SessionSink,
    Survivor,
)
from runners.testing.behaviour import Step
from runners.testing.fake_courier import FakeCourier
from runners.testing.fake_host import FakeHost
from runners.testing.fake_stream import FakeStream


@dataclass(slots=True)
class _Followed:
    offset: int
    done: bool = False


class FakeSession:
    """Keeps the promises of ``HostSession`` without a network. Made by ``FakeTransport.connect``."""

    def __init__(
        self,
        host: FakeHost,
        sink: SessionSink,
        *,
        behaviour: Callable[[FakeHost, ExecutionRequest], Sequence[Step]],
        chunk_bytes: int,
        on_end: Callable[[FakeSession], None],
    ) -> None:
        self.facts = HostFacts(
            boot_id="fake-boot",
            clock_offset_s=0.0,
            state_dir=f"/fake/{host.name}/onduty",
            user="fake",
            connect_s=0.0,
        )
        self.host = host
        self._sink = sink
        self._behaviour = behaviour
        self._chunk_bytes = chunk_bytes
        self._on_end = on_end
        self._followed: dict[str, _Followed] = {}
        self._steps: list[tuple[str, CancelStep, tuple[Survivor, ...]]] = []
        self._lost: str | None = None
        self._told = False
        self._closed = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._deliver(), name=f"fake session {host.name}")
        host.listeners.append(self._wake.set)

    # ----- HostSession

    async def start(self, request: ExecutionRequest) -> ExecutionReport:
        """As the promise says; a key that is known is followed too."""
        await self._turn()
        how = self.host.lose_next_start
        self.host.lose_next_start = ""
        if how == "before":
            self.lose("cut before the request arrived")
            self._check()
        if self.host.report(request.key).phase is ExecutionPhase.ABSENT:
            self.host.start(request, self._behaviour(self.host, request))
        report = self.host.report(request.key)
        if how == "after":
            self.lose("cut before the answer came")
            self._check()
        if report.phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE):
            self._follow(request.key, 0)
        return report

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """As the promise says."""
        await self._turn()
        return [self.host.report(key) for key in keys]

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says."""
        await self._turn()
        return self.host.seal(key)

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        await self._turn()
        self._follow(key, offset)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """As the promise says."""
        await self._turn()
        if self.host.lose_next_output:
            self.host.lose_next_output = False
            self.lose("cut before the outputs came")
            self._check()
        execution = self.host.executions.get(key)
        return bytes(execution.output[:size_bytes]).rstrip(b"\0") if execution else b""

    async def cancel(self, key: str, grace_s: float) -> None:
        """TERM ends a job at once unless its ``OnCancel`` says otherwise; ``grace_s`` passes in no time."""
        await self._turn()
        if self.host.report(key).phase is not ExecutionPhase.RUNNING:
            self._step(key, CancelStep.GONE)
            return
        how = self.host.executions[key].on_cancel
        self._step(key, CancelStep.TERM)
        if how.ignores_term or how.survivors:
            self._step(key, CancelStep.KILL)
        if how.survivors:
            self._step(key, CancelStep.SURVIVORS, how.survivors)
            return
        self.host.finish(key, signal="KILL" if how.ignores_term else "TERM", cancelled=True)
        self._step(key, CancelStep.GONE)

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        await self._turn()
        for key in keys:
            self.host.remove(key)
            if key not in self.host.executions:
                self._followed.pop(key, None)

    async def remove_workdirs(self, workdirs: Sequence[str]) -> None:
        """As the promise says."""
        await self._turn()
        self.host.workdirs.difference_update(workdirs)

    @property
    def is_over(self) -> bool:
        """Whether it was lost or closed."""
        return self._lost is not None or self._closed

    async def open_courier(self, workdir: str, dir: str | None) -> FakeCourier:
        """As the promise says."""
        await self._turn()
        self.host.workdirs.add(workdir)
        return FakeCourier(self, dir or f"{self.facts.state_dir}/work/{workdir}")

    async def open_stream(self, host: str, port: int) -> ByteStream:
        """As the promise says."""
        await self._turn()
        self.host.asked_streams.append((host, port))
        server = self.host.servers.get((host, port))
        if server is None:
            raise StreamRefused("Connection refused")
        return FakeStream(server)

    async def close(self) -> None:
        """As the promise says."""
        self._end()
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # ----- the fake's own side

    def lose(self, cause: str) -> None:
        """The link drops now; ``on_lost`` comes next, and nothing after it."""
        if self._closed or self._lost is not None:
            return
        self._lost = cause
        self._wake.set()

    def forget(self) -> None:
        """The controller died: nothing more is called, nobody is told."""
        self._end()
        self._task.cancel()

    async def settled(self) -> None:
        """Return once everything that the host has so far was taken by the sink."""
        if not self._closed and not self._told and not self._task.done():
            self._idle.clear()
            self._wake.set()
            waiter = asyncio.ensure_future(self._idle.wait())
            await asyncio.wait({waiter, self._task}, return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()

    def _end(self) -> None:
        self._closed = True
        if self._wake.set in self.host.listeners:
            self.host.listeners.remove(self._wake.set)
        self._on_end(self)

    def _check(self) -> None:
        if self._closed or self._lost is not None:
            raise SessionLost(f"the session with {self.host.name} ended ({self._lost or 'closed'})")

    async def _turn(self) -> None:
        self._check()
        # A real session answers after a round trip; code that forgets that other things happen meanwhile shows here.
        await asyncio.sleep(0)
        self._check()

    def _follow(self, key: str, offset: int) -> None:
        self._followed.setdefault(key, _Followed(offset))
        self._wake.set()

    def _step(self, key: str, step: CancelStep, survivors: tuple[Survivor, ...] = ()) -> None:
        self._steps.append((key, step, survivors))
        self._wake.set()

    async def _deliver(self) -> None:
        while True:
            self._wake.clear()
            while self._lost is None and await self._deliver_one():
                pass
            if self._lost is not None:
                self._told = True
                self._end()
                await self._sink.on_lost(self._lost)
                return
            self._idle.set()
            await self._wake.wait()

    async def _deliver_one(self) -> bool:
        """Make one call to the sink; False when there is nothing to tell."""
        if self._steps:
            key, step, survivors = self._steps.pop(0)
            await self._sink.on_cancel_step(key, step, survivors)
            return True
        for key, followed in list(self._followed.items()):
            if followed.done:
                continue
            execution = self.host.executions.get(key)
            if execution is None or execution.phase in (ExecutionPhase.CLAIMED, ExecutionPhase.ABSENT):
                followed.done = True
                await self._sink.on_vanished(key, self.host.report(key))
                return True
            if followed.offset < len(execution.log):
                offset = followed.offset
                data = bytes(execution.log[offset : offset + self._chunk_bytes])
                followed.offset += len(data)
                await self._sink.on_output(key, offset, data)
                return True
            if execution.result is not None:
                followed.done = True
                await self._sink.on_finished(key, execution.result)
                return True
            if execution.phase is ExecutionPhase.LOST:
                followed.done = True
                await self._sink.on_vanished(key, execution.report)
                return True
        return False
