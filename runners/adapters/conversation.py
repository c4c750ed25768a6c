"""What is said with one supervisor: the executions of one user of the host, over a helper and a follower.

A job that ends within 50 ms never meets the follower: its log is fetched by the helper. Bytes of one log come from one
of them, never both.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from runners.adapters.follower import Follower
from runners.adapters.helper_channel import Answer, HelperChannel
from runners.adapters.opened_shell import OpenedShell
from runners.adapters.remote_words import execution_report, execution_result
from runners.adapters.session_voice import Voice
from runners.model.errors import HostRefused, SessionLost
from runners.model.metrics import HostSample
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    ExecutionResult,
    Survivor,
)
from runners.remote import request
from runners.remote.frames import Chunk, FrameError
from runners.remote.notices import CancelNotice, Finished, KeyReport
from runners.remote.result import RemoteResult
from runners.remote.samples import parse_sample

REQUEST_DEADLINE_S = 20.0
REMOVE_DEADLINE_S = 600.0
"""Work folders may be large."""
FOLLOW_AFTER_S = 0.05
"""A job that runs longer is followed; a shorter one is fetched."""
FETCH_BYTES = 256 << 10
"""What the helper may be asked for at once: more would keep it from its requests."""

MakeWorkFolder = Callable[[str, Sequence[str]], Awaitable[str]]
"""Of a work folder's name and the users it is shared with, where it is; made when it is not there."""


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


