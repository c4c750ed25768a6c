"""HTTP over the controller's socket: connections are used again, and never one that the other side left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from runners.client.http import LineBroken, SocketHttp

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
async def serving(path: Path, talk: Talk) -> AsyncIterator[tuple[Server, SocketHttp]]:
    server = Server(talk)
    client = client_of(path)
    async with await asyncio.start_unix_server(server, path / "s"):
        try:
            yield server, client
        finally:
            await client.close()


def client_of(folder: Path) -> SocketHttp:
    return SocketHttp(str(folder / "s"), headers={"x-mine": "1"}, connect_timeout_s=30, write_timeout_s=30)


async def get(client: SocketHttp, path: str, *, read_timeout_s: float = 30) -> bytes:
    async with client.ask("GET", path, read_timeout_s=read_timeout_s) as answer:
        assert answer.status == 200
        return await answer.content()


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
            assert await get(client, "/x") == b"ok"
        assert server.calls == 1


async def test_the_whole_request_arrives(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await request_of(reader))
        writer.write(ANSWER)

    async with serving(tmp_path, talk) as (_, client):
        params = {"c": "d e", "n": 1}
        async with client.ask("POST", "/a%20b/ü", params, content=b"x" * 300_000, read_timeout_s=30) as answer:
            assert await answer.content() == b"ok"
    assert heard[0].startswith(b"POST /a%20b/%C3%BC?c=d+e&n=1 HTTP/1.1\r\nhost: onduty\r\nx-mine: 1\r\n")
    assert heard[0].endswith(b"\r\n\r\n" + b"x" * 300_000)


async def test_requests_at_the_same_time_have_connections_of_their_own(tmp_path: Path) -> None:
    async with serving(tmp_path, answer_all) as (server, client):
        async with client.ask("GET", "/1", read_timeout_s=30) as first:
            assert await get(client, "/2") == b"ok"
            assert await first.content() == b"ok"
        assert server.calls == 2


async def test_a_connection_that_the_other_side_closed_at_rest_is_not_used_again(tmp_path: Path) -> None:
    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(ANSWER)

    async with serving(tmp_path, one_answer) as (server, client):
        assert await get(client, "/1") == b"ok"
        await server.hung_up.wait()
        assert await get(client, "/2") == b"ok"
        assert server.calls == 2


async def test_an_answer_that_nobody_read_to_its_end_takes_its_connection_with_it(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        assert await reader.read() == b""

    async with serving(tmp_path, endless) as (server, client):
        async with client.ask("GET", "/1", read_timeout_s=30) as answer, aclosing(answer.chunks()) as chunks:
            assert await anext(chunks) == b"abc"
        await server.hung_up.wait()


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ids=["nothing", "half an answer", "not HTTP"],
)
async def test_a_controller_that_dies_under_a_request_breaks_the_line(tmp_path: Path, said: bytes) -> None:
    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(said)

    async with serving(tmp_path, dies) as (_, client):
        with pytest.raises(LineBroken):
            await get(client, "/1")


async def test_silence_ends_with_a_timeout_and_the_connection_with_it(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(tmp_path, silent) as (server, client):
        with pytest.raises(LineBroken, match="silent"):
            await get(client, "/1", read_timeout_s=0.01)
        await server.hung_up.wait()


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LineBroken, match="No such file"):
        await get(client_of(tmp_path), "/1")
