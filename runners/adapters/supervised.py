"""A session with one host, spoken with its supervisor over shells that somebody else opened.

Two shells: the helper takes requests and pushes completions, the follower ships what grows. A job that ends within
50 ms never meets the follower: its log is fetched by the helper. Bytes of one log come from one of them, never both.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from runners.adapters.courier import open_courier
from runners.adapters.follower import Follower
from runners.adapters.helper_channel import HelperChannel
from runners.adapters.opened_shell import OpenedShell, open_supervised_shell
from runners.adapters.remote_words import execution_report, execution_result
from runners.adapters.shell_channel import OpenShell, ShellLost
from runners.adapters.sockets import open_socket
from runners.model.errors import HostRefused, SessionLost
from runners.model.inventory import Host
from runners.ports.byte_stream import ByteStream, OpenStream
from runners.ports.courier import Courier
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    ExecutionResult,
    HostFacts,
    SessionSink,
    Survivor,
)
from runners.remote import request
from runners.remote.frames import Chunk, FrameError
from runners.remote.notices import CancelNotice, Finished, KeyReport
from runners.remote.result import RemoteResult

log = logging.getLogger("onduty.session")

REQUEST_DEADLINE_S = 20.0
REMOVE_DEADLINE_S = 600.0
"""Work folders may be large."""
FOLLOW_AFTER_S = 0.05
"""A job that runs longer is followed; a shorter one is fetched."""
FETCH_BYTES = 256 << 10
"""What the helper may be asked for at once: more would keep it from its requests."""


class _Source(enum.Enum):
    NONE = enum.auto()
    HELPER = enum.auto()
    FOLLOWER = enum.auto()


@dataclass(slots=True)
class _Followed:
    key: str
    received: int
    """Bytes that the sink has taken, counted from the log's start. The receiver owns it."""
    source: _Source = _Source.NONE
    result: ExecutionResult | None = None
    over: bool = False
    """The sink heard the end."""
    timer: asyncio.TimerHandle | None = None
    survivors: list[Survivor] = field(default_factory=list)


async def open_session(
    host: Host,
    open_shell: OpenShell,
    sink: SessionSink,
    *,
    connect_s: float,
    open_stream: OpenStream = open_socket,
    deadline_s: float = REQUEST_DEADLINE_S,
) -> SupervisedSession:
    """Open the helper and return a session with ``host``; nothing of a job ran there before it returns.

    ``connect_s`` is what the connection took; ``open_stream`` connects from the host to somewhere. Raises ``ShellLost``
    when the shell or the connection ended meanwhile,
    and ``HostRefused`` when the host cannot serve.
    """
    opened = await open_supervised_shell(open_shell, "helper", host.name)
    return SupervisedSession(
        host, open_shell, opened, sink, connect_s=connect_s, open_stream=open_stream, deadline_s=deadline_s
    )


