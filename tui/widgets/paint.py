"""Turn rows into strips: the last step before the terminal, and its last guard."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.segment import Segment
from textual.strip import Strip

from tui.view.rows import Row, Span, lay_out
from tui.widgets.look import Look, style_of

# Everything here is SafeText already. One forgotten call must not hand the terminal to a host.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def paint_spans(spans: Iterable[Span], width: int, look: Look, bg: str) -> Strip:
    """Paint spans that are ``width`` cells together; ``bg`` is the token behind those without their own."""
    theme = look.theme
    segments = [
        Segment(
            _CONTROL.sub("\ufffd", span.text),
            style_of(theme.paint(span.token, span.bg or bg, bold=span.bold, reverse=span.reverse, fg=span.fg)),
        )
        for span in spans
    ]
    return Strip(segments, width)


def paint_row(row: Row, width: int, look: Look, shade: str, margins: tuple[int, int]) -> Strip:
    """Lay out and paint one row of a pane with the shade and margins given."""
    return paint_spans(lay_out(row, width, look.glyphs, margins), width, look, row.bg or shade)
