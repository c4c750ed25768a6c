"""Rows of the lines that are on the screen now: reads only those, keeps what it drew, forgets the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from runners.model.errors import OndutyError
from tui.view.log_document import DividerAt, Document, GapAt, LineAt, LogDocument, LogSection, NoteAt
from tui.view.log_errors import is_error_line
from tui.view.log_rows import LINE_BYTES, LogStyle, divider_row, gap_row, line_rows, note_rows
from tui.view.log_source import LogSource
from tui.view.rows import Row, text_row
from tui.view.safe_text import SafeText, own, safe

_KEPT_LINES = 2048
_UNREAD = (text_row(own("this line cannot be read"), "fail"),)


@dataclass(frozen=True, slots=True, eq=False)
class LogPart:
    """One execution: what is said around its lines, and where the lines are."""

    section: LogSection
    source: LogSource
    gutter: Callable[[int], SafeText] | None = None
    """Whose line it is, for each line, all equally wide; None: all are of one host."""


class Filtering(Protocol):
    """What decides which lines are shown."""

    def document(self, sizes: Sequence[int]) -> Document | None:
        """The document of executions with so many lines; None: all is shown."""
        ...


class LogLines:
    """Document rows to painted rows. Keeps the rows of lines that cannot change any more."""

    def __init__(self, style: LogStyle, filtering: Filtering | None = None) -> None:
        self._style = style
        self._filtering = filtering
        self._marked: tuple[LineAt, LineAt] | None = None
        self._parts: tuple[LogPart, ...] = ()
        self._first_bad: LineAt | None = None
        self._kept: dict[LineAt, tuple[Row, ...]] = {}
        self.document: Document = LogDocument((), ())

    @property
    def style(self) -> LogStyle:
        """How lines are drawn."""
        return self._style

    @property
    def parts(self) -> tuple[LogPart, ...]:
        """The executions shown."""
        return self._parts

    def set_style(self, style: LogStyle) -> None:
        """Draw differently from now on."""
        if style != self._style:
            self._style = style
            self._kept.clear()

    def set_parts(self, parts: Sequence[LogPart], first_bad: LineAt | None) -> None:
        """Show these executions; the lines of one whose source stays the same are not drawn again."""
        if first_bad != self._first_bad or [part.source for part in parts] != [part.source for part in self._parts]:
            self._kept.clear()
        self._parts, self._first_bad = tuple(parts), first_bad

    def set_marked(self, marked: tuple[LineAt, LineAt] | None) -> None:
        """Show these lines as marked, from the first to the last one."""
        if marked != self._marked:
            self._marked = marked
            self._kept.clear()

    def count(self) -> bool:
        """Take over how many lines the sources have now; True when that changed the document."""
        sizes = tuple(part.source.lines for part in self._parts)
        notes = tuple(len(part.section.notes) for part in self._parts)
        before = self.document
        filtered = self._filtering.document(sizes) if self._filtering is not None else None
        grown = filtered or LogDocument(sizes, notes)
        if grown is before or (type(grown) is type(before) and not filtered and self._same(before, grown)):
            return False
        for section, size in enumerate(before.sizes):
            if section < len(sizes) and sizes[section] != size:
                # The last line may have been half a line.
                self._kept.pop(LineAt(section, size - 1), None)
        self.document = grown
        return True

    def rows(self, first: int, count: int) -> list[tuple[Row, ...]]:
        """Painted rows of each document row from ``first`` on, at most ``count`` of them."""
        places = self.document.places(first, count)
        self._read([place for place in places if isinstance(place, LineAt)])
        rows: list[tuple[Row, ...]] = []
        for place in places:
            section = self._parts[place.section].section
            match place:
                case DividerAt():
                    before = self._parts[place.section - 1].section if place.section else None
                    rows.append((divider_row(section, self._style, after=before),))
                case NoteAt():
                    rows.append(note_rows(section.notes[place.note], self._style))
                case GapAt():
                    rows.append((gap_row(self._style),))
                case LineAt():
                    rows.append(self._kept.get(place) or _UNREAD)
        return rows

    def _read(self, places: Sequence[LineAt]) -> None:
        """Read the lines that are not kept, each run of neighbours at once."""
        if len(self._kept) > _KEPT_LINES:
            self._kept.clear()
        missing = [place for place in places if place not in self._kept or self._open(place)]
        start = 0
        for at in range(1, len(missing) + 1):
            first = missing[start]
            if at < len(missing) and missing[at] == LineAt(first.section, first.line + at - start):
                continue
            self._draw(first, at - start)
            start = at

    def _open(self, place: LineAt) -> bool:
        """The last line: it may have got longer without a new line, also when its execution has ended meanwhile."""
        return place.line == self.document.sizes[place.section] - 1

    def _draw(self, first: LineAt, count: int) -> None:
        part, style = self._parts[first.section], self._style
        source = part.source
        try:
            for offset, raw in enumerate(self._window(source, first.line, count)):
                place = LineAt(first.section, first.line + offset)
                self._kept[place] = line_rows(
                    self._newest(source, place.line, raw),
                    style,
                    at_utc=source.time_of_line(place.line) if style.times else None,
                    first_bad=place == self._first_bad,
                    error=is_error_line(raw),
                    gutter=part.gutter(place.line) if part.gutter is not None else None,
                    marked=self._marked is not None and self._marked[0] <= place <= self._marked[1],
                )
        except (OndutyError, OSError) as error:
            # One pane that cannot read says so in its own place; the rest of the screen goes on.
            for offset in range(count):
                place = LineAt(first.section, first.line + offset)
                self._kept.setdefault(place, (text_row(safe(str(error)), "fail"),))

    def _window(self, source: LogSource, first: int, count: int) -> list[bytes]:
        """What of these lines can be seen."""
        start, most = self._style.window
        if not start or self._style.wrapped:
            return source.read_lines(first, count, self._style.max_line_bytes)
        return [source.read_part(line, start, most) for line in range(first, first + count)]

    def _newest(self, source: LogSource, line: int, raw: bytes) -> bytes:
        """Of a progress bar so long that it was not read whole, its end."""
        style = self._style
        if style.wrapped or style.window[0] or len(raw) < style.max_line_bytes:
            return raw
        end = source.read_part(line, -LINE_BYTES + 1, LINE_BYTES)
        return end if b"\r" in end else raw

    @staticmethod
    def _same(before: Document, grown: Document) -> bool:
        return before.sizes == grown.sizes and before.rows == grown.rows
