"""Bisection in an index file that may still grow: finds a record without reading the index into memory."""

from __future__ import annotations

import os
import struct
import threading

from runners.model.errors import StoreDamaged
from runners.streams import records
from runners.streams.records import EMPTY, RECORD_BYTES, Record

_PAGE_RECORDS = 100
_PAGE_BYTES = _PAGE_RECORDS * RECORD_BYTES
_PAGES_KEPT = 128
"""Half a megabyte: the pages that bisections of even huge indexes pass through again and again."""

_U64 = struct.Struct("<Q")
FILE_OFFSET = 8
LINES = 16
"""Where these fields lie in a record, see ``runners/streams/records.py``."""


class IndexFile:
    """Read access to the records ``0 … count-1`` of one open index."""

    def __init__(self, fd: int, path: str) -> None:
        self._fd = fd
        self._path = path
        self._pages: dict[int, bytes] = {}
        self._lock = threading.Lock()
        self.count = 0

    def record(self, number: int) -> Record:
        """One record; ``EMPTY`` for -1, the state before the first."""
        if number < 0:
            return EMPTY
        page, slot = divmod(number, _PAGE_RECORDS)
        record = records.decode(self._page(page, slot), slot * RECORD_BYTES)
        if record is None:
            raise StoreDamaged(
                f"{self._path}: record {number} is damaged; the log before it can still be read",
                hint=f"cp {self._path} {self._path}.damaged",
            )
        return record

    def last_whole(self, count: int) -> int:
        """How many of the first ``count`` records there are up to the last whole one."""
        if count > 0:
            page, slot = divmod(count - 1, _PAGE_RECORDS)
            if records.decode(self._page(page, slot), slot * RECORD_BYTES) is not None:
                return count
            # What is torn is written anew.
            with self._lock:
                self._pages.pop(page, None)
        while count > 0:
            data = os.pread(self._fd, RECORD_BYTES, records.record_position(count - 1))
            if records.decode(data) is not None:
                return count
            count -= 1
        return 0

    def first_above(self, field: int, value: int) -> int:
        """Number of the first record whose ``field`` is above ``value``; ``count`` when none is."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            page, slot = divmod(middle, _PAGE_RECORDS)
            if _U64.unpack_from(self._page(page, slot), slot * RECORD_BYTES + field)[0] > value:
                high = middle
            else:
                low = middle + 1
        return low

    def _page(self, number: int, slot: int) -> bytes:
        page = self._pages.get(number)
        # A page read while the index was shorter lacks the newest records.
        if page is None or len(page) < (slot + 1) * RECORD_BYTES:
            page = os.pread(self._fd, _PAGE_BYTES, records.record_position(number * _PAGE_RECORDS))
            if len(page) < (slot + 1) * RECORD_BYTES:
                raise StoreDamaged(f"{self._path} became shorter while it was read", hint=f"ls -l {self._path}")
            with self._lock:
                if len(self._pages) >= _PAGES_KEPT:
                    del self._pages[next(iter(self._pages))]
                self._pages[number] = page
        return page
