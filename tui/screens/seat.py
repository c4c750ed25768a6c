"""Where a screen sits: in the app, and perhaps below another screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from tui.screens.onduty import Onduty


class Seat(MessagePump):
    """Of every screen, modal or not."""

    @property
    def onduty(self) -> Onduty:
        """The app, typed."""
        return cast("Onduty", self.app)

    @property
    def is_top(self) -> bool:
        """No other screen lies over it. Textual's ``is_current`` also counts the one below the top."""
        stack: Sequence[object] = self.app.screen_stack
        return bool(stack) and stack[-1] is self
