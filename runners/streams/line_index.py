"""Where lines begin: a sparse index of newlines that is fed bytes as they come.

It remembers the start of every 64th line, 8 bytes each: 1.25 MB for 10 million lines. Any line is then at most 63
newlines away from a known place.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

EVERY_LINES = 64

_FIRST_STRETCH_BYTES = 6400
_NEAR_NEWLINES = 12


def nth_newline(data: bytes, n: int, start: int = 0, end: int | None = None) -> int:
    """Position of the ``n``-th newline (from 1) of ``data[start:end]``; -1 when there are fewer.

    Counts whole stretches, sized by the density seen so far, halves the one that holds it, and looks at single newlines
    only near the target.
    """
    end = len(data) if end is None else end
    length = min(n * 100, _FIRST_STRETCH_BYTES)
    while start < end:
        stop = min(start + length, end)
        count = data.count(b"\n", start, stop)
        if count >= n:
            return _within(data, n, start, stop, count)
        # The next stretch is as long as the missing newlines need at this density.
        length = max(64, length * (n - count) // count if count else length * 4)
        start, n = stop, n - count
    return -1


def _within(data: bytes, n: int, start: int, stop: int, count: int) -> int:
    """The ``n``-th newline of a stretch that holds ``count`` of them."""
    while n > _NEAR_NEWLINES and count - n > _NEAR_NEWLINES:
        middle = (start + stop) // 2
        before = data.count(b"\n", start, middle)
        if before >= n:
            stop, count = middle, before
        else:
            start, n, count = middle, n - before, count - before
    if n <= _NEAR_NEWLINES:
        at = start - 1
        for _ in range(n):
            at = data.find(b"\n", at + 1, stop)
        return at
    at = stop
    for _ in range(count - n + 1):
        at = data.rfind(b"\n", start, at)
    return at


class LineIndex:
    """The sparse index of one growing text. Line 0 begins at offset 0; line ``n`` begins after the ``n``-th newline."""

    def __init__(self) -> None:
        self._marks = array("Q", [0])
        self._lines = 0
        self._bytes = 0

    @property
    def lines(self) -> int:
        """Newlines fed so far."""
        return self._lines

    @property
    def fed_bytes(self) -> int:
        """Bytes fed so far."""
        return self._bytes

    def feed(self, data: bytes) -> None:
        """Take in the bytes that follow those before."""
        at, base, marks = 0, self._bytes, self._marks
        missing = EVERY_LINES - self._lines % EVERY_LINES
        while True:
            newline = nth_newline(data, missing, at)
            if newline == -1:
                break
            at = newline + 1
            self._lines += missing
            marks.append(base + at)
            missing = EVERY_LINES
        self._lines += data.count(b"\n", at)
        self._bytes = base + len(data)

    def locate(self, line: int) -> tuple[int, int]:
        """Where to look for ``line``: (offset of a line start at or before it, lines to skip from there).

        ``IndexError`` for a line that has not begun.
        """
        if not 0 <= line <= self._lines:
            raise IndexError(f"line {line} of {self._lines}")
        block, skip = divmod(line, EVERY_LINES)
        return self._marks[block], skip

    def line_at_offset(self, offset: int) -> tuple[int, int]:
        """The nearest known line at or before ``offset``: (its number, where it begins).

        The line that holds ``offset`` is that number plus the newlines between the two places.
        """
        if offset < 0:
            raise IndexError(f"offset {offset}")
        block = bisect_right(self._marks, offset) - 1
        return block * EVERY_LINES, self._marks[block]
