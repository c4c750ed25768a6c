"""Files of this machine in memory: what uploads send, and what runs brought home."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from runners.model.kinds import PinnedFile, PinnedSource
from runners.plan.sources import SourceRefused


@dataclass(slots=True)
class FakeSourceFiles:
    """Keeps what ``SourceFiles`` promises; ``files`` are by ``src``, those of a folder by ``src/path``."""

    files: dict[str, bytes] = field(default_factory=dict)

    def pin(self, folder: str, src: str) -> PinnedSource:
        """As the promise says."""
        if src in self.files:
            return PinnedSource(folder=False, files=(_pinned("", self.files[src]),))
        inside = sorted(name for name in self.files if name.startswith(f"{src.rstrip('/')}/"))
        if not inside:
            raise SourceRefused(f"{src}: No such file or directory")
        start = len(src.rstrip("/")) + 1
        return PinnedSource(folder=True, files=tuple(_pinned(name[start:], self.files[name]) for name in inside))

    def read(self, folder: str, src: str, path: str) -> Iterator[bytes]:
        """As the promise says."""
        data = self.files[f"{src.rstrip('/')}/{path}" if path else src]
        for at in range(0, len(data), 64):
            yield data[at : at + 64]


@dataclass(slots=True)
class FakeRunFiles:
    """Keeps what ``RunFiles`` promises."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By place."""

    def place(self, run: str, attempt: str, path: str) -> str:
        """As the promise says."""
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path!r} leads out of the run's own folder")
        return f"/state/{run}/{attempt}/{path.removeprefix('./')}"

    async def land(self, run: str, attempt: str, path: str) -> FakeLanding:
        """As the promise says."""
        return FakeLanding(self, self.place(run, attempt, path))


class FakeLanding:
    """Keeps what ``Landing`` promises."""

    def __init__(self, owner: FakeRunFiles, place: str) -> None:
        self._owner = owner
        self._place = place
        self._data = b""

    async def write(self, data: bytes) -> None:
        """As the promise says."""
        self._data += data

    async def keep(self) -> str:
        """As the promise says."""
        self._owner.files[self._place] = self._data
        return self._place

    async def drop(self) -> None:
        """As the promise says."""
        self._data = b""


def _pinned(path: str, data: bytes) -> PinnedFile:
    return PinnedFile(path=path, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), mode=0o644)
