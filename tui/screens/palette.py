"""Every action by name: type a part of it, enter does it."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from tui.screens.overlay import OverlayScreen
from tui.view.palette import palette_rows
from tui.view.rows import Row
from tui.widgets.canvas import Canvas


class PaletteScreen(OverlayScreen["str | None"]):
    """Answers the name of an action, or None."""

    HEAD = 1

    def __init__(self, screen: str, why_not: Mapping[str, str]) -> None:
        super().__init__()
        self._screen_name = screen
        self._why_not = dict(why_not)
        self._query = ""
        self._at = 0

    def _found(self, width: int) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        return palette_rows(
            self._query, self._why_not, self._at, width, self.onduty.look.glyphs, screen=self._screen_name
        )

    def rows(self, width: int) -> tuple[Row, ...]:
        """Query and matches."""
        return self._found(width)[0]

    @property
    def current_row(self) -> int | None:
        """The chosen action."""
        return self._at

    def takes_key(self, event: events.Key) -> bool:
        """Type, move, choose."""
        if event.key == "ctrl+z":
            return False
        names = self._found(80)[1]
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
            return True
        if event.key == "enter":
            self.dismiss(names[self._at] if self._at < len(names) else None)
            return True
        if event.key in ("up", "down", "tab", "shift+tab"):
            step = 1 if event.key in ("down", "tab") else -1
            self._at = max(0, min(len(names) - 1, self._at + step))
        elif event.key == "backspace":
            self._query, self._at = self._query[:-1], 0
        elif event.key == "ctrl+u":
            self._query, self._at = "", 0
        elif event.is_printable and event.character:
            self._query, self._at = (self._query + event.character)[:80], 0
        self.paint()
        return True

    def takes_paste(self, text: str) -> bool:
        """The first line."""
        self._query, self._at = (self._query + (text.splitlines() or [""])[0])[:80], 0
        self.paint()
        return True

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click does it."""
        names = self._found(80)[1]
        if self.is_top and message.row < len(names):
            self.dismiss(names[message.row])