class Conversation:
    """Keeps what ``Supervisor`` promises, for one user of the host. The session's end is the end of all of them."""

    def __init__(
        self,
        voice: Voice,
        opened: OpenedShell,
        open_follower: Callable[[], Awaitable[OpenedShell]],
        *,
        work_folder: MakeWorkFolder,
        deadline_s: float,
    ) -> None:
        self.folder = opened.folder
        """Where its executions live."""
        self._voice = voice
        self._work_folder = work_folder
        self._followed: dict[str, _Followed] = {}
        self._survivors: dict[str, list[Survivor]] = {}
        self._ending: set[str] = set()
        """Keys whose trees are being ended here now."""
        self._closed = False
        self._helper = HelperChannel(opened, deadline_s=deadline_s, on_notice=self._hear, on_lost=voice.lose)
        self._follower = Follower(
            open_follower, on_chunk=self._take_chunk, on_report=self._hear_report, on_lost=voice.lose
        )

    @property
    def idle(self) -> bool:
        """Nothing is asked and nothing is followed: closing it now would be noticed by nobody."""
        return not self._helper.busy and all(followed.over for followed in self._followed.values())

    def close(self) -> None:
        """Let go of both shells; nobody is told."""
        self._closed = True
        for followed in self._followed.values():
            if followed.timer is not None:
                followed.timer.cancel()
        self._helper.close()
        self._follower.close()

    async def wait_closed(self) -> None:
        """Return when nothing of this runs any more."""
        await asyncio.gather(self._helper.wait_closed(), self._follower.wait_closed(), return_exceptions=True)

    # ----- Supervisor

    async def start(self, request_: ExecutionRequest) -> ExecutionReport:
        """As the promise says."""
        key = request_.key
        known = self._followed.get(key)
        # Before the request: a quick job's end may be heard in the same breath as its start.
        followed = known or self._followed.setdefault(key, _Followed(key, 0))
        workdir = request_.workdir
        try:
            if workdir and request_.sharers:
                workdir = await self._work_folder(workdir, request_.sharers)
            answer = await self._ask(
                lambda number: request.start(
                    number,
                    key=key,
                    script=request_.script,
                    env=request_.env,
                    dir=request_.dir,
                    workdir=workdir,
                    timeout_s=request_.timeout_s,
                    label=request_.label,
                    earlier=request_.earlier,
                    limits=request_.limits,
                    log_limit_bytes=request_.log_limit_bytes,
                    shell=request_.shell,
                    login=request_.login,
                ),
                ends_with_report=True,
            )
        except request.RequestRefused as refused:
            self._drop(known, key)
            raise HostRefused(f"{self._voice.host}: {refused}; nothing was started there") from None
        except HostRefused:
            self._drop(known, key)
            raise
        if answer.word == "full":
            self._drop(known, key)
            raise HostRefused(
                f"{self._voice.host}: {self.folder} cannot be written (disk full?); nothing was started there"
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
        if not keys:
            return []
        answer = await self._ask(lambda number: request.ask(number, keys))
        found = {report.key: report for report in answer.reports}
        if any(key not in found for key in keys):
            raise SessionLost(f"{self._voice.host} did not answer for every key that was asked for")
        return [self._report(found[key]) for key in keys]

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says. Raises ``HostRefused`` when the disk takes no claim."""
        answer = await self._ask(lambda number: request.seal(number, key), ends_with_report=True)
        if answer.word == "full":
            raise HostRefused(f"{self._voice.host}: {self.folder} cannot be written; {key} is not sealed")
        return self._report(answer.reports[0])

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        self._voice.check()
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
        self._voice.check()
        return await self._helper.output(key, size_bytes) if size_bytes else b""

    async def cancel(self, key: str, grace_s: float) -> None:
        """As the promise says."""
        await self._ask(lambda number: request.cancel(number, key, grace_s))

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        if keys:
            await self._ask(lambda number: request.remove(number, keys))
        for key in keys:
            if (followed := self._followed.get(key)) is not None and followed.over:
                del self._followed[key]

    async def sample(self, keys: Sequence[str], *, rooms: bool) -> HostSample:
        """As the promise of ``HostSession`` says."""
        answer = await self._ask(lambda number: request.sample(number, keys, rooms=rooms))
        return parse_sample(answer.samples, tuple(self._helper.rooms.values()))

    async def ping(self) -> None:
        """Return when the helper has answered. Raises ``SessionLost`` when it does not."""
        await self._ask(request.ping)

    # ----- work folders

    async def make_work_folder(self, workdir: str, users: Sequence[str]) -> str:
        """Its path; see ``MakeWorkFolder``. Raises ``HostRefused`` when it cannot be made."""
        answer = await self._ask(lambda number: request.work(number, workdir, users))
        if not answer.folders:
            raise HostRefused(
                f"{self._voice.host}: the work folder could not be made (disk full?); nothing was started there"
            )
        return answer.folders[0]

    async def work_folders(self, workdirs: Sequence[str]) -> Sequence[str]:
        """The paths of those that are there."""
        return (await self._ask(lambda number: request.find_workdirs(number, workdirs))).folders

    async def remove_work_folders(self, paths: Sequence[str]) -> None:
        """Delete what this user can delete of them."""
        await self._ask(lambda number: request.remove_workdirs(number, paths), deadline_s=REMOVE_DEADLINE_S)

    # ----- what the host says

    def _hear(self, notice: Finished | CancelNotice) -> None:
        match notice:
            case Finished(key=key, result=result):
                self._hear_result(key, result)
            case CancelNotice(key=key, step="survivor"):
                survivor = Survivor(pid=notice.pid, user=notice.user, command=notice.command)
                self._survivors.setdefault(key, []).append(survivor)
            case CancelNotice(key=key, step=step):
                # The leader of a tree may end long before the rest of it: the verdict waits until all is said.
                (self._ending.discard if step in ("gone", "survivors") else self._ending.add)(key)
                survivors = tuple(self._survivors.pop(key, ()))
                self._voice.later(lambda: self._tell_step(key, CancelStep(step), survivors))

    def _hear_result(self, key: str, result: RemoteResult) -> None:
        followed = self._followed.get(key)
        if followed is None or followed.over or followed.result is not None:
            return
        followed.result = execution_result(result)
        self._voice.later(lambda: self._advance(followed))

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
                self._voice.lose(lost.message)
                return
            self._voice.later(lambda: self._tell_vanished(followed, words))

    async def _take_chunk(self, chunk: Chunk) -> None:
        followed = self._followed.get(chunk.key)
        if followed is None or followed.over:
            return
        async with self._voice.turn:
            if self._over:
                return
            if chunk.offset != followed.received or followed.source is not _Source.FOLLOWER:
                raise FrameError(f"a piece of {chunk.key} at {chunk.offset}, expected was {followed.received}")
            await self._voice.sink.on_output(chunk.key, chunk.offset, chunk.data)
            followed.received += len(chunk.data)
        await self._tell_if_finished(followed)

    # ----- following

    def _begin(self, followed: _Followed, report: ExecutionReport) -> None:
        match report.phase:
            case ExecutionPhase.DONE:
                if followed.result is None:
                    followed.result = report.result
                self._voice.later(lambda: self._advance(followed))
            case ExecutionPhase.RUNNING | ExecutionPhase.LOST:
                self._follow_by_follower(followed)
            case _:
                self._voice.later(lambda: self._tell_vanished(followed, report))

    def _follow_by_follower(self, followed: _Followed) -> None:
        if followed.source is _Source.NONE and not followed.over and not self._over:
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
                self._voice.spawn(self._fetch(followed, missing))
                return
        await self._tell_if_finished(followed)

    async def _fetch(self, followed: _Followed, size_bytes: int) -> None:
        try:
            data = await self._helper.fetch(followed.key, followed.received, size_bytes)
        except SessionLost:
            return
        async with self._voice.turn:
            if self._over:
                return
            await self._voice.sink.on_output(followed.key, followed.received, data)
            followed.received += len(data)
        await self._tell_if_finished(followed)

    # ----- telling the sink, one call at a time

    async def _tell_if_finished(self, followed: _Followed) -> None:
        async with self._voice.turn:
            result = followed.result
            if result is None or followed.over or self._over or followed.key in self._ending:
                return
            if followed.received >= result.log_bytes:
                followed.over = True
                await self._voice.sink.on_finished(followed.key, result)

    async def _tell_vanished(self, followed: _Followed, report: ExecutionReport) -> None:
        async with self._voice.turn:
            if not followed.over and not self._over:
                followed.over = True
                await self._voice.sink.on_vanished(followed.key, report)

    async def _tell_step(self, key: str, step: CancelStep, survivors: tuple[Survivor, ...]) -> None:
        async with self._voice.turn:
            if not self._over:
                await self._voice.sink.on_cancel_step(key, step, survivors)
        if (followed := self._followed.get(key)) is not None:
            await self._tell_if_finished(followed)

    # ----- the end

    @property
    def _over(self) -> bool:
        return self._closed or self._voice.over

    async def _ask(
        self, build: Callable[[int], bytes], *, ends_with_report: bool = False, deadline_s: float | None = None
    ) -> Answer:
        self._voice.check()
        return await self._helper.ask(build, ends_with_report=ends_with_report, deadline_s=deadline_s)

    def _drop(self, known: _Followed | None, key: str) -> None:
        if known is None:
            self._followed.pop(key, None)

    def _report(self, report: KeyReport) -> ExecutionReport:
        if report.phase == "unknown":
            raise SessionLost(f"{self._voice.host} cannot look at its executions: {self.folder} is not there")
        return execution_report(report)
