"""The record of a run over the whole screen: filtered, searched, copied, saved for a postmortem."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.bridge import RunEvents
from tui.keys.actions import key_of
from tui.screens.painted import PaintedScreen, bindings_of
from tui.screens.record_file import save_record
from tui.view.durations import count, size
from tui.view.glyphs import UNICODE
from tui.view.headline import run_headline
from tui.view.key_bar import key_bar
from tui.view.layout import Area, ScreenLayout, SizeClass, board_layout, size_class
from tui.view.log_edges import bar_row
from tui.view.narrow import tab_at, tab_bar
from tui.view.record import SHOWN, Record
from tui.view.record_rows import RecordRows, matching, with_hits
from tui.view.record_text import markdown
from tui.view.rows import BLANK, Row, Span, title_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.widgets.bar_keys import BarKeys
from tui.widgets.canvas import Canvas
from tui.widgets.log_bar import LogBar, Purpose, Typed
from tui.widgets.log_marks import COPIED_BYTES

TABS = tuple(SHOWN)
EXTRA = ("save", "copy", "next-pane", "back")


class RecordScreen(BarKeys, PaintedScreen, inherit_bindings=False):
    """Arrows scroll; tab and digits choose what is shown; escape goes back."""

    NAME = "record"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("record")

    def __init__(self, uid: str, scene: Callable[[], RunScene], news: Callable[[], object]) -> None:
        super().__init__()
        self._uid = uid
        self._scene = scene
        self._news = news
        self._record = Record(scene().state.plan)
        self._events: RunEvents | None = None
        self._following: asyncio.Task[None] | None = None
        self._shown = "story"
        self._rows = RecordRows(1, UNICODE)
        self._lines: list[Row] = []
        self._bar = LogBar()
        self._query = ""
        self._hits: list[int] = []
        self._hit = -1

    # ----- life

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="record", shade="ground", margins=(2, 2), can_focus=True)
        yield Canvas(id="find", shade="bar", margins=(0, 0))
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """Read the run's events, and follow them."""
        self._events = RunEvents(self.onduty.feed, self._uid)
        self._following = self.onduty.keep(self._events.run)
        self.focus_pane("record")

    def on_unmount(self) -> None:
        """Let go of the events."""
        if self._following is not None:
            self._following.cancel()

    def current_layout(self) -> ScreenLayout:
        """One pane at every size."""
        return board_layout(self.size.width, self.size.height)

    def area_of(self, name: str) -> Area | None:
        """Tabs under the headline, the record below them over the whole width, the find bar in its last row."""
        layout = self.current_layout()
        top, bottom = layout.headline.bottom, layout.keys.y
        tabbed = size_class(layout.width, layout.height) is not SizeClass.TINY
        if name == "tabs":
            return Area(0, top, layout.width, 1) if tabbed else None
        if name == "find":
            return Area(0, bottom - 1, layout.width, 1) if self._bar.typing or self._query else None
        if name == "record":
            first = top + (1 if tabbed else 0)
            return Area(0, first, layout.width, max(0, bottom - first - (1 if self.area_of("find") else 0)))
        return super().area_of(name)

    def news(self) -> object:
        """The run goes on; events come in."""
        known = self._events
        return self._news(), (len(known.events), known.trouble) if known else None

    def shows(self, uid: str) -> bool:
        """The run is in the headline."""
        return uid == self._uid

    # ----- what is drawn

    def paint(self) -> None:
        """Everything."""
        if self._events is not None:
            self._record.add(self._events.events[self._record.seq :])
        scene = self._scene()
        self.part("headline", lambda: self._paint_edges(scene))
        self.part("record", lambda: self._paint_record(scene))
        self.part("find", self._paint_find)

    def _paint_edges(self, scene: RunScene) -> None:
        layout, glyphs = self.current_layout(), self.onduty.look.glyphs
        least = layout.size_class is SizeClass.TINY
        bar = run_bar(scene, layout.width, layout.height, glyphs, page=own("record"))
        self.query_one("#bar", Canvas).set_rows([bar])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, glyphs)])
        self.query_one("#tabs", Canvas).set_rows([tab_bar(TABS, self._shown, layout.width, glyphs)])
        keys = key_bar(
            "record", self.why_not(), layout.width, glyphs, extra=("save", "copy", "next-pane", "back"), least=least
        )
        self.query_one("#keys", Canvas).set_rows([keys])

    def _paint_record(self, scene: RunScene) -> None:
        glyphs, width = self.onduty.look.glyphs, max(1, self.size.width - 4)
        if self._rows.width != width:
            self._rows = RecordRows(width, glyphs)
        self._lines = self._rows.rows(scene, self._record, self._shown)
        rows = self._lines
        if self._query:
            self._hits = matching(self._lines, self._query)
            found = set(self._hits)
            rows = [with_hits(row, self._query) if at in found else row for at, row in enumerate(rows)]
        title = title_row(own("record"), self._title_details(), self._title_info(), focused=True, glyphs=glyphs)
        self.query_one("#record", Canvas).set_rows(rows, head=[BLANK, title])

    def _title_details(self) -> tuple[SafeText, ...]:
        trouble = self._events.trouble if self._events is not None else ""
        return (safe(trouble),) if trouble else ()

    def _title_info(self) -> tuple[Span, ...]:
        shown, whole = self._rows.count(self._shown), len(self._record.entries)
        words = count(whole, "event") if shown == whole else own(f"{shown} of {count(whole, 'event')}")
        return (Span(words, "muted"),)

    def _paint_find(self) -> None:
        if self.area_of("find") is None:
            return
        status = own("")
        if self._query:
            at = f"{self._hits.index(self._hit) + 1} of " if self._hit in self._hits else ""
            status = own(f"{at}{len(self._hits)}") if self._hits else own("no match")
        keys = () if self._bar.typing else ("next-match", "previous-match")
        row = bar_row(own(key_of("find")), safe(self._bar.text), status, typing=self._bar.typing, bad=None,
                      glyphs=self.onduty.look.glyphs, keys=keys)  # fmt: skip
        self.query_one("#find", Canvas).set_rows([row])

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now, with the sentence why."""
        if self._events is None or not self._events.events:
            reading = (self._events.trouble if self._events is not None else "") or "still reading"
            return dict.fromkeys(("save", "copy", "find", "next-match", "previous-match"), reading)
        return {}

    # ----- what is shown

    def do_next_pane(self) -> None:
        """The next of what can be shown."""
        self._show(TABS[(TABS.index(self._shown) + 1) % len(TABS)])

    def do_pane(self, key: str) -> None:
        """1 to 4."""
        if int(key) > len(TABS):
            self.say("warn", f"there are {len(TABS)} tabs here")
        else:
            self._show(TABS[int(key) - 1])

    def _show(self, what: str) -> None:
        self._shown = what
        self._hit = -1
        self.repaint()
        self.query_one("#record", Canvas).scroll_rows(-(10**6))

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click on a tab shows it."""
        if message.canvas.id == "tabs":
            name = tab_at(TABS, self._shown, message.canvas.size.width, self.onduty.look.glyphs, message.x)
            if name:
                self._show(name)

    # ----- find

    def do_find(self) -> None:
        """Type what to find."""
        self._bar.open(Purpose.FIND)
        self._query = ""
        self.repaint()

    def _typed(self, typed: Typed) -> None:
        if typed is Typed.LEFT:
            self._end_find()
        elif typed is Typed.DONE:
            self._bar.close()
            self._query = self._bar.text
            self.repaint()
        elif typed is Typed.CHANGED:
            self._query, self._hit = self._bar.text, -1
            self.repaint()
            self._go(1)

    def _end_find(self) -> None:
        self._bar.close()
        self._bar.text = self._query = ""
        self._hits, self._hit = [], -1
        self.repaint()

    def do_next_match(self) -> None:
        """The next match; a first one asks what to find."""
        self._match(1)

    def do_previous_match(self) -> None:
        """The match before."""
        self._match(-1)

    def _match(self, direction: int) -> None:
        if not self._query:
            self.do_find()
        elif not self._hits:
            self.say("warn", "no match; another tab shows more")
        else:
            self._go(direction)

    def _go(self, direction: int) -> None:
        """To the next match from the one that was shown, around the end."""
        if not self._hits:
            return
        after = [at for at in self._hits if at > self._hit] if direction > 0 else [
            at for at in reversed(self._hits) if at < self._hit
        ]  # fmt: skip
        self._hit = after[0] if after else self._hits[0 if direction > 0 else -1]
        self.query_one("#record", Canvas).reveal(self._hit)
        self.part("find", self._paint_find)

    # ----- out of here

    def do_save(self) -> None:
        """As Markdown into the current folder, never over a file that is there."""
        scene = self._scene()
        text = markdown(scene, self._record, self._shown)

        async def save() -> None:
            try:
                path = await asyncio.to_thread(save_record, Path.cwd(), scene.state.name, text)
            except OSError as error:
                self.say("fail", f"nothing was saved\n{error}")
            else:
                self.say("run", f"saved {size(len(text.encode()))}\n{path}")

        self.run_worker(save(), group="save", exclusive=True)

    def do_copy(self) -> None:
        """As Markdown, where it is not too much for a clipboard."""
        text = markdown(self._scene(), self._record, self._shown)
        many = len(text.encode())
        if many > COPIED_BYTES:
            self.say("warn", f"{size(many)} is too much for a clipboard\n{key_of('save')} saves it to a file")
            return
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied as Markdown\n{size(many)}")

    # ----- moving

    def move_rows(self, by: int) -> None:
        """Scroll."""
        self.query_one("#record", Canvas).scroll_rows(by)

    def page_rows(self) -> int:
        """Of the text."""
        return self.query_one("#record", Canvas).body_height

    def do_back(self) -> None:
        """Out of the search, then back to the run."""
        if self._query:
            self._end_find()
        else:
            self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the run."""
        self.app.pop_screen()
