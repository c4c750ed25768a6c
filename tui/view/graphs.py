"""Graphs: a series over time in six rows of braille, filled from the bottom (LOOK section 6, "Graphs").

A value that is not there leaves a gap, and zero is one dot: a gap is never a zero. Scales are fixed: a percentage is of
100, a rate of a power of ten that only grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeVar

from tui.view.cells import cells
from tui.view.durations import clock
from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span, blank, lay_out
from tui.view.safe_text import SafeText, own
from tui.view.sparks import dots

ROWS = 6
LABEL = 6
"""Cells of the scale at the left, the blank behind it included."""
_LEVELS = ROWS * 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a graph shows, from left to right."""

    from_utc: float
    to_utc: float
    is_now: bool = True
    """Its right edge is this moment."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, as a line through every graph."""

    at_utc: float
    token: str
    weight: int = 0
    """Of two at one place the heavier is drawn, and of times that would touch."""


def columns(
    series: Sequence[tuple[float, T]], breaks: frozenset[int], window: Window, count: int, held_s: float
) -> list[T | None]:
    """For each of ``count`` columns what ``series`` (times and values, oldest first) says of it; None: nothing.

    A value is about the time since the one before, unless ``breaks`` has its position: then nobody looked in between,
    and it is about its own moment. The newest holds for ``held_s`` seconds.
    """
    found: list[T | None] = [None] * count
    span_s = window.to_utc - window.from_utc
    if span_s <= 0 or not series:
        return found

    def place(at_utc: float) -> int:
        return int((at_utc - window.from_utc) / span_s * count)

    for number, (at_utc, value) in enumerate(series):
        last = place(at_utc)
        first = last if number == 0 or number in breaks else place(series[number - 1][0]) + 1
        if number == len(series) - 1:
            last = max(last, place(at_utc + held_s))
        for column in range(max(0, min(first, last)), min(count - 1, last) + 1):
            found[column] = value
    return found


def graph_rows(
    values: Sequence[float | None],
    marks: Sequence[Mark],
    window: Window,
    *,
    top: float,
    top_label: SafeText,
    token: str,
    glyphs: Glyphs,
) -> list[Row]:
    """Six rows: the scale, then two of ``values`` to a cell, with ``marks`` through it."""
    heights = [_height(value, top) for value in values]
    width = len(values) // 2
    lines = marked_cells(marks, window, width)
    rows = []
    for row in range(ROWS):
        below = 4 * (ROWS - 1 - row)
        label = top_label if row == 0 else own("0") if row == ROWS - 1 else own("")
        spans = [blank(LABEL - 1 - cells(label)), Span(label, "faint"), blank(1)]
        spans += _runs(
            [
                _cell(
                    max(0, min(4, heights[2 * at] - below)),
                    max(0, min(4, heights[2 * at + 1] - below)),
                    lines.get(at),
                    token,
                    glyphs,
                )
                for at in range(width)
            ]
        )
        rows.append(Row(left=tuple(spans)))
    return rows


def axis_row(marks: Sequence[Mark], window: Window, width: int, zone: tzinfo, now_utc: float) -> Row:
    """``-5m      12:04:33          now``: times of marks below them, the heavier first, none touching another."""
    if window.is_now:
        first, last = own(f"-{(window.to_utc - window.from_utc) / 60:.0f}m"), own("now")
    else:
        first = clock(window.from_utc, zone, now_utc=now_utc)
        last = clock(window.to_utc, zone, now_utc=now_utc)
    placed: list[tuple[int, SafeText, str]] = [(0, first, "faint"), (width - cells(last), last, "faint")]
    for at, mark in sorted(marked_cells(marks, window, width).items(), key=lambda one: (-one[1].weight, -one[0])):
        text = clock(mark.at_utc, zone)
        size = cells(text)
        for start in (*range(at - size // 2, at - size - 3, -1), at):
            free = all(start + size < x or x + cells(other) < start for x, other, _ in placed)
            if free and start >= 0 and start + size <= width:
                placed.append((start, text, mark.token))
                break
    spans, at = [blank(LABEL)], 0
    for start, text, token in sorted(placed):
        if start < at:
            continue
        spans += [blank(start - at), Span(text, token)]
        at = start + cells(text)
    return Row(left=tuple(spans))


def marked_cells(marks: Sequence[Mark], window: Window, width: int) -> dict[int, Mark]:
    """The mark at each cell that has one."""
    found: dict[int, Mark] = {}
    span_s = window.to_utc - window.from_utc
    for mark in marks:
        at = int((mark.at_utc - window.from_utc) / span_s * width) if span_s > 0 else -1
        if mark.at_utc == window.to_utc:
            at = width - 1
        if 0 <= at < width and (at not in found or found[at].weight <= mark.weight):
            found[at] = mark
    return found


def beside(left: Sequence[Row], right: Sequence[Row], width: int, gap: int, glyphs: Glyphs) -> list[Row]:
    """Two graphs side by side, each ``width`` cells."""
    return [
        Row(left=(*lay_out(one, width, glyphs), blank(gap), *lay_out(other, width, glyphs)))
        for one, other in zip(left, right, strict=True)
    ]


def _height(value: float | None, top: float) -> int:
    if value is None:
        return 0
    part = min(1.0, max(0.0, value) / top) if top > 0 else 0.0
    return max(1, round(_LEVELS * part))


def _cell(left: int, right: int, mark: Mark | None, token: str, glyphs: Glyphs) -> tuple[str, str]:
    if left or right:
        return dots(left, right, glyphs), mark.token if mark is not None else token
    if mark is not None:
        return glyphs.event, mark.token
    return " ", token


def _runs(drawn: Sequence[tuple[str, str]]) -> list[Span]:
    """Cells of one colour as one span."""
    spans: list[tuple[str, str]] = []
    for text, token in drawn:
        if spans and (spans[-1][1] == token or not text.strip()):
            spans[-1] = (spans[-1][0] + text, spans[-1][1])
        else:
            spans.append((text, token))
    return [Span(own(text), token) for text, token in spans]
