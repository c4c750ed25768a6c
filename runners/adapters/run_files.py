"""What runs brought home: ``<root>/runs/<uid>/files/<job run number>.<attempt>/…``, 0600 in 0700."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path, PurePosixPath

from runners.adapters.log_paths import make_private, sync_folder
from runners.ports.log_store import check_log_name


class LocalRunFiles:
    """Keeps what ``RunFiles`` promises."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def place(self, run: str, attempt: str, path: str) -> str:
        """As the promise says."""
        check_log_name(run, attempt)
        inside = PurePosixPath(path)
        if inside.is_absolute() or ".." in inside.parts or not inside.parts or "\0" in path:
            raise ValueError(f"{path!r} leads out of the run's own folder")
        return str(self._root / "runs" / run / "files" / attempt / inside)

    async def land(self, run: str, attempt: str, path: str) -> LocalLanding:
        """As the promise says."""
        return await asyncio.to_thread(LocalLanding, Path(self.place(run, attempt, path)))


class LocalLanding:
    """Keeps what ``Landing`` promises."""

    def __init__(self, place: Path) -> None:
        make_private(place.parent)
        self._place = place
        self._part = place.parent / f".{place.name[:200]}.part"
        self._part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._part, flags, 0o600)

    async def write(self, data: bytes) -> None:
        """As the promise says."""
        await asyncio.to_thread(self._write, data)

    async def keep(self) -> str:
        """As the promise says."""
        await asyncio.to_thread(self._keep)
        return str(self._place)

    async def drop(self) -> None:
        """As the promise says."""
        self._close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def _keep(self) -> None:
        os.fsync(self._fd)
        self._close()
        os.replace(self._part, self._place)
        sync_folder(self._place.parent)

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
