"""Every action by name: type a part of it, enter does it."""

from __future__ import annotations

from collections.abc import Mapping

from tui.screens.chosen_by_name import ChosenByName
from tui.view.palette import palette_rows
from tui.view.rows import Row


class PaletteScreen(ChosenByName["str | None"], inherit_bindings=False):
    """Answers the name of an action, or None."""

    WIDTH = 112
    """Cells: what an action does is said whole where there is room."""

    def __init__(self, screen: str, why_not: Mapping[str, str]) -> None:
        super().__init__()
        self._screen_name = screen
        self._why_not = dict(why_not)

    def _found(self, width: int) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        return palette_rows(
            self.query_text, self._why_not, self.at, width, self.onduty.look.glyphs, screen=self._screen_name
        )

    def rows(self, width: int) -> tuple[Row, ...]:
        """Query and matches."""
        return self._found(width)[0]

    def _names(self) -> tuple[str, ...]:
        return self._found(80)[1]

    def how_many(self) -> int:
        """Actions that match."""
        return len(self._names())

    def leave(self) -> None:
        """No action."""
        self.dismiss(None)

    def choose(self) -> None:
        """Do it; where nothing matches, nothing."""
        names = self._names()
        self.dismiss(names[self.at] if self.at < len(names) else None)
