"""A courier over one more shell on the host: works wherever commands do, behind start-up files that print included.

Beside helper and follower it is the third of the ten channels that a stock sshd allows. SFTP was left out: it would
need a shell all the same, to check the bytes where they arrived, and an external sftp-server breaks where a start-up
file prints.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files

from runners.adapters.opened_shell import OPEN_DEADLINE_S, READ_BYTES, answered_hello, let_go
from runners.adapters.shell_channel import OpenShell, ShellChannel, ShellLost
from runners.adapters.to_the_end import to_the_end
from runners.model.errors import HostRefused
from runners.ports.courier import HostFile, HostListing
from runners.remote import courier as words
from runners.remote.courier import TRAILER_BYTES

MOST_FILES = 10_000
"""Of one listing."""
_MOST_LINE_BYTES = 1 << 16

Judge = Callable[[ShellLost], Awaitable[None]]
"""Raises ``SessionLost`` when the whole connection went and not only this shell."""


async def open_courier(
    open_shell: OpenShell, host: str, *, workfolder: str, folder: str | None, judge: Judge
) -> ShellCourier:
    """Open a shell and load the courier into it. Raises ``SessionLost`` or ``HostRefused``."""
    nonce = secrets.token_hex(16)
    script = b"".join(files("runners.remote").joinpath(part).read_bytes() for part in words.PARTS)
    shell: ShellChannel | None = None
    noise: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(OPEN_DEADLINE_S):
            shell = await open_shell()
            noise = asyncio.create_task(_drop(shell), name=f"stderr of {host}")
            first = await answered_hello(shell, nonce)
            await shell.write(words.load(script, nonce, workfolder, folder))
            courier = ShellCourier(shell, host, nonce, first, noise, judge)
            answer = await courier.line()
            while not answer.startswith(f"{nonce} "):
                answer = await courier.line()
    except BaseException as problem:
        if shell is not None:
            await to_the_end(let_go(shell, noise))
        if isinstance(problem, ShellLost | TimeoutError):
            await judge(problem if isinstance(problem, ShellLost) else ShellLost("the shell did not answer"))
            raise HostRefused(f"{host} opened no shell to move files ({problem}); nothing was moved") from None
        raise
    word = answer.rpartition(" ")[2]
    if word != "ready":
        await courier.close()
        where = f"{folder}: " if word == "nodir" else ""
        raise HostRefused(f"{host}: {where}{words.REFUSALS.get(word, word)}; nothing was moved")
    return courier


class ShellCourier:
    """Keeps what ``Courier`` promises. Made by ``open_courier``."""

    def __init__(
        self, shell: ShellChannel, host: str, nonce: str, first: bytes, noise: asyncio.Task[None], judge: Judge
    ) -> None:
        self._shell = shell
        self._host = host
        self._nonce = nonce
        self._held = bytearray(first)
        self._noise = noise
        self._judge = judge

    async def put(
        self, dest: str, chunks: AsyncIterator[bytes], *, size_bytes: int, sha256: str, mode: int, tag: str
    ) -> bool:
        """As the promise says."""
        try:
            await self._say("put", words.anchored(dest), str(size_bytes), sha256, f"{mode:o}", tag)
            word = await self.line()
            if word == "same":
                return False
            if word == "go":
                await self._send(chunks, size_bytes)
                word = await self.line()
        except ShellLost as lost:
            raise await self._lost(lost) from None
        if word != "ok":
            raise self._refused(dest, word)
        return True

    async def list(self, path: str) -> HostListing:
        """As the promise says."""
        try:
            await self._say("list", words.anchored(path))
            word = await self.line()
            if word.startswith("file "):
                return HostListing(folder=False, files=(HostFile(path="", size_bytes=int(word[5:])),))
            if word != "folder":
                raise self._refused(path, word)
            lines: list[str] = []
            while (line := await self.line()) != "end":
                lines.append(line)
                if len(lines) > MOST_FILES:
                    raise HostRefused(
                        f"{self._host}: {path} has more than {MOST_FILES:,} files; fetch an archive of it"
                    )
        except ShellLost as lost:
            raise await self._lost(lost) from None
        found, left_out = words.parse_listing(lines)
        return HostListing(
            folder=True,
            files=tuple(HostFile(path=path, size_bytes=size) for path, size in found),
            left_out=tuple(left_out),
        )

    async def get(self, path: str, size_bytes: int, take: Callable[[bytes], Awaitable[None]]) -> str:
        """As the promise says."""
        try:
            await self._say("get", words.anchored(path), str(size_bytes))
            word = await self.line()
            if word != "ok":
                raise self._refused(path, word)
            while True:
                # The nonce cannot be in the file: it is younger, and nobody there knew it before.
                if (sha256 := words.trailer_of(bytes(self._held[-TRAILER_BYTES:]), self._nonce)) is not None:
                    await take(bytes(self._held[:-TRAILER_BYTES]))
                    self._held.clear()
                    return sha256
                if len(self._held) > TRAILER_BYTES:
                    await take(bytes(self._held[:-TRAILER_BYTES]))
                    del self._held[:-TRAILER_BYTES]
                await self._more()
        except ShellLost as lost:
            raise await self._lost(lost) from None

    async def close(self) -> None:
        """As the promise says."""
        await to_the_end(let_go(self._shell, self._noise))

    async def line(self) -> str:
        """The next line that it says. Raises ``ShellLost``."""
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > _MOST_LINE_BYTES:
                raise ShellLost("it says what no courier says")
            await self._more()
        line = bytes(self._held[:end]).decode("utf-8", "surrogateescape")
        del self._held[: end + 1]
        return line

    async def _more(self) -> None:
        data = await self._shell.read_stdout(READ_BYTES)
        if not data:
            raise ShellLost("the shell ended")
        self._held += data

    async def _say(self, verb: str, *arguments: str) -> None:
        try:
            await self._shell.write(words.request(verb, *arguments))
        except words.RequestRefused as refused:
            raise HostRefused(f"{self._host}: {refused}; nothing was moved") from None

    async def _send(self, chunks: AsyncIterator[bytes], size_bytes: int) -> None:
        """Exactly so many bytes: a file that changed meanwhile is refused by its sum over there."""
        left = size_bytes
        try:
            async for chunk in chunks:
                piece = chunk[:left]
                left -= len(piece)
                if piece:
                    await self._shell.write(piece)
                if not left:
                    break
            while left > 0:
                filler = bytes(min(left, READ_BYTES))
                left -= len(filler)
                await self._shell.write(filler)
        except ShellLost:
            # It may have said why before it ended.
            if b"\n" not in self._held:
                await self._more()

    async def _lost(self, lost: ShellLost) -> HostRefused:
        await self._judge(lost)
        return HostRefused(f"{self._host}: the shell that moved files ended ({lost})")

    def _refused(self, path: str, word: str) -> HostRefused:
        reason = words.REFUSALS.get(word.removeprefix("no "), word)
        return HostRefused(f"{self._host}: {path} {reason}")


async def _drop(shell: ShellChannel) -> None:
    while await shell.read_stderr(READ_BYTES):
        pass
