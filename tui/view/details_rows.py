"""Details as rows: labels in one column, values wrapped beside them, headings with a rule."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.cells import cells, cut_right, wrap
from tui.view.details import LABEL_CELLS, Detail
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, title_row
from tui.view.safe_text import safe

_LEAST_VALUE = 20


def detail_rows(found: Sequence[Detail], width: int, glyphs: Glyphs) -> tuple[tuple[Row, ...], list[int]]:
    """The rows, and the first one of each detail."""
    longest = max((cells(safe(one.label)) + 2 * (one.level - 1) for one in found if one.level), default=0)
    label_cells = min(max(LABEL_CELLS, longest + 2), max(LABEL_CELLS, width // 3))
    rows: list[Row] = []
    starts: list[int] = []
    for one in found:
        if one.level == 0 and rows:
            rows.append(BLANK)
        starts.append(len(rows))
        if one.level == 0:
            rows.append(title_row(safe(one.label), (safe(one.value),) if one.value else (), (), glyphs=glyphs))
        else:
            rows += _rows(one, width, label_cells, glyphs)
    return tuple(rows), starts


def _rows(one: Detail, width: int, label_cells: int, glyphs: Glyphs) -> list[Row]:
    indent = 2 * (one.level - 1)
    label = cut_right(safe(one.label), label_cells - indent - 1, glyphs.cut)
    room = width - label_cells
    if room < _LEAST_VALUE:
        lines = wrap(safe(one.value), max(1, width - 2))
        return [Row(left=(blank(indent), Span(label, "muted"))),
                *(Row(left=(blank(2), Span(line, one.token))) for line in lines)]  # fmt: skip
    lines = wrap(safe(one.value), room)
    first = Row(left=(blank(indent), Span(label, "muted"), blank(label_cells - indent - cells(label)),
                      Span(lines[0], one.token)))  # fmt: skip
    return [first, *(Row(left=(blank(label_cells), Span(line, one.token))) for line in lines[1:])]
