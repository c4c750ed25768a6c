"""What of a long line is on the screen: the last state of a progress bar, and a window that moves sideways."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from msgspec.structs import replace

from tui.view.cells import cells, drop
from tui.view.rows import Span

EXACT_CELLS = 4096
"""Up to this column the window is placed by cells; further right by bytes, so that no line is read from its start."""
_CELL_BYTES = 4
"""Most bytes read for one cell."""


def states(raw: bytes) -> list[bytes]:
    """What stood in a line one after the other: a carriage return begins anew. At least one, maybe empty."""
    if b"\r" not in raw:
        return [raw]
    return [state for state in raw.split(b"\r") if state] or [b""]


@functools.lru_cache(maxsize=64)
def window_bytes(column: int, width: int, least: int) -> tuple[int, int]:
    """(first byte, number of bytes) to read of a line whose window is ``width`` cells from ``column`` on.

    ``least``: bytes that are read of a line in any case.
    """
    if column <= EXACT_CELLS:
        return 0, max(least, (column + width) * _CELL_BYTES)
    return column, max(least, width * _CELL_BYTES)


def without_torn_start(raw: bytes) -> bytes:
    """Leave out the end of a UTF-8 sequence, and of an escape sequence, that the window's start tore apart."""
    at = 0
    while at < min(3, len(raw)) and raw[at] & 0xC0 == 0x80:
        at += 1
    end = at
    while end < min(at + 20, len(raw)) and raw[end] in b"0123456789;:":
        end += 1
    torn = end > at and raw[end : end + 1] == b"m"
    return raw[end + 1 :] if torn else raw[at:]


def skip(spans: Sequence[Span], width: int) -> list[Span]:
    """What is left of spans after ``width`` cells."""
    left: list[Span] = []
    for span in spans:
        size = cells(span.text)
        if width >= size:
            width -= size
            continue
        left.append(replace(span, text=drop(span.text, width)) if width else span)
        width = 0
    return left
