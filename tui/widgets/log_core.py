"""What a log pane is: the log it shows, the window on it, how it is painted and kept up.

It paints on the Line API and reads only the lines in view. Scrolling is its own, so a growing log changes no virtual
size and lays nothing out. Twenty times a second it asks the sources how many lines there are, under a flood ten times;
after each look, and after each key, it rests some times as long as that took, so that most of the time is for keys.
Searches run in threads that hand over places, never lines.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any

from textual.geometry import Region
from textual.strip import Strip
from textual.worker import Worker

from runners.model.errors import OndutyError
from tui.driver import is_behind
from tui.pauses import TURNS
from tui.view.log_document import LineAt
from tui.view.log_rows import LogStyle
from tui.view.look import Look
from tui.view.rows import BLANK, Row
from tui.view.safe_text import SafeText, own
from tui.widgets.log_bar import LogBar
from tui.widgets.log_frame import LogStrips, compose_log
from tui.widgets.log_lines import LogLines
from tui.widgets.log_rests import Due, Rests
from tui.widgets.log_searches import LogSearches
from tui.widgets.log_view import LogView
from tui.widgets.log_viewport import LogViewport
from tui.widgets.paint import PaintedLines

FLOOD_LINES = 1000
"""More new lines than this between two looks is a flood."""
SCAN_EVERY_TICKS = 5
"""Four times a second a page that is full takes over what a filter found; until it is full at every look. Under a flood
what came is searched as often."""
MARKS_EVERY_TICKS = 40
"""Every two seconds new lines are searched for errors, for the marks of the scroll column."""
WORDS_EVERY_TICKS = 20
"""Once a second the title says how long nothing came, and how far something is."""


class LogCore(PaintedLines):
    """See the module. Give it a ``LogView`` with ``show``."""

    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        look: Look | None = None,
        zone: tzinfo = UTC,
        shade: str = "ground",
        blank_rows: int = 1,
        now: Callable[[], float] = time.time,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``zone``: of the times shown. ``blank_rows``: rows above the title, 1 except in the narrow class.
        ``now``: seconds since 1970, on the clock of the times shown.
        """
        super().__init__(id=id, classes=classes, markup=False)
        self._look = look or Look()
        self._shade = shade
        self._now = now
        self._blank_rows = blank_rows
        self._view = LogView(id="", name=own("log"))
        self._searches = LogSearches(self._in_thread)
        style = LogStyle(width=0, theme=self._look.theme, glyphs=self._look.glyphs, zone=zone)
        self._lines = LogLines(style, self._searches.filter)
        self._window = LogViewport(self._lines)
        self._bar = LogBar()
        self._cursor: LineAt | None = None
        """The line that was jumped to, until something is scrolled."""
        self._looked_at: tuple[LineAt, int] | None = None
        """The line that keeps its place while a filter changes what is around it, and its row in the window."""
        self._lines_when_paused = 0
        self._frame: list[tuple[Row, str]] = []
        """Each row of the widget with the kind of its last cell: empty, track, thumb or error."""
        self._strips = LogStrips(self._look, self._shade)
        self._ticks = 0
        self._scan_due, self._search_due, self._mark_due, self._say_due = (
            Due(ticks) for ticks in (SCAN_EVERY_TICKS, SCAN_EVERY_TICKS, MARKS_EVERY_TICKS, WORDS_EVERY_TICKS)
        )
        self._flood = self._grown = False
        """There was one at the last look; lines came that are not searched yet."""
        self.working: Callable[[], SafeText] | None = None
        """Says in the title what is going on with this log; None: nothing."""
        self._rests = Rests()
        self._at_work: list[Worker[None]] = []
        """Threads that were started for this pane, those included that have ended since the last one was."""

    # What others call

    def show(self, view: LogView) -> None:
        """Show a log, or news of the one that is shown (same id). Reads nothing but counts."""
        fresh = view.id != self._view.id
        self._view = view
        if fresh:
            self.begin_anew()
        self._restyle(today=view.today)
        self._lines.set_parts(view.parts, view.first_bad)
        self._searches.set_sources([part.source for part in view.parts])
        self._look_for_more(all_parts=True)
        if fresh:
            self._open_at_first_bad()
            if self.is_mounted:
                self._searches.mark_errors()
        self._changed()

    def begin_anew(self) -> None:
        """Another log is shown: forget what was found, filtered, typed and looked at in the one before."""
        self._searches.reset()
        self._bar.close()
        self._window.reset()
        self._cursor = self._looked_at = None
        self._restyle(find=None, column=0)

    def set_look(self, look: Look) -> None:
        """Paint with another look."""
        if look != self._look:
            self._look = look
            self._restyle(theme=look.theme, glyphs=look.glyphs)
            self.refresh()
            self._changed()

    def set_blank_rows(self, rows: int) -> None:
        """Rows above the title, for another size class."""
        self._blank_rows = rows
        self._changed()

    def go_to(self, place: LineAt) -> None:
        """Make one line the current one, bring it into view and let go of the end; one that is not there is ignored."""
        try:
            row = self._lines.document.row_of(place)
        except IndexError:
            return
        self._pause()
        self._window.reveal(row)
        self._cursor, self._looked_at = place, None
        self._changed()

    @property
    def following(self) -> bool:
        """The end of the log stays in view."""
        return self._window.follow

    @property
    def current_place(self) -> LineAt | None:
        """The line that is looked at; None for a log without lines."""
        return self._cursor or self._window.line_at_top()

    @property
    def current_line(self) -> int | None:
        """Number of the line that is looked at, from 1 over all executions; None for a log without lines."""
        place = self.current_place
        return None if place is None else self._lines.document.number_of(place)

    @property
    def view(self) -> LogView:
        """What is shown."""
        return self._view

    @property
    def is_settled(self) -> bool:
        """It is drawn, nothing is searched for, and what was found is drawn too: it stays until a line comes."""
        drawn = bool(self._frame) or not self.size
        return drawn and all(one.is_finished for one in self._at_work) and not self._searches.has_news

    def render_line(self, y: int) -> Strip:
        # There is no border: the size in and out is the same, and this one is at hand.
        width = self.outer_size.width
        row, kind = self._frame[y] if y < len(self._frame) else (BLANK, "")
        return self._strips.strip(row, width, kind)

    # Inside

    @property
    def _has_bar(self) -> bool:
        return self._bar.typing or self._searches.find.shown

    @property
    def _body_height(self) -> int:
        return max(0, self.size.height - self._blank_rows - 1 - self._has_bar)

    def _changed(self) -> None:
        """Compose the rows anew and repaint those that differ."""
        width, height = self.size
        if not self.is_mounted or not width or not height:
            return
        began_s = time.monotonic()
        self._window.height = self._body_height
        with TURNS.screen():
            before, frame = self._frame, self._composed()[:height]
        changed = []
        for y, row in enumerate(frame):
            if y < len(before) and before[y] == row:
                # The same object has its strip already.
                frame[y] = before[y]
            else:
                changed.append(Region(0, y, width, 1))
        self._frame = frame
        if changed or len(before) != len(frame):
            self.refresh(*changed)
        self._rests.after(began_s, time.monotonic())

    def _composed(self) -> list[tuple[Row, str]]:
        return compose_log(
            self._view,
            self._lines,
            self._window,
            self._searches,
            self._bar,
            width=self.size.width,
            blank_rows=self._blank_rows,
            focused=self.has_focus,
            cursor=self._cursor,
            current=None if self._window.follow else self.current_line,
            lines_when_paused=self._lines_when_paused,
            silent_s=self._silent_s(),
            working=self.working() if self.working is not None else None,
        )

    def _restyle(self, **changes: Any) -> None:
        """Change how lines are drawn; a palette also forgets what was painted."""
        if "theme" in changes:
            self._strips = LogStrips(self._look, self._shade)
        self._lines.set_style(replace(self._lines.style, **changes))

    def _pause(self) -> None:
        if self._window.follow:
            self._lines_when_paused = self._lines.document.lines
        self._window.let_go()

    def _open_at_first_bad(self) -> None:
        """Open a log that is over at its first bad line; when the last page shows it, stay at the end."""
        place = self._view.first_bad
        if place is None or self._view.live or not self._window.height:
            return
        try:
            row = self._lines.document.row_of(place)
        except IndexError:
            return
        if not self._window.shows(row):
            self.go_to(place)

    def _look_for_more(self, *, all_parts: bool = False) -> bool:
        """Ask the sources; True when something came."""
        came = False
        for part in self._view.parts:
            if all_parts or part.section.live:
                try:
                    came = part.source.refresh() or came
                except (OndutyError, OSError):
                    # What cannot be read is said in the place of its lines.
                    continue
        self._grown = self._grown or came
        if not self._flood or self._search_due.at(self._ticks):
            # What a search costs for each log is more than what it costs for each line.
            self._searches.keep_up(grown=self._grown)
            self._grown = False
        return self._count() or came

    def _count(self) -> bool:
        """Take over what there is now; while lines come and go above, the line that is looked at keeps its place."""
        scan = self._searches.filter.scan
        if scan is None:
            return self._lines.count()
        full = self._lines.document.rows > self._window.height
        if scan.running and full and not self._scan_due.at(self._ticks):
            # Each line of a page of scattered lines is a read of its own.
            return False
        if self._window.follow:
            return self._lines.count()
        kept = self._keep_looking()
        changed = self._lines.count()
        if changed and kept is not None:
            self._window.keep(*kept)
        return changed

    def _keep_looking(self) -> tuple[LineAt, int] | None:
        """Remember the line that is looked at, and its row in the window."""
        if self._looked_at is None:
            place = self.current_place
            if place is not None:
                self._looked_at = place, self._window.row_in_view(place)
        return self._looked_at

    def _beat(self) -> None:
        """Twenty times a second: look for news, but for the rests, and while the terminal takes no frame.

        Seldom below a dialog: whatever changes there has all of both drawn again.
        """
        self._ticks += 1
        covered = self.app.screen is not self.screen
        if not is_behind(self.app) and self._rests.is_over(time.monotonic(), covered=covered):
            with TURNS.screen():
                self.look_for_news()

    def look_for_news(self) -> None:
        """Take over what there is now, lines that came and lines that a search found, and draw it."""
        began_s = time.monotonic()
        self._rests.look(began_s)
        before = self._lines.document.lines
        changed = self._look_for_more()
        self._flood = self._lines.document.lines - before > FLOOD_LINES
        if self._mark_due.at(self._ticks):
            self._searches.mark_errors()
        if self._searches.news():
            changed = True
            place = self._searches.find.take_first()
            if place is not None:
                self.go_to(place)
        says = self._say_due.at(self._ticks) and (self._view.live or self.working is not None)
        if changed or says:
            self._changed()
        self._rests.after(began_s, time.monotonic(), flood=self._flood)

    def _silent_s(self) -> float | None:
        """How long nothing came to a log that is still written; None: it is over, or it is not known."""
        source = self._view.parts[-1].source if self._view.live and self._view.parts else None
        last = source.time_of_line(source.lines - 1) if source is not None and source.lines else None
        return None if last is None else self._now() - last

    def _in_thread(self, work: Callable[[], None], kind: str) -> None:
        def guarded() -> None:
            try:
                work()
            except (OndutyError, OSError) as error:
                self.log.warning(f"search ended: {error}")

        self._at_work = [one for one in self._at_work if not one.is_finished]
        self._at_work.append(self.run_worker(guarded, thread=True, group=kind, exit_on_error=False))
