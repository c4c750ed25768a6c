"""The log pane: one attempt of a job run, execution after execution, whatever the size.

``log_core`` is what it shows and how it keeps up, ``log_moves`` how it is moved, ``log_marks`` what is
marked, ``log_finds`` how it is searched.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from tui.widgets.log_finds import LogFinds

REFRESH_HZ = 20


class LogPane(LogFinds, can_focus=True):
    """See the module. Give it a ``LogView`` with ``show``."""

    DEFAULT_CSS = """
    LogPane { background: transparent; width: 1fr; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_rows(-1)", "up", show=False),
        Binding("down,j", "scroll_rows(1)", "down", show=False),
        Binding("pageup", "scroll_pages(-1.0)", "page up", show=False),
        Binding("pagedown", "scroll_pages(1.0)", "page down", show=False),
        Binding("ctrl+u", "scroll_pages(-0.5)", "half a page up", show=False),
        Binding("ctrl+d", "scroll_pages(0.5)", "half a page down", show=False),
        Binding("g,home", "go_top", "top", show=False),
        Binding("G,end", "go_end", "end", show=False),
        Binding("f", "follow", "follow", show=False),
        Binding("e", "error(1)", "next error", show=False),
        Binding("E", "error(-1)", "previous error", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("n", "hit(1)", "next match", show=False),
        Binding("N", "hit(-1)", "previous match", show=False),
        Binding("ampersand", "filter", "filter", show=False),
        Binding("x", "context", "context", show=False),
        Binding("J", "jump", "jump", show=False),
        Binding("w", "wrap", "wrap", show=False),
        Binding("greater_than_sign", "sideways(1)", "right", show=False),
        Binding("less_than_sign", "sideways(-1)", "left", show=False),
        Binding("t", "times", "times", show=False),
        Binding("C", "colours", "colours", show=False),
        Binding("space", "mark", "mark", show=False),
        Binding("escape", "end_find", "close find", show=False),
    ]

    def on_key(self, event: events.Key) -> None:
        """In an app that hands over no keys itself."""
        if self.takes_key(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """In an app that hands over nothing itself."""
        if self.takes_paste(event.text):
            event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_rows(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_rows(3)

    def on_focus(self) -> None:
        self._changed()

    def on_blur(self) -> None:
        self._changed()

    def on_mount(self) -> None:
        self.set_interval(1 / REFRESH_HZ, self._beat)
        self._searches.mark_errors()

    def on_unmount(self) -> None:
        self._searches.reset()

    def on_resize(self, event: events.Resize) -> None:
        """A width changes every row; the place is kept."""
        row, _ = self._window.top
        opening = self._window.height == 0
        self._restyle(width=max(0, event.size.width - 2))
        self._window.height = self._body_height
        if opening:
            self._open_at_first_bad()
        elif not self._window.follow:
            self._window.move_to((row, 0))
        self.refresh()
        self._changed()
