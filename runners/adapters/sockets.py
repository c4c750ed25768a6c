"""Connections of this machine's own network, as byte streams."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re

from runners.ports.byte_stream import StreamRefused

_NUMBER = re.compile(r"\[Errno (\d+)\]")


class SocketStream:
    """One TCP connection; see ``ByteStream`` for the promises."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self, max_bytes: int) -> bytes:
        """The next bytes; ``b""`` at the end."""
        return await self._reader.read(max_bytes)

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close without waiting for the other side."""
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()


async def open_socket(host: str, port: int) -> SocketStream:
    """Connect from this machine; every address of the name is tried. Raises ``StreamRefused``."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as problem:
        raise StreamRefused(words_of(problem)) from None
    return SocketStream(reader, writer)


def words_of(problem: OSError) -> str:
    """``Connection refused``: what strerror(3) says, also of several addresses that failed in one way."""
    text = str(problem)
    if problem.errno is not None and problem.errno > 0:
        return os.strerror(problem.errno)
    numbers = {int(number) for number in _NUMBER.findall(text)}
    if numbers:
        return ", ".join(sorted(os.strerror(number) for number in numbers))
    # getaddrinfo's own numbers are negative and have their own words.
    return problem.strerror or text or type(problem).__name__
