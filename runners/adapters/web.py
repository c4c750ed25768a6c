"""HTTP with httpcore, the part of httpx that only speaks HTTP: no redirects, no proxies, no cookies, no environment.

A connection per request, because a health check that reuses one proves nothing about the next. One TLS context for all
of them, with this machine's certificates; loading those takes longer than a request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
import httpx
from anyio.streams.tls import TLSStream

from runners.adapters.sockets import open_socket, words_of
from runners.ports.byte_stream import ByteStream, OpenStream, StreamRefused
from runners.ports.web import KEPT_BODY_BYTES, NoAnswer, WebAnswer, WebRequest
from runners.version import VERSION

MOST_BODY_BYTES = 64 << 20
"""An answer that is longer is not read to its end."""


class CoreWeb:
    """Keeps what ``Web`` promises."""

    def __init__(self) -> None:
        self._tls: asyncio.Task[ssl.SSLContext] | None = None

    async def ask(self, request: WebRequest, *, timeout_s: float, through: OpenStream | None = None) -> WebAnswer:
        """As the promise says."""
        backend = _Backend(through or open_socket)
        url = httpx.URL(request.url)
        context = await self._tls_context() if url.scheme == "https" else None
        try:
            async with (
                asyncio.timeout(timeout_s),
                httpcore.AsyncConnectionPool(
                    ssl_context=context, max_connections=1, max_keepalive_connections=0, network_backend=backend
                ) as pool,
                pool.stream(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=list(_headers(request)),
                    content=request.body,
                ) as response,
            ):
                body = await _read(response)
                return WebAnswer(
                    status=response.status,
                    words=response.extensions.get("reason_phrase", b"").decode("latin-1"),
                    headers=tuple(
                        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
                    ),
                    body=body,
                )
        except TimeoutError:
            raise NoAnswer(f"no answer within {timeout_s:.3g} s", sent=backend.sent) from None
        except StreamRefused as problem:
            raise NoAnswer(str(problem), sent=False) from None
        except ssl.SSLError as problem:
            raise NoAnswer(_tls_words(problem), sent=backend.sent) from None
        except OSError as problem:
            raise NoAnswer(words_of(problem), sent=backend.sent) from None
        except httpcore.LocalProtocolError:
            # Its words quote headers, which may hold secrets.
            raise NoAnswer("the request is no HTTP", sent=backend.sent) from None
        except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol) as problem:
            raise NoAnswer(str(problem) or type(problem).__name__, sent=backend.sent) from None

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = asyncio.create_task(asyncio.to_thread(ssl.create_default_context), name="onduty certificates")
        return await asyncio.shield(self._tls)


def _headers(request: WebRequest) -> Iterable[tuple[str, str]]:
    named = {name.lower() for name, _ in request.headers}
    if "user-agent" not in named:
        yield "User-Agent", f"onduty/{VERSION}"
    if "accept" not in named:
        yield "Accept", "*/*"
    # httpcore keeps what it is given: a request with a body must say how long it is.
    yield from request.headers


async def _read(response: httpcore.Response) -> bytes:
    kept, size = bytearray(), 0
    async for chunk in response.aiter_stream():
        kept += chunk[: KEPT_BODY_BYTES - len(kept)]
        size += len(chunk)
        if size > MOST_BODY_BYTES:
            break
    return bytes(kept)


def _tls_words(problem: ssl.SSLError) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {problem.verify_message}"
    return f"TLS: {problem.reason or problem.strerror or problem}"


class _Backend(httpcore.AsyncNetworkBackend):
    """Where httpcore gets its connection from. Lets errors through as they are; remembers whether anything was sent."""

    def __init__(self, open_stream: OpenStream) -> None:
        self._open = open_stream
        self.sent = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Plain(await self._open(host, port), self)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Plain(httpcore.AsyncNetworkStream):
    """Bytes as they are."""

    def __init__(self, stream: ByteStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.receive(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._backend.sent = True
            await self._stream.send(buffer)

    async def aclose(self) -> None:
        await self._stream.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            wrapped = await TLSStream.wrap(
                _ForTls(self._stream), hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
            )
        except (anyio.BrokenResourceError, anyio.EndOfStream) as problem:
            raise _cause(problem) from None
        return _Tls(wrapped, self._stream, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return None


class _Tls(httpcore.AsyncNetworkStream):
    """Bytes through TLS."""

    def __init__(self, tls: TLSStream, stream: ByteStream, backend: _Backend) -> None:
        self._tls = tls
        self._stream = stream
        self._backend = backend

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._tls.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except anyio.BrokenResourceError as problem:
            raise _cause(problem) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._backend.sent = True
            try:
                await self._tls.send(buffer)
            except anyio.BrokenResourceError as problem:
                raise _cause(problem) from None

    async def aclose(self) -> None:
        await self._stream.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    def get_extra_info(self, info: str) -> Any:
        return self._tls.extra_attributes.get(info) if info == "ssl_object" else None


def _cause(problem: BaseException) -> OSError:
    cause = problem.__cause__
    return cause if isinstance(cause, OSError) else ConnectionResetError(104, "Connection reset by peer")


class _ForTls(anyio.abc.ByteStream):
    """Our stream in anyio's shape."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = await self._stream.receive(max_bytes)
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        await self._stream.close()
