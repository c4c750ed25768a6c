"""A whole frame as text, for a terminal on which no library of the screen draws yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.view.painting import row_text

if TYPE_CHECKING:
    from rich.color import ColorSystem

    from tui.view.layout import Area
    from tui.view.look import Look
    from tui.view.pane_rows import PaneRows


def frame_text(parts: Iterable[tuple[Area, PaneRows]], look: Look, system: ColorSystem) -> str:
    """Every cell of the areas, each line at its place."""
    said: list[str] = []
    for area, pane in parts:
        first = pane.first_in_view(0, area.height)
        for y in range(area.height):
            line = row_text(pane.at(y, first), area.width, look, pane.shade, pane.edges, system)
            said.append(f"\x1b[{area.y + y + 1};{area.x + 1}H{line}")
    return "".join(said)
