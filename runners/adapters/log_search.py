"""Search a log in whole blocks with one RE2 expression: 100 times faster than line by line.

RE2 works without the GIL, so after the first megabytes several blocks are searched at the same time.
"""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import re2

from runners.model.errors import InputRefused

_FIRST_BLOCK_BYTES = 64 * 1024
_MAX_BLOCK_BYTES = 2 * 1024 * 1024
_MAX_LINE_BYTES = 8 * 1024 * 1024
"""A line longer than this is searched in pieces."""
_OVERLAP_BYTES = 16 * 1024
"""A match that lies across such a cut is found when it is at most this long."""
_ALONE_BLOCKS = 6
"""Blocks searched before threads are worth starting: 4 MB, or a near hit."""
_THREADS = min(4, os.cpu_count() or 1)

Read = Callable[[int, int], bytes]
"""(offset, most bytes) to bytes."""


class SearchHit(NamedTuple):
    """Where a match begins."""

    line: int
    """From 0."""
    offset: int
    """In the file, in bytes."""


@functools.lru_cache(maxsize=64)
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

    def find(block: SearchBlock) -> int | None:
        return _first(regex, block.data, min(block.lead, 1), block.end)

    return _in_order(forward_blocks(read, start, end), find, stop)


def search_backwards(regex: Any, read: Read, end: int, stop: Callable[[], bool]) -> int | None:
    """Offset of the last match that begins before ``end``, the end of a line."""

    def find(block: SearchBlock) -> int | None:
        return _last(regex, block.data, min(block.lead, 1), block.end)

    return _in_order(_backwards(read, end), find, stop)


class SearchBlock(NamedTuple):
    """A piece of a log that is searched at once."""

    offset: int
    """Of ``data`` in the file."""
    data: bytes
    lead: int
    """Not 0: the block begins inside a line, and its first byte is there only for what looks back."""
    end: int
    """Where to stop in ``data``; a byte behind it is there only for what looks ahead."""


def _in_order(
    blocks: Iterator[SearchBlock], find: Callable[[SearchBlock], int | None], stop: Callable[[], bool]
) -> int | None:
    """The result of the first block that has one; blocks ahead are searched meanwhile."""
    for _, block in zip(range(_ALONE_BLOCKS), blocks, strict=False):
        if stop():
            return None
        if (found := find(block)) is not None:
            return block.offset + found
    with ThreadPoolExecutor(_THREADS, "onduty-search") as pool:
        ahead: deque[tuple[SearchBlock, Future[int | None]]] = deque()
        while True:
            while len(ahead) <= _THREADS and (coming := next(blocks, None)) is not None:
                ahead.append((coming, pool.submit(find, coming)))
            if not ahead or stop():
                return None
            block, future = ahead.popleft()
            if (found := future.result()) is not None:
                return block.offset + found


def forward_blocks(read: Read, start: int, end: int) -> Iterator[SearchBlock]:
    """The bytes ``start … end``, cut at newlines where lines are no longer than ``_MAX_LINE_BYTES``."""
    size, at, lead = _FIRST_BLOCK_BYTES, start, 0
    while at < end:
        # ``lead`` bytes before ``at`` belong to the same long line and were searched already.
        data = read(at - lead, min(size + lead, end - at + lead))
        if len(data) <= lead:
            return
        whole = len(data)
        if at - lead + whole < end:
            whole = data.rfind(b"\n", lead) + 1
            if whole == 0 and size < _MAX_LINE_BYTES:
                size *= 2
                continue
            whole = whole or len(data) - 1
        yield SearchBlock(at - lead, data, lead, whole)
        at += whole - lead
        lead = 0 if data[whole - 1] == 10 else min(_OVERLAP_BYTES, whole)
        size = min(size * 2, _MAX_BLOCK_BYTES)


def _backwards(read: Read, end: int) -> Iterator[SearchBlock]:
    size, ahead = _FIRST_BLOCK_BYTES, 0
    while end > 0:
        start = max(0, end - size)
        data = read(start, end - start + ahead)
        length = len(data) - ahead
        if length <= 0:
            return
        if start == 0:
            yield SearchBlock(0, data, 0, length)
            return
        # Begin after a newline; the last byte may be the one that ends the last line.
        begin = data.find(b"\n", 0, length - 1) + 1
        if begin:
            yield SearchBlock(start + begin, data[begin:], 0, length - begin)
            end, ahead = start + begin, 0
        elif size < _MAX_LINE_BYTES:
            size *= 2
            continue
        else:
            yield SearchBlock(start, data, _OVERLAP_BYTES, length)
            end, ahead = start + _OVERLAP_BYTES, 1
        size = min(size * 2, _MAX_BLOCK_BYTES)


def _first(regex: Any, block: bytes, start: int, end: int) -> int | None:
    match = regex.search(block, start, end)
    if match is None:
        return None
    # An empty match behind the last newline is on no line.
    position = int(match.start())
    return None if position == end and block[end - 1 : end] == b"\n" else position


def _last(regex: Any, block: bytes, start: int, end: int) -> int | None:
    """The last match, found by halves, so that a block full of matches costs no walk over all of them."""
    low, high = start, end
    if _first(regex, block, low, high) is None:
        return None
    while high - low > _FIRST_BLOCK_BYTES:
        middle = block.find(b"\n", (low + high) // 2, high - 1) + 1
        if middle == 0:
            # Inside one long line every match names the same line; only near its end is the last one looked for.
            middle = (low + high) // 2
            if _first(regex, block, middle, high) is None:
                return _first(regex, block, low, high)
            low = middle
        elif _first(regex, block, middle, high) is not None:
            low = middle
        else:
            high = middle
    last = None
    for match in regex.finditer(block, low, high):
        if not (match.start() == high and block[high - 1 : high] == b"\n"):
            last = int(match.start())
    return last
