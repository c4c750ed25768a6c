"""Which rows of a log are in view: scrolling by rows that may wrap, following the end, letting go of it.

A position is (document row, row within it when it is wrapped). While lines are cut every document row is one row, so
scrolling through ten million lines is arithmetic; while they are wrapped only the rows passed over are read.
"""

from __future__ import annotations

from tui.view.log_document import LineAt
from tui.view.rows import Row
from tui.widgets.log_lines import LogLines

Position = tuple[int, int]


class LogViewport:
    """The window on a log."""

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines
        self._top: Position = (0, 0)
        self.height = 0
        """Rows of the body."""
        self.follow = True
        """The last row stays in view."""

    def reset(self) -> None:
        """Start anew, at the end."""
        self._top, self.follow = (0, 0), True

    @property
    def rows(self) -> int:
        """Rows of the document."""
        return self._lines.document.rows

    @property
    def top(self) -> Position:
        """What is at the top of the body now."""
        return self._last_top() if self.follow else self._top

    def let_go(self) -> None:
        """Stop following; what is in view stays there."""
        if self.follow:
            self._top, self.follow = self._last_top(), False

    def move_to(self, top: Position, *, resume: bool = False) -> None:
        """Put ``top`` at the top, no further than a full last page; ``resume`` follows again from there."""
        last = self._last_top()
        self.follow = resume and top >= last
        self._top = max((0, 0), min(top, last))

    def scroll(self, by: int) -> None:
        """Scroll by rows. Up lets go of the end; reaching it takes it up again."""
        if by < 0:
            self.let_go()
            self._top = self.back(self._top, -by)
        elif not self.follow:
            self.move_to(self._forward(self._top, by), resume=True)

    def reveal(self, row: int) -> None:
        """Bring a document row into view, a third from the top, unless it is there already."""
        self.let_go()
        if not self.shows(row):
            self.move_to(self.back((row, 0), self.height // 3))

    def row_in_view(self, place: LineAt) -> int:
        """Row of the body in which a line stands, of the nearest one for a line that is out of view."""
        below = self._lines.document.row_near(place) - self.top[0]
        return min(max(0, below), max(0, self.height - 1))

    def keep(self, place: LineAt, row_in_view: int) -> None:
        """Have a line, or the next one that is shown, in that row of the body as far as there are rows above it."""
        self.move_to(self.back((self._lines.document.row_near(place), 0), row_in_view))

    def shows(self, row: int) -> bool:
        """Whether the first row of a document row is in view."""
        first, within = self.top
        return (row > first or (row == first and within == 0)) and row <= self.bottom

    @property
    def bottom(self) -> int:
        """The last document row that is in view."""
        return max(0, min(self._forward(self.top, max(0, self.height - 1))[0], self.rows - 1))

    def line_at_top(self) -> LineAt | None:
        """The first line of a host in view."""
        return self._lines.document.line_from(self.top[0])

    def line_at_bottom(self) -> LineAt | None:
        """The last line of a host in view."""
        document = self._lines.document
        for row in range(self.bottom, self.top[0] - 1, -1):
            place = document.at(row) if document.rows else None
            if isinstance(place, LineAt):
                return place
        return self.line_at_top()

    def body(self) -> list[Row]:
        """The rows in view, at most ``height``."""
        row, within = self.top
        found: list[Row] = []
        while len(found) < self.height and row < self.rows:
            for rows in self._lines.rows(row, self.height - len(found)):
                found.extend(rows[within:])
                within = 0
                row += 1
                if len(found) >= self.height:
                    break
        return found[: self.height]

    def back(self, position: Position, by: int) -> Position:
        """The position ``by`` rows above."""
        row, within = position
        if not self._wrapped:
            return max(0, row - by), 0
        while by > within and row > 0:
            by -= within + 1
            row -= 1
            within = self._size(row) - 1
        return row, max(0, within - by)

    def _forward(self, position: Position, by: int) -> Position:
        row, within = position
        if not self._wrapped:
            return row + by, 0
        while row < self.rows:
            size = self._size(row)
            if within + by < size:
                return row, within + by
            by -= size - within
            row, within = row + 1, 0
        return row, 0

    def _last_top(self) -> Position:
        """The position that shows the last row at the bottom."""
        if not self._wrapped:
            return max(0, self.rows - self.height), 0
        return self.back((self.rows, 0), self.height)

    @property
    def _wrapped(self) -> bool:
        return self._lines.style.wrapped

    def _size(self, row: int) -> int:
        found = self._lines.rows(row, 1)
        return max(1, len(found[0])) if found else 1
