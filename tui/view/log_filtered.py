"""A log as a filter leaves it: the rows of ``LogDocument`` less what is not meant, gaps between groups included.

An execution without a line that is meant has no row at all; sentences of ours are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from tui.view.line_bits import LineBits, ShownLines
from tui.view.log_document import DividerAt, GapAt, LineAt, Place


class FilteredDocument:
    """As ``LogDocument``. Made anew whenever a count changes; ``shown`` may grow behind it, its counts do not."""

    __slots__ = ("_line_starts", "_shown", "_starts", "lines", "matched", "rows", "sizes")

    def __init__(self, sizes: Sequence[int], shown: Sequence[ShownLines]) -> None:
        """``sizes``: lines of each execution; ``shown``: those of them that are shown."""
        self.sizes = tuple(sizes)
        self._shown = tuple(shown)
        starts, line_starts = [0], [0]
        for size, part in zip(self.sizes, self._shown, strict=True):
            starts.append(starts[-1] + part.rows + (1 if part.rows else 0))
            line_starts.append(line_starts[-1] + size)
        self._starts, self._line_starts = starts, line_starts
        self.rows: int = starts[-1]
        self.lines: int = line_starts[-1]
        """Lines that hosts wrote, shown or not."""
        self.matched: int = sum(part.matched for part in self._shown)
        """Lines that are meant."""

    def places(self, first: int, count: int) -> list[Place]:
        """What stands in at most ``count`` rows from ``first`` on."""
        row, found = max(0, first), list[Place]()
        end = min(row + count, self.rows)
        while row < end:
            section = bisect_right(self._starts, row) - 1
            within = row - self._starts[section]
            if within == 0:
                found.append(DividerAt(section))
                row, within = row + 1, 1
            wanted = min(end, self._starts[section + 1]) - row
            lines = self._shown[section].places(within - 1, wanted) if wanted > 0 else []
            found += [GapAt(section) if line is None else LineAt(section, line) for line in lines]
            row += max(wanted, 0)
        return found

    def at(self, row: int) -> Place:
        """What stands in ``row``. Raises ``IndexError`` outside the document."""
        if not 0 <= row < self.rows:
            raise IndexError(row)
        return self.places(row, 1)[0]

    def row_of(self, place: LineAt) -> int:
        """Row of a line. Raises ``IndexError`` for one that is not shown."""
        if not (0 <= place.section < len(self.sizes) and self._shown[place.section].has(place.line)):
            raise IndexError(place)
        return self._starts[place.section] + 1 + self._shown[place.section].row_of(place.line)

    def row_near(self, place: LineAt) -> int:
        """Row of a line, of one that is not shown the row of the next one, else of the last; 0 when there is none."""
        following = self.next(place)
        return max(0, self.rows - 1) if following is None else self.row_of(following)

    def next(self, place: LineAt) -> LineAt | None:
        """The first shown line from ``place`` on."""
        for section in range(max(0, place.section), len(self.sizes)):
            line = self._shown[section].next(place.line if section == place.section else 0)
            if line is not None:
                return LineAt(section, line)
        return None

    def shows(self, place: LineAt) -> bool:
        """Whether the line is shown."""
        return self._shown[place.section].has(place.line)

    def previous(self, place: LineAt) -> LineAt | None:
        """The last shown line up to ``place``."""
        for section in range(min(place.section, len(self.sizes) - 1), -1, -1):
            line = self._shown[section].previous(place.line if section == place.section else self.sizes[section])
            if line is not None:
                return LineAt(section, line)
        return None

    def common(self, found: Sequence[LineBits], end: LineAt | None = None) -> int:
        """How many of the lines found are shown; those above ``end`` when it is given."""
        count = 0
        for section, (part, bits) in enumerate(zip(self._shown, found, strict=False)):
            if end is not None and section >= end.section:
                return count + (part.common(bits, end.line) if section == end.section else 0)
            count += part.common(bits)
        return count

    def number_of(self, place: LineAt) -> int:
        """The line's number as people count, from 1 over all lines of all executions, shown or not."""
        return self._line_starts[place.section] + place.line + 1

    def place_of(self, number: int) -> LineAt | None:
        """The line of that number; None when there is none."""
        if not 1 <= number <= self.lines:
            return None
        section = bisect_right(self._line_starts, number - 1) - 1
        return LineAt(section, number - 1 - self._line_starts[section])

    def line_from(self, row: int) -> LineAt | None:
        """The first shown line at or below ``row``, else the last one above; None when none is shown."""
        if not self.rows:
            return None
        at = min(max(0, row), self.rows - 1)
        found = next((one for one in self.places(at, 3) if isinstance(one, LineAt)), None)
        if found is not None:
            return found
        last = self.places(max(0, at - 2), 3)
        return next((one for one in reversed(last) if isinstance(one, LineAt)), None)
