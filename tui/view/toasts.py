"""Short news at the bottom right: accepted, refused, failed elsewhere."""

from __future__ import annotations

from tui.view.glyphs import Glyphs
from tui.view.rows import Row

WIDTH = 56


def toast_rows(kind: str, text: str, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Two rows. ``kind``: accepted, refused or failed."""
    return ()
