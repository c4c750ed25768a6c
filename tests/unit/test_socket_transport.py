"""How httpx reaches the controller's socket: connections are used again, and never one that the other side left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runners.client.http import httpx
from runners.client.socket_transport import SocketTransport

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-set: a\r\nx-set: b\r\n\r\nok"


class Server:
    """Says what each test tells it to, and counts who called."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.calls = 0
        self.hung_up = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        try:
            await self.talk(reader, writer)
        finally:
            writer.close()
            self.hung_up.set()


@asynccontextmanager
async def serving(path: Path, talk: Talk) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    server = Server(talk)
    listening = await asyncio.start_unix_server(server, path / "s")
    transport = SocketTransport(str(path / "s"))
    async with listening, httpx.AsyncClient(transport=transport, base_url="http://onduty", timeout=30) as client:
        yield server, client


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await request_of(reader):
        writer.write(ANSWER)


async def request_of(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    return head + await reader.readexactly(int(lines.get(b"content-length", b"0")))


async def test_requests_one_after_the_other_share_a_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, answer_all) as (server, client):
        for _ in range(3):
            answer = await client.get("/x")
            assert (answer.status_code, answer.content, answer.headers.get_list("x-set")) == (200, b"ok", ["a", "b"])
        assert server.calls == 1


async def test_the_whole_request_arrives(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await request_of(reader))
        writer.write(ANSWER)

    async with serving(tmp_path, talk) as (_, client):
        await client.post("/a%20b", params={"c": "d e"}, content=b"x" * 300_000)
    assert heard[0].startswith(b"POST /a%20b?c=d+e HTTP/1.1\r\n")
    assert heard[0].endswith(b"\r\n\r\n" + b"x" * 300_000)


async def test_requests_at_the_same_time_have_connections_of_their_own(tmp_path: Path) -> None:
    async with serving(tmp_path, answer_all) as (server, client), client.stream("GET", "/1") as first:
        assert (await client.get("/2")).content == b"ok"
        assert await first.aread() == b"ok"
        assert server.calls == 2


async def test_a_connection_that_the_other_side_closed_at_rest_is_not_used_again(tmp_path: Path) -> None:
    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(ANSWER)

    async with serving(tmp_path, one_answer) as (server, client):
        assert (await client.get("/1")).content == b"ok"
        await server.hung_up.wait()
        assert (await client.get("/2")).content == b"ok"
        assert server.calls == 2


async def test_an_answer_that_nobody_read_to_its_end_takes_its_connection_with_it(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert await reader.read() == b""

    async with serving(tmp_path, endless) as (server, client):
        async with client.stream("GET", "/1") as answer:
            async for data in answer.aiter_bytes():
                assert data == b"abc"
                break
        await server.hung_up.wait()


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ids=["nothing", "half an answer", "not HTTP"],
)
async def test_a_controller_that_dies_under_a_request_is_a_transport_error(tmp_path: Path, said: bytes) -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(said)

    async with serving(tmp_path, dies) as (_, client):
        with pytest.raises(httpx.TransportError):
            await client.get("/1")


async def test_silence_ends_with_a_timeout_and_the_connection_with_it(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(tmp_path, silent) as (server, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/1", timeout=httpx.Timeout(30, read=0.01))
        await server.hung_up.wait()


async def test_nobody_there_is_a_connect_error(tmp_path: Path) -> None:
    transport = SocketTransport(str(tmp_path / "s"))
    async with httpx.AsyncClient(transport=transport, base_url="http://onduty") as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/1")
