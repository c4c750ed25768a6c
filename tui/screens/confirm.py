"""The dialog in front of every change: exact hosts, tasks and commands, a reason, default No.

Keys typed before it was drawn are ignored: what somebody typed into the screen below must never confirm.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.layout import Layout
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from runners.model.preview import Preview
from tui.view.dialog import Dialog, dialog_rows, focus_order, may_confirm
from tui.view.layout import Area, dialog_area
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from tui.app import OndutyApp

WIDTH = 88


class DialogCanvas(Canvas):
    """Remembers when it was first drawn."""

    drawn_at: float | None = None
    """On the clock of ``Message.time``."""

    def render_line(self, y: int) -> Strip:
        """Called when a frame is made that goes to the terminal at once."""
        if self.drawn_at is None and self._rows:
            self.drawn_at = time.monotonic()
        return super().render_line(y)


class ConfirmScreen(ModalScreen["str | None"], inherit_bindings=False):
    """Answers the reason (maybe empty) for yes, None for no."""

    ALLOW_SELECT = False
    # Inside, keys do not reach the bindings of the screen; this one goes before them.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "app.suspend_process", show=False, priority=True)]

    def __init__(self, preview: Preview, *, environment: str | None, name_wanted: str | None, address: str) -> None:
        super().__init__()
        self._preview = preview
        self._environment = environment
        self._name_wanted = name_wanted
        self._address = address
        self._reason = ""
        self._typed = ""
        self._focus = "no"
        self._scroll = 0

    @property
    def onduty(self) -> OndutyApp:
        """The app, typed."""
        return cast("OndutyApp", self.app)

    @property
    def is_top(self) -> bool:
        """No other screen lies over it. Textual's ``is_current`` also counts the one below the top."""
        return bool(self.app.screen_stack) and self.app.screen is self

    @property
    def layout(self) -> Layout:
        """One area in the middle."""
        return AreaLayout(lambda name: self._area() if name == "dialog" else None)

    def compose(self) -> Iterable[Widget]:
        """One canvas."""
        yield DialogCanvas(id="dialog", shade="bar", margins=(0, 0))

    def on_mount(self) -> None:
        """Dim what is behind, draw, and only then listen."""
        self.onduty.dim(self)
        self._paint()

    @property
    def listens(self) -> bool:
        """It was drawn; keys count from now on."""
        return self._drawn_at is not None

    @property
    def _drawn_at(self) -> float | None:
        return self.query_one("#dialog", DialogCanvas).drawn_at

    @property
    def field(self) -> str:
        """What has the focus: no, confirm, reason or name."""
        return self._focus

    def _dialog(self, width: int, height: int | None) -> Dialog:
        look = self.onduty.look
        return dialog_rows(
            self._preview,
            environment=self._environment,
            reason=self._reason,
            reason_cursor=len(self._reason),
            typed=self._typed,
            name_wanted=self._name_wanted,
            focus=self._focus,
            width=width,
            glyphs=look.glyphs,
            themed_box=not look.theme.exact,
            height=height,
            scroll=self._scroll,
            address=self._address,
        )

    def _area(self) -> Area:
        width, height = self.size.width, self.size.height
        wanted = dialog_area(width, height, rows=height, wanted=WIDTH).width
        rows = len(self._dialog(wanted, height - 2).rows)
        return dialog_area(width, height, rows=rows, wanted=WIDTH)

    def _paint(self) -> None:
        area = self._area()
        rearrange(self)
        self.query_one("#dialog", Canvas).set_rows(self._dialog(area.width, area.height).rows)

    def on_resize(self, event: events.Resize) -> None:
        """It stays in the middle."""
        self._paint()

    def on_key(self, event: events.Key) -> None:
        """Everything is a key of the dialog."""
        event.stop()
        event.prevent_default()
        if not self.is_top:
            # Closed by the key before: this one must not close what is below.
            return
        drawn_at = self._drawn_at
        if drawn_at is None or event.time < drawn_at:
            return
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
        elif event.key in ("tab", "shift+tab"):
            order = focus_order(self._preview, name_wanted=self._name_wanted)
            step = 1 if event.key == "tab" else -1
            self._focus = order[(order.index(self._focus) + step) % len(order)]
        elif event.key in ("up", "down"):
            area = self._area()
            most = self._dialog(area.width, area.height).max_scroll
            self._scroll = max(0, min(most, self._scroll + (1 if event.key == "down" else -1)))
        elif self._focus in ("reason", "name"):
            self._type(event)
        elif event.key == "enter":
            self._answer(self._focus)
        elif event.key in ("left", "right"):
            self._focus = "confirm" if self._focus == "no" else "no"
        elif event.character == "Y":
            self._answer("confirm")
        elif event.character in ("n", "N", "q"):
            self.dismiss(None)
        if self.is_attached and self.is_top:
            self._paint()

    def _type(self, event: events.Key) -> None:
        text = self._reason if self._focus == "reason" else self._typed
        if event.key == "enter":
            self._focus = "confirm"
            return
        if event.key == "backspace":
            text = text[:-1]
        elif event.key == "ctrl+u":
            text = ""
        elif event.is_printable and event.character:
            text += event.character
        if self._focus == "reason":
            self._reason = text[:500]
        else:
            self._typed = text[:200]

    def on_paste(self, event: events.Paste) -> None:
        """The first line, into the field with the focus; a pasted Y never confirms."""
        event.stop()
        line = (event.text.splitlines() or [""])[0]
        if self._focus == "reason":
            self._reason = (self._reason + line)[:500]
        elif self._focus == "name":
            self._typed = (self._typed + line)[:200]
        self._paint()

    def on_click(self, event: events.Click) -> None:
        """On a button."""
        area = self._area()
        button = self._dialog(area.width, area.height).button_at(event.screen_y - area.y, event.screen_x - area.x)
        if button is not None and button.enabled:
            self._answer(button.name)

    def _answer(self, button: str) -> None:
        if not self.is_top:
            return
        if button == "no":
            self.dismiss(None)
        elif may_confirm(self._preview, typed=self._typed, name_wanted=self._name_wanted):
            self.dismiss(self._reason)

    def on_unmount(self) -> None:
        """What was behind comes back."""
        self.onduty.undim()
