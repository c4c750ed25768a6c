"""One field to type into: label, edge, and the text on its own shade (LOOK section 6, "Fields")."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.cells import LEAST_CELLS, cells, cut_left, drop, take
from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span, blank, width_of
from tui.view.safe_text import SafeText, own, safe

_NOTHING = own("")


def field_row(
    label: tuple[Span, ...],
    text: str,
    *,
    inner: int,
    label_cells: int,
    glyphs: Glyphs,
    cursor: int | None = None,
    focused: bool = False,
    placeholder: SafeText = _NOTHING,
    right: SafeText = _NOTHING,
    bad: str = "",
    shade: str = "panel",
    keys: Sequence[Span] = (),
    caret: bool = True,
) -> Row:
    """A field of ``inner`` cells, its label included.

    A long text is shown around the ``cursor``: characters of ``text`` before it, None: all. ``right`` stands inside, in
    the colour ``bad`` where that is not empty, before ``keys``. ``shade`` is the background of the field. Without a
    ``caret`` nothing is typed into it.
    """
    room = max(LEAST_CELLS, inner - label_cells)
    shown = safe(text)
    at = cells(safe(text[: len(text) if cursor is None else cursor])) if text else 0
    end: tuple[Span, ...] = (Span(right, bad or "muted", bg=shade),) if right else ()
    end = (*end, *keys)
    end = (*end, Span(own(" "), bg=shade)) if end else ()
    space = max(1, room - 2 - (width_of(end) + 1 if end else 0) - 1)
    if cells(shown) > space and not caret:
        shown = cut_left(shown, space, glyphs.cut)
    if cells(shown) > space:
        first = max(0, min(at - space + 1, cells(shown) - space))
        shown, at = take(drop(shown, first), space), at - first
    spans: list[Span] = [Span(own(" "), bg=shade)]
    if focused and caret:
        under = take(drop(shown, at), 1) or own(" ")
        spans += [
            Span(take(shown, at), bg=shade),
            Span(under, "acc", reverse=True),
            Span(drop(shown, at + 1), bg=shade),
        ]
    elif shown:
        spans.append(Span(shown, bg=shade))
    else:
        spans.append(Span(take(placeholder, space), "faint", bg=shade))
    spans = [span for span in spans if span.text]
    fill = room - width_of(spans) - width_of(end)
    edge = Span(glyphs.edge, bad or "acc") if focused or bad else blank(1)
    before = (*label, blank(max(0, label_cells - 1 - width_of(label))), edge)
    return Row(left=(*before, *spans, Span(own(" " * max(0, fill)), bg=shade), *end))
