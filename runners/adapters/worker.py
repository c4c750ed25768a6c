"""One thread that serves requests from event loops in batches: whatever piled up while it worked is served at once.

This is what makes group commit and grouped log writes: the work of one batch is shared by all who wait for it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class Ticket(Generic[R]):
    """One request and the task that waits for it. The handler calls ``done`` or ``failed``."""

    __slots__ = ("_error", "_result", "future", "loop", "request", "settled")

    def __init__(self, request: R, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.settled = False
        self.loop = loop
        self._result: Any = None
        self._error: BaseException | None = None
        self.future: asyncio.Future[Any] = loop.create_future()

    def done(self, result: Any = None) -> None:
        """The request was served."""
        self.settled, self._result = True, result

    def failed(self, error: BaseException) -> None:
        """The request had no effect."""
        self.settled, self._error = True, error

    def wake(self) -> None:
        """Give the waiting task its answer. Called in its loop."""
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)


class Worker(Generic[R]):
    """A thread with a queue. Requests are handled in the order they were made."""

    def __init__(
        self,
        name: str,
        handle: Callable[[Sequence[Ticket[R]]], None],
        *,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._handle = handle
        self._at_end = at_end
        """Called in the thread after the last request."""
        self._queue: queue.SimpleQueue[Ticket[R] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Nothing is taken any more."""
        return self._closed

    async def call(self, request: R) -> Any:
        """Have ``request`` handled and return its result, or raise its error.

        Cancelling the caller does not undo a request: it is handled all the same. ``ValueError`` after ``close``.
        """
        if self._closed:
            raise ValueError("the store is closed")
        if self._thread is None:
            # A daemon: a process that ends without close must not hang; what was acknowledged is stored already.
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        ticket = Ticket(request, asyncio.get_running_loop())
        self._queue.put(ticket)
        return await ticket.future

    async def close(self) -> None:
        """Handle what was asked before, then end the thread."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join)

    def _serve(self) -> None:
        closing = False
        while not closing:
            item = self._queue.get()
            batch: list[Ticket[R]] = []
            while True:
                if item is None:
                    closing = True
                else:
                    batch.append(item)
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if batch:
                try:
                    self._handle(batch)
                except BaseException as error:
                    for ticket in batch:
                        if not ticket.settled:
                            ticket.failed(error)
                _answer(batch)
        self._at_end()


def _answer(batch: list[Ticket[R]]) -> None:
    """Wake the waiting tasks, with one wake-up per loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Ticket[R]]] = {}
    for ticket in batch:
        by_loop.setdefault(ticket.loop, []).append(ticket)
    for loop, tickets in by_loop.items():
        try:
            loop.call_soon_threadsafe(_wake_all, tickets)
        except RuntimeError:
            # That loop is closed: nobody waits any more. What was asked is done.
            continue


def _wake_all(tickets: list[Ticket[R]]) -> None:
    for ticket in tickets:
        ticket.wake()
