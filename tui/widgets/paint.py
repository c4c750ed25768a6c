"""Turn rows into Textual's strips."""

from __future__ import annotations

from collections.abc import Iterable

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.view.look import Look
from tui.view.painting import pieces, sgr_text
from tui.view.rows import Row, Span, lay_out


def paint_spans(spans: Iterable[Span], width: int, look: Look, bg: str) -> Strip:
    """Paint spans that are ``width`` cells together; ``bg`` is the token behind those without their own."""
    return PaintedStrip([Segment(text, style) for text, style in pieces(spans, look, bg)], width)


def paint_row(row: Row, width: int, look: Look, shade: str, margins: tuple[int, int]) -> Strip:
    """Lay out and paint one row of a pane with the shade and margins given."""
    return paint_spans(lay_out(row, width, look.glyphs, margins), width, look, row.bg or shade)


class PaintedStrip(Strip):
    """A strip that tells the terminal what changes, where Textual says all of each style."""

    def render(self, console: Console) -> str:
        if self._render_cache is None:
            system = console._color_system or ColorSystem.TRUECOLOR
            self._render_cache = sgr_text(((text, style) for text, style, _ in self), system)
        return self._render_cache


class PaintedLines(Widget):
    """A widget whose ``render_line`` paints every cell of it and that has no border, padding, opacity or link.

    Textual makes five strips of each line to put those around and over it; here the line is the strip.
    """

    _look: Look

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = [self.render_line(y) for y in crop.line_range]
        for one in self.get_line_filters():
            if isinstance(one, ANSIToTruecolor) and self._look.theme.exact:
                # There is no other colour.
                continue
            background = self.background_colors[1]
            strips = [strip.apply_filter(one, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips
