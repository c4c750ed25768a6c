"""What all conversations of one session share: its sink, told one call at a time, and its one end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from runners.model.errors import SessionLost
from runners.ports.transport import SessionSink

log = logging.getLogger("onduty.session")


class Voice:
    """Speaks to the sink for one session. Every call to the sink is made while ``turn`` is held."""

    def __init__(self, host: str, sink: SessionSink, *, let_go: Callable[[], None]) -> None:
        self.host = host
        self.sink = sink
        self.turn = asyncio.Lock()
        self._let_go = let_go
        """Called once, when the session is lost or closed."""
        self._lost: str | None = None
        self._closed = False
        self._news: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.spawn(self._tell_news())

    @property
    def over(self) -> bool:
        """Nothing is told any more, but the loss itself."""
        return self._lost is not None or self._closed

    def check(self) -> None:
        """Raise ``SessionLost`` when the session is over."""
        if self.over:
            raise SessionLost(f"the session with {self.host} ended ({self._lost or 'closed'})")

    def later(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Have it told after what was handed over before."""
        self._news.put_nowait(tell)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside the rest; what it raises ends the session."""

        async def guarded() -> None:
            try:
                await work
            except Exception as problem:
                log.exception("session with %s", self.host)
                self.lose(f"the receiver of its output failed ({problem})")

        task = asyncio.create_task(guarded(), name=f"session {self.host}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A session that is closed at once cancels the task before it began, and nobody would ever await the work.
        task.add_done_callback(lambda _: work.close())

    def lose(self, cause: str) -> None:
        """The session ended by itself; the sink is told once."""
        if not self.over:
            self._lost = cause
            self._let_go()
            self.spawn(self._tell_lost(cause))

    def close(self) -> None:
        """The session is ended by who opened it; the sink hears nothing more."""
        self._closed = True
        self._let_go()

    async def wait_closed(self) -> None:
        """Return when nothing of this runs any more."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell_news(self) -> None:
        while True:
            tell = await self._news.get()
            await tell()

    async def _tell_lost(self, cause: str) -> None:
        async with self.turn:
            if not self._closed:
                await self.sink.on_lost(cause)
        # None of them is inside the sink, and nothing is left to tell.
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
