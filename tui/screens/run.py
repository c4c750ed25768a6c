"""One run: its jobs, the log, why, the page, and the keys that mend it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.widget import Widget

from runners.model.phases import BAD
from runners.model.state import RunState
from tui.bridge import RunFeed
from tui.screens.attempt_log import AttemptLogs
from tui.screens.job_log import JobLogs
from tui.screens.painted import bindings_of
from tui.screens.run_choice import Choice
from tui.screens.run_guards import labels_of, wanted_keys, why_not, why_not_while_reading
from tui.screens.run_keys import RunKeys
from tui.screens.run_log import RunLog
from tui.view.facts import looked_at
from tui.view.headline import run_headline
from tui.view.host_pane import host_rows, host_title
from tui.view.job_tree import job_tree, jobs_info
from tui.view.key_bar import key_bar
from tui.view.layout import RUN_TABS, Area, ScreenLayout, SizeClass, run_layout
from tui.view.narrow import first_error_rows, first_error_title, runbook_hint, tab_bar, tiny_rows
from tui.view.people import people_rows
from tui.view.rows import BLANK, Row, Span, blank, text_row, title_row
from tui.view.runbook_pane import runbook_rows, runbook_title
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import NOTHING_USUAL, RunScene
from tui.view.strip import strip_row
from tui.view.top_bar import run_bar
from tui.view.troubles import controller_rows
from tui.view.why import why_rows, why_title
from tui.widgets.areas import rearrange
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from runbooks.page import Page

LOADING_AFTER_S = 0.3
"""What comes sooner is not announced."""
SIDE = ("why", "runbook", "host", "people")


class RunScreen(RunKeys, inherit_bindings=False):
    """See the module."""

    NAME = "run"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("run")

    def __init__(self, feed: RunFeed, *, open_runbook: bool = False) -> None:
        super().__init__()
        self.feed = feed
        self.choice = Choice()
        self.tab = "jobs"
        self.zoom: str | None = None
        self.earlier: int | None = None
        self._logs = AttemptLogs(feed.uid)
        self.together = JobLogs(feed.uid)
        self._open_runbook = open_runbook
        self._following: asyncio.Task[None] | None = None
        self._opened_at = time.monotonic()

    # ----- life

    def compose(self) -> Iterable[Widget]:
        """Every area that some size has."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="jobs", shade="panel", can_focus=True)
        yield RunLog(id="log", zone=self.here.zone, now=lambda: self.here.now_utc)
        for name in SIDE:
            yield Canvas(id=name, shade="ground", can_focus=True)
        for name in ("error", "hint", "loading", "tiny"):
            yield Canvas(id=name, shade="ground")
        yield Canvas(id="strip", shade="panel")
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """Follow the run for as long as the screen is open."""
        self._following = self.onduty.keep(self.feed.run)
        self.focus_pane("jobs")

    def on_unmount(self) -> None:
        """Let go of the run and its files."""
        if self._following is not None:
            self._following.cancel()
        self._logs.close()
        self.together.close()

    def current_layout(self) -> ScreenLayout:
        """At the size of now."""
        return run_layout(self.size.width, self.size.height, tab=self.tab, zoom=self.zoom)

    def area_of(self, name: str) -> Area | None:
        """The tree's panes once there is a run, one blank area before."""
        layout = self.current_layout()
        if name == "loading":
            if self.feed.state is not None:
                return None
            top = layout.headline.bottom
            return Area(0, top, layout.width, max(0, layout.keys.y - top))
        if self.feed.state is None and name not in ("bar", "headline", "keys", "toasts"):
            return None
        if layout.size_class is SizeClass.TINY and name in ("log", "tiny"):
            # Five rows are no pager: the few lines are painted.
            pane = layout.pane("log")
            return pane.area if pane is not None and name == "tiny" else None
        return super().area_of(name)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may not have the pane that had the focus."""
        self.settle_focus()

    def news(self) -> object:
        """Versions of both feeds; what loads is announced late."""
        late = self.feed.state is None and time.monotonic() - self._opened_at > LOADING_AFTER_S
        return self.feed.version, self.onduty.feed.version, late

    def shows(self, uid: str) -> bool:
        """Its own run."""
        return uid == self.feed.uid

    def action_do(self, name: str, key: str) -> None:
        """A key that was quicker than the first frame is about what that frame shows."""
        if self.feed.state is not None and self._opened_at:
            self.paint()
        super().action_do(name, key)

    # ----- what is drawn

    def scene(self, state: RunState) -> RunScene:
        """Everything the pure functions need."""
        status = self.onduty.feed.statuses.get(self.feed.uid)
        earlier = self.onduty.earlier
        self.page(state)  # wanted first: whether the pages are read is said of what is wanted
        scene = RunScene(
            here=self.onduty.here(lag_s=self.feed.lag_s),
            state=state,
            phase=status.phase if status else "",
            holds=status.holds if status else (),
            hosts=self.onduty.feed.hosts,
            readings=self.onduty.feed.readings,
            watchers=status.watchers if status else (),
            pages_are_read=self.onduty.pages.are_read,
            selected=self.choice.selected,
            opened=frozenset(self.choice.opened),
            folded=frozenset(self.choice.folded),
            marked=frozenset(self.choice.marked),
            focus=self.focused_pane(),
            usual=earlier.usual(self.feed.uid) or NOTHING_USUAL,
        )
        place = looked_at(scene)
        if place is None or place.run.phase not in BAD:
            return scene
        moment = f"{place.run.attempt} {place.run.since} {place.run.runbook is not None}"
        return replace(scene, before=earlier.before(self.feed.uid, place.run.id, moment))

    def paint(self) -> None:
        """Everything."""
        state = self.feed.state
        if state is None:
            self.part("loading", self._paint_loading)
            return
        if self._opened_at:
            # The first state: the body takes the place of the blank area.
            self._opened_at = 0.0
            rearrange(self)
        self.choice.follow(state)
        self.look_at_answers()
        self.tell_returns()
        scene = self.scene(state)
        self.part("headline", lambda: self._paint_edges(scene))
        self.part("jobs", lambda: self._paint_jobs(scene))
        self._paint_beside(scene)
        if self._open_runbook and self.is_top and self.onduty.pages.are_read:
            self._open_runbook = False
            self.call_after_refresh(self.action_do, "runbook", "o")

    def paint_selection(self) -> None:
        """Another row is selected: what is about it now, all the rest with the next frame."""
        state = self.feed.state
        if state is None or self._opened_at or self.current_layout().pane("jobs") is None:
            self.paint()
            return
        scene = self.scene(state)
        self.part("jobs", self._paint_selection)
        self.part("keys", lambda: self._paint_keys(scene))
        self._paint_beside(scene)
        self._seen = None

    def _paint_beside(self, scene: RunScene) -> None:
        self.part("log", lambda: self._paint_log(scene))
        for name, paint in (
            ("why", self._paint_why),
            ("runbook", self._paint_runbook),
            ("host", self._paint_host),
            ("people", self._paint_people),
            ("error", self._paint_error),
            ("hint", self._paint_hint),
            ("tiny", self._paint_tiny),
        ):
            self.part(name, lambda paint=paint: paint(scene))  # type: ignore[misc]

    def _paint_loading(self) -> None:
        """The run was not read yet, or cannot be."""
        feed, glyphs, layout = self.onduty.feed, self.onduty.look.glyphs, self.current_layout()
        summary = feed.summary(self.feed.uid)
        name = safe(summary.id if summary else self.feed.uid)
        crumbs = (
            Span(own("onduty"), "muted"),
            Span(own(f" {glyphs.crumb} "), "faint"),
            Span(name, bold=True, cut="middle"),
        )
        self.query_one("#bar", Canvas).set_rows([Row(left=crumbs, margins=(1, 1))])
        rows: list[Row] = []
        headline = BLANK
        width = max(1, layout.width - 4)
        if feed.trouble:
            rows = list(controller_rows(self.here, feed.trouble, width, glyphs))
        elif self.feed.trouble:
            rows = [Row(left=(Span(glyphs.failed, "fail", bold=True), blank(1), Span(safe(self.feed.trouble))))]
        elif time.monotonic() - self._opened_at > LOADING_AFTER_S:
            headline = text_row(own(f"Reading {name}."))
        self.query_one("#headline", Canvas).set_rows([headline])
        loading = self.query_one("#loading", Canvas)
        loading.set_shade("ground", (2, 2))
        loading.set_rows(rows, head=[BLANK])
        self.query_one("#keys", Canvas).set_rows([key_bar("run", self.why_not(), layout.width, glyphs, least=True)])

    def _paint_edges(self, scene: RunScene) -> None:
        layout, glyphs = self.current_layout(), self.onduty.look.glyphs
        self.query_one("#bar", Canvas).set_rows([run_bar(scene, layout.width, layout.height, glyphs)])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, glyphs)])
        strip = strip_row(scene, layout.width - 4, glyphs, with_host=layout.size_class is SizeClass.MEDIUM)
        self.query_one("#strip", Canvas).set_rows([strip])
        self._paint_keys(scene)
        if layout.tabs:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(RUN_TABS, self.tab, layout.width, glyphs)])

    def _paint_keys(self, scene: RunScene) -> None:
        layout, glyphs = self.current_layout(), self.onduty.look.glyphs
        least = layout.size_class is SizeClass.TINY
        self.query_one("#keys", Canvas).set_rows(
            [
                key_bar(
                    "run",
                    self.why_not(),
                    layout.width,
                    glyphs,
                    urgent=wanted_keys(scene),
                    least=least,
                    labels=labels_of(scene.state),
                )
            ],
        )

    def _paint_jobs(self, scene: RunScene) -> None:
        layout, glyphs, has_focus = self.current_layout(), self.onduty.look.glyphs, self.has_pane("jobs")
        if layout.pane("jobs") is None:
            if not self.choice.tree.rows:
                # Keys that act on the selection need the tree also where it is not shown.
                self.choice.tree = job_tree(scene, 34, glyphs)
            return
        narrow = layout.size_class is SizeClass.NARROW
        self.choice.tree = job_tree(scene, self.width_of("jobs"), glyphs, narrow=narrow)
        info = (Span(jobs_info(scene), "muted"),)
        self.set_pane("jobs", title_row(own("jobs"), (), info, focused=has_focus, glyphs=glyphs), self.choice.tree.rows)
        self._paint_selection()

    def _paint_selection(self) -> None:
        self.query_one("#jobs", Canvas).set_selection(self.choice.row(), active=self.has_pane("jobs"))

    def _paint_log(self, scene: RunScene) -> None:
        pane = self.current_layout().pane("log")
        if pane is None:
            return
        log = self.pager
        if pane.title is not None:
            log.set_blank_rows(pane.title.y - pane.area.y)
        place = self.choice.target(scene.state)
        if place is not None and self.together.shows(place):
            log.show(self.together.view(scene, place, self._today(scene)))
        else:
            self.together.close()
            log.show(self._logs.view(scene, place, self.earlier, self.onduty.look.glyphs, self._today(scene)))

    def _paint_why(self, scene: RunScene) -> None:
        glyphs = self.onduty.look.glyphs
        name, details = why_title(scene)
        title = title_row(name, details, focused=self.has_pane("why"), glyphs=glyphs)
        pane = self.current_layout().pane("why")
        most = pane.content.height if pane is not None else None
        self.set_pane("why", title, why_rows(scene, self.width_of("why"), glyphs, most))

    def _paint_runbook(self, scene: RunScene) -> None:
        if not self.width_of("runbook"):
            return
        glyphs, page = self.onduty.look.glyphs, self.page(scene.state)
        name, details, info = runbook_title(scene, page)
        title = title_row(name, details, info, focused=self.has_pane("runbook"), glyphs=glyphs)
        rows = runbook_rows(scene, page, self._today(scene), self.width_of("runbook"), glyphs)
        self.set_pane("runbook", title, rows)

    def _paint_host(self, scene: RunScene) -> None:
        if not self.width_of("host"):
            return
        glyphs = self.onduty.look.glyphs
        name, details, info = host_title(scene)
        title = title_row(name, details, info, focused=self.has_pane("host"), glyphs=glyphs)
        self.set_pane("host", title, host_rows(scene, self.width_of("host"), glyphs))

    def _paint_people(self, scene: RunScene) -> None:
        if not self.width_of("people"):
            return
        glyphs = self.onduty.look.glyphs
        title = title_row(own("people"), focused=self.has_pane("people"), glyphs=glyphs)
        self.set_pane("people", title, people_rows(scene, self.width_of("people"), glyphs))

    def _paint_error(self, scene: RunScene) -> None:
        if self.width_of("error"):
            glyphs = self.onduty.look.glyphs
            rows = first_error_rows(scene, self.width_of("error"), glyphs)
            self.set_pane("error", first_error_title(scene, glyphs), rows)

    def _paint_hint(self, scene: RunScene) -> None:
        if self.width_of("hint"):
            self.set_pane("hint", None, (runbook_hint(scene, self.width_of("hint"), self.onduty.look.glyphs),))

    def _paint_tiny(self, scene: RunScene) -> None:
        layout = self.current_layout()
        pane = layout.pane("log")
        if layout.size_class is not SizeClass.TINY or pane is None:
            return
        view = self._logs.view(
            scene, self.choice.target(scene.state), self.earlier, self.onduty.look.glyphs, self._today(scene)
        )
        tail: list[SafeText] = [safe(line) for line in self._logs.tail(view, max(0, pane.content.height - 1))]
        canvas = self.query_one("#tiny", Canvas)
        canvas.set_shade("ground", (1, 1))
        canvas.set_rows(tiny_rows(scene, pane.content.width, self.onduty.look.glyphs, tail))

    def _today(self, scene: RunScene) -> date:
        return datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()

    def page(self, state: RunState) -> Page | None:
        """The page of the selected job run's failure."""
        place = self.choice.target(state)
        link = place.run.current.runbook if place and place.run.current else None
        if link is None or not link.page:
            return None
        library = self.onduty.library_of(state.plan)
        return library.get(link.page) if library is not None else None

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now, with the sentence why."""
        state = self.feed.state
        if state is None:
            return why_not_while_reading(self.onduty.feed.trouble or self.feed.trouble)
        reasons = why_not(self.scene(state), self.choice, has_page=self.page(state) is not None)
        if asking := self.why_not_ask():
            reasons = {**reasons, "reconcile": asking}
        if self.current_layout().size_class is SizeClass.TINY:
            small = "this terminal is too small for it; 60 columns and 16 rows are enough"
            typed = ("find", "next-match", "filter", "jump")
            return {**dict.fromkeys(("zoom", "next-pane", "pane", *typed), small), **reasons}
        return {**self.log_reasons(), **reasons}
