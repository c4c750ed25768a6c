"""What every screen is: canvases on the areas of a layout, keys from the one table, toasts above the strip."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingsMap, BindingType
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.driver import is_behind
from tui.keys.actions import ACTIONS, EVERYWHERE, Action, elsewhere, key_of, on_screen, where_it_is, worn
from tui.screens.key_taker import KeyTaker
from tui.screens.moving import Moving
from tui.screens.seat import Seat
from tui.view.layout import Area, ScreenLayout
from tui.view.painting import style_of
from tui.view.pane_rows import titled
from tui.view.rows import Row, text_row
from tui.view.safe_text import own, safe
from tui.view.toasts import toast_rows
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from tui.view.scene import Here

FRAME_S = 0.1
"""How often a screen looks for news. A burst of events in between is one repaint."""
RESTS = 4
"""Times as long as a frame took nothing is drawn after it, but for what a key does."""
TOAST_S = 4.0
MOST_TOASTS = 3
TOAST_WIDTH = 56


@dataclass(slots=True)
class Toast:
    """A short message above the strip."""

    kind: str
    """run: accepted, warn: refused, fail: a new failure elsewhere."""
    text: str
    until: float = field(default_factory=lambda: time.monotonic() + TOAST_S)
    while_lost: bool = False
    """It stays for as long as the controller is gone."""


def bindings_of(screen: str) -> list[BindingType]:
    """Bindings of every action of a screen: ``do`` with the action's name. Ctrl-c never stops anything."""
    actions: list[BindingType] = [
        # At the moment when they are pressed: a key typed right after one that opens a field is the field's.
        Binding(key, f"do('{one.name}', '{meant}')", one.label, show=False, priority=True)
        for one in on_screen(screen)
        for key, meant in zip(one.keys, one.taken_for or one.keys, strict=True)
    ]
    others: list[BindingType] = [
        Binding(one.keys[0], f"say_where('{one.name}')", show=False, priority=True) for one in elsewhere(screen)
    ]
    return [
        *actions,
        *others,
        Binding("ctrl+c", "say_how_to_leave", show=False, priority=True),
        Binding("ctrl+z", "app.suspend_process", show=False, priority=True),
    ]


