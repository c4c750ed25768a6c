"""Look at a host through shells that somebody else opened: how long they take to start, and what the host says.

Its own few words instead of a session: a session makes its state folder, and a look changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from runners.adapters.opened_shell import let_go
from runners.adapters.shell_channel import OpenShell, ShellChannel, ShellLost
from runners.adapters.to_the_end import to_the_end
from runners.ports.transport import HostInspection, LiveExecution
from runners.remote.check import PARTS, PIECES, Findings, ask, unit
from runners.remote.handshake import NoiseSkipper, hello
from runners.remote.notices import LineSplitter

READ_BYTES = 1 << 16
STARTS = 3
"""Shells that are started one after the other for the median."""
HELLO_DEADLINE_S = 20.0
HELLO_AGAIN_S = 2.0
"""A start-up file may have read the first hello; the shell reads a later one."""
PIECE_DEADLINE_S = 8.0
"""For what may hang: a disk in the network, a sudo that asks a directory."""


@functools.cache
def _script() -> bytes:
    return b"".join(files("runners.remote").joinpath(part).read_bytes() for part in PARTS)


async def inspect_shells(open_shell: OpenShell) -> HostInspection:
    """What the host says. Raises ``ShellLost`` or ``HostRefused``; it was only looked at."""
    starts: list[float] = []
    while len(starts) < STARTS - 1:
        async with _started(open_shell) as (_, took_s):
            starts.append(took_s)
    async with _started(open_shell) as (shell, took_s):
        return await _asked(shell, statistics.median([*starts, took_s]))


@asynccontextmanager
async def _started(open_shell: OpenShell) -> AsyncIterator[tuple[ShellChannel, float]]:
    """An open shell that has answered, and how long that took in seconds."""
    begun_s = time.monotonic()
    shell = await open_shell()
    drain = asyncio.create_task(_drain(shell), name="stderr of a look")
    try:
        try:
            async with asyncio.timeout(HELLO_DEADLINE_S):
                await _answered(shell, secrets.token_hex(16))
        except TimeoutError:
            raise ShellLost(f"its shell said nothing for {HELLO_DEADLINE_S:g} s: look at its start-up files") from None
        yield shell, time.monotonic() - begun_s
    finally:
        await to_the_end(let_go(shell, drain))


async def _drain(shell: ShellChannel) -> None:
    # What start-up files print there is nobody's business, and a full pipe would stop them.
    with contextlib.suppress(ShellLost):
        while await shell.read_stderr(READ_BYTES):
            pass


async def _answered(shell: ShellChannel, nonce: str) -> None:
    skipper = NoiseSkipper(nonce)

    async def read() -> None:
        while data := await shell.read_stdout(READ_BYTES):
            if skipper.feed(data) is not None:
                return
        raise ShellLost("the shell ended before it answered")

    answer = asyncio.create_task(read())
    try:
        while True:
            await shell.write(hello(nonce))
            if (await asyncio.wait({answer}, timeout=HELLO_AGAIN_S))[0]:
                return answer.result()
    finally:
        answer.cancel()
        with contextlib.suppress(asyncio.CancelledError, ShellLost):
            await answer


async def _asked(shell: ShellChannel, start_s: float) -> HostInspection:
    said, lines = Findings(), LineSplitter()

    async def piece(name: str) -> bool:
        """Ask and read until it is over; False when that took too long."""
        await shell.write(ask(name))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PIECE_DEADLINE_S):
                while name not in said.pieces:
                    data = await shell.read_stdout(READ_BYTES)
                    if not data:
                        raise ShellLost("the shell ended while it was looked at")
                    for line in lines.feed(data):
                        said.take(line)
                return True
        return False

    await shell.write(unit(_script()))
    asked_utc = time.time()
    offset_s: float | None = None
    # The first answer waits for the script to be read; the second one is a round trip and a date.
    for _ in range(2):
        said.pieces.discard("clock")
        asked_utc = time.time()
        if not await piece("clock"):
            raise ShellLost("its shell does not answer")
        if said.clock_s is not None:
            offset_s = said.clock_s - (asked_utc + time.time()) / 2
    silent = ""
    for name in PIECES:
        if not await piece(name):
            silent = name
            break
    return HostInspection(
        user=said.user,
        shell=said.shell,
        tools=said.tools,
        shell_start_s=start_s,
        clock_offset_s=offset_s,
        state_dir=said.state_dir,
        state_free_bytes=said.state_free_bytes,
        home_free_bytes=said.home_free_bytes,
        sudo=said.sudo,
        sudo_words=said.sudo_words,
        missing=tuple(said.missing),
        executions=tuple(
            LiveExecution(key=one.key, label=one.label, since_utc=one.since_utc) for one in said.executions
        ),
        silent=silent,
    )
