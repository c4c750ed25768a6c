"""Turn rows into strips: the last step before the terminal, and its last guard."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.view.rows import Row, Span, lay_out
from tui.view.theme import Theme
from tui.widgets.look import Look, style_of

# Everything here is SafeText already. One forgotten call must not hand the terminal to a host.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def paint_spans(spans: Iterable[Span], width: int, look: Look, bg: str) -> Strip:
    """Paint spans that are ``width`` cells together; ``bg`` is the token behind those without their own."""
    theme = look.theme
    return PaintedStrip(
        [
            Segment(
                # Everything here is SafeText already; what is printable holds nothing that steers.
                span.text if span.text.isprintable() else _CONTROL.sub("\ufffd", span.text),
                _style(theme, span.token, span.bg or bg, span.bold, span.reverse, span.fg),
            )
            for span in spans
        ],
        width,
    )


@functools.lru_cache(maxsize=4096)
def _style(theme: Theme, token: str, bg: str, bold: bool, reverse: bool, fg: str | None) -> Style:
    return style_of(theme.paint(token, bg, bold=bold, reverse=reverse, fg=fg))


class PaintedStrip(Strip):
    """A strip that tells the terminal what changes from one text to the next, where Textual says all of it each time.

    Of a log it takes half as many bytes.
    """

    def render(self, console: Console) -> str:
        if self._render_cache is None:
            system = console._color_system or ColorSystem.TRUECOLOR
            said: list[str] = []
            now = _Codes()
            for text, style, _ in self:
                wanted = _Codes() if style is None else _codes(style, system)
                if wanted != now and not (wanted.under == now.under and now.bare and wanted.bare and text.isspace()):
                    said.append(_change(now, wanted))
                    now = wanted
                said.append(text)
            self._render_cache = "".join(said) + "\x1b[0m"
        return self._render_cache


class _Codes(NamedTuple):
    """A style in the numbers of SGR (ECMA-48 8.3.117)."""

    text: str = ""
    under: str = ""
    others: str = ""
    """Bold, reversed and so on."""

    @property
    def bare(self) -> bool:
        """Nothing but the colour under it is seen where no text stands."""
        return self.others in ("", "1", "2")


@functools.lru_cache(maxsize=4096)
def _codes(style: Style, system: ColorSystem) -> _Codes:
    text, under = style.color, style.bgcolor
    return _Codes(
        text=";".join(text.downgrade(system).get_ansi_codes()) if text else "",
        under=";".join(under.downgrade(system).get_ansi_codes(False)) if under else "",
        others=Strip.render_ansi(style.without_color, system),
    )


@functools.lru_cache(maxsize=16384)
def _change(now: _Codes, wanted: _Codes) -> str:
    """What makes one style of the other."""
    kept = now.others == wanted.others and (wanted.text or not now.text) and (wanted.under or not now.under)
    codes = [wanted.text, wanted.under] if kept else ["0", wanted.others, wanted.text, wanted.under]
    if kept:
        codes = [code for code, before in zip(codes, now, strict=False) if code != before]
    return f"\x1b[{';'.join(code for code in codes if code)}m"


def paint_row(row: Row, width: int, look: Look, shade: str, margins: tuple[int, int]) -> Strip:
    """Lay out and paint one row of a pane with the shade and margins given."""
    return paint_spans(lay_out(row, width, look.glyphs, margins), width, look, row.bg or shade)


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
