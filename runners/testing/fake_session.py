"""A session with a scripted host: one task delivers to the sink, in order, one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.model.errors import SessionLost, SudoRefused
from runners.model.metrics import HostSample
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
from runners.testing.fake_supervisor import FakeSupervisor


@dataclass(slots=True)
class _Followed:
    offset: int
    user: str
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
        self._chunk_bytes = chunk_bytes
        self._on_end = on_end
        self._own = FakeSupervisor(self, "")
        self.behaviour = behaviour
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
        return await self._own.start(request)

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """As the promise says."""
        return await self._own.ask(keys)

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says."""
        return await self._own.seal(key)

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        await self._own.follow(key, offset)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """As the promise says."""
        return await self._own.output(key, size_bytes)

    async def cancel(self, key: str, grace_s: float) -> None:
        """As the promise says."""
        await self._own.cancel(key, grace_s)

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        await self._own.remove(keys)

    async def sample(self, keys: Sequence[str] = (), *, rooms: bool = False) -> HostSample:
        """As the promise says; each time the host's next one, the last of them again and again."""
        self.check()
        self.host.sampled.append((tuple(keys), rooms))
        return self.host.samples.pop(0) if len(self.host.samples) > 1 else self.host.samples[0]

    async def under(self, user: str) -> FakeSupervisor:
        """As the promise says."""
        if not user:
            self.check()
            return self._own
        await self.turn()
        if self.host.sudo_refusal:
            raise SudoRefused(f"{self.host.name}: {self.host.sudo_refusal}; nothing was started there")
        return FakeSupervisor(self, user)

    async def remove_workdirs(self, workdirs: Sequence[str], sharers: Sequence[str] = ()) -> None:
        """As the promise says."""
        await self.turn()
        self.host.workdirs.difference_update(workdirs)

    @property
    def is_over(self) -> bool:
        """Whether it was lost or closed."""
        return self._lost is not None or self._closed

    async def open_courier(self, workdir: str, dir: str | None, sharers: Sequence[str] = ()) -> FakeCourier:
        """As the promise says."""
        await self.turn()
        self.host.workdirs.add(workdir)
        return FakeCourier(self, dir or f"{self.facts.state_dir}/work/{workdir}")

    async def open_stream(self, host: str, port: int) -> ByteStream:
        """As the promise says."""
        await self.turn()
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

    def check(self) -> None:
        """Raise ``SessionLost`` when it is over."""
        if self._closed or self._lost is not None:
            raise SessionLost(f"the session with {self.host.name} ended ({self._lost or 'closed'})")

    async def turn(self) -> None:
        """Answer as late as a network would. Raises ``SessionLost``."""
        self.check()
        # Code that forgets that other things happen meanwhile shows here.
        await asyncio.sleep(0)
        self.check()

    def deliver(self, key: str, user: str, offset: int) -> None:
        """Tell the sink of this execution from here on."""
        self._followed.setdefault(key, _Followed(offset, user))
        self._wake.set()

    def forget_key(self, key: str) -> None:
        """It was removed."""
        self._followed.pop(key, None)

    def step(self, key: str, step: CancelStep, survivors: tuple[Survivor, ...] = ()) -> None:
        """Tell the sink how far a cancel is."""
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
            if (
                execution is None
                or execution.user != followed.user
                or execution.phase in (ExecutionPhase.CLAIMED, ExecutionPhase.ABSENT)
            ):
                followed.done = True
                await self._sink.on_vanished(key, self.host.report(key, followed.user))
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
