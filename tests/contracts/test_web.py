"""HTTP over real sockets on loopback: one request, one answer, and why there was none."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from runners.adapters.sockets import SocketStream, open_socket
from runners.adapters.web import CoreWeb
from runners.model.errors import SessionLost
from runners.ports.byte_stream import ByteStream, StreamRefused
from runners.ports.web import KEPT_BODY_BYTES, NoAnswer, WebAnswer, WebRequest

Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback that gets each request's head; its port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(await reader.readuntil(b"\r\n\r\n"), writer)
        writer.close()

    running = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


def says(answer: bytes) -> Serve:
    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return serve


async def ask(url: str, *, method: str = "GET", timeout_s: float = 20, **values: Any) -> WebAnswer:
    request = WebRequest(method=method, url=url, **values)
    return await CoreWeb().ask(request, timeout_s=timeout_s)


async def no_answer(url: str, *, method: str = "GET", timeout_s: float = 20) -> tuple[str, bool]:
    with pytest.raises(NoAnswer) as caught:
        await ask(url, method=method, timeout_s=timeout_s)
    return str(caught.value), caught.value.sent


async def test_an_answer_is_its_status_its_head_and_the_beginning_of_its_body() -> None:
    body = b"x" * 5000
    answer = b"HTTP/1.1 503 No Backend\r\nContent-Length: 5000\r\nX-Who: lb1\r\n\r\n" + body
    async with server(says(answer)) as port:
        found = await ask(f"http://127.0.0.1:{port}/health")
    assert (found.status, found.words) == (503, "No Backend")
    assert ("X-Who", "lb1") in found.headers
    assert found.body == body[:KEPT_BODY_BYTES]


async def test_what_is_sent_is_what_was_written_and_nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    heads: list[bytes] = []

    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with server(serve) as port:
        url = f"http://127.0.0.1:{port}/a?b=%20c"
        await ask(url, method="POST", body=b"hello", headers=(("Authorization", "Bearer t"), ("user-agent", "me")))
    (head,) = heads
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /a?b=%20c HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}" in lines
    assert "Authorization: Bearer t" in lines
    assert "Content-Length: 5" in lines
    assert [line for line in lines if line.lower().startswith("user-agent")] == ["user-agent: me"]


async def test_a_redirect_is_not_followed() -> None:
    async with server(
        says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    ) as port:
        assert (await ask(f"http://127.0.0.1:{port}/")).status == 302


async def test_nobody_listening_is_refused_and_nothing_was_sent() -> None:
    async with server(says(b"")) as port:
        pass
    assert await no_answer(f"http://127.0.0.1:{port}/", method="POST") == ("Connection refused", False)
    assert await no_answer(f"http://localhost:{port}/") == ("Connection refused", False)


async def test_a_name_that_does_not_resolve_says_so() -> None:
    words, sent = await no_answer("http://no.such.host.invalid/")
    assert "resolution" in words or "not known" in words
    assert not sent


async def test_a_server_that_closes_without_a_word_may_have_done_what_was_asked() -> None:
    async with server(says(b"")) as port:
        words, sent = await no_answer(f"http://127.0.0.1:{port}/", method="POST")
    assert "disconnected" in words
    assert sent


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    done = asyncio.Event()

    async def serve(head: bytes, writer: asyncio.StreamWriter) -> None:
        await done.wait()

    async with server(serve) as port:
        assert await no_answer(f"http://127.0.0.1:{port}/", timeout_s=0.2) == ("no answer within 0.2 s", True)
        done.set()


async def test_what_is_no_http_is_no_answer() -> None:
    async with server(says(b"220 mail.example ESMTP\r\n")) as port:
        _, sent = await no_answer(f"http://127.0.0.1:{port}/")
    assert sent


async def test_tls_to_a_server_that_speaks_none_is_no_answer_and_nothing_of_the_request_was_sent() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(plain, "127.0.0.1", 0)
    words, sent = await no_answer(f"https://127.0.0.1:{running.sockets[0].getsockname()[1]}/", method="POST")
    running.close()
    assert words
    assert not sent


async def test_a_connection_through_somewhere_else_carries_it_with_the_name_in_the_url() -> None:
    asked: list[tuple[str, int]] = []
    async with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as port:

        async def through(host: str, there: int) -> SocketStream:
            asked.append((host, there))
            return await open_socket("127.0.0.1", port)

        request = WebRequest(method="GET", url="http://db.internal:8080/")
        answer = await CoreWeb().ask(request, timeout_s=20, through=through)
    assert (answer.status, answer.body, asked) == (200, b"ok", [("db.internal", 8080)])


async def test_what_the_way_refuses_is_no_answer_and_a_lost_session_passes_through() -> None:
    async def refused(host: str, port: int) -> ByteStream:
        raise StreamRefused("Connection refused")

    async def lost(host: str, port: int) -> ByteStream:
        raise SessionLost("gone")

    request = WebRequest(method="POST", url="http://db.internal:8080/")
    with pytest.raises(NoAnswer) as caught:
        await CoreWeb().ask(request, timeout_s=20, through=refused)
    assert (str(caught.value), caught.value.sent) == ("Connection refused", False)
    with pytest.raises(SessionLost):
        await CoreWeb().ask(request, timeout_s=20, through=lost)
