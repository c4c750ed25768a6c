"""The helper's channel: requests and their answers, notices nobody asked for, and small logs as raw bytes.

Both outputs are read all the time and never wait for a sink, so a slow sink cannot make the helper look dead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from runners.adapters.opened_shell import READ_BYTES, OpenedShell, closed
from runners.adapters.shell_channel import ShellLost
from runners.model.errors import SessionLost
from runners.model.metrics import Room
from runners.remote import request
from runners.remote.notices import (
    CancelNotice,
    Finished,
    KeyReport,
    LineSplitter,
    Reply,
    RoomLine,
    SampleLine,
    WorkFolder,
    parse_notice,
)
from runners.remote.samples import parse_room

SLOWEST_BYTES_PER_S = 50_000
"""A request is given a second more for so many of its own bytes."""


MOST_SAMPLE_LINES = 500
MOST_ROOMS = 20


@dataclass(slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    word: str
    reports: list[KeyReport]
    folders: list[str] = field(default_factory=list)
    """Paths of work folders, where they were asked for."""
    samples: list[str] = field(default_factory=list)
    """Lines of a sample, where one was asked for."""


@dataclass(slots=True)
class _Pending:
    done: asyncio.Future[Answer]
    reports: list[KeyReport] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    ends_with_report: bool = False


@dataclass(slots=True)
class _Fetch:
    left: int
    done: asyncio.Future[bytes]
    pieces: list[bytes] = field(default_factory=list)


class HelperChannel:
    """Speaks with one helper. ``on_lost`` is called once when it is gone, unless ``close`` was."""

    def __init__(
        self,
        opened: OpenedShell,
        *,
        deadline_s: float,
        on_notice: Callable[[Finished | CancelNotice], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._shell = opened.shell
        self._deadline_s = deadline_s
        self._on_notice = on_notice
        self._on_lost = on_lost
        self.rooms: dict[str, Room] = {}
        """How full the host's disks were when it last said so."""
        self._number = 0
        self._pending: dict[int, _Pending] = {}
        self._fetches: deque[_Fetch] = deque()
        self._writing = asyncio.Lock()
        self._fetching = asyncio.Lock()
        self._ended: str | None = None
        self._tasks = [
            asyncio.create_task(self._read_lines(opened.early), name="helper stdout"),
            asyncio.create_task(self._read_raw(opened.skip_stderr), name="helper stderr"),
            asyncio.create_task(self._watch_end(), name="helper end"),
        ]

    async def ask(
        self, build: Callable[[int], bytes], *, ends_with_report: bool = False, deadline_s: float | None = None
    ) -> Answer:
        """Send one request and wait for its answer.

        ``ends_with_report``: a report about the key may be the whole answer. Raises ``SessionLost``.
        """
        self._check()
        self._number += 1
        number = self._number
        line = build(number)
        pending = _Pending(asyncio.get_running_loop().create_future(), ends_with_report=ends_with_report)
        self._pending[number] = pending
        limit_s = (self._deadline_s if deadline_s is None else deadline_s) + len(line) / SLOWEST_BYTES_PER_S
        try:
            async with asyncio.timeout(limit_s):
                async with self._writing:
                    self._check()
                    await self._shell.write(line)
                return await pending.done
        except TimeoutError:
            # While a supervisor lives its copy of stdout keeps the channel open, so silence is all there is to see.
            self._end(f"the helper on the host did not answer within {limit_s:.0f} s")
            raise SessionLost(self._sentence()) from None
        except ShellLost as lost:
            self._end(str(lost))
            raise SessionLost(self._sentence()) from None
        finally:
            del self._pending[number]
            pending.done.cancel()

    async def fetch(self, key: str, offset: int, size_bytes: int) -> bytes:
        """That part of a log, as raw bytes. The caller keeps it small. Raises ``SessionLost``."""
        return await self._raw(lambda number: request.fetch(number, key, offset, size_bytes), key, size_bytes)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """The first bytes of what was written to ``$ONDUTY_OUTPUT``, at most so many. Raises ``SessionLost``."""
        data = await self._raw(lambda number: request.output(number, key, size_bytes), key, size_bytes)
        # The helper fills up what is missing: the file may be shorter by now than its size in the result.
        return data.rstrip(b"\0")

    async def _raw(self, build: Callable[[int], bytes], key: str, size_bytes: int) -> bytes:
        fetch = _Fetch(size_bytes, asyncio.get_running_loop().create_future())

        # One after the other: raw bytes carry no name.
        async with self._fetching:
            self._fetches.append(fetch)
            answer = await self.ask(build)
        if answer.word != "ok":
            self._end(f"the log of {key} could not be read on the host")
        self._check()
        return await fetch.done

    @property
    def busy(self) -> bool:
        """Somebody waits for an answer."""
        return bool(self._pending)

    def close(self) -> None:
        """Let go of the channel; nobody is told."""
        self._finish("closed")

    async def wait_closed(self) -> None:
        """Return when nothing of this runs any more, here or (if it says so in time) there."""
        current = asyncio.current_task()
        await closed(self._shell)
        await asyncio.gather(*(task for task in self._tasks if task is not current), return_exceptions=True)

    def _check(self) -> None:
        if self._ended is not None:
            raise SessionLost(self._sentence())

    def _sentence(self) -> str:
        return f"the session ended ({self._ended})"

    def _end(self, cause: str) -> None:
        if self._ended is None:
            self._finish(cause)
            self._on_lost(cause)

    def _finish(self, cause: str) -> None:
        if self._ended is not None:
            return
        self._ended = cause
        self._shell.close()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for pending in self._pending.values():
            _fail(pending.done, SessionLost(self._sentence()))
        for fetch in self._fetches:
            _fail(fetch.done, SessionLost(self._sentence()))
        self._fetches.clear()

    async def _watch_end(self) -> None:
        await self._shell.wait_closed()
        self._end("the connection dropped or the shell ended")

    async def _read_lines(self, early: bytes) -> None:
        lines = LineSplitter()
        data = early
        while True:
            for line in lines.feed(data):
                self._hear(line)
            data = await self._shell.read_stdout(READ_BYTES)
            if not data:
                self._end("the connection dropped or the shell ended")
                return

    def _hear(self, line: str) -> None:
        match parse_notice(line):
            case Reply(number=number, word=word) if pending := self._pending.get(number):
                found = Answer(word=word, reports=pending.reports, folders=pending.folders, samples=pending.samples)
                _settle(pending.done, found)
            case SampleLine(number=number, text=text) if pending := self._pending.get(number):
                if len(pending.samples) < MOST_SAMPLE_LINES:
                    pending.samples.append(text)
            case RoomLine(text=text):
                self._keep_room(parse_room(text))
            case WorkFolder(number=number, path=path) if pending := self._pending.get(number):
                pending.folders.append(path)
            case KeyReport(number=int(number)) as report if pending := self._pending.get(number):
                pending.reports.append(report)
                if pending.ends_with_report:
                    _settle(pending.done, Answer(word="report", reports=pending.reports))
            case Finished() | CancelNotice() as notice:
                self._on_notice(notice)
            case _:
                pass

    def _keep_room(self, room: Room | None) -> None:
        if room is not None and (room.mount in self.rooms or len(self.rooms) < MOST_ROOMS):
            self.rooms[room.mount] = room

    async def _read_raw(self, skip: asyncio.Task[bytes]) -> None:
        try:
            data = await skip
        except ShellLost:
            return
        while True:
            at = 0
            while self._fetches and at < len(data):
                fetch = self._fetches[0]
                piece = data[at : at + fetch.left]
                fetch.pieces.append(piece)
                fetch.left -= len(piece)
                at += len(piece)
                if not fetch.left:
                    self._fetches.popleft()
                    if not fetch.done.done():
                        fetch.done.set_result(b"".join(fetch.pieces))
            data = await self._shell.read_stderr(READ_BYTES)
            if not data:
                return


def _settle(done: asyncio.Future[Answer], answer: Answer) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        done.set_result(answer)


def _fail(done: asyncio.Future[Answer] | asyncio.Future[bytes], error: SessionLost) -> None:
    if not done.done():
        done.set_exception(error)
        # Whoever waits hears it; when nobody does it is no news.
        done.exception()
