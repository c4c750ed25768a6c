"""Search a log in whole blocks with one RE2 expression: 100 times faster than line by line, and off the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import re2

from runners.model.errors import InputRefused

_FIRST_BLOCK_BYTES = 64 * 1024
_MAX_BLOCK_BYTES = 4 * 1024 * 1024
_OVERLAP_BYTES = 16 * 1024
"""A match that lies across the cut inside one line of more than 4 MiB is found when it is at most this long."""

Read = Callable[[int, int], bytes]
"""(offset, most bytes) to bytes."""


class SearchHit(NamedTuple):
    """Where a match begins."""

    line: int
    """From 0."""
    offset: int
    """In the file, in bytes."""


def compile_pattern(pattern: bytes, *, ignore_case: bool) -> Any:
    """An RE2 expression that matches inside lines; ``InputRefused`` when RE2 does not take it."""
    options = re2.Options()
    options.never_nl = True
    options.log_errors = False
    options.never_capture = True
    options.case_sensitive = not ignore_case
    if pattern.isascii():
        # As UTF-8, "." stops at a byte that is no text; hosts print such bytes.
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(b"(?m:" + pattern + b")", options)
    except re2.error as error:
        cause = error.args[0] if error.args else error
        text = cause.decode(errors="replace") if isinstance(cause, bytes) else str(cause)
        raise InputRefused(f"this search pattern cannot be used: {text}", hint="see re2's syntax") from error


def search_forwards(regex: Any, read: Read, start: int, end: int, stop: Callable[[], bool]) -> int | None:
    """Offset of the first match that begins in ``start … end``; ``start`` begins a line."""
    size, at = _FIRST_BLOCK_BYTES, start
    lead = 0
    while at < end and not stop():
        # ``lead`` bytes before ``at`` belong to the same long line and were searched already.
        block = read(at - lead, min(size + lead, end - at + lead))
        if len(block) <= lead:
            return None
        whole = block.rfind(b"\n", lead) + 1
        if whole == 0 or at - lead + len(block) >= end:
            whole = len(block)
        match = _first(regex, block, min(lead, 1), whole)
        if match is not None:
            return at - lead + match
        at += whole - lead
        lead = 0 if block[whole - 1 : whole] == b"\n" else min(_OVERLAP_BYTES, whole)
        size = min(size * 2, _MAX_BLOCK_BYTES)
    return None


def search_backwards(regex: Any, read: Read, end: int, stop: Callable[[], bool]) -> int | None:
    """Offset of the last match that begins before ``end``, the end of a line."""
    size = _FIRST_BLOCK_BYTES
    while end > 0 and not stop():
        start = max(0, end - size)
        block = read(start, end - start)
        if not block:
            return None
        if start > 0:
            # Begin after a newline; the last byte of the block may be one that ends its last line.
            newline = block.find(b"\n", 0, len(block) - 1)
            if newline == -1 and size < _MAX_BLOCK_BYTES * 4:
                size *= 2
                continue
            start += newline + 1
            block = block[newline + 1 :]
        match = _last(regex, block)
        if match is not None:
            return start + match
        # A line longer than the largest block is cut; the overlap finds what lies across.
        end = start if start == 0 or newline != -1 else start + _OVERLAP_BYTES
        size = min(size * 2, _MAX_BLOCK_BYTES)
    return None


def _first(regex: Any, block: bytes, start: int, end: int) -> int | None:
    # An empty match behind the last newline is on no line.
    at = start
    match = regex.search(block, at, end)
    if match is None:
        return None
    position = int(match.start())
    return None if position == end and block[end - 1 : end] == b"\n" else position


def _last(regex: Any, block: bytes) -> int | None:
    """The last match, found by halves, so that a block full of matches costs no walk over all of them."""
    low, high = 0, len(block)
    if _first(regex, block, low, high) is None:
        return None
    while high - low > _FIRST_BLOCK_BYTES:
        middle = block.find(b"\n", (low + high) // 2, high - 1) + 1
        if middle == 0:
            break
        if _first(regex, block, middle, high) is not None:
            low = middle
        else:
            high = middle
    last = None
    for match in regex.finditer(block, low, high):
        if not (match.start() == high and block[high - 1 : high] == b"\n"):
            last = int(match.start())
    return last
