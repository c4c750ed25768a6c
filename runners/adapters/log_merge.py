"""The logs of several hosts as one log, by time: for panes. As ``LogReader``, and says whose line each is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

from runners.adapters.log_reader import LogReader
from runners.adapters.log_search import compile_pattern
from runners.streams.merge import Block, MergeOrder, Stretch

_MOST_BLOCKS = 2000
"""Blocks merged at one ``refresh``: some milliseconds."""
_FIRST_WINDOW = 2048
_PIECE_LINES = 16384
_WINDOW_GROWS = 8
_MOST_WINDOW = 262144
"""Each log has a search of its own in each window."""


class MergedHit(NamedTuple):
    """Where a search matched."""

    line: int


class MergedLog:
    """Lines count from 0 over all logs. A line has its place once it has ended, and keeps it.

    A log that may still grow is added with ``live``; what it says behind its last newline is shown once it has ended.
    One thread refreshes, any may read.
    """

    def __init__(self) -> None:
        self._readers: list[LogReader] = []
        self._owners: list[int] = []
        self._live: list[bool] = []
        self._known: dict[str, int] = {}
        self._closed: dict[int, int] = {}
        """By log, how many records it had when its last line, without a newline, was given its place."""
        self._order = MergeOrder(self._block)
        self._near: Stretch | None = None
        """Where the line lies that was asked for last."""
        self._complete = False
        self._lock = threading.Lock()

    def put(self, key: str, reader: Callable[[], LogReader], owner: int, *, live: bool) -> None:
        """Have a log in it; one that is there already only takes ``live``. ``owner``: what ``owner_of`` says."""
        at = self._known.get(key)
        if at is not None:
            self._live[at] = live
            return
        with self._lock:
            self._known[key] = len(self._readers)
            self._readers.append(reader())
            self._owners.append(owner)
            self._live.append(live)

    @property
    def logs(self) -> int:
        """Logs in it."""
        return len(self._readers)

    @property
    def lines(self) -> int:
        """Lines that have their place."""
        return self._order.lines

    @property
    def complete(self) -> bool:
        """Whether all that was there at the last ``refresh`` has its place; else another ``refresh`` goes on."""
        return self._complete

    def refresh(self) -> bool:
        """Look for more, and give it its place; True when there are more lines."""
        for reader in self._readers:
            reader.refresh()
        counts = [self._blocks(source) for source in range(len(self._readers))]
        with self._lock:
            came = self._order.extend(counts, _MOST_BLOCKS)
            self._complete = self._order.complete(counts)
        return came

    def close(self) -> None:
        """Close every file."""
        for reader in self._readers:
            reader.close()

    def line_of(self, key: str, line: int) -> int | None:
        """Where a line of one log stands; None for a log that is not in it, and while the line has no place."""
        source = self._known.get(key)
        if source is None:
            return None
        with self._lock:
            return self._order.line_of(source, line)

    def owner_of(self, line: int) -> int:
        """What was said of the log that the line comes from; -1 for no line."""
        part = self._stretch_of(line)
        return -1 if part is None else self._owners[part.source]

    def read_lines(self, first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        """As ``LogReader.read_lines``."""
        lines: list[bytes] = []
        for part in self._stretches(max(0, first), first + count):
            lines += self._readers[part.source].read_lines(part.first, part.lines, max_line_bytes)
        return lines

    def read_part(self, line: int, start_bytes: int, max_bytes: int) -> bytes:
        """As ``LogReader.read_part``."""
        part = self._stretch_of(line)
        if part is None:
            return b""
        return self._readers[part.source].read_part(part.first + line - part.start, start_bytes, max_bytes)

    def time_of_line(self, line: int) -> float | None:
        """As ``LogReader.time_of_line``."""
        part = self._stretch_of(line)
        return None if part is None else self._readers[part.source].time_of_line(part.first + line - part.start)

    def search(
        self,
        pattern: bytes,
        start_line: int = 0,
        backwards: bool = False,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> MergedHit | None:
        """As ``LogReader.search``."""
        compile_pattern(pattern, ignore_case=ignore_case)
        for first, end in _windows(start_line, self.lines, backwards):
            bits = self.matching(pattern, first, end, ignore_case=ignore_case, stop=stop)
            if bits is None:
                return None
            if bits:
                return MergedHit(first + (bits.bit_length() if backwards else (bits & -bits).bit_length()) - 1)
        return None

    def matching(
        self,
        pattern: bytes,
        first: int,
        end: int,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> int | None:
        """As ``LogReader.matching``."""
        # In pieces: whoever draws waits while this is asked.
        pieces = range(first, end, _PIECE_LINES)
        parts = [part for at in pieces for part in self._stretches(at, min(at + _PIECE_LINES, end))]
        ranges: dict[int, tuple[int, int]] = {}
        for part in parts:
            low, high = ranges.get(part.source, (part.first, part.first))
            ranges[part.source] = min(low, part.first), max(high, part.first + part.lines)
        bits: dict[int, int] = {}
        for source, (low, high) in ranges.items():
            found = self._readers[source].matching(pattern, low, high, ignore_case=ignore_case, stop=stop)
            if found is None:
                return None
            if found:
                bits[source] = found
        whole = 0
        for part in parts:
            if part.source in bits:
                here = bits[part.source] >> (part.first - ranges[part.source][0]) & ((1 << part.lines) - 1)
                whole |= here << (part.start - first)
        return whole

    def _stretches(self, first: int, end: int) -> list[Stretch]:
        with self._lock:
            return self._order.stretches(first, end)

    def _stretch_of(self, line: int) -> Stretch | None:
        """Where a line comes from. A line keeps its place: what was found for its neighbour serves as well."""
        part = self._near
        if part is None or not part.start <= line < part.start + part.lines:
            with self._lock:
                self._near = part = self._order.stretch_of(line)
        return part

    def _blocks(self, source: int) -> int:
        """Blocks of one log; the line that a log ends with has one of its own when it has no newline."""
        reader = self._readers[source]
        if not self._live[source] and source not in self._closed and reader.lines > reader.last_record.lines:
            self._closed[source] = reader.records
        return reader.records + (source in self._closed)

    def _block(self, source: int, number: int) -> Block:
        reader, closed = self._readers[source], self._closed.get(source)
        if closed is None or number < closed:
            record = reader.record(number)
            return Block(record.time_us, record.lines)
        # What still came behind that line (the controller had not read it all) counts from there.
        line = reader.record(closed - 1).lines + 1
        record = reader.record(max(number - 1, 0))
        return Block(record.time_us, max(line, record.lines))


def _windows(start: int, lines: int, backwards: bool) -> Iterator[tuple[int, int]]:
    """(first, end) of what is searched, small at first: most matches are near."""
    size = _FIRST_WINDOW
    if backwards:
        end = min(start + 1, lines)
        while end > 0:
            yield max(0, end - size), end
            end, size = end - size, min(size * _WINDOW_GROWS, _MOST_WINDOW)
    else:
        first = max(0, start)
        while first < lines:
            yield first, min(first + size, lines)
            first, size = first + size, min(size * _WINDOW_GROWS, _MOST_WINDOW)
