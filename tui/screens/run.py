"""One run: its jobs, the log, why, the page, and the keys that mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from ulid import ULID

from runbooks.page import Page
from runners.core.guards import targets_of_retry, why_not_cancel, why_not_retry, why_not_skip
from runners.core.preview import preview
from runners.model.errors import ActionRefused, OndutyError
from runners.model.intents import Cancel, Intent, Retry, Skip
from runners.model.inventory import Host
from runners.model.phases import BAD, LIVE, RUN_ENDED, Phase
from runners.model.preview import Preview
from runners.model.state import RunState
from tui.bridge import RunFeed
from tui.screens.attempt_log import AttemptLogs
from tui.screens.painted import PaintedScreen, bindings_of
from tui.view.facts import Place, place_of, places, worst
from tui.view.headline import run_headline
from tui.view.host_pane import host_rows, host_title
from tui.view.job_tree import JobTree, job_tree
from tui.view.key_bar import key_bar
from tui.view.layout import RUN_TABS, ScreenLayout, SizeClass, run_layout
from tui.view.narrow import first_error_rows, first_error_title, runbook_hint, tab_bar
from tui.view.people import people_rows
from tui.view.rows import Row, Span, title_row
from tui.view.runbook_pane import runbook_rows, runbook_title
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.view.strip import strip_row
from tui.view.top_bar import run_bar
from tui.view.why import why_rows, why_title
from tui.widgets.canvas import Canvas
from tui.widgets.log_pane import LogPane

PANES = ("jobs", "log", "why", "runbook", "host", "people")


class RunLog(LogPane, inherit_bindings=False):
    """The log pane under the one table of actions."""


class RunScreen(PaintedScreen):
    """See the module."""

    NAME = "run"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("run")

    def __init__(self, feed: RunFeed, *, open_runbook: bool = False) -> None:
        super().__init__()
        self._feed = feed
        self._selected = ""
        self._chosen = False
        """The person moved the selection; until then it goes to what needs a look."""
        self._pane = "jobs"
        self._zoom: str | None = None
        self._earlier: int | None = None
        """Attempt whose log is shown instead of the newest one's."""
        self._opened: set[str] = set()
        self._folded: set[str] = set()
        self._tree = JobTree(rows=(), items=())
        self._logs = AttemptLogs(feed.uid)
        self._open_runbook = open_runbook
        self._following: asyncio.Task[None] | None = None

    # ----- life

    def compose(self) -> Iterable[Widget]:
        """Every area that some size has."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="jobs", shade="panel", can_focus=True)
        yield RunLog(id="log", zone=self.here.zone)
        for name in ("why", "runbook", "host", "people"):
            yield Canvas(id=name, shade="ground", can_focus=True)
        for name in ("error", "hint"):
            yield Canvas(id=name, shade="ground")
        yield Canvas(id="strip", shade="panel")
        yield Canvas(id="keys", shade="bar")
        toasts = Canvas(id="toasts", shade="bar")
        toasts.styles.layer = "overlay"
        yield toasts

    def on_mount(self) -> None:
        """Follow the run for as long as the screen is open."""
        super().on_mount()
        self._following = asyncio.create_task(self._feed.run())
        self.query_one("#jobs", Canvas).focus()

    def on_unmount(self) -> None:
        """Let go of the run and its files."""
        if self._following is not None:
            self._following.cancel()
        self._logs.close()

    def current_layout(self) -> ScreenLayout:
        """At the size of now."""
        return run_layout(self.size.width, self.size.height, tab=self._pane, zoom=self._zoom)

    def news(self) -> object:
        """Versions of both feeds."""
        return self._feed.version, self.onduty.feed.version

    # ----- what is drawn

    @property
    def state(self) -> RunState | None:
        """The run, once it was read."""
        return self._feed.state

    def scene(self, state: RunState) -> RunScene:
        """Everything the pure functions need."""
        status = self.onduty.feed.statuses.get(self._feed.uid)
        return RunScene(
            here=self.onduty.here(lag_s=self._feed.lag_s),
            state=state,
            holds=status.holds if status else (),
            hosts=self.onduty.feed.hosts,
            watchers=status.watchers if status else (),
            selected=self._selected,
            opened=frozenset(self._opened),
            folded=frozenset(self._folded),
            focus=self.focused_pane(),
        )

    def paint(self) -> None:
        """Everything."""
        look, layout, state = self.onduty.look, self.current_layout(), self.state
        if state is None:
            self.query_one("#headline", Canvas).set_rows([Row(left=())])
            return
        if not self._chosen:
            place = worst(state) or next(places(state), None)
            self._selected = place.run.id if place else ""
        scene = self.scene(state)
        self.query_one("#bar", Canvas).set_rows([run_bar(scene, layout.width, layout.height, look.glyphs)])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, look.glyphs)])
        self.query_one("#strip", Canvas).set_rows([strip_row(scene)])
        self.query_one("#keys", Canvas).set_rows([key_bar("run", self.why_not(), layout.width, look.glyphs)])
        if layout.tabs:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(RUN_TABS, self._pane, layout.width, look.glyphs)])
        self._paint_jobs(scene, layout)
        self._paint_log(scene, layout)
        self._paint_side(scene, layout)
        if self._open_runbook:
            self._open_runbook = False
            self.call_after_refresh(self.action_do, "runbook", "o")

    def _paint_jobs(self, scene: RunScene, layout: ScreenLayout) -> None:
        glyphs = self.onduty.look.glyphs
        if layout.size_class is SizeClass.TINY:
            return
        narrow = layout.size_class is SizeClass.NARROW
        self._tree = job_tree(scene, self.width_of("jobs"), glyphs, narrow=narrow)
        hosts = len({place.run.host for place in places(scene.state)})
        info = title_row(
            own("jobs"), (), _info(f"{hosts} host{'s' if hosts != 1 else ''}"), focused=self._has("jobs"), glyphs=glyphs
        )
        self.set_pane("jobs", info, self._tree.rows)
        index = self._tree.index_of(self._selected)
        self.query_one("#jobs", Canvas).set_selection(index, active=self._has("jobs"))

    def _paint_log(self, scene: RunScene, layout: ScreenLayout) -> None:
        pane = layout.pane("log")
        if pane is None:
            return
        log = self.query_one("#log", RunLog)
        if layout.size_class is SizeClass.TINY:
            log.set_blank_rows(0)
        elif pane.title is not None:
            log.set_blank_rows(pane.title.y - pane.area.y)
        place = self._log_place(scene.state)
        today = datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()
        log.show(self._logs.view(scene, place, self._earlier, self.onduty.look.glyphs, today))

    def _paint_side(self, scene: RunScene, layout: ScreenLayout) -> None:
        glyphs = self.onduty.look.glyphs
        page = self._page(scene.state)
        name, details = why_title(scene)
        self.set_pane("why", title_row(name, details, focused=self._has("why"), glyphs=glyphs),
                      why_rows(scene, self.width_of("why"), glyphs))  # fmt: skip
        if layout.pane("runbook"):
            name, details, info = runbook_title(scene, page)
            today = datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()
            self.set_pane("runbook", title_row(name, details, info, focused=self._has("runbook"), glyphs=glyphs),
                          runbook_rows(scene, page, today, self.width_of("runbook"), glyphs))  # fmt: skip
        if layout.pane("host"):
            name, details, info = host_title(scene)
            self.set_pane("host", title_row(name, details, info, focused=self._has("host"), glyphs=glyphs),
                          host_rows(scene, self.width_of("host"), glyphs))  # fmt: skip
        if layout.pane("people"):
            self.set_pane("people", title_row(own("people"), focused=self._has("people"), glyphs=glyphs),
                          people_rows(scene, self.width_of("people"), glyphs))  # fmt: skip
        if layout.pane("error"):
            self.set_pane("error", first_error_title(scene, glyphs),
                          first_error_rows(scene, self.width_of("error"), glyphs))  # fmt: skip
        if layout.pane("hint"):
            self.set_pane("hint", None, (runbook_hint(scene, self.width_of("hint"), glyphs),))

    def _has(self, name: str) -> bool:
        return self.focused_pane() == name

    def _page(self, state: RunState) -> Page | None:
        place = self.target(state)
        link = place.run.current.runbook if place and place.run.current else None
        return self.onduty.library.get(link.page) if link and link.page else None

    # ----- what is selected

    def members(self, state: RunState) -> tuple[str, ...]:
        """Job runs that the selected row stands for."""
        index = self._tree.index_of(self._selected)
        item = self._tree.items[index] if index is not None else None
        if item is not None and item.id == self._selected:
            return item.members
        return (self._selected,) if place_of(state, self._selected) else ()

    def target(self, state: RunState) -> Place | None:
        """The job run that matters most under the selected row."""
        members = set(self.members(state))
        under = [place for place in places(state) if place.run.id in members]
        bad = [place for place in under if place.run.phase in BAD]
        live = [place for place in under if place.run.phase in LIVE]
        return next(iter(bad or live or under), None)

    def _log_place(self, state: RunState) -> Place | None:
        return self.target(state)

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now, with the sentence why."""
        state = self.state
        if state is None:
            return dict.fromkeys(("retry", "skip", "cancel", "shell", "runbook", "sent", "definition"), "still reading")
        reasons: dict[str, str] = {}
        place = self.target(state)
        if place is None:
            return {}
        if not self._retry_targets(state):
            reasons["retry"] = why_not_retry(state, place.run.id) or "nothing here failed"
        if not self._skip_targets(state):
            reasons["skip"] = why_not_skip(state, place.run.id) or "nothing here can be skipped"
        if state.phase in RUN_ENDED:
            reasons["cancel"] = f"the run has ended ({state.phase.value}); there is nothing to cancel"
        elif "@" in self._selected and (why := why_not_cancel(state, place.run.id)):
            reasons["cancel"] = why
        if self._page(state) is None:
            reasons["runbook"] = "no page fits; no page is better than a wrong page"
        if place.run.current is None:
            reasons["sent"] = "nothing was sent yet"
        if len(place.run.attempts) < 2:
            reasons["previous-attempt"] = "there is no earlier attempt"
        return reasons

    def _retry_targets(self, state: RunState) -> tuple[str, ...]:
        return tuple(one for one in self.members(state) if not why_not_retry(state, one))

    def _skip_targets(self, state: RunState) -> tuple[str, ...]:
        wanted = self.members(state)
        bad = tuple(one for one in wanted if (place := place_of(state, one)) and place.run.phase in BAD)
        return tuple(one for one in (bad or wanted) if not why_not_skip(state, one))

    # ----- changes

    def do_retry(self) -> None:
        """Preview of a retry of what failed under the selection; of everything that failed on a stage's row."""
        state = self.state
        assert state is not None
        targets = self._retry_targets(state)
        if "@" not in self._selected and set(targets) == set(targets_of_retry(state)[0]):
            targets = ()
        self._ask(state, Retry(id=str(ULID()), targets=targets))

    def do_skip(self) -> None:
        """Preview of a skip."""
        assert self.state is not None
        self._ask(self.state, Skip(id=str(ULID()), targets=self._skip_targets(self.state)))

    def do_cancel(self) -> None:
        """Preview of a cancel: of the job run on a host's row, else of the whole run."""
        assert self.state is not None
        place = self.target(self.state)
        one = "@" in self._selected and place is not None
        targets = (place.run.id,) if one and place is not None else ()
        self._ask(self.state, Cancel(id=str(ULID()), targets=targets))

    def _ask(self, state: RunState, intent: Intent) -> None:
        from tui.screens.confirm import ConfirmScreen

        shown = preview(state, intent)
        whole = isinstance(intent, Cancel) and not intent.targets
        production = (state.plan.environment or "").lower() == "production"
        place = self.target(state)
        host = state.plan.hosts.get(place.run.host) if place and len(shown.hosts) == 1 else None

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.run_worker(self._act(intent, shown, reason), exclusive=False)

        self.app.push_screen(
            ConfirmScreen(
                shown,
                verb=type(intent).__name__.lower(),
                environment=state.plan.environment,
                name_wanted=state.name if whole and production else None,
                address=_address(host) if host else "",
            ),
            answered,
        )

    async def _act(self, intent: Intent, shown: Preview, reason: str) -> None:
        from runners.model.api import IntentRequest

        request = IntentRequest(
            id=intent.id,
            intent=type(intent).__name__.lower(),
            targets=() if isinstance(intent, Cancel) and not intent.targets else shown.targets,
            seen_attempts=dict(shown.seen_attempts),
            reason=reason,
        )
        try:
            answer = await self.onduty.feed.ask(lambda client: client.act(self._feed.uid, request))
        except ActionRefused as refused:
            self.say("warn", refused.message)
        except OndutyError as error:
            self.say("fail", error.message)
        else:
            self._chosen = True
            self._earlier = None
            self.say("run", answer.text)

    def do_shell(self) -> None:
        """A shell on the selected host, in this terminal."""
        assert self.state is not None
        place = self.target(self.state)
        if place is None:
            self.say("warn", "no host is selected")
            return
        code = self.onduty.run_shell(self.state.plan.hosts[place.run.host])
        if code == 255:
            self.say("warn", f"the shell on {place.run.host} could not be opened or was cut off")

    # ----- looking

    def do_open(self) -> None:
        """On a stage or a folded row: open or fold it; on a job run: its log."""
        if self._has("jobs"):
            item_id = self._selected
            if "@" in item_id and not item_id.endswith(("@passed", "@waiting")):
                self._show_pane("log")
                return
            group = self._opened if item_id.endswith(("@passed", "@waiting")) else self._folded
            group.symmetric_difference_update({item_id})
            self.repaint()
        elif self._has("runbook"):
            self.action_do("runbook", "o")

    def do_runbook(self) -> None:
        """The page, full screen."""
        from tui.screens.runbook import RunbookScreen

        assert self.state is not None
        page = self._page(self.state)
        assert page is not None
        self.app.push_screen(RunbookScreen(self.scene(self.state), page))

    def do_sent(self) -> None:
        """What was really sent to the host."""
        from tui.screens.text import TextScreen, sent_lines

        assert self.state is not None
        place = self.target(self.state)
        assert place is not None
        self.app.push_screen(TextScreen(f"sent to {place.run.host}", sent_lines(self.state, place)))

    def do_definition(self) -> None:
        """The pipeline as this run pinned it."""
        from tui.screens.text import TextScreen

        async def show() -> None:
            try:
                answer = await self.onduty.feed.definition(self._feed.uid)
            except OndutyError as error:
                self.say("warn", error.message)
                return
            title = f"{answer.plan.pipeline}, {answer.plan.definition_digest[:19]}"
            self.app.push_screen(TextScreen(title, answer.definition.split("\n")))

        self.run_worker(show())

    def do_copy(self) -> None:
        """The first bad line of the selected job run, else its name."""
        assert self.state is not None
        place = self.target(self.state)
        if place is None:
            return
        link = place.run.current.runbook if place.run.current else None
        text = safe(link.first_line) if link and link.first_line else safe(place.run.id)
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied {text}")

    def do_previous_attempt(self) -> None:
        """One attempt back; behind the first one the newest again."""
        assert self.state is not None
        place = self.target(self.state)
        if place is None:
            return
        shown = self._earlier or place.run.attempt
        self._earlier = shown - 1 if shown > 1 else None
        self.paint()

    def do_zoom(self) -> None:
        """The focused pane has the body, or gives it back."""
        self._zoom = None if self._zoom else self.focused_pane() or "log"
        self.repaint()

    @property
    def pager(self) -> RunLog:
        """The log pane."""
        return self.query_one("#log", RunLog)

    def do_next_error(self) -> None:
        """The next error in the log."""
        self.pager.action_error(1)

    def do_previous_error(self) -> None:
        """The error before."""
        self.pager.action_error(-1)

    def do_find(self) -> None:
        """Type what to find."""
        self._show_pane("log")
        self.pager.action_find()

    def do_next_match(self) -> None:
        """The next match."""
        self.pager.action_hit(1)

    def do_previous_match(self) -> None:
        """The match before."""
        self.pager.action_hit(-1)

    def do_follow(self) -> None:
        """Stay at the end, or let go."""
        self.pager.action_follow()

    def do_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.pager.action_wrap()

    def do_times(self) -> None:
        """Show or hide times."""
        self.pager.action_times()

    # ----- moving

    def _move(self, by: int) -> None:
        name = self.focused_pane()
        if name == "log":
            self.pager.action_scroll_rows(by)
        elif name == "jobs":
            order = self._tree.selectable()
            if not order:
                return
            index = self._tree.index_of(self._selected)
            at = order.index(index) if index in order else 0
            self._select(order[max(0, min(len(order) - 1, at + by))])
        elif name:
            self.query_one(f"#{name}", Canvas).scroll_rows(by)

    def _select(self, row: int) -> None:
        item = self._tree.items[row] if row < len(self._tree.items) else None
        if item is not None:
            self._selected, self._chosen, self._earlier = item.id, True, None
            self.paint()

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click on a row selects it."""
        if message.canvas.id == "jobs":
            message.canvas.focus()
            self._select(message.row)

    def do_up(self) -> None:
        """One row up."""
        self._move(-1)

    def do_down(self) -> None:
        """One row down."""
        self._move(1)

    def do_top(self) -> None:
        """The first row."""
        if self._has("log"):
            self.pager.action_go_top()
        else:
            self._move(-(10**6))

    def do_bottom(self) -> None:
        """The last row."""
        if self._has("log"):
            self.pager.action_go_end()
        else:
            self._move(10**6)

    def do_half_page_up(self) -> None:
        """Half a page up."""
        if self._has("log"):
            self.pager.action_scroll_pages(-0.5)
        else:
            self._move(-10)

    def do_half_page_down(self) -> None:
        """Half a page down."""
        if self._has("log"):
            self.pager.action_scroll_pages(0.5)
        else:
            self._move(10)

    def do_next_pane(self) -> None:
        """Around the panes."""
        layout = self.current_layout()
        narrow = layout.size_class is SizeClass.NARROW
        shown = RUN_TABS if narrow else tuple(name for name in PANES if layout.pane(name))
        current = self._pane if narrow else self.focused_pane()
        at = shown.index(current) + 1 if current in shown else 0
        self._show_pane(shown[at % len(shown)])

    def do_pane(self, key: str) -> None:
        """1 to 5."""
        self._show_pane(RUN_TABS[int(key) - 1])

    def _show_pane(self, name: str) -> None:
        layout = self.current_layout()
        if layout.size_class in (SizeClass.NARROW, SizeClass.TINY):
            self._pane = name
            self._zoom = None
        elif layout.pane(name) is None:
            if self._zoom:
                self._zoom = None
            if self.current_layout().pane(name) is None:
                self._zoom = name
        self.repaint()
        self.query_one(f"#{name}").focus()
        self.paint()

    def do_back(self) -> None:
        """Out of the search, the zoom, the log; then to the list of runs."""
        if self.pager.check_action("end_find", ()):
            self.pager.action_end_find()
        elif self._zoom:
            self._zoom = None
            self.repaint()
        elif not self._has("jobs"):
            self._show_pane("jobs")
        else:
            self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the list of runs; quitting is for the first screen."""
        self.app.pop_screen()

    def phase_of_selection(self) -> Phase | None:
        """For tests: the phase of what is selected."""
        place = self.target(self.state) if self.state else None
        return place.run.phase if place else None


def _info(text: str) -> tuple[Span, ...]:
    return (Span(own(text), "muted"),)


def _address(host: Host) -> str:
    user = f"{host.user}@" if host.user else ""
    port = f":{host.port}" if host.port else ""
    return f"{user}{host.target}{port}"
