"""How hosts were, with the run: ``<root>/runs/<uid>/readings/<host>.ndjson``, 0600 in 0700, a line for each reading."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from runners.adapters.log_paths import make_private
from runners.model.metrics import HostReading, Room
from runners.model.thinning import thinned
from runners.model.wire import decode, encode
from runners.ports.log_store import check_log_name
from runners.ports.readings import MOST_READINGS

_MOST_NAME = 200
_MOST_BYTES = 8 * 1024 * 1024
"""A file that is larger was not written by us."""
_MOST_COUNTED = 4096


class LocalReadingFiles:
    """Keeps what ``ReadingStore`` promises. Calls for one host come one after the other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._counts: dict[Path, tuple[int, tuple[Room, ...]]] = {}
        """Lines in a file, and the disks as they were last written there: a line that has none means the same."""

    async def add(self, run: str, host: str, readings: Sequence[HostReading]) -> None:
        """As the promise says."""
        await asyncio.to_thread(self._add, self._place(run, host), tuple(readings))

    async def read(self, run: str, host: str) -> tuple[HostReading, ...]:
        """As the promise says."""
        return await asyncio.to_thread(_read, self._place(run, host))

    def _place(self, run: str, host: str) -> Path:
        check_log_name(run, run)
        name = quote(host, safe="")
        if len(name) > _MOST_NAME:
            name = hashlib.sha256(host.encode()).hexdigest()
        return self._root / "runs" / run / "readings" / f"{name}.ndjson"

    def _add(self, path: Path, readings: tuple[HostReading, ...]) -> None:
        make_private(path.parent)
        known = self._counts.pop(path, None)
        if known is None:
            kept = _read(path)
            known = len(kept), kept[-1].rooms if kept else ()
        count, rooms = known
        if count + len(readings) > MOST_READINGS:
            # Down to much less, so that this is done rarely.
            kept = thinned((*_read(path), *readings), MOST_READINGS * 3 // 4)
            _replace(path, _lines(kept, ()))
            self._note(path, len(kept), kept[-1].rooms)
            return
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            # A controller that was killed may have left half a line.
            whole = not size or os.pread(fd, 1, size - 1) == b"\n"
            _write(fd, (b"" if whole else b"\n") + _lines(readings, rooms))
        finally:
            os.close(fd)
        self._note(path, count + len(readings), readings[-1].rooms if readings else rooms)

    def _note(self, path: Path, count: int, rooms: tuple[Room, ...]) -> None:
        if len(self._counts) >= _MOST_COUNTED:
            self._counts.clear()
        self._counts[path] = count, rooms


def _lines(readings: Iterable[HostReading], rooms: tuple[Room, ...]) -> bytes:
    found = bytearray()
    for reading in readings:
        same = reading.rooms == rooms
        rooms = reading.rooms
        found += encode(msgspec.structs.replace(reading, jobs=(), rooms=() if same else rooms)) + b"\n"
    return bytes(found)


def _read(path: Path) -> tuple[HostReading, ...]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    with os.fdopen(fd, "rb") as file:
        data = file.read(_MOST_BYTES)
    found: list[HostReading] = []
    rooms: tuple[Room, ...] = ()
    for line in data.split(b"\n"):
        try:
            reading = decode(line, HostReading)
        except ValueError:
            continue
        rooms = reading.rooms or rooms
        found.append(msgspec.structs.replace(reading, rooms=rooms))
    return tuple(found)


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write(fd, data)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    os.replace(part, path)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
