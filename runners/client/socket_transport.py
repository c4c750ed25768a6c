"""How httpx reaches the controller: HTTP/1.1 by h11 over asyncio's own Unix sockets.

httpx's stock transport brings TLS, proxies, HTTP/2 and a layer over several event loops: a third of what a short
command costs, and nothing that a Unix socket needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import AsyncIterator
from typing import Any

import h11

from runners.client.http import httpx

READ_BYTES = 256 * 1024


class SocketTransport(httpx.AsyncBaseTransport):
    """Any number of requests at once, each on a connection of its own; those that are at rest are used again."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is read as a stream. Raises ``httpx.TransportError``."""
        limits = request.extensions.get("timeout", {})
        connection = self._rested() or await self._connect(limits.get("connect"))
        try:
            head = await connection.ask(request, write_timeout_s=limits.get("write"), read_timeout_s=limits.get("read"))
        except BaseException:
            self._drop(connection)
            raise
        body = _Body(self, connection, limits.get("read"))
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    async def aclose(self) -> None:
        """Hang up, also under who still reads."""
        for connection in [*self._open]:
            self._drop(connection)

    def rest(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read for the next request; close any other."""
        if connection in self._open and connection.next_cycle():
            self._idle.append(connection)
        else:
            self._drop(connection)

    async def _connect(self, timeout_s: float | None) -> _Connection:
        try:
            async with asyncio.timeout(timeout_s):
                streams = await asyncio.open_unix_connection(self._path, limit=READ_BYTES)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection within {timeout_s:g} s") from error
        except OSError as error:
            raise httpx.ConnectError(error.strerror or str(error)) from error
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


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def ask(
        self, request: httpx.Request, *, write_timeout_s: float | None, read_timeout_s: float | None
    ) -> h11.Response:
        target = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        self._send(target)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for data in request.stream:
            self._send(h11.Data(data=data))
        self._send(h11.EndOfMessage())
        try:
            async with asyncio.timeout(write_timeout_s):
                await self._writer.drain()
        except TimeoutError as error:
            raise httpx.WriteTimeout(f"the request was not taken within {write_timeout_s:g} s") from error
        except OSError as error:
            raise httpx.WriteError(str(error)) from error
        while not isinstance(event := await self.next_event(read_timeout_s), h11.Response):
            pass
        return event

    async def next_event(self, timeout_s: float | None) -> Any:
        """What the controller said next; raises ``httpx.TransportError`` where it falls silent or hangs up."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(timeout_s):
                    self._http.receive_data(await self._reader.read(READ_BYTES))
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"silent for {timeout_s:g} s") from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        if isinstance(event, h11.ConnectionClosed):
            raise httpx.RemoteProtocolError("it hung up without an answer")
        return event

    def _send(self, event: h11.Event) -> None:
        if data := self._http.send(event):
            self._writer.write(data)

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


class _Body(httpx.AsyncByteStream):
    def __init__(self, transport: SocketTransport, connection: _Connection, timeout_s: float | None) -> None:
        self._transport = transport
        self._connection = connection
        self._timeout_s = timeout_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._connection.next_event(self._timeout_s), h11.Data):
            yield bytes(event.data)

    async def aclose(self) -> None:
        self._transport.rest(self._connection)
