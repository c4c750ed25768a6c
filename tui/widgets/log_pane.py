"""The log pane: one attempt of a job run, execution after execution, whatever the size.

It paints on the Line API and reads only the lines in view. Scrolling is its own, so a growing log changes no virtual
size and lays nothing out. Twenty times a second it asks the sources how many lines there are; under a flood it paints
every second time. Searches run in threads that hand over places, never lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from runners.model.errors import OndutyError
from tui.view.log_document import LineAt
from tui.view.log_rows import LogStyle
from tui.view.rows import BLANK, Row
from tui.view.safe_text import own
from tui.widgets.log_frame import LogStrips, compose_log
from tui.widgets.log_lines import LogLines
from tui.widgets.log_search import ERRORS, Wanted
from tui.widgets.log_searches import LogSearches
from tui.widgets.log_view import LogView
from tui.widgets.log_viewport import LogViewport
from tui.widgets.look import Look

REFRESH_HZ = 20
FLOOD_LINES = 1000
"""More new lines than this between two looks is a flood: painting goes down to 10 Hz."""
MARKS_EVERY_TICKS = 40
"""Every two seconds new lines are searched for errors, for the marks of the scroll column."""


class LogPane(Widget, can_focus=True):
    """See the module. Give it a ``LogView`` with ``show``."""

    DEFAULT_CSS = """
    LogPane { background: transparent; width: 1fr; height: 1fr; }
    """
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_rows(-1)", "up", show=False),
        Binding("down,j", "scroll_rows(1)", "down", show=False),
        Binding("pageup", "scroll_pages(-1.0)", "page up", show=False),
        Binding("pagedown", "scroll_pages(1.0)", "page down", show=False),
        Binding("ctrl+u", "scroll_pages(-0.5)", "half a page up", show=False),
        Binding("ctrl+d", "scroll_pages(0.5)", "half a page down", show=False),
        Binding("g,home", "go_top", "top", show=False),
        Binding("G,end", "go_end", "end", show=False),
        Binding("f", "follow", "follow", show=False),
        Binding("e", "error(1)", "next error", show=False),
        Binding("E", "error(-1)", "previous error", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("n", "hit(1)", "next match", show=False),
        Binding("N", "hit(-1)", "previous match", show=False),
        Binding("w", "wrap", "wrap", show=False),
        Binding("t", "times", "times", show=False),
        Binding("escape", "end_find", "close find", show=False),
    ]

    class NoMoreErrors(Message):
        """``e`` or ``E`` found none; whoever has more logs may go on with the next one."""

        def __init__(self, pane: LogPane, *, forwards: bool) -> None:
            super().__init__()
            self.pane = pane
            self.forwards = forwards

    class Jumped(Message):
        """A search in a thread ended."""

        def __init__(self, place: LineAt | None, wanted: Wanted, *, forwards: bool) -> None:
            super().__init__()
            self.place = place
            self.wanted = wanted
            self.forwards = forwards

    def __init__(
        self,
        *,
        look: Look | None = None,
        zone: tzinfo = UTC,
        shade: str = "ground",
        blank_rows: int = 1,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``zone``: of the times shown. ``blank_rows``: rows above the title, 1 except in the narrow class."""
        super().__init__(id=id, classes=classes, markup=False)
        self._look = look or Look()
        self._shade = shade
        self._blank_rows = blank_rows
        self._view = LogView(id="", name=own("log"))
        self._lines = LogLines(LogStyle(width=0, theme=self._look.theme, glyphs=self._look.glyphs, zone=zone))
        self._window = LogViewport(self._lines)
        self._cursor: LineAt | None = None
        """The line that was jumped to, until something is scrolled."""
        self._lines_when_paused = 0
        self._frame: list[tuple[Row, str]] = []
        """Each row of the widget with the kind of its last cell: empty, track, thumb or error."""
        self._strips = LogStrips(self._look, self._shade)
        self._searches = LogSearches(self._in_thread)
        self._ticks = 0
        self._skipped = False

    # What others call

    def show(self, view: LogView) -> None:
        """Show a log, or news of the one that is shown (same id). Reads nothing but counts."""
        fresh = view.id != self._view.id
        self._view = view
        if fresh:
            self._searches.reset()
            self._window.reset()
            self._cursor = None
            self._restyle(find=None)
        self._restyle(today=view.today)
        self._lines.set_parts(view.parts, view.first_bad)
        self._searches.set_sources([part.source for part in view.parts])
        self._look_for_more(all_parts=True)
        if fresh:
            self._open_at_first_bad()
            if self.is_mounted:
                self._searches.mark_errors()
        self._changed()

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
        self._cursor = place
        self._changed()

    @property
    def following(self) -> bool:
        """The end of the log stays in view."""
        return self._window.follow

    @property
    def current_line(self) -> int | None:
        """Number of the line that is looked at, from 1 over all executions; None for a log without lines."""
        place = self._cursor or self._window.line_at_top()
        return None if place is None else self._lines.document.number_of(place)

    @property
    def is_typing(self) -> bool:
        """Keys go into the find bar."""
        return self._searches.find.typing

    @property
    def view(self) -> LogView:
        """What is shown."""
        return self._view

    # Keys

    def action_scroll_rows(self, by: int) -> None:
        """Scroll by rows; up lets go of the end, reaching the end takes it up again."""
        self._cursor = None
        if by < 0:
            self._pause()
        self._window.scroll(by)
        self._changed()

    def action_scroll_pages(self, by: float) -> None:
        """Scroll by pages of the body."""
        rows = max(1, int(abs(by) * self._window.height))
        self.action_scroll_rows(rows if by > 0 else -rows)

    def action_go_top(self) -> None:
        """The first row."""
        self._pause()
        self._cursor = None
        self._window.move_to((0, 0))
        self._changed()

    def action_go_end(self) -> None:
        """The last row, and follow."""
        self._cursor, self._window.follow = None, True
        self._changed()

    def action_follow(self) -> None:
        """Follow, or stop following here."""
        if self._window.follow:
            self._pause()
            self._changed()
        else:
            self.action_go_end()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        row, _ = self._window.top
        self._restyle(wrapped=not self._lines.style.wrapped)
        if not self._window.follow:
            self._window.move_to((row, 0))
        self._changed()

    def action_times(self) -> None:
        """Times on or off."""
        self._restyle(times=not self._lines.style.times)
        self._changed()

    def action_error(self, direction: int) -> None:
        """The next (1) or previous (-1) line with an error."""
        self._jump(ERRORS, direction)

    def action_find(self) -> None:
        """Open the find bar and type into it."""
        self._searches.find.open(self._cursor or self._window.line_at_top())
        self._changed()

    def action_hit(self, direction: int) -> None:
        """The next (1) or previous (-1) match of the search; round at the ends."""
        if self._searches.find.wanted is None:
            self.action_find()
        else:
            self._jump(self._searches.find.wanted, direction)

    def action_end_find(self) -> None:
        """Close the find bar and forget the search."""
        self._searches.find.close()
        self._restyle(find=None)
        self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """``escape`` is ours only while there is a search to end."""
        return self._searches.find.shown if action == "end_find" else True

    # What Textual calls

    def on_key(self, event: events.Key) -> None:
        """In an app that hands over no keys itself."""
        if self.takes_key(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """In an app that hands over nothing itself."""
        if self.takes_paste(event.text):
            event.stop()

    def takes_key(self, event: events.Key) -> bool:
        """While the find bar is typed into every key is its own; False: it is not."""
        find = self._searches.find
        if not find.typing:
            return False
        if event.key == "escape":
            self.action_end_find()
        elif event.key == "enter":
            find.typing = False
            if not find.query:
                find.close()
            self._changed()
        elif event.key == "backspace":
            self._search_for(find.query[:-1])
        elif event.key == "ctrl+u":
            self._search_for("")
        elif event.is_printable and event.character is not None:
            self._search_for(find.query + event.character)
        return True

    def takes_paste(self, text: str) -> bool:
        """The first line of what is pasted into the find bar; False: it is not typed into."""
        if not self._searches.find.typing:
            return False
        self._search_for(self._searches.find.query + (text.splitlines() or [""])[0])
        return True

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_rows(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_rows(3)

    def on_focus(self) -> None:
        self._changed()

    def on_blur(self) -> None:
        self._changed()

    def on_mount(self) -> None:
        self.set_interval(1 / REFRESH_HZ, self._tick)
        self._searches.mark_errors()

    def on_unmount(self) -> None:
        self._searches.reset()

    def on_resize(self, event: events.Resize) -> None:
        """A width changes every row; the place is kept."""
        row, _ = self._window.top
        opening = self._window.height == 0
        self._restyle(width=max(0, event.size.width - 2))
        self._window.height = self._body_height
        if opening:
            self._open_at_first_bad()
        elif not self._window.follow:
            self._window.move_to((row, 0))
        self.refresh()
        self._changed()

    def on_log_pane_jumped(self, message: Jumped) -> None:
        """Go where the thread says."""
        message.stop()
        if message.place is not None:
            self.go_to(message.place)
        elif message.wanted is ERRORS:
            self.post_message(self.NoMoreErrors(self, forwards=message.forwards))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row, kind = self._frame[y] if y < len(self._frame) else (BLANK, "")
        return self._strips.strip(row, width, kind)

    # Inside

    @property
    def _body_height(self) -> int:
        return max(0, self.size.height - self._blank_rows - 1 - self._searches.find.shown)

    def _changed(self) -> None:
        """Compose the rows anew and repaint those that differ."""
        width, height = self.size
        if not self.is_mounted or not width or not height:
            return
        self._window.height = self._body_height
        before, self._frame = self._frame, self._composed()[:height]
        changed = [Region(0, y, width, 1) for y, row in enumerate(self._frame) if y >= len(before) or before[y] != row]
        if changed or len(before) != len(self._frame):
            self.refresh(*changed)

    def _composed(self) -> list[tuple[Row, str]]:
        return compose_log(
            self._view,
            self._lines,
            self._window,
            self._searches,
            width=self.size.width,
            blank_rows=self._blank_rows,
            focused=self.has_focus,
            cursor=self._cursor,
            current=None if self._window.follow else self.current_line,
            lines_when_paused=self._lines_when_paused,
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
        return self._lines.count() or came

    def _tick(self) -> None:
        """Look for news: lines that came, lines that a search found."""
        self._ticks += 1
        before = self._lines.document.lines
        changed = self._look_for_more()
        came = self._lines.document.lines - before
        if self._ticks % MARKS_EVERY_TICKS == 0:
            self._searches.mark_errors()
        if self._searches.news():
            changed = True
            place = self._searches.find.take_first()
            if place is not None:
                self.go_to(place)
        if changed and came > FLOOD_LINES and not self._skipped:
            self._skipped = True
        elif changed or self._skipped:
            self._skipped = False
            self._changed()

    def _search_for(self, query: str) -> None:
        """A new query: show its matches at once, look for all of them in a thread."""
        self._searches.set_query(query)
        self._restyle(find=self._searches.find.pattern)
        self._changed()

    def _jump(self, wanted: Wanted, direction: int) -> None:
        """Go to the next or previous match, from the current line or from what is in view."""
        backwards = direction < 0
        if self._cursor is not None:
            start = LineAt(self._cursor.section, self._cursor.line + direction)
        else:
            start = (self._window.line_at_bottom() if backwards else self._window.line_at_top()) or LineAt(0, 0)

        def done(place: LineAt | None) -> None:
            self.post_message(self.Jumped(place, wanted, forwards=not backwards))

        self._searches.jump(wanted, start, backwards=backwards, around=wanted is not ERRORS, done=done)

    def _in_thread(self, work: Callable[[], None], kind: str) -> None:
        def guarded() -> None:
            try:
                work()
            except (OndutyError, OSError) as error:
                self.log.warning(f"search ended: {error}")

        self.run_worker(guarded, thread=True, group=kind, exit_on_error=False)
