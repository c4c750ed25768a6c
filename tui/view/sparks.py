"""Sparks: a series in one row of cells, two values to a cell, filled from the bottom (LOOK section 6, "Graphs").

A value that is not there leaves a gap, and zero is one dot: a gap is never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.glyphs import ASCII, Glyphs
from tui.view.safe_text import SafeText, own

_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
"""Dots of a column, from none to four, from the bottom up (Unicode 2800)."""
_ASCII_RAMP = " ._-=+*##"
"""By dots in a cell."""
_MOST = 4


def spark(values: Sequence[float | None], cells: int, *, top: float, glyphs: Glyphs) -> SafeText:
    """The newest ``2 x cells`` values, the newest at the right; ``top`` is a full column."""
    newest = list(values)[-2 * cells :]
    columns = [None] * (2 * cells - len(newest)) + newest
    heights = [_height(value, top) for value in columns]
    return own("".join(dots(heights[at], heights[at + 1], glyphs) for at in range(0, 2 * cells, 2)))


def dots(left: int, right: int, glyphs: Glyphs) -> SafeText:
    """One cell: two columns of 0 to 4 dots from the bottom."""
    if glyphs is ASCII:
        return own(_ASCII_RAMP[left + right])
    return own(chr(0x2800 + _LEFT[left] + _RIGHT[right]) if left or right else " ")


def step_above(values: Sequence[float | None]) -> float:
    """The power of ten at or above all of them: the scale of a rate, which only grows."""
    most = max((value for value in values if value is not None), default=0.0)
    top = 1.0
    while top < most:
        top *= 10
    return top


def _height(value: float | None, top: float) -> int:
    if value is None:
        return 0
    part = min(1.0, max(0.0, value) / top) if top > 0 else 0.0
    return min(_MOST, 1 + int(_MOST * part))
