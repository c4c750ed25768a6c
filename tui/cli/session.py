"""One command's line to the controller: start it when none runs, go on where we were when it was restarted."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, TypeVar

from runners.client.client import ControllerClient
from runners.client.start import ControllerNotStarted
from runners.model import api
from runners.model.errors import ControllerUnreachable, InputRefused, OndutyError

T = TypeVar("T")

TRIES = 6
"""Controllers in a row that may go away under one question before we say so."""
PAUSE_S = 0.05


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; ctrl-c cancels it and surfaces as ``KeyboardInterrupt``."""
    try:
        return asyncio.run(_interruptible(main))
    except BaseExceptionGroup as group:
        raise _what_counts(group) from None


async def _interruptible(main: Coroutine[Any, Any, T]) -> T:
    """``main``; what breaks only because ctrl-c cancelled it (a line in the middle of an answer) is that ctrl-c."""
    try:
        return await main
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from error
        raise


def _what_counts(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of several tasks that ended together, the reason that a person can act on."""
    leaves = list(_leaves(group))
    for kind in (KeyboardInterrupt, BrokenPipeError, OndutyError):
        for leaf in leaves:
            if isinstance(leaf, kind):
                return leaf
    return leaves[0]


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


class Line:
    """A line to the controller that outlives it: who asks while it is restarted asks the next one.

    What is asked must be safe to ask twice; intents and starts are, by their ids.
    """

    def __init__(self) -> None:
        self._client: ControllerClient | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def call(self, ask: Callable[[ControllerClient], Awaitable[T]]) -> T:
        """The answer; raises ``ControllerUnreachable`` once no controller could be found or started."""
        for attempt in range(1, TRIES + 1):
            client: ControllerClient | None = None
            try:
                client = await self._connected()
                return await ask(client)
            except ControllerNotStarted:
                raise
            except ControllerUnreachable:
                if attempt == TRIES:
                    raise
                await self._hang_up(client)
                await asyncio.sleep(PAUSE_S * attempt)
        raise AssertionError

    async def _connected(self) -> ControllerClient:
        async with self._turn:
            if self._client is None:
                self._client = await connect()
            return self._client

    async def _hang_up(self, client: ControllerClient | None) -> None:
        async with self._turn:
            if client is not None and self._client is client:
                self._client = None
                await client.close()


@asynccontextmanager
async def controller() -> AsyncIterator[ControllerClient]:
    """An open client, closed afterwards."""
    async with Line() as line:
        yield await line.call(_itself)


async def _itself(client: ControllerClient) -> ControllerClient:
    return client


async def connect() -> ControllerClient:
    """Find or start the controller. Says on stderr when it is of another version."""
    from runners.client.start import connect as find_or_start
    from tui.cli.version import version
    from tui.wiring import controller_command, home

    client, hello = await find_or_start(
        home(), controller_command(), auth_sock=os.environ.get("SSH_AUTH_SOCK"), version=version()
    )
    if hello.protocol != api.PROTOCOL:
        await client.close()
        raise ControllerNotStarted(
            f"the controller (pid {hello.pid}, version {hello.version}) speaks protocol {hello.protocol}, this onduty "
            f"{api.PROTOCOL}; runs on hosts go on",
            hint="onduty controller restart",
        )
    if hello.version != version():
        _tell_version(hello.version, version())
    return client


_told: set[str] = set()


def _tell_version(theirs: str, ours: str) -> None:
    """Once in a command: which one is older decides what helps."""
    if theirs in _told:
        return
    _told.add(theirs)
    if _release(ours) > _release(theirs):
        advice = "a restart loses nothing: onduty controller restart"
    else:
        advice = "this onduty is the older one"
    print(f"onduty: the controller is version {theirs}, this is {ours}; {advice}", file=sys.stderr)


def _release(version: str) -> tuple[int, ...]:
    """``0.12.1`` as numbers; what is not a number counts as 0."""
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in version.split("."))


async def persist(call: Callable[[ControllerClient], Awaitable[T]]) -> T:
    """Make one call that may safely be made twice; again when the controller went away in between."""
    async with Line() as line:
        return await line.call(call)


async def find_run(client: ControllerClient, ref: str) -> str:
    """The uid of RUN as people write it."""
    if not ref:
        raise InputRefused("RUN is name/number, a uid, or last", hint="onduty runs")
    return await client.find(ref)
