"""What the log pane shows now: its title, the lines in view with the scroll column beside them, the find bar."""

from __future__ import annotations

from textual.strip import Strip

from tui.view.log_document import LineAt
from tui.view.log_rows import find_row, log_title, scroll_column
from tui.view.rows import BLANK, Row, Span, text_row
from tui.view.safe_text import safe
from tui.widgets.log_lines import LogLines
from tui.widgets.log_searches import LogSearches
from tui.widgets.log_view import LogView
from tui.widgets.log_viewport import LogViewport
from tui.widgets.look import Look
from tui.widgets.paint import paint_row, paint_spans

_CACHED_STRIPS = 512


def compose_log(
    view: LogView,
    lines: LogLines,
    window: LogViewport,
    searches: LogSearches,
    *,
    width: int,
    blank_rows: int,
    focused: bool,
    cursor: LineAt | None,
    current: int | None,
    lines_when_paused: int,
) -> list[tuple[Row, str]]:
    """Each row with the kind of its last cell: empty, track, thumb or error.

    ``current``: number of the line that is looked at, from 1; None while the end is followed.
    """
    document, glyphs = lines.document, lines.style.glyphs
    title = log_title(
        view.name,
        view.details,
        width=width,
        focused=focused,
        glyphs=glyphs,
        lines=document.lines,
        following=window.follow and bool(view.parts),
        live=view.live,
        current=current,
        new=max(0, document.lines - lines_when_paused),
        said=view.said,
    )
    rows = [(BLANK, "")] * blank_rows + [(title, "")]
    height = window.height
    body = window.body() if view.parts else [text_row(view.empty)][:height]
    column = _column(view, lines, window, searches, len(body))
    body += [BLANK] * (height - len(body))
    rows += list(zip(body, column or [""] * height, strict=True))
    find = searches.find
    if find.shown:
        status = find.status(cursor)
        rows.append((find_row(safe(find.query), status, typing=find.typing, bad=find.bad, glyphs=glyphs), ""))
    return rows


def _column(view: LogView, lines: LogLines, window: LogViewport, searches: LogSearches, shown: int) -> list[str]:
    document = lines.document
    first, _ = window.top
    # Counted in document rows: how many rows wrapped lines make is not known without reading them all.
    visible = max(1, window.bottom - first + 1) if shown else 0
    places = searches.errors
    if view.first_bad is not None:
        places = [view.first_bad, *places]
    errors = [
        document.row_of(place)
        for place in places
        if place.section < len(document.sizes) and place.line < document.sizes[place.section]
    ]
    return scroll_column(window.height, first, visible, document.rows, errors)


class LogStrips:
    """Rows of one look as strips, the last ones kept."""

    def __init__(self, look: Look, shade: str) -> None:
        self._look = look
        self._shade = shade
        self._painted: dict[tuple[Row, int, str], Strip] = {}

    def strip(self, row: Row, width: int, kind: str) -> Strip:
        """``kind``: of the last cell, as ``compose_log`` says."""
        key = (row, width, kind)
        strip = self._painted.get(key)
        if strip is None:
            if len(self._painted) >= _CACHED_STRIPS:
                self._painted.clear()
            strip = self._painted[key] = self._paint(row, width, kind)
        return strip

    def _paint(self, row: Row, width: int, kind: str) -> Strip:
        if not kind or width < 2:
            return paint_row(row, width, self._look, self._shade, (1, 1))
        glyphs = self._look.glyphs
        cell = {
            "track": Span(glyphs.track, "rule"),
            "thumb": Span(glyphs.edge, "muted"),
            "error": Span(glyphs.mark, "fail"),
        }[kind]
        body = paint_row(row, width - 1, self._look, self._shade, (1, 0))
        return Strip.join([body, paint_spans((cell,), 1, self._look, self._shade)])
