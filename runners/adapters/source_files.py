"""Files of this machine that uploads send: pinned by content, read in pieces."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from runners.model.kinds import PinnedFile, PinnedSource
from runners.plan.sources import SourceRefused

PIECE_BYTES = 1 << 18
MOST_FILES = 10_000
"""Of one source: a plan names each of them."""


class LocalSourceFiles:
    """Keeps what ``SourceFiles`` promises."""

    def pin(self, folder: str, src: str) -> PinnedSource:
        """As the promise says."""
        top = _top(folder, src)
        try:
            mode = top.stat().st_mode
        except OSError as problem:
            raise SourceRefused(f"{src}: {problem.strerror}") from None
        if stat.S_ISREG(mode):
            return PinnedSource(folder=False, files=(_pin(top, src, ""),))
        if not stat.S_ISDIR(mode):
            raise SourceRefused(f"{src} is neither a file nor a folder")
        files = [_pin(top / path, f"{src.rstrip('/')}/{path}", path) for path in sorted(_inside(top, src))]
        if not files:
            raise SourceRefused(f"{src} holds no file")
        return PinnedSource(folder=True, files=tuple(files))

    def read(self, folder: str, src: str, path: str) -> Iterator[bytes]:
        """As the promise says."""
        top = _top(folder, src)
        with _open(top / path if path else top) as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def _top(folder: str, src: str) -> Path:
    return Path(folder) / Path(src).expanduser()


def _inside(top: Path, src: str) -> list[str]:
    found: list[str] = []
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            with os.scandir(top / below) as entries:
                for entry in entries:
                    path = f"{below}/{entry.name}" if below else entry.name
                    shown = f"{src.rstrip('/')}/{path}"
                    if not entry.name.isprintable():
                        raise SourceRefused(f"{shown!r} has a name that cannot be sent")
                    if entry.is_symlink():
                        raise SourceRefused(f"{shown} is a symbolic link, which is not sent; send what it names")
                    if entry.is_dir():
                        folders.append(path)
                    elif entry.is_file():
                        found.append(path)
                    else:
                        raise SourceRefused(f"{shown} is neither a file nor a folder")
        except OSError as problem:
            raise SourceRefused(f"{src.rstrip('/')}/{below}: {problem.strerror}") from None
        if len(found) > MOST_FILES:
            raise SourceRefused(f"{src} has more than {MOST_FILES:,} files; send an archive of it")
    return found


def _pin(path: Path, shown: str, below: str) -> PinnedFile:
    digest, size = hashlib.sha256(), 0
    try:
        with _open(path, follow=not below) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o777
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
    except OSError as problem:
        raise SourceRefused(f"{shown}: {problem.strerror}") from None
    return PinnedFile(path=below, size_bytes=size, sha256=digest.hexdigest(), mode=mode)


def _open(path: Path, *, follow: bool = True) -> BinaryIO:
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    return os.fdopen(os.open(path, flags), "rb")
