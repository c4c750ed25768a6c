"""Several growing logs as one, by time, without holding it: where each line of the whole comes from.

A log comes in blocks, each with a time and the number of lines that have ended by its end. Blocks are merged as they
come; one that comes late goes behind what is there, so that no line ever moves. Only every 512th position is kept,
what lies between is merged again when it is asked for.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

EVERY_BLOCKS = 512
_SEGMENTS_KEPT = 16
_START = attrgetter("start")


class Block(NamedTuple):
    """The end of one block of a log."""

    time_us: int
    lines: int
    """Lines of the log that have ended here."""


class Stretch(NamedTuple):
    """Neighbouring lines of the whole that are neighbours in one log as well."""

    start: int
    """First line in the whole."""
    source: int
    first: int
    """First line in the log."""
    lines: int


class MergeOrder:
    """The order of the lines of several logs. ``block(source, number)`` gives a block, always the same one."""

    def __init__(self, block: Callable[[int, int], Block]) -> None:
        self._block = block
        self._at: list[int] = []
        self._ended: list[int] = []
        """Lines of each log that were taken in."""
        self._marks: list[array[int]] = [array("Q")]
        """For each log how many blocks lie before a mark; logs that came later are missing there."""
        self._starts = array("Q", [0])
        """Line of the whole at each mark."""
        self._since_mark = 0
        self._last: tuple[int, int] = (-1, -1)
        """The latest (time, log) since the mark."""
        self._segments: dict[int, list[Stretch]] = {}
        self._tail: list[Stretch] = []
        """What lies behind the last mark, as it came: whoever follows asks for it again and again."""
        self.lines = 0
        """Lines of the whole."""

    def extend(self, counts: list[int], most_blocks: int) -> bool:
        """Take in blocks up to ``counts`` of each log, at most so many; True when there are more lines.

        Logs are only ever added, at the end.
        """
        self._at += [0] * (len(counts) - len(self._at))
        blocks = [
            self._block(source, at) if at < count else None
            for source, (at, count) in enumerate(zip(self._at, counts, strict=True))
        ]
        heads = [(block.time_us, source) for source, block in enumerate(blocks) if block is not None]
        if not heads:
            return False
        heapq.heapify(heads)
        self._ended += [0] * (len(counts) - len(self._ended))
        before = self.lines
        if heads[0] < self._last:
            # Merged again from the mark on, these would stand elsewhere.
            self._mark()
        for _ in range(most_blocks):
            if not heads:
                break
            if self._since_mark >= EVERY_BLOCKS:
                self._mark()
            key = heads[0]
            source = key[1]
            taken, number = blocks[source], self._at[source] + 1
            assert taken is not None
            count = taken.lines - self._ended[source]
            _append(self._tail, Stretch(self.lines, source, self._ended[source], count))
            self.lines += count
            self._ended[source], self._at[source] = taken.lines, number
            self._since_mark += 1
            self._last = max(self._last, key)
            if number < counts[source]:
                blocks[source] = following = self._block(source, number)
                heapq.heapreplace(heads, (following.time_us, source))
            else:
                heapq.heappop(heads)
        return self.lines != before

    def complete(self, counts: list[int]) -> bool:
        """Whether all blocks were taken in."""
        return self._at == counts

    def stretches(self, first: int, end: int) -> list[Stretch]:
        """Where the lines ``first … end-1`` of the whole come from, in order."""
        end = min(end, self.lines)
        found: list[Stretch] = []
        segment = bisect_right(self._starts, first) - 1
        while first < end and segment < len(self._starts):
            parts = self._segment(segment)
            at = max(0, bisect_right(parts, first, key=_START) - 1)
            for part in islice(parts, at, None):
                if part.start >= end:
                    break
                skipped = max(0, first - part.start)
                count = min(part.start + part.lines, end) - part.start - skipped
                if count > 0:
                    found.append(Stretch(part.start + skipped, part.source, part.first + skipped, count))
            segment += 1
            first = self._starts[segment] if segment < len(self._starts) else end
        return found

    def stretch_of(self, line: int) -> Stretch | None:
        """The stretch that a line of the whole lies in; None for no line."""
        if not 0 <= line < self.lines:
            return None
        parts = self._segment(bisect_right(self._starts, line) - 1)
        return parts[bisect_right(parts, line, key=_START) - 1]

    def line_of(self, source: int, line: int) -> int | None:
        """Where a line of one log stands in the whole; None while it has no place."""
        if not 0 <= line < (self._ended[source] if source < len(self._ended) else 0):
            return None
        segment = bisect_right(range(len(self._marks)), line, key=lambda mark: self._ended_at(mark, source)) - 1
        for part in self._segment(segment):
            if part.source == source and part.first <= line < part.first + part.lines:
                return part.start + line - part.first
        return None

    def _ended_at(self, mark: int, source: int) -> int:
        """Lines of one log before a mark."""
        counts = self._marks[mark]
        blocks = counts[source] if source < len(counts) else 0
        return self._block(source, blocks - 1).lines if blocks else 0

    def _mark(self) -> None:
        self._keep(len(self._marks) - 1, self._tail)
        self._tail = []
        self._marks.append(array("Q", self._at))
        self._starts.append(self.lines)
        self._since_mark, self._last = 0, (-1, -1)

    def _keep(self, segment: int, parts: list[Stretch]) -> None:
        if len(self._segments) >= _SEGMENTS_KEPT:
            del self._segments[next(iter(self._segments))]
        self._segments[segment] = parts

    def _segment(self, segment: int) -> list[Stretch]:
        if segment + 1 == len(self._marks):
            return self._tail
        kept = self._segments.get(segment)
        if kept is not None:
            return kept
        begin, ends = self._marks[segment], self._marks[segment + 1]
        at = [begin[source] if source < len(begin) else 0 for source in range(len(ends))]
        ended = [self._block(source, number - 1).lines if number else 0 for source, number in enumerate(at)]
        blocks = [self._block(source, at[source]) if at[source] < end else None for source, end in enumerate(ends)]
        heads = [(block.time_us, source) for source, block in enumerate(blocks) if block is not None]
        heapq.heapify(heads)
        line = self._starts[segment]
        found: list[Stretch] = []
        while heads:
            source = heads[0][1]
            taken, number = blocks[source], at[source] + 1
            assert taken is not None
            count = taken.lines - ended[source]
            _append(found, Stretch(line, source, ended[source], count))
            line += count
            ended[source], at[source] = taken.lines, number
            if number < ends[source]:
                blocks[source] = following = self._block(source, number)
                heapq.heapreplace(heads, (following.time_us, source))
            else:
                heapq.heappop(heads)
        self._keep(segment, found)
        return found


def _append(parts: list[Stretch], part: Stretch) -> None:
    """Put a stretch behind the others; with the last one when they are neighbours in their log too."""
    if not part.lines:
        return
    last = parts[-1] if parts else None
    if last is not None and last.source == part.source and last.first + last.lines == part.first:
        parts[-1] = last._replace(lines=last.lines + part.lines)
    else:
        parts.append(part)
