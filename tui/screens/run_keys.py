"""The keys of the run screen that look and move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runners.model.errors import OndutyError
from runners.model.state import RunState
from tui.keys.actions import key_of
from tui.screens.run_log_keys import RunLogKeys
from tui.view.facts import link_of, place_of
from tui.view.layout import RUN_TABS, SizeClass, run_layout
from tui.view.log_document import LineAt
from tui.view.narrow import tab_at
from tui.view.safe_text import safe
from tui.view.scene import RunScene
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from runbooks.page import Page

PANES = ("jobs", "log", "why", "runbook", "host", "people")
_NARROW = (SizeClass.NARROW, SizeClass.TINY)


class RunKeys(RunLogKeys, inherit_bindings=False):
    """What ``RunScreen`` does for each action that changes nothing."""

    tab: str
    """The pane shown in the narrow class."""
    earlier: int | None
    """Attempt whose log is shown instead of the newest one's."""

    def page(self, state: RunState) -> Page | None:
        """The page of the selected job run's failure."""
        raise NotImplementedError

    def paint_selection(self) -> None:
        """Another row is selected."""
        raise NotImplementedError

    def has_pane(self, name: str) -> bool:
        """Whether a pane has the focus."""
        return self.focused_pane() == name

    def show_newest(self) -> None:
        """Something was accepted: look at what comes of it."""
        self.choice.by_person = True
        self.choice.marked.clear()
        self.earlier = None
        self.paint()

    def show_log(self, job_run: str, attempt: int, key: str = "") -> None:
        """Show the log of one attempt of a job run, and of it the lines of the execution ``key``."""
        state = self.feed.state
        place = place_of(state, job_run) if state is not None else None
        if place is None:
            return
        self.together.close()
        self.choice.selected, self.choice.by_person = job_run, True
        self.earlier = attempt if attempt != place.run.attempt else None
        self.show_pane("log")
        if key:
            self.paint()
            self._show_execution(key)

    def _show_execution(self, key: str) -> None:
        """Its first bad line, else its first; where more may come the log stays at its end."""
        view = self.pager.view
        at = next((at for at, part in enumerate(view.parts) if part.section.key == key), None)
        if at is not None and not view.parts[at].section.live:
            bad = view.first_bad
            self.pager.go_to(bad if bad is not None and bad.section == at else LineAt(at, 0))

    # ----- looking

    def do_open(self) -> None:
        """A stage or a group: open it, enter folds it too; a job run: its log; the page: the whole screen."""
        if self.has_pane("jobs"):
            if self.choice.open() or (self.key == "enter" and self.choice.is_group() and self.choice.fold()):
                self.repaint()
            elif self.choice.is_group():
                self.move_rows(1)
            else:
                self.show_pane("log")
        elif self.has_pane("runbook"):
            self.action_do("runbook", "o")
        elif self.has_pane("host"):
            self.action_do("host", "H")

    def do_runbook(self) -> None:
        """The page, full screen."""
        from tui.screens.runbook import RunbookScreen

        state = self.feed.state
        assert state is not None
        page = self.page(state)
        assert page is not None
        selected = self.choice.selected

        def scene() -> RunScene:
            # The page stays that of this failure, whatever is selected meanwhile.
            assert self.feed.state is not None
            return replace(self.scene(self.feed.state), selected=selected)

        def retry() -> None:
            self.action_do("retry", key_of("retry"))

        self.app.push_screen(
            RunbookScreen(self.feed.uid, scene, self.news, page, why_not_below=self.why_not, retry_below=retry)
        )

    def do_sent(self) -> None:
        """What was really sent to the host."""
        from tui.screens.text import TextScreen, sent_lines

        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        number = self.earlier or place.run.attempt
        details = f"{place.job.name}, attempt {number}"
        self.app.push_screen(TextScreen(f"sent to {place.run.host}", details, sent_lines(state.plan, place, number)))

    def do_definition(self) -> None:
        """The pipeline as this run pinned it."""
        from tui.screens.text import TextScreen

        async def show() -> None:
            try:
                answer = await self.onduty.feed.definition(self.feed.uid)
            except OndutyError as error:
                self.say("warn", error.message)
                return
            if self.is_top:
                digest = answer.plan.definition_digest[:19]
                self.app.push_screen(TextScreen(answer.plan.pipeline, digest, answer.definition.rstrip().split("\n")))

        self.run_worker(show(), group="definition", exclusive=True)

    def do_mark(self) -> None:
        """In the log a line, in the list of jobs what the row stands for."""
        if self.has_pane("jobs"):
            state = self.feed.state
            assert state is not None
            if self.choice.mark(state):
                self.choice.by_person = True
                self.choice.move(1)
                self.paint()
        else:
            self.mark_line()

    def do_timeline(self) -> None:
        """When everything happened."""
        from tui.screens.timeline import TimelineScreen

        state = self.feed.state
        assert state is not None
        self.app.push_screen(TimelineScreen(self.feed, self.scene(state), self.choice, self.show_log))

    def do_record(self) -> None:
        """The whole story."""
        from tui.screens.record import RecordScreen

        def scene() -> RunScene:
            assert self.feed.state is not None
            return self.scene(self.feed.state)

        self.app.push_screen(RecordScreen(self.feed.uid, scene, self.news))

    def do_details(self) -> None:
        """All that is known of the selection."""
        from tui.screens.details import open_details

        def scene() -> RunScene:
            assert self.feed.state is not None
            return self.scene(self.feed.state)

        open_details(self, self.feed, scene, self.choice)

    def do_copy(self) -> None:
        """The marked lines, else the first bad line of the selected job run, else its name."""
        if self.copies_lines():
            return
        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        link = link_of(place)
        text = safe(link.first_line) if link and link.first_line else safe(place.run.id)
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied to the clipboard\n{text}")

    def do_previous_attempt(self) -> None:
        """One attempt back; behind the first one the newest again."""
        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        shown = self.earlier or place.run.attempt
        self.earlier = shown - 1 if shown > 1 else None
        self.choice.by_person = True
        self.together.close()
        self._look_at_log()
        self.paint()

    def do_zoom(self) -> None:
        """The focused pane has the body, or gives it back."""
        if self.current_layout().size_class in _NARROW:
            self.say("warn", "every pane has the whole body at this size")
            return
        self.zoom = None if self.zoom else self.focused_pane() or "log"
        self.repaint()

    # ----- moving

    def move_rows(self, by: int) -> None:
        """Lines of the log, another row of the jobs; elsewhere the pane scrolls."""
        name = self.focused_pane()
        if name == "log":
            self.choice.by_person = True
            self.pager.action_scroll_rows(by)
        elif name == "jobs":
            if self.choice.move(by):
                self.earlier = None
                self.paint_selection()
        elif name:
            self.query_one(f"#{name}", Canvas).scroll_rows(by)

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click selects a row, a click on the selected one opens it; on a tab it shows the pane."""
        if message.canvas.id == "tabs":
            name = tab_at(RUN_TABS, self.tab, message.canvas.size.width, self.onduty.look.glyphs, message.x)
            if name:
                self.show_pane(name)
        elif message.canvas.id == "jobs":
            again = message.row == self.choice.row() and self.has_pane("jobs")
            self.focus_pane("jobs")
            if again:
                self.action_do("open", "enter")
            elif self.choice.select(message.row):
                self.earlier = None
            self.paint()

    def do_top(self) -> None:
        """The first row."""
        if self.has_pane("log"):
            self.choice.by_person = True
            self.pager.action_go_top()
        else:
            super().do_top()

    def do_bottom(self) -> None:
        """The last row."""
        if self.has_pane("log"):
            self.pager.action_go_end()
        else:
            super().do_bottom()

    def page_rows(self) -> int:
        """Of the pane with the focus."""
        return self.query_one(f"#{self.focused_pane()}", Canvas).body_height

    def move_pages(self, by: float) -> None:
        """The log knows its own pages."""
        if self.has_pane("log"):
            self.choice.by_person = True
            self.pager.action_scroll_pages(by)
        elif self.focused_pane():
            super().move_pages(by)

    # ----- panes

    def shown_panes(self) -> tuple[str, ...]:
        """What tab goes through."""
        width, height = self.size
        layout = run_layout(width, height)
        if layout.size_class is SizeClass.TINY:
            return ("log",)
        if layout.size_class is SizeClass.NARROW:
            return RUN_TABS
        return tuple(name for name in PANES if layout.pane(name))

    def do_next_pane(self) -> None:
        """Around the panes; a zoomed one gives its place to the next."""
        shown = self.shown_panes()
        current = self.focused_pane()
        name = shown[(shown.index(current) + 1) % len(shown)] if current in shown else shown[0]
        if self.zoom:
            self.zoom = name
        self.show_pane(name)

    def do_pane(self, key: str) -> None:
        """1 to 5."""
        self.show_pane(RUN_TABS[int(key) - 1])

    def show_pane(self, name: str) -> None:
        """Bring a pane to the screen and give it the focus."""
        size_class = self.current_layout().size_class
        if size_class is SizeClass.TINY:
            return
        self.tab = name
        if size_class is SizeClass.NARROW:
            self.zoom = None
        elif self.zoom != name:
            # What this size does not show beside the others has the body for itself.
            self.zoom = None if name in self.shown_panes() else name
        self.focus_pane(name)
        self.repaint()

    def settle_focus(self) -> None:
        """After a resize: the pane with the focus is one that is shown."""
        if not self.size:
            return
        size_class = self.current_layout().size_class
        name = self.focused_pane()
        if size_class is SizeClass.TINY:
            return
        if size_class is SizeClass.NARROW:
            self.zoom = None
            self.tab = name if name in RUN_TABS else self.tab
            self.focus_pane(self.tab)
        elif self.zoom in self.shown_panes() or self.zoom is None:
            self.focus_pane(self.zoom or (name if name in self.shown_panes() else "jobs"))

    # ----- leaving

    def do_back(self) -> None:
        """Out of the search, the zoom, the log; then to the list of runs."""
        if self.key in ("h", "left") and self.has_pane("jobs") and self.choice.fold_group():
            self.repaint()
        elif self.pager.check_action("end_find", ()):
            self.pager.action_end_find()
        elif self.choice.marked and self.has_pane("jobs"):
            self.choice.marked.clear()
            self.paint()
        elif self.zoom:
            self.zoom = None
            if self.focused_pane() not in self.shown_panes():
                self.focus_pane("jobs")
            self.repaint()
        elif not self.has_pane("jobs") and "jobs" in self.shown_panes():
            self.show_pane("jobs")
        else:
            self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the list of runs; quitting is for the first screen."""
        self.app.pop_screen()