class PaintedScreen(Moving, KeyTaker, Seat, Screen[None], inherit_bindings=False):
    """Base of the screens. A subclass says its layout and paints."""

    NAME: ClassVar[str] = ""
    """As in the table of actions: board, run, runbook, host."""
    ALLOW_SELECT = False
    LEAVE = "{quit} goes back, and leaves onduty from the list of runs"

    def __init__(self) -> None:
        super().__init__()
        if worn() is not ACTIONS and self.NAME in EVERYWHERE:
            # Those of the class are the standard ones: it was made before the settings were read.
            self._bindings = BindingsMap(bindings_of(self.NAME))
        self.toasts: list[Toast] = []
        self.key = ""
        """The key of the action that is done now."""
        self._areas = AreaLayout(self.area_of)
        self._seen: object = None
        self._fitted: Size | None = None
        """The size that was painted for last, while the screen opens."""
        self._rests_until_s = 0.0
        """Monotonic seconds; news wait until then."""
        self._tick: Timer | None = None

    @property
    def here(self) -> Here:
        """What is true of this terminal now."""
        return self.onduty.here()

    # What a subclass has

    def current_layout(self) -> ScreenLayout:
        """The layout at the size of now."""
        raise NotImplementedError

    def paint(self) -> None:
        """Give every canvas its rows."""
        raise NotImplementedError

    def news(self) -> object:
        """Anything that differs when there is something new to paint."""
        raise NotImplementedError

    def why_not(self) -> Mapping[str, str]:
        """Actions that cannot be used now, each with the sentence why."""
        return {}

    def shows(self, uid: str) -> bool:
        """Whether a failure of that run is on this screen."""
        return False

    # Areas

    @property
    def layout(self) -> Layout:
        """Textual asks for it; styles could only name one of its own."""
        return self._areas

    def area_of(self, name: str) -> Area | None:
        """Where a widget stands; None: it is not shown at this size."""
        layout = self.current_layout()
        if name == "bar":
            return layout.bar
        if name == "headline":
            return layout.headline
        if name == "tabs":
            return layout.tabs
        if name == "strip":
            return layout.strip
        if name == "keys":
            return layout.keys
        if name == "toasts":
            return self._toast_area(layout)
        pane = layout.pane(name)
        return pane.area if pane else None

    def _toast_area(self, layout: ScreenLayout) -> Area | None:
        height = 2 * len(self.toasts)
        if not height:
            return None
        narrow = layout.size_class.value in ("narrow", "tiny")
        width = layout.width if narrow else min(TOAST_WIDTH, layout.width)
        bottom = (layout.strip or layout.keys).y
        # One row higher than the last line, so that the newest line of a followed log stays readable.
        return Area(layout.width - width, max(2, bottom - height - 1), width, min(height, bottom - 2))

    def on_mount(self) -> None:
        """Lay out by areas, dress, look for news at frame rate."""
        self.onduty.dress(self)
        self._tick = self.set_interval(FRAME_S, self.look_for_news)
        self.repaint()

    def on_screen_resume(self) -> None:
        """Come back from another screen."""
        self.onduty.dress(self)
        self.repaint()

    def on_resize(self, event: events.Resize) -> None:
        """Everything may have moved, or the terminal wants all of it again; Textual says the first size three times."""
        if event.size != self._fitted:
            self._fitted = event.size
            self.repaint()

    def repaint(self) -> None:
        """Lay out and paint everything now."""
        if not self.is_mounted or not self.size:
            return
        rearrange(self)
        self._seen = self._now_seen()
        self.paint()
        self._paint_toasts()

    def _now_seen(self) -> object:
        """What differs when there is something to paint. Ages on the screen tick once a second."""
        return self.news(), int(self.here.now_utc)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The ground. The panes cover it, and Textual would put borders and tints around each of its lines."""
        return [Strip.blank(crop.width, style_of(self.onduty.look.theme.paint("text")))] * crop.height

    @staticmethod
    def toast_canvas() -> Canvas:
        """The widget of the toasts: a screen yields it last."""
        canvas = Canvas(id="toasts", shade="bar")
        canvas.styles.layer = "overlay"
        return canvas

    def part(self, name: str, paint: Callable[[], None]) -> None:
        """Paint one pane. One that breaks says so in its own place, and the rest goes on."""
        try:
            paint()
        except Exception as error:
            path = self.onduty.note_bug(error)
            row = text_row(own(f"this part broke ({type(error).__name__}); the report is in {safe(path)}"), "fail")
            for canvas in self.query(f"#{name}").results(Canvas):
                canvas.set_rows((row,))
            if not any("broke" in toast.text for toast in self.toasts):
                self.say("fail", f"{name} broke ({type(error).__name__})\nthe report is in {path}")

    def look_for_news(self) -> None:
        """Paint what is new; a hundred milliseconds later it would be painted anyway."""
        self._fitted = None
        if not self.is_top:
            return
        self._expire_toasts()
        if trouble := self.onduty.new_trouble():
            self.say("warn", trouble)
            self.toasts[-1].while_lost = True
        seen = self._now_seen()
        if seen != self._seen and time.monotonic() >= self._rests_until_s and not is_behind(self.app):
            self._seen = seen
            began_s = time.monotonic()
            self.paint()
            ended_s = time.monotonic()
            # A large run takes long to draw: keys come first, so that most of the time is theirs.
            self._rests_until_s = ended_s + RESTS * (ended_s - began_s)

    def set_pane(self, name: str, title: Row | None, rows: Sequence[Row]) -> None:
        """Rows of a pane, under its title, inside its margins."""
        pane = self.current_layout().pane(name)
        if pane is None:
            return
        shown = titled(pane, title, rows)
        canvas = self.query_one(f"#{name}", Canvas)
        canvas.set_shade(shown.shade, shown.margins)
        canvas.set_rows(shown.rows, head=shown.head)

    def width_of(self, name: str) -> int:
        """Cells of a pane's text; 0 when it is not shown."""
        pane = self.current_layout().pane(name)
        return pane.content.width if pane else 0

    # Toasts

    def say(self, kind: str, text: str) -> None:
        """Show a toast for four seconds, a failure until a key is pressed; what is said again stands there once."""
        toast = Toast(kind, text)
        if kind == "fail":
            toast.until = float("inf")
        others = [one for one in self.toasts if (one.kind, one.text) != (kind, text)]
        self.toasts = [*others, toast][-MOST_TOASTS:]
        self.repaint()

    def hush(self) -> None:
        """A key was pressed: failures were seen."""
        kept = [toast for toast in self.toasts if toast.kind != "fail" and not toast.while_lost]
        if len(kept) != len(self.toasts):
            self.toasts = kept
            self.repaint()

    def _expire_toasts(self) -> None:
        now = time.monotonic()
        lost = bool(self.onduty.feed.trouble)
        kept = [toast for toast in self.toasts if (lost if toast.while_lost else toast.until > now)]
        if len(kept) != len(self.toasts):
            self.toasts = kept
            self.repaint()

    def _paint_toasts(self) -> None:
        area = self._toast_area(self.current_layout())
        if area is None:
            return
        rows: list[Row] = []
        for toast in self.toasts:
            rows += toast_rows(toast.kind, toast.text, area.width, self.onduty.look.glyphs)
        self.query_one("#toasts", Canvas).set_rows(rows)

    # Keys

    def action_do(self, name: str, key: str) -> None:
        """Do what the table says for a key, or say why not."""
        if not self.is_top:
            return
        self.key = key
        self.hush()
        reason = self.why_not().get(name)
        if reason:
            self.say("warn", reason)
            return
        method = getattr(self, f"do_{name.replace('-', '_')}")
        if name == "pane":
            method(key)
        else:
            method()

    def action_say_where(self, name: str) -> None:
        """The key of an action that other screens have: nothing is done, and that is said."""
        if self.is_top:
            self.hush()
            self.say("warn", where_it_is(name))

    def action_say_how_to_leave(self) -> None:
        """Ctrl-c neither stops a run nor leaves."""
        if self.is_top:
            self.hush()
            self.say("warn", f"ctrl-c stops nothing here; {self.LEAVE.format(quit=key_of('quit'))}; runs go on")

    def perform(self, action: Action) -> None:
        """The palette's way in."""
        self.action_do(action.name, (action.taken_for or action.keys or ("",))[0])

    def do_palette(self) -> None:
        """Every action by name."""
        from tui.screens.palette import PaletteScreen

        chosen = on_screen(self.NAME)

        def picked(name: str | None) -> None:
            if name:
                self.perform(next(one for one in chosen if one.name == name))

        self.app.push_screen(PaletteScreen(self.NAME, self.why_not()), picked)

    def do_help(self) -> None:
        """The keys of this screen."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.NAME, self.focused_pane(), self.why_not()))

    def focused_pane(self) -> str:
        """Name of the pane with the focus."""
        return (self.focused.id or "") if self.focused else ""

    def focus_pane(self, name: str) -> None:
        """Give a pane the focus now. ``Widget.focus`` does it later, when more keys may have been typed."""
        widget = self.query_one(f"#{name}", Widget)
        if self.focused is not widget:
            self.set_focus(widget)
