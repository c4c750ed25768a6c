"""Logs made durable together: whatever asked for it while the disk worked shares the next turn at the disk.

A flush waits for the filesystem's journal, and one commit of it serves every file that was handed to the disk before.
So a turn hands over all its files first and then waits for each: bytes before the index, the index before its name.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runners.adapters.log_paths import sync_folder
from runners.adapters.worker import Ticket, Worker

MOST_TURNS = 4
"""At the disk at the same time."""
HEAVY_BYTES = 1 << 20
"""So much may take the disk a while: it has threads of its own, and holds up nothing that is small."""
MOST_HEAVY_TURNS = 2
PATIENCE_S = 0.02
"""Who comes does not queue behind a turn that takes longer while there is another thread."""
COMPANY = 4
"""Logs that share a turn before the next thread is used: disks merge what several threads wait for."""
_WRITE = 2
"""SYNC_FILE_RANGE_WRITE, sync_file_range(2): begin to write what is dirty, wait for nothing."""


@dataclass(frozen=True, slots=True)
class Flush:
    """One log: its two files, and the folder that must know their names (None: it does)."""

    log_fd: int
    index_fd: int
    folder: Path | None
    new_bytes: int
    """Since it was durable for the last time."""


class Flusher:
    """Threads that wait for the disk. ``close`` it to end them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lasting: set[Path] = set()
        """Folders whose own names, up to the root, are on disk."""
        self._light = [_Turns(f"onduty-flush-{number}", self._flush) for number in range(MOST_TURNS)]
        self._heavy = [_Turns(f"onduty-flush-heavy-{number}", self._flush) for number in range(MOST_HEAVY_TURNS)]

    async def flush(self, request: Flush) -> None:
        """Return once it would survive a power cut. Raises ``OSError``."""
        now_s = time.monotonic()
        suited = self._heavy if request.new_bytes > HEAVY_BYTES else self._light
        turns = min(suited, key=lambda turns: turns.crowd(now_s))
        turns.waiting += 1
        try:
            await turns.worker.call(request)
        finally:
            turns.waiting -= 1

    async def close(self) -> None:
        """Finish what was asked and end the threads."""
        for turns in (*self._light, *self._heavy):
            await turns.worker.close()

    def _flush(self, batch: Sequence[Ticket[Flush]]) -> None:
        # What is handed over before the first wait shares its commit of the journal, an index that of its log too. An
        # index that is on disk before its bytes does no harm: whoever opens it believes no record beyond the bytes.
        for fd_of in (_log_fd, _index_fd):
            for ticket in batch:
                begin_writing(fd_of(ticket.request))
        for fd_of in (_log_fd, _index_fd):
            for ticket in batch:
                if not ticket.settled:
                    try:
                        os.fsync(fd_of(ticket.request))
                    except OSError as error:
                        ticket.failed(error)
        unnamed: dict[Path, list[Ticket[Flush]]] = {}
        for ticket in batch:
            if not ticket.settled and ticket.request.folder is not None:
                unnamed.setdefault(ticket.request.folder, []).append(ticket)
        for folder, tickets in unnamed.items():
            try:
                self._sync_names(folder)
            except OSError as error:
                for ticket in tickets:
                    ticket.failed(error)
        for ticket in batch:
            if not ticket.settled:
                ticket.done()

    def _sync_names(self, folder: Path) -> None:
        sync_folder(folder)
        above = folder
        while above != self._root and above not in self._lasting:
            above = above.parent
            sync_folder(above)
        self._lasting.add(folder)


class _Turns:
    """One thread, and since when it works."""

    def __init__(self, name: str, flush: Callable[[Sequence[Ticket[Flush]]], None]) -> None:
        self._flush = flush
        self._since_s: float | None = None
        self.waiting = 0
        self.worker: Worker[Flush] = Worker(name, self._take)

    def crowd(self, now_s: float) -> tuple[bool, int]:
        """The less, the sooner it serves a new request."""
        since_s = self._since_s
        return since_s is not None and now_s - since_s > PATIENCE_S, self.waiting // COMPANY

    def _take(self, batch: Sequence[Ticket[Flush]]) -> None:
        self._since_s = time.monotonic()
        try:
            self._flush(batch)
        finally:
            self._since_s = None


def begin_writing(fd: int) -> None:
    """Have the kernel begin to write a file's dirty pages. A hint: whether it was taken is not known."""
    function = _sync_file_range()
    if function is not None:
        function(fd, 0, 0, _WRITE)


@cache
def _sync_file_range() -> Callable[[int, int, int, int], int] | None:
    try:
        function = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    function.restype = ctypes.c_int
    return function


def _log_fd(request: Flush) -> int:
    return request.log_fd


def _index_fd(request: Flush) -> int:
    return request.index_fd
