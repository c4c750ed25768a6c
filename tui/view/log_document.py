"""One attempt of a job run as one document: its executions one after the other, each with a divider above it.

Pure bookkeeping: rows of the document to (divider, line of an execution, sentence of ours) and back. It knows how many
lines there are and never what they say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tui.view.rows import Span
from tui.view.safe_text import SafeText


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of ours below an execution: held, reconnected, masked, last word."""

    text: SafeText
    token: str = "muted"
    at_utc: float | None = None
    """Seconds since 1970; None: no time is shown, as for most of our sentences."""
    rule: bool = False
    """Followed by ``╌╌╌`` up to the edge: ``last word, byte 812 ╌╌╌``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSection:
    """What is said about one execution around its lines."""

    key: str
    task: SafeText
    started_at: float | None = None
    """Seconds since 1970; None: not started."""
    result: tuple[Span, ...] = ()
    """Right end of the divider, see ``log_rows.result_spans``."""
    notes: tuple[Note, ...] = ()
    live: bool = False
    """More lines may come."""


class DividerAt(NamedTuple):
    """The row where an execution starts."""

    section: int


class LineAt(NamedTuple):
    """A line that the host wrote."""

    section: int
    line: int
    """From 0 within the execution."""


class NoteAt(NamedTuple):
    """A sentence of ours."""

    section: int
    note: int


class GapAt(NamedTuple):
    """Between two groups of lines that a filter leaves."""

    section: int


Place = DividerAt | LineAt | NoteAt | GapAt


class Document(Protocol):
    """Rows of a log pane before wrapping, as they are now; immutable."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lines of each execution."""
        ...

    @property
    def rows(self) -> int:
        """Rows of the whole document."""
        ...

    @property
    def lines(self) -> int:
        """Lines that hosts wrote, shown or not."""
        ...

    def places(self, first: int, count: int) -> list[Place]:
        """What stands in at most ``count`` rows from ``first`` on."""
        ...

    def at(self, row: int) -> Place:
        """What stands in ``row``. Raises ``IndexError`` outside the document."""
        ...

    def row_of(self, place: LineAt) -> int:
        """Row of a line. Raises ``IndexError`` for one that is not there."""
        ...

    def row_near(self, place: LineAt) -> int:
        """Row of a line, else of one near to it; 0 when there is none."""
        ...

    def number_of(self, place: LineAt) -> int:
        """The line's number as people count, from 1 over all executions."""
        ...

    def place_of(self, number: int) -> LineAt | None:
        """The line of that number; None when there is none."""
        ...

    def line_from(self, row: int) -> LineAt | None:
        """The first line at or below ``row``, else the last one above; None when there is none."""
        ...


class LogDocument:
    """Rows of a log pane before wrapping. Immutable; make a new one when a count changes (microseconds)."""

    __slots__ = ("_line_starts", "_notes", "_starts", "lines", "rows", "sizes")

    def __init__(self, sizes: Sequence[int], notes: Sequence[int]) -> None:
        """``sizes``: lines of each execution; ``notes``: sentences of ours below each."""
        self.sizes = tuple(sizes)
        self._notes = tuple(notes)
        starts, line_starts = [0], [0]
        for size, count in zip(self.sizes, self._notes, strict=True):
            starts.append(starts[-1] + 1 + size + count)
            line_starts.append(line_starts[-1] + size)
        self._starts, self._line_starts = starts, line_starts
        self.rows: int = starts[-1]
        """Rows of the whole document."""
        self.lines: int = line_starts[-1]
        """Lines that hosts wrote."""

    def at(self, row: int) -> Place:
        """What stands in ``row``. Raises ``IndexError`` outside the document."""
        if not 0 <= row < self.rows:
            raise IndexError(row)
        section = bisect_right(self._starts, row) - 1
        within = row - self._starts[section]
        if within == 0:
            return DividerAt(section)
        if within <= self.sizes[section]:
            return LineAt(section, within - 1)
        return NoteAt(section, within - 1 - self.sizes[section])

    def places(self, first: int, count: int) -> list[Place]:
        """What stands in at most ``count`` rows from ``first`` on."""
        return [self.at(row) for row in range(max(0, first), min(first + count, self.rows))]

    def row_of(self, place: LineAt) -> int:
        """Row of a line. Raises ``IndexError`` for a line that is not there."""
        if not (0 <= place.section < len(self.sizes) and 0 <= place.line < self.sizes[place.section]):
            raise IndexError(place)
        return self._starts[place.section] + 1 + place.line

    def number_of(self, place: LineAt) -> int:
        """The line's number as people count, from 1 over all executions."""
        return self._line_starts[place.section] + place.line + 1

    def row_near(self, place: LineAt) -> int:
        """Row of a line, of one behind the last the last line's; 0 when there is none."""
        if not self.lines:
            return 0
        section = min(max(0, place.section), len(self.sizes) - 1)
        return self._starts[section] + min(1 + max(0, place.line), self.sizes[section])

    def place_of(self, number: int) -> LineAt | None:
        """The line of that number; None when there is none."""
        if not 1 <= number <= self.lines:
            return None
        section = bisect_right(self._line_starts, number - 1) - 1
        return LineAt(section, number - 1 - self._line_starts[section])

    def line_from(self, row: int) -> LineAt | None:
        """The first line at or below ``row``, else the last one above; None when no host wrote anything."""
        if not self.lines:
            return None
        for section in range(max(0, bisect_right(self._starts, min(row, self.rows - 1)) - 1), len(self.sizes)):
            within = max(0, row - self._starts[section] - 1)
            if within < self.sizes[section]:
                return LineAt(section, within)
        last = max(section for section, size in enumerate(self.sizes) if size)
        return LineAt(last, self.sizes[last] - 1)
