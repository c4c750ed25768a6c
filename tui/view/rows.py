"""Rows of styled text, laid out to an exact width; what widgets paint and what screens are made of.

Pure models: a ``Span`` names tokens of the theme, never colours, and holds ``SafeText``, never anything else. A ``Row``
is a left part, a right part and what fills the room between them. ``lay_out`` is the only place that cuts and pads.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, overload

from msgspec import Struct
from msgspec.structs import replace

from tui.view.cells import LEAST_CELLS, cells, cut_left, cut_middle, cut_path, cut_right, cut_words, take
from tui.view.safe_text import SafeText, own

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs

Cut = Literal["never", "right", "words", "middle", "left", "path", "whole"]
"""``whole``: it stands there uncut or goes, with the blanks before it."""
SHORT_CELLS = 12
"""What is no longer loses its sense when it is cut: ``attempt 1``."""
_CUTS = {
    "right": cut_right,
    "words": cut_words,
    "middle": cut_middle,
    "left": cut_left,
    "path": cut_path,
}


class Span(Struct, frozen=True):
    """A piece of text in one style."""

    text: SafeText
    token: str = "text"
    bold: bool = False
    bg: str | None = None
    """Background token; None: that of the row."""
    reverse: bool = False
    """Failed chip, search hit, focused button, active tab, text cursor. Nothing else."""
    cut: Cut = "never"
    """Which end gives way when the row is too tight."""
    fg: str | None = None
    """A colour a host asked for and may have (``Theme.remote_fg``); wins over ``token``."""


class Fill(Struct, frozen=True):
    """What stands between left and right: a rule, or blanks."""

    glyph: SafeText
    token: str = "rule"


class Row(Struct, frozen=True, kw_only=True):
    """One line of a pane."""

    left: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    fill: Fill | None = None
    """None fills with blanks. A rule keeps one blank at each end."""
    bg: str | None = None
    """Background token of the whole row (a tint, a selection); None: the pane's shade."""
    edge: str | None = None
    """Token of the ``┃`` in the first cell of the pane; None: no edge."""
    margins: tuple[int, int] | None = None
    """Blank cells before and after the text; None: the pane's own."""
    gap: int = 2
    """Least cells between left and right."""


BLANK = Row()


class DrawnRows(Sequence[Row]):
    """Rows that are drawn when they are looked at, each once."""

    def __init__(self, many: int, draw: Callable[[int], Row]) -> None:
        """``draw`` gives the row of an index, the same one each time."""
        self._many = many
        self._draw = draw
        self._drawn: dict[int, Row] = {}

    def __len__(self) -> int:
        return self._many

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(self._many)))
        at = index if index >= 0 else self._many + index
        if not 0 <= at < self._many:
            raise IndexError(index)
        if at not in self._drawn:
            self._drawn[at] = self._draw(at)
        return self._drawn[at]


def text_row(text: SafeText, token: str = "muted", *, bold: bool = False, cut: Cut = "words") -> Row:
    """One sentence on a row."""
    return Row(left=(Span(text, token, bold, cut=cut),))


def width_of(spans: Iterable[Span]) -> int:
    """Cells of several spans."""
    width = 0
    for span in spans:
        width += cells(span.text)
    return width


@functools.lru_cache(maxsize=512)
def blank(width: int) -> Span:
    """``width`` cells of nothing; none when it is negative."""
    return Span(own(" " * max(0, width)))


def spaced(groups: Iterable[Sequence[Span]], gap: int) -> tuple[Span, ...]:
    """Put groups of spans side by side with ``gap`` blanks between; empty groups leave no gap."""
    spans: list[Span] = []
    for group in groups:
        if not group:
            continue
        if spans:
            spans.append(blank(gap))
        spans.extend(group)
    return tuple(spans)


def fit(spans: Sequence[Span], width: int, mark: SafeText) -> tuple[Span, ...]:
    """Bring spans down to at most ``width`` cells.

    Spans that may be cut give way from the last to the first, down to five cells each; when that is not enough the last
    spans are taken off whole, and at the very end what is left is cropped.
    """
    excess = width_of(spans) - width
    if excess <= 0:
        return tuple(spans)
    if width <= 0:
        return ()
    kept = list(spans)
    for at in range(len(kept) - 1, -1, -1):
        span = kept[at]
        length = cells(span.text)
        if span.cut == "whole":
            before = at - 1 if at and not kept[at - 1].text.strip() else at
            excess -= width_of(kept[before : at + 1])
            kept[before : at + 1] = [replace(one, text=own("")) for one in kept[before : at + 1]]
            if excess <= 0:
                return tuple(one for one in kept if one.text)
            continue
        if span.cut == "never" or length <= LEAST_CELLS:
            continue
        shorter = _CUTS[span.cut](span.text, max(LEAST_CELLS, length - excess), mark)
        kept[at] = replace(span, text=shorter)
        excess -= length - cells(shorter)
        if excess <= 0:
            return tuple(one for one in kept if one.text)
    kept = [one for one in kept if one.text]
    while len(kept) > 1 and width_of(kept[:-1]) >= width:
        kept.pop()
    excess = width_of(kept) - width
    if kept and excess > 0:
        last = kept[-1]
        room = cells(last.text) - excess
        cut = _CUTS.get(last.cut, cut_right)
        kept[-1] = replace(last, text=cut(last.text, room, mark) if room >= LEAST_CELLS else take(last.text, room))
    return tuple(span for span in kept if span.text)


