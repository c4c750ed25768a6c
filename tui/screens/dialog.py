"""The dialog in the middle of the screen, as ``tui.view.dialog`` draws it: one canvas, keys once it was drawn, buttons.

Keys typed before it was drawn are ignored: what somebody typed into the screen below must never be taken for an answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Generic, TypeVar

from textual import events
from textual.layout import Layout
from textual.strip import Strip
from textual.widget import Widget

from runners.model.preview import Preview
from tui.screens.modal import Modal
from tui.view.dialog import Dialog, dialog_rows, width_wanted
from tui.view.dialog_fields import Form
from tui.view.layout import Area, dialog_area
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

T = TypeVar("T")


class DialogCanvas(Canvas):
    """Remembers when it was first drawn, and when what it shows now was."""

    first_drawn_at: float | None = None
    """On the clock of ``Message.time``."""
    drawn_at: float | None = None

    def render_line(self, y: int) -> Strip:
        """Called when a frame is made that goes to the terminal at once."""
        if self.rows:
            now = time.monotonic()
            self.first_drawn_at = self.first_drawn_at or now
            self.drawn_at = self.drawn_at or now
        return super().render_line(y)

    def forget(self) -> None:
        """Something else is to be shown, and counts once it is drawn."""
        self.drawn_at = None
        self.refresh()


class DialogScreen(Modal[T], Generic[T], inherit_bindings=False):
    """A subclass says what is asked and does the keys."""

    def __init__(self, environment: str | None) -> None:
        super().__init__()
        self._environment = environment
        self._scroll = 0

    # What a subclass has

    @property
    def shown(self) -> Preview:
        """What is asked."""
        raise NotImplementedError

    def form(self) -> Form:
        """Fields and buttons as they are now."""
        raise NotImplementedError

    def press(self, event: events.Key) -> None:
        """Do one key."""
        raise NotImplementedError

    def answer(self, button: str, at: float) -> None:
        """A button was chosen by a key or a click, ``at`` on the clock of ``Message.time``."""
        raise NotImplementedError

    def wanted_width(self) -> int | None:
        """Cells that it would like to have; None: nothing is shown yet."""
        return width_wanted(self.shown)

    def address(self) -> str:
        """Where its one host is; empty: there is none, or several."""
        return ""

    @property
    def listens(self) -> bool:
        """It was drawn: what is typed from now on is meant for it."""
        return self.canvas.first_drawn_at is not None

    # What is drawn

    @property
    def layout(self) -> Layout:
        """One area in the middle."""
        return AreaLayout(lambda name: self.area() if name == "dialog" else None)

    def compose(self) -> Iterable[Widget]:
        """One canvas."""
        yield DialogCanvas(id="dialog", shade="bar", margins=(0, 0))

    @property
    def canvas(self) -> DialogCanvas:
        """What it is drawn on."""
        return self.query_one("#dialog", DialogCanvas)

    def dialog(self, width: int, height: int | None) -> Dialog:
        """Rows and buttons at a size."""
        look = self.onduty.look
        return dialog_rows(
            self.shown,
            self.form(),
            environment=self._environment,
            width=width,
            glyphs=look.glyphs,
            themed_box=not look.theme.exact,
            height=height,
            scroll=self._scroll,
            address=self.address(),
        )

    def area(self) -> Area:
        """As tall as its rows, at most the screen."""
        most = self.wanted_width()
        if most is None:
            return Area(0, 0, 0, 0)
        width, height = self.size.width, self.size.height
        wanted = dialog_area(width, height, rows=height, wanted=most).width
        rows = len(self.dialog(wanted, height - 2).rows)
        return dialog_area(width, height, rows=rows, wanted=most)

    def paint(self) -> None:
        """Lay out and paint."""
        area = self.area()
        if area.width:
            rearrange(self)
            self.canvas.set_rows(self.dialog(area.width, area.height).rows)

    def on_resize(self, event: events.Resize) -> None:
        """It stays in the middle."""
        self.paint()

    # Keys

    def scroll_rows(self, step: int) -> None:
        """Up or down where it is taller than the screen."""
        area = self.area()
        self._scroll = max(0, min(self.dialog(area.width, area.height).max_scroll, self._scroll + step))

    def takes_key(self, event: events.Key) -> bool:
        """Everything is a key of the dialog."""
        if event.key == "ctrl+z":
            return False
        drawn_at = self.canvas.first_drawn_at
        if drawn_at is not None and event.time >= drawn_at:
            self.press(event)
            if self.is_attached and self.is_top:
                self.paint()
        return True

    def on_click(self, event: events.Click) -> None:
        """On a button."""
        area = self.area()
        button = self.dialog(area.width, area.height).button_at(event.screen_y - area.y, event.screen_x - area.x)
        if button is not None and button.enabled:
            self.answer(button.name, event.time)
