"""Exchanges with a host that are under way in one session. Losing the session in one is the session's end, no error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from runners.model.errors import SessionLost
from runners.ports.transport import HostSession

log = logging.getLogger("onduty.engine")


class Exchanges:
    """Tasks of one link. ``ended`` hears which session is of no use any more and why, ``done`` that one is over."""

    def __init__(self, host: str, *, ended: Callable[[HostSession, str], None], done: Callable[[], None]) -> None:
        self._host = host
        self._ended = ended
        self._done = done
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def run(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one."""

        async def one() -> None:
            try:
                await action(session, *args)
            except SessionLost as error:
                self._ended(session, error.message)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.exception("host %s: %s failed", self._host, getattr(action, "__name__", action))
                self._ended(session, f"{type(error).__name__}: {error}")
            finally:
                self._tasks.discard(task)
                self._done()

        task = asyncio.get_running_loop().create_task(one(), name=f"onduty exchange {self._host}")
        self._tasks.add(task)

    async def cancel(self) -> None:
        """Give up all that are under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
