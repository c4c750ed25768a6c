"""Rows of a table of runs, with the run that each belongs to."""

from __future__ import annotations

from msgspec import Struct

from tui.view.rows import Row


class RunRows(Struct, frozen=True, kw_only=True):
    """What a table shows, and where each run stands in it."""

    rows: tuple[Row, ...] = ()
    items: tuple[str | None, ...] = ()
    """uid per row; None for heads, blanks and sentences."""

    def index_of(self, uid: str) -> tuple[int, int] | None:
        """First row and number of rows of a run; None when it is not there."""
        found = [index for index, item in enumerate(self.items) if item is not None and item == uid]
        return (found[0], len(found)) if found else None

    def order(self) -> tuple[str, ...]:
        """The runs from top to bottom."""
        return tuple(dict.fromkeys(item for item in self.items if item is not None))

    def first(self) -> str:
        """The run at the top; empty when there is none."""
        return next(iter(self.order()), "")
