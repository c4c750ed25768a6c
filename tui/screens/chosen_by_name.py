"""A list that typing filters: arrows move in what matches, enter or a click chooses."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events

from tui.screens.overlay import OverlayScreen
from tui.widgets.canvas import Canvas

T = TypeVar("T")

MOST_QUERY = 80


class ChosenByName(OverlayScreen[T], Generic[T], inherit_bindings=False):
    """A subclass says what matches, draws it, and does what was chosen."""

    HEAD = 1

    def __init__(self) -> None:
        super().__init__()
        self.query_text = ""
        self.at = 0
        """Which of those that match is chosen."""

    def how_many(self) -> int:
        """Match what was typed."""
        raise NotImplementedError

    def leave(self) -> None:
        """Nothing was chosen."""
        raise NotImplementedError

    def choose(self) -> None:
        """The one at ``at``; nothing may match."""
        raise NotImplementedError

    @property
    def current_row(self) -> int | None:
        """The chosen one."""
        return self.at

    def takes_key(self, event: events.Key) -> bool:
        """Type, move, choose."""
        if event.key == "ctrl+z":
            return False
        if event.key in ("escape", "ctrl+c"):
            self.leave()
            return True
        if event.key == "enter":
            self.choose()
            return True
        if event.key in ("up", "down", "tab", "shift+tab"):
            step = 1 if event.key in ("down", "tab") else -1
            self.at = max(0, min(self.how_many() - 1, self.at + step))
        elif event.key == "backspace":
            self._look_for(self.query_text[:-1])
        elif event.key == "ctrl+u":
            self._look_for("")
        elif event.is_printable and event.character:
            self._look_for(self.query_text + event.character)
        self.paint()
        return True

    def takes_paste(self, text: str) -> bool:
        """The first line."""
        self._look_for(self.query_text + (text.splitlines() or [""])[0])
        self.paint()
        return True

    def _look_for(self, text: str) -> None:
        self.query_text, self.at = text[:MOST_QUERY], 0

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click chooses."""
        if self.is_top and message.row < self.how_many():
            self.at = message.row
            self.choose()
