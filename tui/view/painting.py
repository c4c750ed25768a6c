"""How rows become what a terminal is told: styles in Rich's words, and the least of SGR that says them (ECMA-48).

The last step before the terminal, and its last guard: whatever draws goes through ``pieces``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style

from tui.view.look import Look
from tui.view.rows import Row, Span, lay_out
from tui.view.theme import Paint, Theme

# Everything here is SafeText already. One forgotten call must not hand the terminal to a host.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SYSTEMS = {"kitty": ColorSystem.EIGHT_BIT, "256color": ColorSystem.EIGHT_BIT}


def color_system(environ: Mapping[str, str]) -> ColorSystem:
    """The colours that this terminal understands, as Rich finds out, whose ``Console`` takes long to load."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    return _SYSTEMS.get(environ.get("TERM", "").strip().lower().rpartition("-")[2], ColorSystem.STANDARD)


def pieces(spans: Iterable[Span], look: Look, bg: str) -> list[tuple[str, Style]]:
    """Each span with its style; ``bg`` is the token behind those without their own."""
    theme = look.theme
    return [
        (
            # What is printable holds nothing that steers.
            span.text if span.text.isprintable() else _CONTROL.sub("\ufffd", span.text),
            _style(theme, span.token, span.bg or bg, span.bold, span.reverse, span.fg),
        )
        for span in spans
    ]


def sgr_text(said: Iterable[tuple[str, Style | None]], system: ColorSystem) -> str:
    """Text that tells the terminal what changes from one piece to the next. It ends with the terminal's own style.

    Of a log it takes half as many bytes as all of a style with each piece.
    """
    parts: list[str] = []
    now = _PLAIN
    for text, style in said:
        wanted = _PLAIN if style is None else _codes(style, system)
        if wanted != now and not (wanted.under == now.under and now.bare and wanted.bare and text.isspace()):
            parts.append(_change(now, wanted))
            now = wanted
        parts.append(text)
    return "".join(parts) + "\x1b[0m"


def row_text(row: Row, width: int, look: Look, shade: str, margins: tuple[int, int], system: ColorSystem) -> str:
    """One row of a pane with the shade and margins given, ``width`` cells."""
    return sgr_text(pieces(lay_out(row, width, look.glyphs, margins), look, row.bg or shade), system)


@functools.lru_cache(maxsize=2048)
def style_of(paint: Paint) -> Style:
    """The Rich style of a cell. Cached: styles are looked up for each segment of each row."""
    return Style(
        color=_colour(paint.fg),
        bgcolor=_colour(paint.bg),
        bold=paint.bold or None,
        dim=paint.dim or None,
        reverse=paint.reverse or None,
        underline=paint.underline or None,
    )


def _colour(colour: str | None) -> Color:
    if colour is None:
        return Color.default()
    if colour.startswith("ansi:"):
        return Color.from_ansi(int(colour.removeprefix("ansi:")))
    return Color.parse(colour.lower())


@functools.lru_cache(maxsize=4096)
def _style(theme: Theme, token: str, bg: str, bold: bool, reverse: bool, fg: str | None) -> Style:
    return style_of(theme.paint(token, bg, bold=bold, reverse=reverse, fg=fg))


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


_PLAIN = _Codes()


@functools.lru_cache(maxsize=4096)
def _codes(style: Style, system: ColorSystem) -> _Codes:
    text, under = style.color, style.bgcolor
    others = (("1", style.bold), ("2", style.dim), ("3", style.italic), ("4", style.underline), ("7", style.reverse))
    return _Codes(
        text=";".join(text.downgrade(system).get_ansi_codes()) if text else "",
        under=";".join(under.downgrade(system).get_ansi_codes(False)) if under else "",
        others=";".join(code for code, is_on in others if is_on),
    )


@functools.lru_cache(maxsize=16384)
def _change(now: _Codes, wanted: _Codes) -> str:
    """What makes one style of the other."""
    kept = now.others == wanted.others and (wanted.text or not now.text) and (wanted.under or not now.under)
    codes = [wanted.text, wanted.under] if kept else ["0", wanted.others, wanted.text, wanted.under]
    if kept:
        codes = [code for code, before in zip(codes, now, strict=False) if code != before]
    return f"\x1b[{';'.join(code for code in codes if code)}m"