def lay_out(row: Row, width: int, glyphs: Glyphs, margins: tuple[int, int] = (0, 0)) -> tuple[Span, ...]:
    """Return spans of exactly ``width`` cells for the row, margins and edge included.

    The right part is kept whole as long as the left one has five cells; it is never cut below that, it goes.
    """
    before, after = row.margins if row.margins is not None else margins
    spans: list[Span] = []
    if row.edge is not None and before > 0 and width > 0:
        spans.append(Span(glyphs.edge, row.edge))
        spans.append(blank(before - 1))
    else:
        spans.append(blank(min(before, width)))
    room = max(0, width - before - after)
    right = row.right
    right_width = width_of(right)
    least_left = min(width_of(row.left), LEAST_CELLS)
    if right and right_width + (row.gap if row.left else 0) + least_left > room:
        right = fit(right, max(0, room - least_left - row.gap), glyphs.cut)
        right_width = width_of(right)
        if right_width < LEAST_CELLS and right_width < width_of(row.right):
            right, right_width = (), 0
    gap = row.gap if right and row.left else 0
    left = fit(row.left, room - right_width - gap, glyphs.cut)
    between = room - width_of(left) - right_width
    spans.extend(left)
    if row.fill is None:
        spans.append(blank(between))
    else:
        lead, tail = (1 if left else 0), (1 if right else 0)
        rule = max(0, between - lead - tail)
        spans += [
            blank(min(lead, between)),
            Span(own(row.fill.glyph * rule), row.fill.token),
            blank(min(tail, between - min(lead, between))),
        ]
    spans.extend(right)
    spans.append(blank(min(after, max(0, width - before))))
    return _exact(tuple(span for span in spans if span.text), width)


def _exact(spans: tuple[Span, ...], width: int) -> tuple[Span, ...]:
    """Crop or fill; only reached by margins wider than the row and by wide characters that were halved."""
    length = width_of(spans)
    if length == width:
        return spans
    if length < width:
        return (*spans, blank(width - length))
    kept: list[Span] = []
    room = width
    for span in spans:
        text = take(span.text, room)
        if text:
            kept.append(replace(span, text=text))
        room -= cells(text)
        if room <= 0 or text != span.text:
            break
    return (*kept, blank(room)) if room > 0 else tuple(kept)


class Column(Struct, frozen=True):
    """Spans at a fixed place."""

    x: int
    """First cell; with ``align="right"`` the last one."""
    spans: tuple[Span, ...]
    width: int | None = None
    """Most cells; None: up to the next column, one blank left free."""
    align: Literal["left", "right"] = "left"


def place(columns: Sequence[Column], width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    """Lay columns out at their fixed places, in exactly ``width`` cells.

    Right-aligned columns and columns with a width come first; one without a width takes what is left up to its
    neighbour and is dropped under five cells when it would have to be cut. Columns are given from left to right.
    """
    starts: list[int] = []
    widths: list[int] = []
    for column in columns:
        natural = width_of(column.spans)
        wanted = natural if column.width is None else min(natural, column.width)
        starts.append(max(0, column.x - wanted + 1) if column.align == "right" else column.x)
        widths.append(wanted)
    spans: list[Span] = []
    at = 0
    for number, column in enumerate(columns):
        following = next((starts[later] - 1 for later in range(number + 1, len(columns)) if widths[later]), width)
        room = min(widths[number], following - starts[number], width - starts[number])
        natural = width_of(column.spans)
        if room < natural and room < LEAST_CELLS:
            continue
        fitted = fit(column.spans, room, glyphs.cut)
        start = column.x - width_of(fitted) + 1 if column.align == "right" else starts[number]
        if not fitted or start < at:
            continue
        spans += [blank(start - at), *fitted]
        at = start + width_of(fitted)
    spans.append(blank(width - at))
    return _exact(tuple(span for span in spans if span.text), width)


@functools.lru_cache(maxsize=256)
def title_row(
    name: SafeText,
    details: tuple[SafeText, ...] = (),
    info: tuple[Span, ...] = (),
    *,
    focused: bool = False,
    glyphs: Glyphs,
    detail_gap: int = 2,
) -> Row:
    """The title of a pane: ``name  detail ─────── info``; focus makes name and rule ``acc`` and the rule heavy."""
    token = "acc" if focused else "text"
    left = spaced(
        [
            (Span(name, token, bold=True, cut="middle"),),
            *((Span(text, "muted", cut="whole" if cells(text) <= SHORT_CELLS else "middle"),) for text in details),
        ],
        detail_gap,
    )
    fill = Fill(glyphs.heavy, "acc") if focused else Fill(glyphs.thin, "rule")
    return Row(left=left, right=info, fill=fill, gap=3)


def label_row(label: SafeText, value: Sequence[Span], *, label_width: int = 13) -> Row:
    """``label        value`` as the why pane has it."""
    return Row(left=(Span(label, "muted"), blank(max(1, label_width - cells(label))), *value))


def meter(share: float, width: int, token: str, glyphs: Glyphs) -> tuple[Span, ...]:
    """A bar of ``width`` cells, done part in ``token``; the caller puts the number beside it. ``share`` is 0 to 1."""
    done = min(width, max(0, int(share * width + 0.5)))
    return tuple(
        span
        for span in (
            Span(own(glyphs.bar_done * done), token),
            Span(own(glyphs.bar_rest * (width - done)), "rule"),
        )
        if span.text
    )
