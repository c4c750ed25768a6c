"""How a log pane is searched: errors, find, filter, jump to a time, and the bar that is typed into for them."""

from __future__ import annotations

from textual.message import Message

from tui.view.durations import clock
from tui.view.log_document import LineAt
from tui.view.log_jump import UNDERSTOOD, Jump, line_at_time, parse_jump, span_of, time_to_look_for
from tui.view.safe_text import SafeText, own
from tui.widgets.bar_keys import BarKeys
from tui.widgets.log_bar import Purpose, Typed
from tui.widgets.log_marks import LogMarks
from tui.widgets.log_search import ERRORS, Wanted


class LogFinds(BarKeys, LogMarks):
    """Looking for lines."""

    class NoMoreErrors(Message, namespace="log_pane"):
        """``e`` or ``E`` found none; whoever has more logs may go on with the next one."""

        def __init__(self, pane: LogFinds, *, forwards: bool) -> None:
            super().__init__()
            self.pane = pane
            self.forwards = forwards

    class Jumped(Message, namespace="log_pane"):
        """A search in a thread ended."""

        def __init__(self, place: LineAt | None, wanted: Wanted, *, forwards: bool) -> None:
            super().__init__()
            self.place = place
            self.wanted = wanted
            self.forwards = forwards

    def action_error(self, direction: int) -> None:
        """The next (1) or previous (-1) line with an error."""
        self._jump(ERRORS, direction)

    def action_find(self) -> None:
        """Open the find bar and type into it."""
        find = self._searches.find
        find.open(self.current_place)
        self._bar.open(Purpose.FIND, find.query.text)
        self._changed()

    def action_hit(self, direction: int) -> None:
        """The next (1) or previous (-1) match of the search; round at the ends."""
        if self._searches.find.wanted is None:
            self.action_find()
        else:
            self._jump(self._searches.find.wanted, direction)

    def action_filter(self) -> None:
        """Type what lines are left; ``!`` first: what lines are not."""
        self._bar.open(Purpose.FILTER, self._searches.filter.query.text if self.is_filtered else "")
        self._keep_looking()
        self._changed()

    def action_context(self) -> None:
        """More lines around each that the filter leaves; after the most none."""
        self._keep_looking()
        self._searches.filter.next_context()
        self._filtered_anew()

    def action_jump(self) -> None:
        """Type a time or a line to go to."""
        self._bar.open(Purpose.JUMP)
        self._changed()

    def action_end_find(self) -> None:
        """Leave what is typed; else take marks off; else end the search; else show all lines again."""
        if self.marked is not None and not self._bar.typing:
            self.action_unmark()
            return
        if self._bar.typing and self._bar.purpose is Purpose.JUMP:
            self._bar.close()
        elif self._searches.find.shown and not (self._bar.typing and self._bar.purpose is Purpose.FILTER):
            self._bar.close()
            self._searches.find.close()
            self._restyle(find=None)
        else:
            self._bar.close()
            self._keep_looking()
            self._searches.filter.stop()
            self._filtered_anew()
        self._changed()

    @property
    def is_filtered(self) -> bool:
        """Not all lines are shown."""
        return self._searches.filter.scan is not None

    @property
    def is_typing(self) -> bool:
        """Keys go into the bar."""
        return self._bar.typing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """``escape`` is ours only while there is something to end."""
        return self._has_bar or self.is_filtered or self.marked is not None if action == "end_find" else True

    def on_log_pane_jumped(self, message: Jumped) -> None:
        """Go where the thread says."""
        message.stop()
        if message.place is not None:
            self.go_to(message.place)
        elif message.wanted is ERRORS:
            self.post_message(self.NoMoreErrors(self, forwards=message.forwards))

    # Inside

    def _typed(self, typed: Typed) -> None:
        bar = self._bar
        if typed is Typed.LEFT:
            self.action_end_find()
        elif typed is Typed.DONE and bar.purpose is Purpose.JUMP:
            self._jump_to(bar.text)
        elif typed is Typed.DONE:
            bar.close()
            if not bar.text and bar.purpose is Purpose.FIND:
                self._searches.find.close()
        elif typed is Typed.CHANGED and bar.purpose is Purpose.FIND:
            self._searches.set_query(bar.text)
            self._restyle(find=self._searches.find.query.pattern)
        elif typed is Typed.CHANGED and bar.purpose is Purpose.FILTER:
            kept = self._keep_looking()
            self._searches.set_filter(bar.text, kept[0] if kept else None)
            self._filtered_anew()
        self._changed()

    def _filtered_anew(self) -> None:
        """Other lines are shown: the one that was looked at stays where it was."""
        self._lines.count()
        if self._looked_at is not None and not self._window.follow:
            self._window.height = self._body_height
            self._window.keep(*self._looked_at)
        if not self.is_filtered:
            self._looked_at = None
        self._changed()

    def _jump_to(self, text: str) -> None:
        """Go to what was typed, or say in the bar why not."""
        bar, jump = self._bar, parse_jump(text)
        if not text.strip():
            bar.close()
            return
        place = self._place_of(jump) if jump is not None else own(f"understood are {UNDERSTOOD}")
        if isinstance(place, LineAt):
            bar.close()
            self._window.height = self._body_height
            self._go_near(place)
        else:
            bar.bad = place

    def _place_of(self, jump: Jump) -> LineAt | SafeText:
        """Where it leads; a sentence when it leads nowhere."""
        document, sources = self._lines.document, self._searches.sources
        if not document.lines:
            return own("there is no line to go to")
        if jump.kind in ("line", "share"):
            number = int(jump.value) if jump.kind == "line" else 1 + int(jump.value * (document.lines - 1))
            return document.place_of(number) or own(f"there are {document.lines} lines")
        span, zone = span_of(sources), self._lines.style.zone
        if span is None:
            return own("no times are known here")
        current = self._window.line_at_bottom() if self._window.follow else self.current_place
        at_utc = sources[current.section].time_of_line(current.line) if current is not None else None
        wanted = time_to_look_for(jump, span, at_utc or span[1], zone)
        found = line_at_time(sources, wanted) if wanted is not None else None
        begins, ends = (clock(one, zone) for one in span)
        return found or own(f"the log goes from {begins} to {ends}")

    def _go_near(self, place: LineAt) -> None:
        """Go to a line; where a filter leaves it out, to the next one that is shown."""
        document = self._lines.document
        near = document.line_from(document.row_near(place)) if self.is_filtered else place
        if near is not None:
            self.go_to(near)

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
