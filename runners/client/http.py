"""How the client speaks to the controller: HTTP/1.1 by h11 over asyncio's own Unix sockets.

A general HTTP client brings TLS, proxies, cookies, forms and HTTP/2 along: a third of what a short command costs, and
nothing that a Unix socket needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import h11

READ_BYTES = 256 * 1024
_PATH = "/%?=&:@+,~!$'()*;"
"""What stays as it is in a path: what separates its parts, and what was quoted already."""


class LineBroken(Exception):
    """Nobody listens, the other side hung up or fell silent, or it does not speak HTTP."""


class SocketHttp:
    """Any number of requests at once, each on a connection of its own; those that are at rest are used again."""

    def __init__(
        self, path: str, *, headers: Mapping[str, str] | None = None, connect_timeout_s: float, write_timeout_s: float
    ) -> None:
        """``headers`` go with every request."""
        self._path = path
        self._headers = {"host": "onduty", **(headers or {})}
        self._connect_timeout_s = connect_timeout_s
        self._write_timeout_s = write_timeout_s
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        content: bytes | None = None,
        read_timeout_s: float | None,
    ) -> AsyncIterator[Answer]:
        """The answer, once its head came; its body may still come. Raises ``LineBroken``, also while it is read.

        ``read_timeout_s`` is how long the other side may be silent; None: for ever.
        """
        target = quote(path, safe=_PATH) + (f"?{urlencode(params)}" if params else "")
        head = h11.Request(method=method, target=target, headers=[*self._headers.items(), *_length(method, content)])
        connection = self._rested() or await self._connect()
        try:
            await connection.send(head, content or b"", self._write_timeout_s)
            yield Answer(await connection.response(read_timeout_s), connection, read_timeout_s)
            self._rest(connection)
        except BaseException:
            self._drop(connection)
            raise

    async def close(self) -> None:
        """Hang up, also under who still reads."""
        for connection in [*self._open]:
            self._drop(connection)

    def _rest(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read for the next request; close any other."""
        if connection in self._open and connection.next_cycle():
            self._idle.append(connection)
        else:
            self._drop(connection)

    async def _connect(self) -> _Connection:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                streams = await asyncio.open_unix_connection(self._path, limit=READ_BYTES)
        except TimeoutError as error:
            raise LineBroken(f"no connection within {self._connect_timeout_s:g} s") from error
        except OSError as error:
            raise LineBroken(error.strerror or str(error)) from error
        connection = _Connection(*streams)
        self._open.add(connection)
        return connection

    def _rested(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_stale():
                return connection
            self._drop(connection)
        return None

    def _drop(self, connection: _Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        connection.close()


class Answer:
    """What came back: its status at once, its body as it comes."""

    def __init__(self, head: h11.Response, connection: _Connection, read_timeout_s: float | None) -> None:
        self.status = head.status_code
        self._connection = connection
        self._read_timeout_s = read_timeout_s

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece."""
        while isinstance(event := await self._connection.next_event(self._read_timeout_s), h11.Data):
            yield bytes(event.data)

    async def content(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def send(self, head: h11.Request, content: bytes, timeout_s: float) -> None:
        for event in (head, *([h11.Data(data=content)] if content else []), h11.EndOfMessage()):
            if data := self._http.send(event):
                self._writer.write(data)
        try:
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
        except TimeoutError as error:
            raise LineBroken(f"the request was not taken within {timeout_s:g} s") from error
        except OSError as error:
            raise LineBroken(str(error)) from error

    async def response(self, timeout_s: float | None) -> h11.Response:
        while not isinstance(event := await self.next_event(timeout_s), h11.Response):
            pass
        return event

    async def next_event(self, timeout_s: float | None) -> Any:
        """What the controller said next; raises ``LineBroken`` where it falls silent or hangs up."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(timeout_s):
                    self._http.receive_data(await self._reader.read(READ_BYTES))
        except TimeoutError as error:
            raise LineBroken(f"silent for {timeout_s:g} s") from error
        except OSError as error:
            raise LineBroken(str(error)) from error
        except h11.RemoteProtocolError as error:
            raise LineBroken(str(error)) from error
        if isinstance(event, h11.ConnectionClosed):
            raise LineBroken("it hung up without an answer")
        return event

    def next_cycle(self) -> bool:
        """Whether the answer was read to its end and both sides keep the connection."""
        with contextlib.suppress(h11.LocalProtocolError):
            self._http.start_next_cycle()
            return True
        return False

    def is_stale(self) -> bool:
        """Whether something came, the end included, that nobody asked for."""
        if self._reader.at_eof() or self._writer.is_closing():
            return True
        # What the event loop has not read yet counts too: a controller that ended closes what is at rest.
        socket = select.poll()
        socket.register(self._writer.get_extra_info("socket"), select.POLLIN)
        return bool(socket.poll(0))

    def close(self) -> None:
        self._writer.close()


def _length(method: str, content: bytes | None) -> list[tuple[str, str]]:
    return [] if method == "GET" and content is None else [("content-length", str(len(content or b"")))]
