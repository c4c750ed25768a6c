"""How many hosts are connected or connecting at once: a queue for places, fair, hosts with live executions first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class HostSlots:
    """Places for sessions, first come first served within each of two queues."""

    def __init__(self, limit: int, *, wanted: Callable[[], None]) -> None:
        self.limit = limit
        self.used = 0
        self._wanted = wanted
        """Called when somebody has to wait: an idle session may give its place up."""
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> bool:
        """Whether anybody waits for a place."""
        return any(not turn.done() for queue in (self._urgent, self._patient) for turn in queue)

    async def acquire(self, *, urgent: bool) -> None:
        """Wait for a place. ``urgent``: something of ours lives on that host."""
        if self.used < self.limit and not self.waiting:
            self.used += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._patient).append(turn)
        self._wanted()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give the place to the next."""
        for queue in (self._urgent, self._patient):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.used -= 1
