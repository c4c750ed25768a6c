"""The bar in the last row of a log pane: what is typed into it, for which purpose."""

from __future__ import annotations

import enum

from textual import events

from tui.view.safe_text import SafeText


class Purpose(enum.Enum):
    """What the bar is open for; the value is the action whose key opens it."""

    FIND = "find"
    FILTER = "filter"
    JUMP = "jump"


class Typed(enum.Enum):
    """What a key did to the bar."""

    NOTHING = "nothing"
    CHANGED = "changed"
    DONE = "done"
    LEFT = "left"


class LogBar:
    """One line of text, edited at its end."""

    def __init__(self) -> None:
        self.purpose = Purpose.FIND
        self.typing = False
        """Keys go into it."""
        self.text = ""
        self.bad: SafeText | None = None
        """Why what was typed cannot be used, where no query says it."""

    def open(self, purpose: Purpose, text: str = "") -> None:
        """Type for that purpose."""
        self.purpose, self.text, self.typing, self.bad = purpose, text, True, None

    def close(self) -> None:
        """Nothing is typed any more."""
        self.typing, self.bad = False, None

    def takes(self, event: events.Key) -> Typed:
        """Edit; every key is the bar's own while it is typed into."""
        if event.key == "escape":
            return Typed.LEFT
        if event.key == "enter":
            return Typed.DONE
        if event.key == "backspace":
            return self._becomes(self.text[:-1])
        if event.key == "ctrl+u":
            return self._becomes("")
        if event.is_printable and event.character is not None:
            return self._becomes(self.text + event.character)
        return Typed.NOTHING

    def pastes(self, text: str) -> Typed:
        """Add the first line of what was pasted."""
        return self._becomes(self.text + (text.splitlines() or [""])[0])

    def _becomes(self, text: str) -> Typed:
        self.text, self.bad = text[:500], None
        return Typed.CHANGED
