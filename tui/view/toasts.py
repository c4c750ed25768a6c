"""Short news at the bottom right: accepted, refused, failed elsewhere (LOOK section 6, "Toasts")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.view.cells import cut_words, take, wrap
from tui.view.rows import Row, Span
from tui.view.safe_text import SafeText, own, safe, safe_lines

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs

WIDTH = 56
_EDGES = {"accepted": "run", "refused": "warn", "failed": "fail"}


def toast_rows(kind: str, text: str, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Two rows over the toast's whole width. ``kind``: accepted, refused or failed, or the token of the edge.

    A newline, else the first ``; ``, parts what happened from what follows; a long sentence goes on in the second row.
    """
    edge = _EDGES.get(kind, kind)
    room = max(1, width - 3)
    parts = safe_lines(text) or [own("")]
    if len(parts) == 1 and "; " in parts[0]:
        head, _, tail = parts[0].partition("; ")
        parts = [safe(head), safe(tail)]
    first = wrap(parts[0], room)
    rest = SafeText(" ".join([*first[1:], *parts[1:]]))
    lines = [(take(first[0], room), "text"), (cut_words(rest, room, glyphs.cut), "text" if first[1:] else "muted")]
    return tuple(
        Row(
            left=(Span(line, token, cut="words"),),
            bg="failbg" if edge == "fail" else "bar",
            edge=edge,
            margins=(2, 1),
        )
        for line, token in lines
    )
