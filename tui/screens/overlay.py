"""A modal list over the middle of the screen: palette and help."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from textual import events
from textual.layout import Layout
from textual.widget import Widget

from tui.screens.modal import Modal
from tui.view.layout import Area, dialog_area
from tui.view.rows import BLANK, Row
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

T = TypeVar("T")


class OverlayScreen(Modal[T], Generic[T], inherit_bindings=False):
    """Rows in a box without a frame; escape closes it."""

    WIDTH = 88
    HEAD = 0
    """So many rows stay at the top while the rest scrolls."""

    def rows(self, width: int) -> tuple[Row, ...]:
        """What it shows."""
        raise NotImplementedError

    @property
    def current_row(self) -> int | None:
        """The row that must be in view, counted below ``HEAD``."""
        return None

    @property
    def layout(self) -> Layout:
        """One area in the middle."""
        return AreaLayout(lambda name: self.area() if name == "overlay" else None)

    def compose(self) -> Iterable[Widget]:
        """One canvas."""
        yield Canvas(id="overlay", shade="bar", margins=(3, 3))

    def on_mount(self) -> None:
        """All is there from the start."""
        self.paint()

    def area(self) -> Area:
        """As tall as its rows, at most the screen."""
        probe = dialog_area(self.size.width, self.size.height, rows=self.size.height, wanted=self.WIDTH)
        rows = len(self.rows(probe.width - 6)) + 2
        return dialog_area(self.size.width, self.size.height, rows=rows, wanted=self.WIDTH)

    def paint(self) -> None:
        """Lay out and paint."""
        area = self.area()
        rearrange(self)
        rows = self.rows(area.width - 6)
        canvas = self.query_one("#overlay", Canvas)
        canvas.set_rows(rows[self.HEAD :], head=(BLANK, *rows[: self.HEAD]))
        if self.current_row is not None:
            canvas.reveal(self.current_row)

    def on_resize(self, event: events.Resize) -> None:
        """It stays in the middle."""
        self.paint()
