"""A TCP link on loopback that breaks in the ways real links break, where and when a test says.

    with Proxy(sshd.port) as link:      # connect to link.port instead
        link.delay_s = 0.4              # every byte, each way
        link.stall(Way.FROM_HOST)       # one-way loss: what comes from the host stays in the link
        link.stall()                    # a partition: nothing passes, nobody is told
        link.heal()                     # what stayed in the link arrives now, late, as after a real partition
        link.reset()                    # every connection ends with RST

``Proxy(port, fates=...)`` decides for each connection, by its number, after how many bytes it is cut; ``Scissors``
draws that from a seed, so that the same seed cuts at the same bytes again. The proxy has a thread of its own: tests of
any kind use it, and what it does goes on while they wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

LOOPBACK = "127.0.0.1"
ANSWER_S = 10.0
_READ_BYTES = 64 << 10
_IN_FLIGHT = 64
"""Reads that are under way at a time, each way; more, and whoever sends waits, as for a full TCP window."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER with 0 seconds: a close is a reset (socket(7))."""


class Way(enum.Enum):
    """A direction of the link."""

    TO_HOST = "to the host"
    FROM_HOST = "from the host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where one connection ends."""

    way: Way
    at_byte: int
    """Bytes that still pass that way; 0: it ends at its first byte."""
    reset: bool = False
    """With RST, not with FIN."""


Fates = Callable[[int], Cut | None]
"""The cut of a connection, by its number from 0; None: it is never cut."""


@dataclass(slots=True, eq=False)
class _Connection:
    """Both ends, and what passed between them."""

    client: asyncio.StreamWriter
    host: asyncio.StreamWriter
    cut: Cut | None
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))

    def end(self, *, reset: bool) -> None:
        for writer in (self.client, self.host):
            if reset:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """A port that leads to another port of this machine."""

    def __init__(self, to_port: int, *, fates: Fates | None = None) -> None:
        self.delay_s = 0.0
        """Seconds that every byte is on its way, in each direction."""
        self.turn_away = 0
        """Connections that are still closed as a busy sshd closes them."""
        self.connections = 0
        """How many came so far."""
        self.cuts: list[Cut] = []
        """Those that happened."""
        self._to_port = to_port
        self._fates = fates or (lambda number: None)
        self._open: set[_Connection] = set()
        self._clear: dict[Way, asyncio.Event] = {}
        self._errors: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._failed)
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy to {to_port}", daemon=True)
        self._thread.start()
        self._server = self._do(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ----- what a test does to the link

    def stall(self, *ways: Way) -> None:
        """From now on nothing passes in these directions, in all when none is named; nobody is told."""

        async def stall() -> None:
            for way in ways or Way:
                self._clear[way].clear()

        self._do(stall())

    def heal(self) -> None:
        """Everything passes again, first what stayed in the link."""

        async def heal() -> None:
            for clear in self._clear.values():
                clear.set()

        self._do(heal())

    def reset(self) -> int:
        """End every connection with RST; how many there were."""

        async def reset() -> int:
            found = list(self._open)
            for connection in found:
                connection.end(reset=True)
            return len(found)

        return self._do(reset())

    def close(self) -> None:
        """End the link for good. Raises ``AssertionError`` when the proxy itself failed."""
        if not self._loop.is_closed():
            self._do(self._end_all())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ANSWER_S)
            self._loop.close()
        assert not self._errors, self._errors

    @property
    def passed_bytes(self) -> dict[Way, int]:
        """What passed so far over the connections that are open."""
        return {way: sum(one.passed[way] for one in list(self._open)) for way in Way}

    # ----- in the proxy's own thread

    def _do(self, action: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(ANSWER_S)

    def _failed(self, _: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
        # Streams of Python 3.11 ask a cancelled handler for its exception.
        if not isinstance(what.get("exception"), asyncio.CancelledError):
            self._errors.append(str(what))

    async def _listen(self) -> asyncio.Server:
        self._clear = {way: asyncio.Event() for way in Way}
        for clear in self._clear.values():
            clear.set()
        return await asyncio.start_server(self._accept, LOOPBACK, 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.turn_away:
            self.turn_away -= 1
            writer.write(b"Exceeded MaxStartups\r\n")
            writer.close()
            return
        number, self.connections = self.connections, self.connections + 1
        # Who connects over a link that lets nothing through reaches nobody.
        await self._clear[Way.TO_HOST].wait()
        try:
            host_reader, host_writer = await asyncio.open_connection(LOOPBACK, self._to_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, host_writer, self._fates(number))
        self._open.add(connection)
        try:
            await asyncio.gather(
                self._carry(connection, Way.TO_HOST, reader, host_writer),
                self._carry(connection, Way.FROM_HOST, host_reader, writer),
            )
        finally:
            self._open.discard(connection)
            connection.end(reset=False)

    async def _carry(
        self, connection: _Connection, way: Way, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        """Take what comes as it comes, hand it on when its time has come and the way is clear."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        taking = asyncio.create_task(self._take(source, under_way))
        try:
            while True:
                due_s, data = await under_way.get()
                await asyncio.sleep(due_s - self._loop.time())
                await self._clear[way].wait()
                cut = connection.cut if connection.cut is not None and connection.cut.way is way else None
                left = len(data) + 1 if cut is None else cut.at_byte - connection.passed[way]
                connection.passed[way] += min(len(data), left)
                if not target.is_closing():
                    target.write(data[:left])
                    with contextlib.suppress(ConnectionError):
                        await target.drain()
                if cut is not None and data and left <= len(data):
                    self.cuts.append(cut)
                    connection.end(reset=cut.reset)
                if not data or target.is_closing():
                    return
        finally:
            taking.cancel()
            target.close()

    async def _take(self, source: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]) -> None:
        data = b"?"
        while data:
            try:
                data = await source.read(_READ_BYTES)
            except ConnectionError:
                data = b""
            await under_way.put((self._loop.time() + self.delay_s, data))

    async def _end_all(self) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.end(reset=True)
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Transports tell their protocols in the turn after they were closed.
        await asyncio.sleep(0)


class Scissors:
    """Draws from a seed where every connection of every link is cut, until there were enough cuts."""

    def __init__(self, seed: int, *, most: int) -> None:
        self._seed = seed
        self._most = most
        self.links: list[Proxy] = []

    def link(self, name: str, to_port: int) -> Proxy:
        """A link whose connections are cut."""

        def fate(number: int) -> Cut | None:
            return None if self.made >= self._most else self._draw(random.Random(f"{self._seed} {name} {number}"))

        self.links.append(Proxy(to_port, fates=fate))
        return self.links[-1]

    @property
    def made(self) -> int:
        """Cuts so far."""
        return sum(len(link.cuts) for link in self.links)

    @staticmethod
    def _draw(dice: random.Random) -> Cut:
        """Evenly over a handshake, over the requests of a session's start, and over what its logs bring."""
        way, last = dice.choice(
            ((Way.TO_HOST, 4_000), (Way.FROM_HOST, 4_000), (Way.TO_HOST, 28_000), *[(Way.FROM_HOST, 40_000)] * 3)
        )
        return Cut(way=way, at_byte=dice.randrange(last), reset=dice.random() < 0.5)
