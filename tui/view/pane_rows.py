"""What stands in one pane: head rows that stay, body rows that scroll, one selection."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from tui.view.layout import Pane
from tui.view.rows import BLANK, Row

MARGINS = {"panel": (2, 2)}
"""Blank cells left and right by shade (LOOK section 2); (1, 1) elsewhere."""


class PaneRows(Struct, frozen=True, kw_only=True):
    """Rows on a shade."""

    rows: Sequence[Row] = ()
    head: tuple[Row, ...] = ()
    shade: str = "ground"
    """Background token."""
    margins: tuple[int, int] | None = None
    """Blank cells left and right; None: those of the shade."""
    selected: tuple[int, int] | None = None
    """First row of the body that is selected, and the first behind it."""
    with_it: int | None = None
    """A row of the body that comes into view with the selection where both fit, as the title of its group."""
    active: bool = False
    """This pane has the focus. The selection of others is drawn quieter."""

    @property
    def edges(self) -> tuple[int, int]:
        """Blank cells left and right."""
        return self.margins or MARGINS.get(self.shade, (1, 1))

    def body_height(self, height: int) -> int:
        """Rows of the body that fit into a pane of ``height`` rows."""
        return max(0, height - len(self.head))

    def last_first(self, height: int) -> int:
        """The first row in view when the last one is."""
        return max(0, len(self.rows) - self.body_height(height))

    def revealed(self, at: int, count: int, first: int, height: int) -> int:
        """The first row in view, once ``count`` from ``at`` are; ``first`` when they are already."""
        body = max(1, self.body_height(height))
        if at < first:
            return at
        if at + count > first + body:
            return min(at + count - body, at)
        return first

    def first_in_view(self, first: int, height: int) -> int:
        """The first row in view once the selection is, moved as little from ``first`` as that takes."""
        first = min(first, self.last_first(height))
        if self.selected is None:
            return first
        if self.with_it is not None:
            first = self.revealed(self.with_it, 1, first, height)
        at, end = self.selected
        return self.revealed(at, end - at, first, height)

    def at(self, y: int, first: int = 0) -> Row:
        """The row on line ``y`` of the pane while ``first`` is the first of the body in view."""
        if y < len(self.head):
            return self.head[y]
        index = y - len(self.head) + first
        if not 0 <= index < len(self.rows):
            return BLANK
        row = self.rows[index]
        if self.selected is not None and self.selected[0] <= index < self.selected[1]:
            if self.active:
                return replace(row, bg="sel", edge="acc")
            return replace(row, bg="bar" if self.shade == "ground" else "sel")
        return row


def titled(pane: Pane, title: Row | None, rows: Sequence[Row]) -> PaneRows:
    """Rows of a pane under its title, inside its margins, where the layout wants them."""
    head: list[Row] = []
    if pane.title is not None and title is not None:
        head += [BLANK] * (pane.title.y - pane.area.y)
        head.append(title)
    head += [BLANK] * (pane.content.y - pane.area.y - len(head))
    margins = (pane.content.x - pane.area.x, max(0, pane.area.right - pane.content.right))
    return PaneRows(rows=rows, head=tuple(head), shade=pane.shade, margins=margins)