class SupervisedSession:
    """Keeps what ``HostSession`` promises. Made by ``open_session``."""

    def __init__(
        self,
        host: Host,
        open_shell: OpenShell,
        opened: OpenedShell,
        sink: SessionSink,
        *,
        connect_s: float,
        open_stream: OpenStream,
        deadline_s: float,
    ) -> None:
        self._open_stream = open_stream
        self._open_shell = open_shell
        self.facts = HostFacts(
            boot_id=opened.opened.boot_id,
            clock_offset_s=opened.clock_offset_s,
            state_dir=opened.folder,
            user=opened.opened.user,
            connect_s=connect_s,
        )
        self._host = host
        self._sink = sink
        self._followed: dict[str, _Followed] = {}
        self._survivors: dict[str, list[Survivor]] = {}
        self._lost: str | None = None
        self._closed = False
        self._sink_turn = asyncio.Lock()
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._helper = HelperChannel(opened, deadline_s=deadline_s, on_notice=self._hear, on_lost=self._lose)
        self._follower = Follower(
            lambda: open_supervised_shell(open_shell, "follower", host.name),
            on_chunk=self._take_chunk,
            on_report=self._hear_report,
            on_lost=self._lose,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._tell_news())

    # ----- HostSession

    async def start(self, request_: ExecutionRequest) -> ExecutionReport:
        """As the promise says."""
        self._check()
        key = request_.key
        known = self._followed.get(key)
        # Before the request: a quick job's end may be heard in the same breath as its start.
        followed = known or self._followed.setdefault(key, _Followed(key, 0))
        try:
            answer = await self._helper.ask(
                lambda number: request.start(
                    number,
                    key=key,
                    script=request_.script,
                    env=request_.env,
                    dir=request_.dir,
                    workdir=request_.workdir,
                    timeout_s=request_.timeout_s,
                    label=request_.label,
                    earlier=request_.earlier,
                    shell=request_.shell,
                    login=request_.login,
                ),
                ends_with_report=True,
            )
        except request.RequestRefused as refused:
            self._drop(known, key)
            raise HostRefused(f"{self._host.name}: {refused}; nothing was started there") from None
        if answer.word == "full":
            self._drop(known, key)
            raise HostRefused(
                f"{self._host.name}: {self.facts.state_dir} cannot be written (disk full?); nothing was started there"
            )
        if answer.word == "started":
            report = ExecutionReport(key=key, phase=ExecutionPhase.RUNNING)
            if followed.result is not None:
                report = ExecutionReport(
                    key=key,
                    phase=ExecutionPhase.DONE,
                    log_bytes=followed.result.log_bytes,
                    result=followed.result,
                )
            elif followed.source is _Source.NONE:
                loop = asyncio.get_running_loop()
                followed.timer = loop.call_later(FOLLOW_AFTER_S, self._follow_by_follower, followed)
            return report
        report = self._report(answer.reports[0])
        if report.phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE):
            self._begin(followed, report)
        else:
            self._drop(known, key)
        return report

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """As the promise says."""
        self._check()
        if not keys:
            return []
        answer = await self._helper.ask(lambda number: request.ask(number, keys))
        found = {report.key: report for report in answer.reports}
        if any(key not in found for key in keys):
            raise SessionLost(f"{self._host.name} did not answer for every key that was asked for")
        return [self._report(found[key]) for key in keys]

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says. Raises ``HostRefused`` when the disk takes no claim."""
        self._check()
        answer = await self._helper.ask(lambda number: request.seal(number, key), ends_with_report=True)
        if answer.word == "full":
            raise HostRefused(f"{self._host.name}: {self.facts.state_dir} cannot be written; {key} is not sealed")
        return self._report(answer.reports[0])

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        self._check()
        if key in self._followed:
            return
        followed = self._followed[key] = _Followed(key, offset)
        try:
            report = (await self.ask([key]))[0]
        except BaseException:
            self._followed.pop(key, None)
            raise
        self._begin(followed, report)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """As the promise says."""
        self._check()
        return await self._helper.output(key, size_bytes) if size_bytes else b""

    async def cancel(self, key: str, grace_s: float) -> None:
        """As the promise says."""
        self._check()
        await self._helper.ask(lambda number: request.cancel(number, key, grace_s))

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        self._check()
        if keys:
            await self._helper.ask(lambda number: request.remove(number, keys))
        for key in keys:
            if (followed := self._followed.get(key)) is not None and followed.over:
                del self._followed[key]

    async def remove_workdirs(self, workdirs: Sequence[str]) -> None:
        """As the promise says."""
        self._check()
        if workdirs:
            await self._helper.ask(
                lambda number: request.remove_workdirs(number, workdirs), deadline_s=REMOVE_DEADLINE_S
            )

    async def open_courier(self, workdir: str, dir: str | None) -> Courier:
        """As the promise says."""
        self._check()
        folder = f"{self.facts.state_dir}/work/{workdir}"
        return await open_courier(
            self._open_shell, self._host.name, workfolder=folder, folder=dir, judge=self._judge_lost
        )

    async def _judge_lost(self, lost: ShellLost) -> None:
        """Raise ``SessionLost`` when the connection went, and not only a shell on it."""
        self._check()
        await self._helper.ask(request.ping)

    async def open_stream(self, host: str, port: int) -> ByteStream:
        """As the promise says."""
        self._check()
        return await self._open_stream(host, port)

    async def close(self) -> None:
        """As the promise says."""
        self._closed = True
        self._let_go()
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._helper.wait_closed(), self._follower.wait_closed(), return_exceptions=True)

    # ----- what the host says

    def _hear(self, notice: Finished | CancelNotice) -> None:
        match notice:
            case Finished(key=key, result=result):
                self._hear_result(key, result)
            case CancelNotice(key=key, step="survivor"):
                survivor = Survivor(pid=notice.pid, user=notice.user, command=notice.command)
                self._survivors.setdefault(key, []).append(survivor)
            case CancelNotice(key=key, step=step):
                survivors = tuple(self._survivors.pop(key, ()))
                self._later(lambda: self._tell_step(key, CancelStep(step), survivors))

    def _hear_result(self, key: str, result: RemoteResult) -> None:
        followed = self._followed.get(key)
        if followed is None or followed.over or followed.result is not None:
            return
        followed.result = execution_result(result)
        self._later(lambda: self._advance(followed))

    def _hear_report(self, report: KeyReport) -> None:
        """The follower is done with a key."""
        followed = self._followed.get(report.key)
        if followed is None or followed.over:
            return
        if report.result is not None:
            self._hear_result(report.key, report.result)
        else:
            try:
                words = self._report(report)
            except SessionLost as lost:
                self._lose(lost.message)
                return
            self._later(lambda: self._tell_vanished(followed, words))

    async def _take_chunk(self, chunk: Chunk) -> None:
        followed = self._followed.get(chunk.key)
        if followed is None or followed.over:
            return
        async with self._sink_turn:
            if self._lost is not None or self._closed:
                return
            if chunk.offset != followed.received or followed.source is not _Source.FOLLOWER:
                raise FrameError(f"a piece of {chunk.key} at {chunk.offset}, expected was {followed.received}")
            await self._sink.on_output(chunk.key, chunk.offset, chunk.data)
            followed.received += len(chunk.data)
        await self._tell_if_finished(followed)

    # ----- following

    def _begin(self, followed: _Followed, report: ExecutionReport) -> None:
        match report.phase:
            case ExecutionPhase.DONE:
                if followed.result is None:
                    followed.result = report.result
                self._later(lambda: self._advance(followed))
            case ExecutionPhase.RUNNING | ExecutionPhase.LOST:
                self._follow_by_follower(followed)
            case _:
                self._later(lambda: self._tell_vanished(followed, report))

    def _follow_by_follower(self, followed: _Followed) -> None:
        if followed.source is _Source.NONE and not followed.over and self._lost is None and not self._closed:
            followed.source = _Source.FOLLOWER
            self._follower.send(request.follow(followed.key, followed.received))

    async def _advance(self, followed: _Followed) -> None:
        """The result is known: get what is missing, then tell."""
        if followed.timer is not None:
            followed.timer.cancel()
        result = followed.result
        assert result is not None
        missing = result.log_bytes - followed.received
        if missing > 0:
            if followed.source is _Source.FOLLOWER:
                self._follower.send(request.LOOK_NOW)
                return
            if followed.source is _Source.NONE and missing > FETCH_BYTES:
                self._follow_by_follower(followed)
                return
            if followed.source is _Source.NONE:
                followed.source = _Source.HELPER
                self._spawn(self._fetch(followed, missing))
                return
        await self._tell_if_finished(followed)

    async def _fetch(self, followed: _Followed, size_bytes: int) -> None:
        try:
            data = await self._helper.fetch(followed.key, followed.received, size_bytes)
        except SessionLost:
            return
        async with self._sink_turn:
            if self._lost is not None or self._closed:
                return
            await self._sink.on_output(followed.key, followed.received, data)
            followed.received += len(data)
        await self._tell_if_finished(followed)

    # ----- telling the sink, one call at a time

    def _later(self, tell: Callable[[], Awaitable[None]]) -> None:
        self._news.put_nowait(tell)

    async def _tell_news(self) -> None:
        while True:
            tell = await self._news.get()
            await tell()

    async def _tell_if_finished(self, followed: _Followed) -> None:
        async with self._sink_turn:
            result = followed.result
            if result is None or followed.over or self._lost is not None or self._closed:
                return
            if followed.received >= result.log_bytes:
                followed.over = True
                await self._sink.on_finished(followed.key, result)

    async def _tell_vanished(self, followed: _Followed, report: ExecutionReport) -> None:
        async with self._sink_turn:
            if not followed.over and self._lost is None and not self._closed:
                followed.over = True
                await self._sink.on_vanished(followed.key, report)

    async def _tell_step(self, key: str, step: CancelStep, survivors: tuple[Survivor, ...]) -> None:
        async with self._sink_turn:
            if self._lost is None and not self._closed:
                await self._sink.on_cancel_step(key, step, survivors)

    async def _tell_lost(self, cause: str) -> None:
        async with self._sink_turn:
            if not self._closed:
                await self._sink.on_lost(cause)
        # None of them is inside the sink, and nothing is left to tell.
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    # ----- the end

    def _lose(self, cause: str) -> None:
        if self._lost is None and not self._closed:
            self._lost = cause
            self._let_go()
            self._spawn(self._tell_lost(cause))

    def _let_go(self) -> None:
        for followed in self._followed.values():
            if followed.timer is not None:
                followed.timer.cancel()
        self._helper.close()
        self._follower.close()

    def _check(self) -> None:
        if self._lost is not None or self._closed:
            raise SessionLost(f"the session with {self._host.name} ended ({self._lost or 'closed'})")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as problem:
                log.exception("session with %s", self._host.name)
                self._lose(f"the receiver of its output failed ({problem})")

        task = asyncio.create_task(guarded(), name=f"session {self._host.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A session that is closed at once cancels the task before it began, and nobody would ever await the work.
        task.add_done_callback(lambda _: work.close())

    def _drop(self, known: _Followed | None, key: str) -> None:
        if known is None:
            self._followed.pop(key, None)

    def _report(self, report: KeyReport) -> ExecutionReport:
        if report.phase == "unknown":
            raise SessionLost(f"{self._host.name} cannot look at its executions: {self.facts.state_dir} is not there")
        return execution_report(report)
