"""The folders of runs on disk: ``<root>/runs/<uid>/``."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from runners.adapters.log_paths import sync_folder
from runners.ports.log_store import check_log_name

MARK = ".leaving"


class LocalRunFolders:
    """Keeps what ``RunFolders`` promises."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def sizes(self) -> Mapping[str, int]:
        """As the promise says; what is removed meanwhile counts nothing."""
        return await asyncio.to_thread(lambda: {uid: _size(self._root / "runs" / uid) for uid in self._uids()})

    async def mark(self, uid: str) -> None:
        """As the promise says; durable."""
        await asyncio.to_thread(self._mark, self._folder(uid))

    async def unmark(self, uid: str) -> None:
        """As the promise says."""
        await asyncio.to_thread((self._folder(uid) / MARK).unlink, missing_ok=True)

    async def marked(self) -> tuple[str, ...]:
        """As the promise says."""
        return await asyncio.to_thread(
            lambda: tuple(uid for uid in self._uids() if (self._folder(uid) / MARK).exists())
        )

    async def remove(self, uid: str) -> None:
        """As the promise says. The mark goes last, so that what was cut off is gone on with."""
        await asyncio.to_thread(_remove, self._folder(uid))

    def free_bytes(self) -> int:
        """As the promise says: statvfs(3), f_bavail."""
        found = os.statvfs(self._root)
        return found.f_bavail * found.f_frsize

    def _folder(self, uid: str) -> Path:
        check_log_name(uid, uid)
        return self._root / "runs" / uid

    def _uids(self) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(self._root / "runs") if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []

    @staticmethod
    def _mark(folder: Path) -> None:
        if folder.is_dir():
            os.close(os.open(folder / MARK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            sync_folder(folder)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                # What lies on disk: a log with holes is as large as what was written (stat(2), st_blocks).
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                continue
    return total


def _remove(folder: Path) -> None:
    if not (folder / MARK).exists():
        return
    for entry in os.scandir(folder):
        if entry.name == MARK:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    (folder / MARK).unlink()
    folder.rmdir()
    sync_folder(folder.parent)
