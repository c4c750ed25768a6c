"""A modal list over the middle of the screen: palette and help."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.layout import Layout
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.screens.key_taker import KeyTaker
from tui.screens.onduty import Onduty
from tui.view.layout import Area, dialog_area
from tui.view.rows import BLANK, Row
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

T = TypeVar("T")


class OverlayScreen(KeyTaker, ModalScreen[T], Generic[T], inherit_bindings=False):
    """Rows in a box without a frame; escape closes it."""

    WIDTH = 88
    HEAD = 0
    """So many rows stay at the top while the rest scrolls."""
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "app.suspend_process", show=False, priority=True)]

    @property
    def onduty(self) -> Onduty:
        """The app, typed."""
        return cast("Onduty", self.app)

    def rows(self, width: int) -> tuple[Row, ...]:
        """What it shows."""
        raise NotImplementedError

    @property
    def is_top(self) -> bool:
        """No other screen lies over it. Textual's ``is_current`` also counts the one below the top."""
        return bool(self.app.screen_stack) and self.app.screen is self

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
        """Dim what is behind."""
        self.onduty.dim(self)
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

    def on_unmount(self) -> None:
        """What was behind comes back."""
        self.onduty.undim()
