"""Which lines of a stretch of a log match: block by block, one bit a line, whatever the number of matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from runners.adapters.log_search import Read, SearchBlock, compile_pattern, forward_blocks

_DENSE = 8
"""When more than every eighth line matches, all lines are looked at."""
_SPECIAL = frozenset(rb".^$*+?{}[]\|()")


class LineMatcher:
    """Finds the matches of one pattern in a block; a plain word is looked for without RE2, three times as fast."""

    def __init__(self, pattern: bytes, *, ignore_case: bool) -> None:
        """Raises ``InputRefused`` for a pattern that RE2 does not take."""
        plain = bool(pattern) and _SPECIAL.isdisjoint(pattern) and b"\n" not in pattern
        # bytes.lower knows ASCII alone.
        self._word = pattern if plain and (pattern.isascii() or not ignore_case) else None
        self._lower = ignore_case
        self._regex: Any = None
        if self._word is None:
            # The rest of the line belongs to the match, so that a line has one.
            self._regex = compile_pattern(b"(?:" + pattern + b").*", ignore_case=ignore_case)
        elif ignore_case:
            self._word = pattern.lower()

    def lines(self, block: SearchBlock) -> int:
        """Bit n is set when line n of the block matches."""
        data, start, end = block.data, min(block.lead, 1), block.end
        if self._word is None:
            return _marked(data, start, end, (int(match.start()) for match in self._regex.finditer(data, start, end)))
        data = data.lower() if self._lower else data
        if data.find(self._word, start, end) < 0:
            return 0
        if start == 0 and data.count(self._word, 0, end) * _DENSE > data.count(b"\n", 0, end):
            lines = data[:end].split(b"\n")
            return int("".join(["1" if self._word in line else "0" for line in reversed(lines)]), 2)
        return _marked(data, start, end, self._starts(data, start, end))

    def _starts(self, data: bytes, start: int, end: int) -> Iterator[int]:
        assert self._word is not None
        at = data.find(self._word, start, end)
        while at >= 0:
            yield at
            newline = data.find(b"\n", at, end)
            at = data.find(self._word, newline + 1, end) if newline >= 0 else -1


def matching_lines(matcher: LineMatcher, read: Read, start: int, end: int, stop: Callable[[], bool]) -> int | None:
    """Bit n is set when line n after ``start``, the begin of a line, matches; None when ``stop`` said so."""
    found, line = 0, 0
    for block in forward_blocks(read, start, end):
        if stop():
            return None
        found |= matcher.lines(block) << line
        line += block.data.count(b"\n", block.lead, block.end)
    return found


def _marked(data: bytes, at: int, end: int, starts: Iterator[int]) -> int:
    """The lines of ``data[at:end]`` in which matches begin, in order."""
    line, found = 0, bytearray()
    for begin in starts:
        if begin < at or (begin == end and data[begin - 1 : begin] == b"\n"):
            continue
        line += data.count(b"\n", at, begin)
        byte = line >> 3
        if byte >= len(found):
            found.extend(bytes(byte + 1 - len(found)))
        found[byte] |= 1 << (line & 7)
        at = data.find(b"\n", begin, end) + 1
        if at == 0:
            break
        line += 1
    return int.from_bytes(found, "little")
