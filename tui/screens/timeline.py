"""When everything in a run happened: attempts as bars, waits between them, what people did below."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from runners.model.state import RunState
from tui.bridge import RunEvents, RunFeed
from tui.keys.actions import key_of
from tui.screens.painted import bindings_of
from tui.screens.run_choice import Choice
from tui.screens.run_guards import labels_of, wanted_keys, why_not
from tui.screens.timeline_keys import TimelineKeys
from tui.view.headline import run_headline
from tui.view.key_bar import key_bar
from tui.view.layout import EVENT_ROWS, TIMELINE_TABS, ScreenLayout, SizeClass, timeline_layout
from tui.view.narrow import tab_bar
from tui.view.rows import BLANK, title_row
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.view.story import Story
from tui.view.timeline import (
    NAMES_NARROW,
    Timeline,
    axis_row,
    bar_rows,
    events_title,
    happened,
    listed_rows,
    now_row,
    start_info,
    timeline_strip,
    tree_rows,
)
from tui.view.timeline_scale import Zoom
from tui.view.timeline_tree import timeline_lines, tree_of
from tui.view.top_bar import run_bar
from tui.widgets.canvas import Canvas

_NARROW = (SizeClass.NARROW, SizeClass.TINY)


class Beside(Canvas):
    """Rows that scroll together with those of another canvas."""

    other: Canvas | None = None

    def scroll_rows(self, by: int) -> None:
        """Both."""
        super().scroll_rows(by)
        if self.other is not None and self.other.first != self.first:
            self.other.scroll_rows(self.first - self.other.first)


class TimelineScreen(TimelineKeys, inherit_bindings=False):
    """Arrows choose a row; enter goes to it on the run's screen."""

    NAME = "timeline"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("timeline")

    def __init__(self, feed: RunFeed, moment: RunScene, choice: Choice, go: Callable[[str, int, str], None]) -> None:
        """``choice`` is that of the run's screen: where to begin; ``go`` shows the log of an attempt there."""
        super().__init__()
        self.feed = feed
        self.choice = Choice()
        self.choice.selected, self.choice.by_person = choice.selected, choice.by_person
        self.zoom = Zoom()
        self.tab = "bars"
        self._go = go
        self._moment = moment
        self._events: RunEvents | None = None
        self._story = Story(moment.state.plan)
        self._following: asyncio.Task[None] | None = None

    # ----- life

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        jobs, bars = Beside(id="jobs", shade="panel", can_focus=True), Beside(id="bars", shade="ground")
        jobs.other, bars.other = bars, jobs
        yield jobs
        yield bars
        yield Canvas(id="below", shade="panel")
        yield Canvas(id="events", shade="ground")
        yield Canvas(id="strip", shade="panel")
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """Read the run's events, and follow them."""
        self._events = RunEvents(self.onduty.feed, self.feed.uid)
        self._following = self.onduty.keep(self._events.run)
        self.focus_pane("jobs")

    def on_unmount(self) -> None:
        """Let go of the events."""
        if self._following is not None:
            self._following.cancel()

    def current_layout(self) -> ScreenLayout:
        """Tree, bars and events; tabs when narrow."""
        return timeline_layout(self.size.width, self.size.height, tab=self.tab)

    def news(self) -> object:
        """The run goes on; events come in."""
        known = self._events
        return self.feed.version, self.onduty.feed.version, (len(known.events), known.trouble) if known else None

    def shows(self, uid: str) -> bool:
        """The run is in the headline."""
        return uid == self.feed.uid

    # ----- what is drawn

    def scene(self, state: RunState) -> RunScene:
        """The moment, as the run's screen would have it."""
        status = self.onduty.feed.statuses.get(self.feed.uid)
        return replace(
            self._moment,
            here=self.onduty.here(lag_s=self.feed.lag_s),
            state=state,
            phase=status.phase if status else "",
            holds=status.holds if status else (),
            hosts=self.onduty.feed.hosts,
            watchers=status.watchers if status else (),
            selected=self.choice.selected,
            opened=frozenset(self.choice.opened),
            folded=frozenset(self.choice.folded),
        )

    @property
    def state(self) -> RunState:
        """The run: it was there when this was opened."""
        return self.feed.state or self._moment.state

    def timeline(self) -> Timeline:
        """What the rows are made of now."""
        if self._events is not None:
            self._story.add(self._events.events[self._story.seq :])
        scene = self.scene(self.state)
        pane = self.current_layout().pane("bars")
        narrow = self.current_layout().size_class in _NARROW
        lines = timeline_lines(scene, pane.content.height if pane else 0)
        self.choice.tree = tree_of(lines)
        return Timeline(
            row=self.choice.row(),
            scene=scene,
            story=self._story,
            lines=lines,
            zoom=self.zoom,
            width=self.width_of("bars") or self.size.width,
            names=NAMES_NARROW if narrow else 0,
        )

    def paint(self) -> None:
        """Everything."""
        self.choice.follow(self.state)
        self.look_at_answers()
        found = self.timeline()
        self.part("headline", lambda: self._paint_edges(found))
        self.part("jobs", lambda: self._paint_jobs(found))
        self.part("bars", lambda: self._paint_bars(found))
        self.part("events", lambda: self._paint_events(found))

    def _paint_edges(self, found: Timeline) -> None:
        layout, glyphs, scene = self.current_layout(), self.onduty.look.glyphs, found.scene
        least = layout.size_class is SizeClass.TINY
        bar = run_bar(scene, layout.width, layout.height, glyphs, page=own("timeline"))
        self.query_one("#bar", Canvas).set_rows([bar])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, glyphs)])
        usual = self.onduty.earlier.usual(self.feed.uid)
        self.query_one("#strip", Canvas).set_rows([timeline_strip(found, usual.run_s if usual else None)])
        keys = key_bar(
            "timeline",
            self.why_not(),
            layout.width,
            glyphs,
            urgent=wanted_keys(scene),
            least=least,
            labels={**labels_of(scene.state), "open": "log"},
        )
        self.query_one("#keys", Canvas).set_rows([keys])
        if layout.tabs:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(TIMELINE_TABS, self.tab, layout.width, glyphs)])

    def _paint_jobs(self, found: Timeline) -> None:
        width = self.width_of("jobs")
        if not width:
            return
        glyphs = self.onduty.look.glyphs
        title = title_row(own("jobs"), (), (start_info(found),), focused=True, glyphs=glyphs)
        beside = self.current_layout().pane("bars") is not None
        rows = tree_rows(found, width, glyphs) if beside else listed_rows(found, width, glyphs)
        self.set_pane("jobs", title, rows)
        self.query_one("#jobs", Canvas).set_selection(self.choice.row(), active=True)

    def _paint_bars(self, found: Timeline) -> None:
        pane = self.current_layout().pane("bars")
        if pane is None or pane.title is None:
            return
        canvas = self.query_one("#bars", Canvas)
        canvas.set_shade(pane.shade, (1, 1))
        head = [BLANK] * (pane.title.y - pane.area.y) + [axis_row(found), now_row(found)]
        canvas.set_rows(bar_rows(found, pane.content.height, self.onduty.look.glyphs), head=head)
        if self.current_layout().pane("jobs") is not None:
            jobs = self.query_one("#jobs", Canvas)
            canvas.scroll_rows(jobs.first - canvas.first)
        elif found.row is not None:
            canvas.reveal(found.row)

    def _paint_events(self, found: Timeline) -> None:
        if not self.width_of("events"):
            return
        glyphs = self.onduty.look.glyphs
        rows, hidden = happened(found, EVENT_ROWS, glyphs)
        name, info = events_title(hidden, glyphs)
        details = (safe(self._events.trouble),) if self._events is not None and self._events.trouble else ()
        self.set_pane("events", title_row(name, details, info, glyphs=glyphs), rows)

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now, with the sentence why."""
        reasons = dict(why_not(self.scene(self.state), self.choice, has_page=False))
        if self.current_layout().size_class is not SizeClass.NARROW:
            reasons["next-pane"] = "tree and bars are both shown; arrows choose a row"
        if asking := self.why_not_ask():
            reasons["reconcile"] = asking
        if not self.zoom.level:
            reasons["zoom-out"] = f"the whole run is shown; {key_of('zoom-in')} sees a part of it"
        return reasons

    # ----- looking

    def show_newest(self) -> None:
        """Something was accepted: look at what comes of it."""
        self.choice.by_person = True
        self.paint()

    def do_record(self) -> None:
        """The whole story as text."""
        from tui.screens.record import RecordScreen

        self.app.push_screen(RecordScreen(self.feed.uid, lambda: self.scene(self.state), self.news))

    def do_details(self) -> None:
        """All that is known of the selection."""
        from tui.screens.details import open_details

        open_details(self, self.feed, lambda: self.scene(self.state), self.choice)

    def do_copy(self) -> None:
        """The name of the selected row."""
        text = safe(self.choice.id())
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied to the clipboard\n{text}")
