"""Files of a host in memory, and a courier that can be held up or cut in the middle."""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from runners.model.errors import HostRefused, SessionLost
from runners.ports.courier import HostFile, HostListing

if TYPE_CHECKING:
    from runners.testing.fake_session import FakeSession


class FakeCourier:
    """Keeps what ``Courier`` promises. Made by ``FakeSession.open_courier``."""

    def __init__(self, session: FakeSession, folder: str) -> None:
        self._session = session
        self._host = session.host
        self._folder = folder
        self._closed = False

    async def put(
        self, dest: str, chunks: AsyncIterator[bytes], *, size_bytes: int, sha256: str, mode: int, tag: str
    ) -> bool:
        """As the promise says."""
        path = await self._path(dest)
        if any(other.startswith(f"{path}/") for other in self._host.files):
            raise HostRefused(f"{self._host.name}: {dest} is a folder there; write it with / at its end")
        there = self._host.files.get(path)
        if there is not None and _sum(there) == sha256:
            self._host.modes[path] = mode
            return False
        data = b""
        async for chunk in chunks:
            data += chunk
            self._host.moved_bytes += len(chunk)
            await self._turn()
        data = data[:size_bytes]
        if _sum(data) != sha256:
            raise HostRefused(
                f"{self._host.name}: {dest} arrived with another sha256 than it has here; it was not put into place"
            )
        self._host.files[path] = data
        self._host.modes[path] = mode
        return True

    async def list(self, path: str) -> HostListing:
        """As the promise says."""
        whole = await self._path(path)
        if whole in self._host.files:
            return HostListing(folder=False, files=(HostFile(path="", size_bytes=len(self._host.files[whole])),))
        inside = sorted(name for name in self._host.files if name.startswith(f"{whole}/"))
        if not inside:
            raise HostRefused(f"{self._host.name}: {path} is not there, or cannot be read")
        files = tuple(HostFile(path=name[len(whole) + 1 :], size_bytes=len(self._host.files[name])) for name in inside)
        return HostListing(folder=True, files=files)

    async def get(self, path: str, size_bytes: int, take: Callable[[bytes], Awaitable[None]]) -> str:
        """As the promise says."""
        whole = await self._path(path)
        if whole not in self._host.files:
            raise HostRefused(f"{self._host.name}: {path} is not there, or cannot be read")
        data = self._host.files[whole][:size_bytes]
        for at in range(0, len(data), 64):
            await self._turn()
            await take(data[at : at + 64])
        return _sum(data)

    async def close(self) -> None:
        """As the promise says."""
        self._closed = True

    async def _turn(self) -> None:
        await asyncio.sleep(0)
        if self._host.holds_transfers is not None:
            await self._host.holds_transfers.wait()
        if self._session.is_over:
            raise SessionLost(f"{self._host.name}: connection lost")

    async def _path(self, path: str) -> str:
        await self._turn()
        return posixpath.normpath(posixpath.join(self._folder, path))


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
