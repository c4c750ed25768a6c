"""The keys of the screen below, from the one table."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from tui.screens.overlay import OverlayScreen
from tui.view.help_rows import help_rows
from tui.view.rows import BLANK, Row, Span, title_row
from tui.view.safe_text import own
from tui.widgets.canvas import Canvas


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
            Span(own("j k"), "acc", bold=True),
            Span(own(" scroll   "), "muted"),
            Span(own("esc"), "acc", bold=True),
        )
        title = title_row(own("keys"), (), keys, glyphs=glyphs)
        return (title, BLANK, *help_rows(*self._of, width, glyphs))

    def takes_key(self, event: events.Key) -> bool:
        """Scroll or close."""
        if event.key == "ctrl+z":
            return False
        steps = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "ctrl+d": 10, "pageup": -10, "ctrl+u": -10}
        if event.key in steps:
            self.query_one(Canvas).scroll_rows(steps[event.key])
        else:
            self.dismiss(None)
        return True
