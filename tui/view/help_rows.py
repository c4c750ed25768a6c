"""The keys of the screen and pane somebody is in, from the one table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from tui.view.glyphs import Glyphs
from tui.view.rows import Row


def help_rows(screen: str, pane: str, why_not: Mapping[str, str], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Every key that does something here; a disabled one with its reason."""
    return ()
