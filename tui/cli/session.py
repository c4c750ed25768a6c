"""One command's line to the controller: start it when none runs, go on where we were when it was restarted."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from runners.client.client import ControllerClient
from runners.model import api
from runners.model.errors import ControllerUnreachable, InputRefused

T = TypeVar("T")


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; ctrl-c cancels it and surfaces as ``KeyboardInterrupt``."""
    return asyncio.run(main)


@asynccontextmanager
async def controller() -> AsyncIterator[ControllerClient]:
    """An open client, closed afterwards."""
    client = await connect()
    try:
        yield client
    finally:
        await client.close()


async def connect() -> ControllerClient:
    """Find or start the controller. Says on stderr when it is of another version."""
    from runners.client.start import connect as find_or_start
    from tui.cli.version import version
    from tui.wiring import controller_command, home

    client, hello = await find_or_start(home(), controller_command(), auth_sock=os.environ.get("SSH_AUTH_SOCK"))
    if hello.protocol != api.PROTOCOL:
        await client.close()
        raise ControllerUnreachable(
            f"the controller speaks protocol {hello.protocol}, this onduty {api.PROTOCOL}; runs on hosts go on",
            hint="onduty controller restart",
        )
    if hello.version != version():
        print(
            f"onduty: the controller is version {hello.version}, this is {version()}; a restart loses nothing: "
            "onduty controller restart",
            file=sys.stderr,
        )
    return client


async def persist(call: Callable[[ControllerClient], Awaitable[T]]) -> T:
    """Make one call that may safely be made twice; once more when the controller went away in between."""
    for last in (False, True):
        try:
            async with controller() as client:
                return await call(client)
        except ControllerUnreachable:
            if last:
                raise
    raise AssertionError


async def find_run(client: ControllerClient, ref: str) -> str:
    """The uid of RUN as people write it."""
    if not ref:
        raise InputRefused("RUN is name/number, a uid, or last", hint="onduty runs")
    return await client.find(ref)
