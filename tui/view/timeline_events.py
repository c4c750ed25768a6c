"""What happened, below the bars of a timeline: each event at its time, in a second row where it would touch another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.view.cells import cells, cut_words
from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.safe_text import own
from tui.view.story import Mark
from tui.view.timeline_cells import Cells
from tui.view.timeline_scale import Scale

GAP = 2
"""Least cells between two events of a row."""
LEAST_TEXT = 12
"""Cells of a long text that still say something."""
_MOST_TRIED = 100
"""Events without a place, after which no place is looked for any more."""


@dataclass(slots=True)
class _Placed:
    mark: Mark
    x: int
    """Of its line."""
    row: int
    after: bool
    """The text stands right of the line."""
    size: int
    """Cells of the text."""

    @property
    def first(self) -> int:
        return self.x if self.after else self.x - self.size - 1

    @property
    def end(self) -> int:
        return self.x + 2 + self.size if self.after else self.x + 1


class _Rows:
    """Rows of ``width`` cells with what has found its place."""

    def __init__(self, rows: int, width: int) -> None:
        self.rows = rows
        self.width = width
        self.placed: list[_Placed] = []

    def fits(self, one: _Placed) -> bool:
        """Whether it is inside and touches nothing."""
        if one.first < 0 or one.end > self.width:
            return False
        others = (other for other in self.placed if other.row == one.row and other is not one)
        return all(one.end + GAP <= other.first or other.end + GAP <= one.first for other in others)

    def add(self, mark: Mark, x: int) -> bool:
        """Find a place for a short form of it; says whether there was one."""
        size = min(cells(mark.text), LEAST_TEXT)
        for row in range(self.rows):
            for after in (True, False):
                one = _Placed(mark, x, row, after, size)
                if self.fits(one):
                    self.placed.append(one)
                    return True
        return False

    def grow(self) -> None:
        """Give every text as much room as there is: whole in another row before cut in its own."""
        for one in self.placed:
            self._grow(one)

    def _grow(self, one: _Placed) -> None:
        least, row, after, whole = one.size, one.row, one.after, cells(one.mark.text)
        one.size = whole
        for one.row, one.after in ((r, a) for r in (row, *range(self.rows)) for a in (after, not after)):
            if self.fits(one):
                return
        one.row, one.after = row, after
        while one.size > least and not self.fits(one):
            one.size -= 1


def event_rows(
    marks: Sequence[Mark], scale: Scale, rows: int, width: int, glyphs: Glyphs, *, indent: int = 0
) -> tuple[tuple[Row, ...], int]:
    """People's actions first, then failures, then the rest; and how many found no place.

    ``indent``: cells before the scale's first one.
    """
    # Before the run began and after its end: at the edge; outside of a zoomed part: not there.
    first = -math.inf if scale.start <= scale.zero else scale.start
    last = math.inf if scale.end >= scale.zero + scale.whole_s else scale.end
    here = sorted((one for one in marks if first <= one.at <= last), key=lambda one: (one.rank, one.at))
    places = _Rows(rows, width)
    hidden = 0
    for number, mark in enumerate(here):
        if hidden > _MOST_TRIED:
            hidden += len(here) - number
            break
        hidden += not places.add(mark, indent + max(0, min(scale.x(mark.at), scale.cells - 1)))
    places.grow()
    drawn = [Cells(width) for _ in range(rows)]
    for one in places.placed:
        text = cut_words(one.mark.text, one.size, glyphs.cut)
        if one.after:
            drawn[one.row].write(one.x, own(f"{glyphs.event} {text}"), one.mark.token)
        else:
            drawn[one.row].write(one.x - cells(text) - 1, own(f"{text} {glyphs.event}"), one.mark.token)
    return tuple(Row(left=row.spans()) for row in drawn), hidden
