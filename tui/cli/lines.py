"""Lines of logs on stdout while they grow, from any number of executions, in bounded memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from tui.cli.session import Line

CHUNK_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = 1024 * 1024
"""A longer line is printed in pieces of this size: one without an end must not fill the memory."""


def read_file(uid: str, key: str, offset: int, size: int) -> bytes:
    """Bytes of a log from the disk that we share with the controller, which said that it has ``size``; empty: ask it.

    What it says it has stands in the file, whole: no index has to be read for it.
    """
    from tui.wiring import log_file

    try:
        fd = os.open(log_file(uid, key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return b""
    try:
        return os.pread(fd, min(CHUNK_BYTES, size - offset), offset)
    except OSError:
        return b""
    finally:
        os.close(fd)


async def read_log(line: Line, uid: str, key: str, offset: int, most: int = CHUNK_BYTES) -> bytes:
    """The next bytes of one execution's log; empty where there are no more yet."""
    return await line.call(lambda client: client.log(uid, key, offset, most))


@dataclass(slots=True)
class _Tail:
    """How far one execution's log was printed."""

    prefix: str
    offset: int = 0
    rest: bytes = b""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LinePrinter:
    """Prints the logs of a run's executions; ``write`` gets a prefix and a line without its newline."""

    def __init__(self, uid: str, write: Callable[[str, bytes], None]) -> None:
        self._uid = uid
        self._write = write
        self._tails: dict[str, _Tail] = {}
        self._line = Line()

    async def __aenter__(self) -> LinePrinter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.__aexit__(kind, error, trace)

    def opened(self, key: str, prefix: str) -> None:
        """An execution exists whose lines are wanted."""
        self._tails.setdefault(key, _Tail(prefix))

    async def grown(self, key: str, size: int | None) -> None:
        """Print what is new up to ``size`` bytes; None: all there is."""
        tail = self._tails.get(key)
        if tail is None:
            return
        async with tail.lock:
            while size is None or tail.offset < size:
                most = CHUNK_BYTES if size is None else min(CHUNK_BYTES, size - tail.offset)
                data = read_file(self._uid, key, tail.offset, size) if size is not None else b""
                data = data or await read_log(self._line, self._uid, key, tail.offset, most)
                if not data:
                    return
                tail.offset += len(data)
                self._take(tail, data)

    def _take(self, tail: _Tail, data: bytes) -> None:
        *lines, rest = (tail.rest + data).split(b"\n")
        for line in lines:
            self._write(tail.prefix, line)
        while len(rest) > LONGEST_LINE_BYTES:
            cut = _whole_characters(rest, LONGEST_LINE_BYTES)
            self._write(tail.prefix, rest[:cut])
            rest = rest[cut:]
        tail.rest = rest
        if sys.stdout is not None:
            sys.stdout.flush()

    async def ended(self, key: str, size: int | None) -> None:
        """Print the rest, the last line without its newline too."""
        await self.grown(key, size)
        tail = self._tails.pop(key, None)
        if tail and tail.rest:
            self._write(tail.prefix, tail.rest)

    async def finish(self) -> None:
        """Print what is there of executions whose end nobody heard: their host is silent."""
        for key in list(self._tails):
            await self.ended(key, None)


def write_safely(prefix: str, line: bytes) -> None:
    """One line of a log, safe for the terminal."""
    from tui.view.safe_text import safe

    sys.stdout.write(f"{safe(prefix)}{safe(line)}\n")


def _whole_characters(data: bytes, most: int) -> int:
    """A place at or a little before ``most`` that cuts no UTF-8 character in two."""
    cut = most
    while cut > most - 4 and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
