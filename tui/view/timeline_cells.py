"""A row of cells to draw on: bars first, then words where there is room for them."""

from __future__ import annotations

from itertools import groupby

from rich.cells import get_character_cell_size

from tui.view.cells import cells
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own

_Style = tuple[str, bool]
_EMPTY: tuple[str, _Style] = (" ", ("text", False))


class Cells:
    """``width`` cells, each with a sign and a style; outside of them nothing is drawn."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._cells: list[tuple[str, _Style]] = [_EMPTY] * width

    def fill(self, first: int, end: int, glyph: SafeText, token: str) -> None:
        """``glyph`` from ``first`` up to ``end``."""
        for x in range(max(0, first), min(end, self.width)):
            self._cells[x] = (glyph, (token, False))

    def is_free(self, first: int, end: int, *, over: SafeText | None = None) -> bool:
        """Whether nothing stands there but, where it is given, the sign ``over``; all of it inside."""
        inside = first >= 0 and end <= self.width
        return inside and all(cell == _EMPTY or cell[0] == over for cell in self._cells[first:end])

    def write(self, x: int, text: SafeText, token: str, *, bold: bool = False) -> None:
        """Text from ``x`` on; what does not fit is left out, character by character."""
        style = (token, bold)
        at = x
        for character in text:
            size = get_character_cell_size(character)
            if size == 0:
                if 0 < at <= self.width and at > x:
                    before, kept = self._cells[at - 1]
                    self._cells[at - 1] = (before + character, kept)
                continue
            if at < 0 or at + size > self.width:
                return
            self._cells[at] = (character, style)
            if size == 2:
                self._cells[at + 1] = ("", style)
            at += size

    def write_if_free(self, x: int, text: SafeText, token: str, *, bold: bool = False, gap: int = 1) -> bool:
        """Text where it fits whole with ``gap`` free cells on both sides; says whether it did."""
        end = x + cells(text)
        if not text or not self.is_free(x, min(end + gap, self.width)) or end > self.width:
            return False
        if not self.is_free(max(0, x - gap), x):
            return False
        self.write(x, text, token, bold=bold)
        return True

    def spans(self) -> tuple[Span, ...]:
        """What was drawn."""
        found: list[Span] = []
        for (token, bold), group in groupby(self._cells, key=lambda cell: cell[1]):
            found.append(Span(own("".join(sign for sign, _ in group)), token, bold))
        return tuple(found)
