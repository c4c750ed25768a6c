"""Rows as plain text, for tests of the view."""

from __future__ import annotations

from collections.abc import Iterable

from tui.view.glyphs import UNICODE, Glyphs
from tui.view.rows import Row, Span, lay_out, width_of


def text_of(row: Row, width: int, margins: tuple[int, int] = (0, 0), glyphs: Glyphs = UNICODE) -> str:
    """One row at a width, without the blanks at its end; fails when it is not exactly as wide."""
    spans = lay_out(row, width, glyphs, margins)
    assert width_of(spans) == width
    return "".join(span.text for span in spans).rstrip()


def texts_of(rows: Iterable[Row], width: int, margins: tuple[int, int] = (0, 0), glyphs: Glyphs = UNICODE) -> list[str]:
    """Several rows."""
    return [text_of(row, width, margins, glyphs) for row in rows]


def token_of(row: Row, word: str) -> Span:
    """The span of a row that holds a word."""
    return next(span for span in (*row.left, *row.right) if word in span.text)
