"""The follower's channel: logs of running executions, as they grow, and what became of them.

Opened when it is first needed. Its one reader awaits what it hands on, so that a slow sink slows the host.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from runners.adapters.opened_shell import OpenedShell, closed
from runners.adapters.shell_channel import ShellLost
from runners.model.errors import OndutyError
from runners.remote.frames import Chunk, FrameError, FrameParser
from runners.remote.handshake import Ready
from runners.remote.notices import KeyReport, parse_notice

log = logging.getLogger("onduty.session")

READ_BYTES = 1 << 20
READY_DEADLINE_S = 20.0


class Follower:
    """Follows executions of one host. ``on_lost`` is called once when it is gone, unless ``close`` was."""

    def __init__(
        self,
        open_it: Callable[[], Awaitable[OpenedShell]],
        *,
        on_chunk: Callable[[Chunk], Awaitable[None]],
        on_report: Callable[[KeyReport], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self._open_it = open_it
        self._on_chunk = on_chunk
        self._on_report = on_report
        self._on_lost = on_lost
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._opened: OpenedShell | None = None
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, line: bytes) -> None:
        """Hand over one command; it goes out in order, once the follower is open."""
        self._waiting.append(line)
        self._wake.set()
        if not self._tasks and not self._closed:
            self._tasks.append(asyncio.create_task(self._run(), name="follower"))

    def close(self) -> None:
        """Let go of the channel; nobody is told. A piece that is being handed on is handed on to its end."""
        self._closed = True
        # The reader ends by itself, since its shell does, unless it still waits for one.
        tasks = self._tasks[1:] if self._opened is not None else self._tasks
        if self._opened is not None:
            self._opened.shell.close()
            self._opened.skip_stderr.cancel()
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def wait_closed(self) -> None:
        """Return when nothing of this runs any more; a piece that is being handed on is given up."""
        current = asyncio.current_task()
        if self._opened is not None:
            await closed(self._opened.shell)
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        try:
            self._opened = opened = await self._open_it()
            self._tasks.append(asyncio.create_task(self._send_commands(opened), name="follower stdin"))
            self._tasks.append(asyncio.create_task(self._drop_stderr(opened), name="follower stderr"))
            await self._read(opened)
            cause = "the follower's connection dropped or its shell ended"
        except (ShellLost, FrameError) as problem:
            cause = str(problem)
        except OndutyError as problem:
            cause = problem.message
        except TimeoutError:
            cause = f"the follower on the host did not get ready within {READY_DEADLINE_S:g} s"
        except Exception as problem:
            log.exception("what was followed could not be handed on")
            cause = f"the receiver of its output failed ({problem})"
        if not self._closed:
            self.close()
            self._on_lost(cause)

    async def _send_commands(self, opened: OpenedShell) -> None:
        # The shell may have read ahead while it loaded; what it read by then is lost to the reader it starts.
        await self._ready.wait()
        while True:
            await self._wake.wait()
            self._wake.clear()
            lines, self._waiting = self._waiting, []
            try:
                await opened.shell.write(b"".join(lines))
            except ShellLost:
                return

    async def _read(self, opened: OpenedShell) -> None:
        frames = FrameParser()
        data = opened.early
        async with asyncio.timeout(READY_DEADLINE_S) as deadline:
            while True:
                for found in frames.feed(data):
                    if isinstance(found, Chunk):
                        await self._on_chunk(found)
                        continue
                    match parse_notice(found):
                        case KeyReport(number=None) as report:
                            self._on_report(report)
                        case Ready():
                            deadline.reschedule(None)
                            self._ready.set()
                data = await opened.shell.read_stdout(READ_BYTES)
                if not data:
                    return

    async def _drop_stderr(self, opened: OpenedShell) -> None:
        # A full pipe would stop the host.
        try:
            await opened.skip_stderr
        except ShellLost:
            return
        while await opened.shell.read_stderr(READ_BYTES):
            pass
