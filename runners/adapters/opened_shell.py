"""From an open shell to one that has loaded the supervisor: hello, noise skipped, supervisor, its first words."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from runners.adapters.shell_channel import OpenShell, ShellChannel, ShellLost
from runners.adapters.sudo_shell import SUDO_DEADLINE_S, Become, become
from runners.adapters.to_the_end import to_the_end
from runners.model.errors import HostRefused
from runners.remote.handshake import PARTS, NoiseSkipper, Opened, Refused, Role, StateFolder, hello, load
from runners.remote.notices import LineSplitter, parse_notice

READ_BYTES = 1 << 18
HELLO_AGAIN_S = 2.0
"""A start-up file may have read the first hello; the shell reads a later one."""
OPEN_DEADLINE_S = 20.0
CLOSE_DEADLINE_S = 1.0


@dataclass(slots=True, kw_only=True)
class OpenedShell:
    """A shell that runs the supervisor, and what it said of its host."""

    shell: ShellChannel
    opened: Opened
    folder: str
    clock_offset_s: float
    early: bytes
    """What came on stdout after its first words."""
    skip_stderr: asyncio.Task[bytes]
    """Reads stderr up to the nonce; the result is what came after it."""


@functools.cache
def script_of(role: Role) -> bytes:
    """What a shell of that role is given, as it stands in the package."""
    return b"".join(files("runners.remote").joinpath(part).read_bytes() for part in PARTS[role])


async def open_supervised_shell(
    open_shell: OpenShell, role: Role, host: str, *, who: Become | None = None, deadline_s: float = OPEN_DEADLINE_S
) -> OpenedShell:
    """Open a shell and load the supervisor into it, as the account that logs in or as ``who``.

    Raises ``ShellLost`` or ``HostRefused``; for ``who`` ``SudoRefused`` and ``SudoSilent`` too.
    """
    shell = await open_shell()
    nonce = secrets.token_hex(16)
    skip_stderr = asyncio.create_task(_skip(shell.read_stderr, nonce), name=f"stderr of {host}")
    try:
        async with asyncio.timeout(deadline_s + (SUDO_DEADLINE_S if who else 0)):
            first = await answered_hello(shell, nonce)
            if who is not None:
                await skip_stderr
                await become(shell, who)
                first, skip_stderr = b"", asyncio.create_task(_nothing())
            await shell.write(load(script_of(role), nonce, role))
            return await _first_words(shell, nonce, first, skip_stderr, host)
    except BaseException as problem:
        await to_the_end(let_go(shell, skip_stderr))
        if isinstance(problem, TimeoutError):
            raise ShellLost(f"the shell did not answer within {deadline_s:g} s") from None
        raise


async def let_go(shell: ShellChannel, reader: asyncio.Task[Any] | None) -> None:
    """Close a shell that is of no use, and wait until it and who reads its stderr are gone."""
    shell.close()
    going: list[Awaitable[object]] = [closed(shell)]
    if reader is not None:
        reader.cancel()
        going.append(reader)
    await asyncio.gather(*going, return_exceptions=True)


async def closed(shell: ShellChannel) -> None:
    """Wait until a closed shell is gone, for a moment: a dead link may never say so."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_DEADLINE_S):
            await shell.wait_closed()


async def answered_hello(shell: ShellChannel, nonce: str) -> bytes:
    """Greet a shell until it answers; what it said after its answer. Raises ``ShellLost``."""
    answer = asyncio.create_task(_skip(shell.read_stdout, nonce))
    try:
        while True:
            await shell.write(hello(nonce))
            done, _ = await asyncio.wait({answer}, timeout=HELLO_AGAIN_S)
            if done:
                return answer.result()
    finally:
        answer.cancel()
        with contextlib.suppress(asyncio.CancelledError, ShellLost):
            await answer


async def _first_words(
    shell: ShellChannel, nonce: str, first: bytes, skip_stderr: asyncio.Task[bytes], host: str
) -> OpenedShell:
    lines = LineSplitter()
    data = first
    opened: Opened | None = None
    clock_offset_s = 0.0
    while True:
        found = lines.feed(data)
        for at, line in enumerate(found):
            match parse_notice(line):
                case Opened() as words if words.nonce == nonce:
                    opened, clock_offset_s = words, words.host_time_s - time.time()
                case StateFolder(path=path) if opened is not None:
                    # Nothing comes unasked before the first request, except a follower's one more line.
                    early = "".join(f"{later}\n" for later in found[at + 1 :]).encode()
                    return OpenedShell(
                        shell=shell,
                        opened=opened,
                        folder=path,
                        clock_offset_s=clock_offset_s,
                        early=early,
                        skip_stderr=skip_stderr,
                    )
                case Refused(why=why):
                    raise HostRefused(f"{host} cannot run jobs: {why}; nothing was started there")
        data = await shell.read_stdout(READ_BYTES)
        if not data:
            raise ShellLost("the shell ended while it loaded the supervisor")


async def _nothing() -> bytes:
    return b""


async def _skip(read: Callable[[int], Awaitable[bytes]], nonce: str) -> bytes:
    skipper = NoiseSkipper(nonce)
    while data := await read(READ_BYTES):
        rest = skipper.feed(data)
        if rest is not None:
            return rest
    raise ShellLost("the shell ended before it answered")
