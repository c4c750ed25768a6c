"""The keys of the timeline that zoom and move."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from runners.model.state import RunState
from tui.screens.run_changes import RunChanges
from tui.view.facts import place_of
from tui.view.layout import TIMELINE_TABS, SizeClass
from tui.view.narrow import tab_at
from tui.view.timeline import Timeline
from tui.view.timeline_bars import extent
from tui.view.timeline_scale import LEAST_SPAN_S, ZOOM, Zoom
from tui.widgets.canvas import Canvas

MOVE_SHARE = 0.125
"""Of what is shown, by which left and right move it."""


class TimelineKeys(RunChanges, inherit_bindings=False):
    """What ``TimelineScreen`` does for each action that moves."""

    zoom: Zoom
    tab: str
    """What the narrow class shows."""
    _go: Callable[[str, int, str], None]

    @property
    def state(self) -> RunState:
        """The run."""
        raise NotImplementedError

    def timeline(self) -> Timeline:
        """What the rows are made of now."""
        raise NotImplementedError

    # ----- zoom

    def do_zoom_in(self) -> None:
        """Half of the time, around the selected row."""
        found = self.timeline()
        scale = found.scale
        if scale.span_s / ZOOM < LEAST_SPAN_S:
            self.say("warn", "two seconds are shown; it does not come closer")
            return
        self.zoom = self.zoom.closer(scale, self._around(found))
        self.paint()

    def do_zoom_out(self) -> None:
        """Twice the time."""
        found = self.timeline()
        self.zoom = self.zoom.wider(found.scale, self._around(found))
        self.paint()

    def _around(self, found: Timeline) -> float:
        """The middle of what the selected row did, of the part in sight where there is one."""
        scale = found.scale
        row = self.choice.row()
        times = extent(found.stretches(found.lines[row])) if row is not None else None
        if times is None:
            return (scale.start + scale.end) / 2
        start, end = max(times[0], scale.start), min(times[1], scale.end)
        return (start + end) / 2 if start <= end else (times[0] + times[1]) / 2

    # ----- moving

    def move_rows(self, by: int) -> None:
        """Another row of the tree."""
        if self.choice.move(by):
            self.paint()

    def page_rows(self) -> int:
        """Of the tree, or of the bars where that is not shown."""
        return self.query_one(f"#{'jobs' if self.width_of('jobs') else 'bars'}", Canvas).body_height

    def do_open(self) -> None:
        """Enter: to it on the run's screen, a stage or a group opens; right: what came later."""
        if self.key in ("l", "right") and self.zoom.level:
            self._pan(1)
        elif self.choice.is_group():
            if not self.choice.open() and self.key == "enter":
                self.choice.fold()
            self.paint()
        else:
            place = place_of(self.state, self.choice.selected)
            self.show_log(self.choice.selected, place.run.attempt if place is not None else 0)

    def show_log(self, job_run: str, attempt: int, key: str = "") -> None:
        """On the run's screen."""
        self.app.pop_screen()
        self._go(job_run, attempt, key)

    def do_back(self) -> None:
        """Left: what was before, while a part is shown; else back to the run."""
        if self.key in ("h", "left") and self.zoom.level:
            self._pan(-1)
        elif self.key in ("h", "left") and self.choice.fold_group():
            self.paint()
        else:
            self.app.pop_screen()

    def _pan(self, direction: int) -> None:
        self.zoom = self.zoom.moved(self.timeline().scale, direction * MOVE_SHARE)
        self.paint()

    def do_quit(self) -> None:
        """Back to the run."""
        self.app.pop_screen()

    def do_next_pane(self) -> None:
        """The other tab."""
        self._show("jobs" if self.tab == "bars" else "bars")

    def do_pane(self, key: str) -> None:
        """1 and 2: the tabs of the narrow class."""
        if self.current_layout().size_class is not SizeClass.NARROW:
            self.say("warn", "tree and bars are both shown; arrows choose a row")
        elif int(key) <= len(TIMELINE_TABS):
            self._show(TIMELINE_TABS[int(key) - 1])
        else:
            self.say("warn", f"there are {len(TIMELINE_TABS)} tabs here")

    def _show(self, name: str) -> None:
        self.tab = name
        self.repaint()

    def on_resize(self, event: events.Resize) -> None:
        """Everything may have moved."""
        self.repaint()

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click selects a row; on a tab it shows it."""
        if message.canvas.id == "tabs":
            glyphs = self.onduty.look.glyphs
            name = tab_at(TIMELINE_TABS, self.tab, message.canvas.size.width, glyphs, message.x)
            if name:
                self._show(name)
        elif message.canvas.id in ("jobs", "bars") and self.choice.select(message.row):
            self.paint()
