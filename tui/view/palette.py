"""Every action by name."""

from __future__ import annotations

from collections.abc import Mapping

from tui.view.glyphs import Glyphs
from tui.view.rows import Row


def palette_rows(
    query: str, why_not: Mapping[str, str], selected: int, width: int, glyphs: Glyphs, *, screen: str = "run"
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The field, then one row per action that matches; and the names of those actions, best first."""
    return (), ()
