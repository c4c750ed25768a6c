"""Files of this machine in memory: what uploads send, and what runs brought home."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
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


@dataclass(slots=True)
class FakeRunFolders:
    """Keeps what ``RunFolders`` promises."""

    kept: dict[str, int] = field(default_factory=dict)
    """Bytes by uid."""
    leaving: set[str] = field(default_factory=set)
    """The marked ones."""
    free: int = 10**12

    async def sizes(self) -> Mapping[str, int]:
        """As the promise says."""
        return dict(self.kept)

    async def mark(self, uid: str) -> None:
        """As the promise says."""
        if uid in self.kept:
            self.leaving.add(uid)

    async def unmark(self, uid: str) -> None:
        """As the promise says."""
        self.leaving.discard(uid)

    async def marked(self) -> tuple[str, ...]:
        """As the promise says."""
        return tuple(sorted(self.leaving))

    async def remove(self, uid: str) -> None:
        """As the promise says."""
        if uid in self.leaving:
            self.leaving.remove(uid)
            del self.kept[uid]

    def free_bytes(self) -> int:
        """As the promise says."""
        return self.free
