"""Marked lines of a log pane: one key begins a range and ends it, moving in between makes it longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.view.log_document import LineAt
from tui.view.log_text import Gutter, shown_runs, text_of
from tui.widgets.log_moves import LogMoves

COPIED_BYTES = 100_000
"""Most that goes to a clipboard (OSC 52): terminals cut or drop more."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a range holds, for the clipboard."""

    text: str
    lines: int
    too_much: bool
    """It is more than ``COPIED_BYTES``; the text is not whole."""


class LogMarks(LogMoves):
    """Marking lines."""

    _mark: LineAt | None = None
    """Where the range begins; None: nothing is marked."""
    _other_end: LineAt | None = None
    """Where it ends; None: it still moves with the cursor."""

    def action_mark(self) -> None:
        """Begin a range at the current line, end it, begin a new one."""
        if self._mark is None or self._other_end is not None:
            place = self._window.line_at_bottom() if self._window.follow else self.current_place
            self._mark, self._other_end = place, None
            if place is not None:
                self.go_to(place)
        else:
            self._other_end = self._cursor or self._mark
        self._show_marks()

    def action_unmark(self) -> None:
        """Nothing is marked."""
        self._mark = self._other_end = None
        self._show_marks()

    @property
    def marked(self) -> tuple[LineAt, LineAt] | None:
        """The first and the last marked line."""
        if self._mark is None:
            return None
        other = self._other_end or self._cursor or self._mark
        return min(self._mark, other), max(self._mark, other)

    @property
    def is_marking(self) -> bool:
        """The range still moves with the cursor."""
        return self._mark is not None and self._other_end is None

    def begin_anew(self) -> None:
        """Another log is shown."""
        super().begin_anew()
        self._mark = self._other_end = None
        self._lines.set_marked(None)

    def go_to(self, place: LineAt) -> None:
        """Make one line the current one; while a range is marked it reaches to there."""
        super().go_to(place)
        if self.is_marking:
            self._show_marks()

    def action_scroll_rows(self, by: int) -> None:
        """Scroll; while a range is marked move its end instead."""
        if not self.is_marking:
            super().action_scroll_rows(by)
            return
        document = self._lines.document
        row = document.row_near(self._cursor or self._mark or LineAt(0, 0)) + by
        row = max(0, min(row, document.rows - 1))
        place = document.line_from(row)
        if by < 0 and place is not None and document.row_near(place) > row:
            # A divider above the first line of an execution: the line above it.
            before = [one for one in document.places(max(0, row - 3), min(row, 3)) if isinstance(one, LineAt)]
            place = before[-1] if before else place
        if place is not None:
            self.go_to(place)

    def action_go_top(self) -> None:
        """The first row; while a range is marked it reaches to the first line."""
        if self.is_marking:
            self.action_scroll_rows(-self._lines.document.rows)
        else:
            super().action_go_top()

    def action_go_end(self) -> None:
        """The last row, and follow; while a range is marked it reaches to the last line."""
        if self.is_marking:
            self.action_scroll_rows(self._lines.document.rows)
        else:
            super().action_go_end()

    def copied(self) -> Copied | None:
        """The text of the marked lines that are shown, without times; None when nothing is marked."""
        marked = self.marked
        if marked is None:
            return None
        pieces: list[str] = []
        size = lines = 0
        sources = self._searches.sources
        for text, ends in text_of(shown_runs(self._lines.document, *marked), sources, self.gutters):
            pieces.append(text + "\n" * ends)
            size += len(pieces[-1].encode())
            lines += ends
            if size > COPIED_BYTES:
                return Copied("", lines, True)
        return Copied("".join(pieces).removesuffix("\n"), lines, False)

    def lines_to_save(self) -> Iterator[tuple[str, int]]:
        """What is shown, or of it what is marked: (text, lines it ends), with times when they are shown."""
        document = self._lines.document
        last = len(document.sizes) - 1
        first, end = self.marked or (LineAt(0, 0), LineAt(last, document.sizes[last] - 1 if last >= 0 else 0))
        style = self._lines.style
        heads = [part.section.task for part in self._view.parts]
        return text_of(
            shown_runs(document, first, end),
            self._searches.sources,
            self.gutters,
            heads=heads if len(heads) > 1 else (),
            zone=style.zone if style.times else None,
        )

    @property
    def gutters(self) -> list[Gutter]:
        """Whose lines they are, for each execution."""
        return [part.gutter for part in self._view.parts]

    def _show_marks(self) -> None:
        self._lines.set_marked(self.marked)
        self._changed()
