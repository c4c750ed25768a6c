"""Rows of the lines that are on the screen now: reads only those, keeps what it drew, forgets the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.model.errors import OndutyError
from tui.view.log_document import DividerAt, LineAt, LogDocument, LogSection, NoteAt
from tui.view.log_errors import is_error_line
from tui.view.log_rows import LogStyle, divider_row, line_rows, note_rows
from tui.view.log_source import LogSource
from tui.view.rows import Row, text_row
from tui.view.safe_text import safe

_KEPT_LINES = 2048


@dataclass(frozen=True, slots=True, eq=False)
class LogPart:
    """One execution: what is said around its lines, and where the lines are."""

    section: LogSection
    source: LogSource


class LogLines:
    """Document rows to painted rows. Keeps the rows of lines that cannot change any more."""

    def __init__(self, style: LogStyle) -> None:
        self._style = style
        self._parts: tuple[LogPart, ...] = ()
        self._first_bad: LineAt | None = None
        self._kept: dict[LineAt, tuple[Row, ...]] = {}
        self.document = LogDocument((), ())

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

    def count(self) -> bool:
        """Take over how many lines the sources have now; True when that changed the document."""
        sizes = tuple(part.source.lines for part in self._parts)
        notes = tuple(len(part.section.notes) for part in self._parts)
        before = self.document
        grown = LogDocument(sizes, notes)
        if before.sizes == grown.sizes and before.rows == grown.rows:
            return False
        for section, size in enumerate(before.sizes):
            if section < len(sizes) and sizes[section] != size:
                # The last line may have been half a line.
                self._kept.pop(LineAt(section, size - 1), None)
        self.document = grown
        return True

    def rows(self, first: int, count: int) -> list[tuple[Row, ...]]:
        """Painted rows of each document row from ``first`` on, at most ``count`` of them."""
        places = [self.document.at(row) for row in range(max(0, first), min(first + count, self.document.rows))]
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
                case LineAt():
                    rows.append(self._kept.get(place, (text_row(safe("this line cannot be read"), "fail"),)))
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
        source, style = self._parts[first.section].source, self._style
        try:
            lines = source.read_lines(first.line, count, style.max_line_bytes)
            for offset, raw in enumerate(lines):
                place = LineAt(first.section, first.line + offset)
                self._kept[place] = line_rows(
                    raw,
                    style,
                    at_utc=source.time_of_line(place.line) if style.times else None,
                    first_bad=place == self._first_bad,
                    error=is_error_line(raw),
                )
        except (OndutyError, OSError) as error:
            # One pane that cannot read says so in its own place; the rest of the screen goes on.
            for offset in range(count):
                place = LineAt(first.section, first.line + offset)
                self._kept.setdefault(place, (text_row(safe(str(error)), "fail"),))
