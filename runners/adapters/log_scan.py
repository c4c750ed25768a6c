"""Which lines of a stretch of a log match: block by block, one bit a line, whatever the number of matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from runners.adapters.log_search import Read, SearchBlock, compile_pattern, forward_blocks

_DENSE = 8
"""When more than every eighth line matches, all lines are looked at."""
_SAMPLE_BYTES = 16 * 1024
"""Looked at behind the first match of a block to tell whether many follow."""
_SPECIAL = frozenset(rb".^$*+?{}[]\|()")


class LineMatcher:
    """Finds the lines of a block that match one pattern.

    RE2 looks for the first match of a block without the GIL, so that the screen goes on meanwhile. A plain word that
    is in most lines is then looked for line by line, which is faster than going from match to match.
    """

    def __init__(self, pattern: bytes, *, ignore_case: bool) -> None:
        """Raises ``InputRefused`` for a pattern that RE2 does not take."""
        # The rest of the line belongs to the match, so that a line has one.
        self._regex: Any = compile_pattern(b"(?:" + pattern + b").*", ignore_case=ignore_case)
        plain = bool(pattern) and _SPECIAL.isdisjoint(pattern) and b"\n" not in pattern
        self._lower = ignore_case
        # bytes.lower knows ASCII alone.
        self._word = (pattern.lower() if ignore_case else pattern) if plain and pattern.isascii() else None

    def lines(self, block: SearchBlock) -> int:
        """Bit n is set when line n of the block matches."""
        data, start, end = block.data, min(block.lead, 1), block.end
        first = self._regex.search(data, start, end)
        if first is None:
            return 0
        if self._word is not None and not block.lead and self._is_dense(data, int(first.start())):
            lines = self._cased(data[:end]).split(b"\n")
            return int("".join(["1" if self._word in line else "0" for line in reversed(lines)]), 2)
        return _marked(data, start, end, (int(match.start()) for match in self._regex.finditer(data, start, end)))

    def _is_dense(self, data: bytes, at: int) -> bool:
        assert self._word is not None
        sample = self._cased(data[at : at + _SAMPLE_BYTES])
        return sample.count(self._word) * _DENSE > sample.count(b"\n")

    def _cased(self, data: bytes) -> bytes:
        return data.lower() if self._lower else data


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
