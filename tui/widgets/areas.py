"""Put widgets where the pure layout function says, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

if TYPE_CHECKING:
    from tui.view.layout import Area


class AreaLayout(Layout):
    """A layout whose areas come from outside; a widget without an area is not shown."""

    name = "areas"

    def __init__(self, area_of: Callable[[str], Area | None]) -> None:
        """``area_of`` maps a widget's id to its area."""
        self._area_of = area_of

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Place each child on its area."""
        placements: list[WidgetPlacement] = []
        for order, child in enumerate(children):
            area = self._area_of(child.id or "")
            if area is None or area.width <= 0 or area.height <= 0:
                continue
            region = Region(area.x, area.y, area.width, area.height)
            placements.append(WidgetPlacement(region, NULL_OFFSET, Spacing(), child, order, False, False, False))
        return placements


def rearrange(screen: Screen[Any]) -> None:
    """Ask for the areas again, as after a tab, a zoom or a toast."""
    # Textual keeps arrangements by size and number of children; ours depend on more.
    screen._clear_arrangement_cache()
    screen.refresh(layout=True)
