"""What the log pane shows now: its title, the lines in view with the scroll column beside them, the find bar."""

from __future__ import annotations

from textual.strip import Strip

from tui.view.durations import duration
from tui.view.glyphs import Glyphs
from tui.view.log_document import Document, LineAt
from tui.view.log_edges import bar_row, log_title, scroll_column
from tui.view.log_jump import UNDERSTOOD
from tui.view.look import Look
from tui.view.rows import BLANK, Row, Span, lay_out, text_row
from tui.view.safe_text import SafeText, own, safe
from tui.widgets.log_bar import LogBar, Purpose
from tui.widgets.log_lines import LogLines
from tui.widgets.log_searches import LogSearches
from tui.widgets.log_view import LogView
from tui.widgets.log_viewport import LogViewport
from tui.widgets.paint import paint_row, paint_spans

SILENT_S = 5.0
"""A log that is followed says how old its last line is from then on."""
_CACHED_STRIPS = 512


def compose_log(
    view: LogView,
    lines: LogLines,
    window: LogViewport,
    searches: LogSearches,
    bar: LogBar,
    *,
    width: int,
    blank_rows: int,
    focused: bool,
    cursor: LineAt | None,
    current: int | None,
    lines_when_paused: int,
    silent_s: float | None,
    working: SafeText | None,
) -> list[tuple[Row, str]]:
    """Each row with the kind of its last cell: empty, track, thumb or error.

    ``current``: number of the line that is looked at, from 1; None while the end is followed. ``silent_s``: how long
    nothing came to a log that is still written.
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
        silent=own(f"last line {duration(silent_s)} ago") if silent_s is not None and silent_s >= SILENT_S else None,
        working=working,
        column=lines.style.column,
        filtered=searches.filter.words(searches.sources) if searches.filter.scan is not None else None,
    )
    rows = [(BLANK, "")] * blank_rows + [(title, "")]
    height = window.height
    body = window.body() if view.parts else [text_row(view.empty)][:height]
    column = _column(view, lines, window, searches, len(body))
    body += [BLANK] * (height - len(body))
    rows += list(zip(body, column or [""] * height, strict=True))
    if bar.typing or searches.find.shown:
        rows.append((_bar(searches, bar, cursor, glyphs), ""))
    return rows


def _bar(searches: LogSearches, bar: LogBar, cursor: LineAt | None, glyphs: Glyphs) -> Row:
    """The last row: what is typed, and what came of it so far."""
    find, filtering, sources = searches.find, searches.filter, searches.sources
    if bar.typing and bar.purpose is Purpose.JUMP:
        return bar_row(own("J"), safe(bar.text), own(UNDERSTOOD), typing=True, bad=bar.bad, glyphs=glyphs)
    if bar.typing and bar.purpose is Purpose.FILTER:
        words = filtering.words(sources) or own("lines that match; ! first: those that do not")
        bad = filtering.query.bad
        return bar_row(own("&"), safe(bar.text), words, typing=True, bad=bad, glyphs=glyphs)
    return bar_row(
        own("/"),
        safe(find.query.text),
        find.status(cursor, sources, filtering.filtered),
        typing=bar.typing,
        bad=find.query.bad,
        glyphs=glyphs,
        keys=("next-match", "previous-match"),
    )


def _column(view: LogView, lines: LogLines, window: LogViewport, searches: LogSearches, shown: int) -> list[str]:
    document = lines.document
    first, _ = window.top
    # Counted in document rows: how many rows wrapped lines make is not known without reading them all.
    visible = max(1, window.bottom - first + 1) if shown else 0
    places = searches.errors
    if view.first_bad is not None:
        places = [view.first_bad, *places]
    errors = [row for place in places if (row := _row_of(document, place)) is not None]
    return scroll_column(window.height, first, visible, document.rows, errors)


def _row_of(document: Document, place: LineAt) -> int | None:
    try:
        return document.row_of(place)
    except IndexError:
        return None


class LogStrips:
    """Rows of one look as strips, the last ones kept: each for as long as its row is the same object."""

    def __init__(self, look: Look, shade: str) -> None:
        self._look = look
        self._shade = shade
        self._painted: dict[tuple[int, int, str], tuple[Row, Strip]] = {}

    def strip(self, row: Row, width: int, kind: str) -> Strip:
        """``kind``: of the last cell, as ``compose_log`` says."""
        key = (id(row), width, kind)
        kept = self._painted.get(key)
        if kept is None:
            if len(self._painted) >= _CACHED_STRIPS:
                self._painted.clear()
            # The row is kept with it, so that no other one can get its id.
            kept = self._painted[key] = row, self._paint(row, width, kind)
        return kept[1]

    def _paint(self, row: Row, width: int, kind: str) -> Strip:
        if not kind or width < 2:
            return paint_row(row, width, self._look, self._shade, (1, 1))
        glyphs = self._look.glyphs
        sign, token = {
            "track": (glyphs.track, "rule"),
            "thumb": (glyphs.edge, "muted"),
            "error": (glyphs.mark, "fail"),
        }[kind]
        body = lay_out(row, width - 1, glyphs, (1, 0))
        return paint_spans((*body, Span(sign, token, bg=self._shade)), width, self._look, row.bg or self._shade)
