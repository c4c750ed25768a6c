"""The keys of the screen below, from the one table."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from tui.keys.actions import action, key_of
from tui.screens.overlay import OverlayScreen
from tui.view.help_rows import help_rows
from tui.view.rows import BLANK, Row, Span, title_row
from tui.view.safe_text import own
from tui.widgets.canvas import Canvas

_STEPS = {"down": 1, "up": -1, "half-page-down": 10, "half-page-up": -10}


class HelpScreen(OverlayScreen[None]):
    """Any key closes it, but those that scroll."""

    WIDTH = 112
    HEAD = 2

    def __init__(self, screen: str, pane: str, why_not: Mapping[str, str]) -> None:
        super().__init__()
        self._of = (screen, pane, dict(why_not))

    def rows(self, width: int) -> tuple[Row, ...]:
        """The table."""
        glyphs = self.onduty.look.glyphs
        keys = (
            Span(own(f"{key_of('down')} {key_of('up')}"), "acc", bold=True),
            Span(own(" scroll   "), "muted"),
            Span(own("esc"), "acc", bold=True),
        )
        title = title_row(own("keys"), (), keys, glyphs=glyphs)
        return (title, BLANK, *help_rows(*self._of, width, glyphs))

    def takes_key(self, event: events.Key) -> bool:
        """Scroll or close."""
        if event.key == "ctrl+z":
            return False
        step = next((by for name, by in _STEPS.items() if event.key in action(name).keys), 0)
        if step:
            self.query_one(Canvas).scroll_rows(step)
        else:
            self.dismiss(None)
        return True
