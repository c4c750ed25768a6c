"""The list of runs, by how much each needs somebody."""

from __future__ import annotations

from dataclasses import dataclass

from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.scene import BoardScene


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Rows with the run that each belongs to."""

    rows: tuple[Row, ...]
    items: tuple[str | None, ...]
    """uid per row; None for heads, blanks and sentences."""

    def index_of(self, uid: str) -> tuple[int, int] | None:
        """First row and number of rows of a run."""
        found = [index for index, item in enumerate(self.items) if item == uid]
        return (found[0], len(found)) if found and uid else None

    def order(self) -> tuple[str, ...]:
        """The runs from top to bottom."""
        return tuple(dict.fromkeys(item for item in self.items if item is not None))


def board_rows(scene: BoardScene, width: int, glyphs: Glyphs) -> Board:
    """The whole table for a pane of ``width`` text cells."""
    return Board(rows=(), items=())
