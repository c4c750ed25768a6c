"""A pane that paints rows: head rows that stay, body rows that scroll, one selection.

It is given row models and nothing else, so what is on the screen can be tested without a screen. Only lines whose row
changed are painted again.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from tui.view.look import Look
from tui.view.pane_rows import PaneRows
from tui.view.rows import DrawnRows, Row
from tui.widgets.paint import PaintedLines, paint_row

_CACHED_STRIPS = 1024


class Canvas(PaintedLines):
    """Rows on a shade."""

    DEFAULT_CSS = """
    Canvas { background: transparent; width: 1fr; height: 1fr; }
    """
    ALLOW_SELECT = False

    class RowPicked(Message):
        """A body row was clicked."""

        def __init__(self, canvas: Canvas, row: int, x: int) -> None:
            super().__init__()
            self.canvas = canvas
            self.row = row
            """Index into the body rows."""
            self.x = x
            """Cell of the widget, from 0."""

        @property
        def control(self) -> Canvas:
            return self.canvas

    def __init__(
        self,
        *,
        shade: str = "ground",
        margins: tuple[int, int] | None = None,
        look: Look | None = None,
        can_focus: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self.can_focus = can_focus
        self._look = look or Look()
        self._pane = PaneRows(shade=shade, margins=margins)
        self._first = 0
        self._painted: dict[tuple[Row, int], Strip] = {}
        self._drawn: Size | None = None
        """The size that was drawn last."""

    @property
    def shade(self) -> str:
        """Background token of the pane."""
        return self._pane.shade

    @property
    def rows(self) -> Sequence[Row]:
        """The body rows."""
        return self._pane.rows

    @property
    def first(self) -> int:
        """The body row at the top."""
        return self._first

    @property
    def body_height(self) -> int:
        """Body rows that fit."""
        return self._pane.body_height(self.size.height)

    def set_look(self, look: Look) -> None:
        """Paint with another look."""
        if look != self._look:
            self._look = look
            self._painted.clear()
            self.refresh()

    def set_pane(self, pane: PaneRows) -> None:
        """Show what stands in a pane now; a selection comes into view."""
        before = self._visible()
        self._take(pane)
        self._first = pane.first_in_view(self._first, self.size.height)
        self._repaint(before)

    def set_shade(self, shade: str, margins: tuple[int, int] | None = None) -> None:
        """Change background and margins, as a pane that moves from a panel to the ground does."""
        self._take(replace(self._pane, shade=shade, margins=margins))

    def set_rows(self, rows: Sequence[Row], head: Sequence[Row] = ()) -> None:
        """Show these rows. ``head`` stays on top while the body scrolls (a blank row and the pane's title, usually)."""
        before = self._visible()
        shown = rows if isinstance(rows, DrawnRows) else tuple(rows)
        self._pane = replace(self._pane, rows=shown, head=tuple(head))
        self._first = min(self._first, self._pane.last_first(self.size.height))
        self._repaint(before)

    def set_selection(self, first: int | None, count: int = 1, *, active: bool = True) -> None:
        """Select ``count`` body rows from ``first`` and bring them into view; None selects nothing.

        ``active``: this pane has the focus. The selection of others is drawn quieter.
        """
        before = self._visible()
        self._pane = replace(self._pane, selected=None if first is None else (first, first + count), active=active)
        if first is not None:
            self._first = self._revealed(first, count)
        self._repaint(before)

    def reveal(self, row: int) -> None:
        """Scroll as little as it takes to have a body row in view."""
        self.scroll_rows(self._revealed(row, 1) - self._first)

    def scroll_rows(self, by: int) -> None:
        """Move the body by ``by`` rows, down when positive."""
        before = self._visible()
        self._first = max(0, min(self._first + by, self._pane.last_first(self.size.height)))
        self._repaint(before)

    def scroll_pages(self, by: float) -> None:
        """Move the body by pages of what is in view, at least by a row."""
        rows = max(1, int(abs(by) * self.body_height))
        self.scroll_rows(rows if by > 0 else -rows)

    def render_line(self, y: int) -> Strip:
        self._drawn = self.size
        width = self._drawn.width
        row = self._pane.at(y, self._first)
        key = (row, width)
        strip = self._painted.get(key)
        if strip is None:
            if len(self._painted) >= _CACHED_STRIPS:
                self._painted.clear()
            pane = self._pane
            strip = self._painted[key] = paint_row(row, width, self._look, pane.shade, pane.edges)
        return strip

    def on_resize(self, event: events.Resize) -> None:
        before = self._first
        self._first = self._pane.first_in_view(self._first, event.size.height)
        # Textual may have painted the new size before this was told, with the rows that were in view then.
        if self._first != before or self._drawn != event.size:
            self._painted.clear()
            self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-3)

    def on_click(self, event: events.Click) -> None:
        head = len(self._pane.head)
        row = event.y - head + self._first
        if event.y >= head and 0 <= row < len(self.rows):
            self.post_message(self.RowPicked(self, row, event.x))

    def _take(self, pane: PaneRows) -> None:
        if (pane.shade, pane.edges) != (self._pane.shade, self._pane.edges):
            self._painted.clear()
            self.refresh()
        self._pane = pane

    def _revealed(self, first: int, count: int) -> int:
        return self._pane.revealed(first, count, self._first, self.size.height)

    def _visible(self) -> tuple[Row, ...]:
        return tuple(self._pane.at(y, self._first) for y in range(self.size.height))

    def _repaint(self, before: tuple[Row, ...]) -> None:
        width = self.size.width
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._visible(), strict=False))
            if old != new
        ]
        if changed:
            self.refresh(*changed)
