"""What stands around the lines of a log pane (LOOK section 6, "Log"): its title, the bar in its last row, its scroll
column."""

from __future__ import annotations

from collections.abc import Sequence

from tui.keys.actions import key_of
from tui.view.cells import cells
from tui.view.durations import count
from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span, blank, spaced, title_row, width_of
from tui.view.safe_text import SafeText, own

_DETAIL_GAP = 3
_LEAST_RULE = 3
"""Cells between the two sides of the title."""


def log_title(
    name: SafeText,
    details: Sequence[SafeText],
    *,
    width: int,
    focused: bool,
    glyphs: Glyphs,
    lines: int,
    following: bool,
    live: bool,
    current: int | None,
    new: int,
    said: tuple[Span, ...] = (),
    filtered: SafeText | None = None,
    silent: SafeText | None = None,
    working: SafeText | None = None,
    column: int = 0,
) -> Row:
    """The pane's title: ``release@web3   restart   attempt 1 ━━━ 21 lines  following``.

    ``current``: number of the line that is looked at, while not following. ``new``: lines since then. ``said`` takes
    the place of following and paused (``no word for 46s``). ``filtered`` takes the place of the number of lines.
    ``silent``: how long nothing came, behind following. ``working``: what is going on. ``column``: where the window
    on long lines begins.
    """
    info: list[tuple[Span, ...]] = []
    if working is not None:
        info.append((Span(working, "acc"),))
    if column:
        info.append((Span(own(f"from column {column + 1}"), "acc"),))
    if filtered is not None:
        info.append((Span(filtered, "acc", cut="left"),))
    at_end = following or current is None
    if not at_end and filtered is None:
        info.append((Span(own(f"line {current} of {lines}"), "muted"),))
    behind: list[tuple[Span, ...]] = []
    if said:
        behind.append(said)
    elif at_end and following:
        words = f"following, {silent}" if silent and live else "following"
        behind.append((Span(own(words), "muted"),))
    elif not at_end and live:
        behind.append((Span(own(f"paused, {new} new" if new else "paused"), "warn"),))
    if at_end and filtered is None:
        many = (Span(count(lines, "line"), said[0].token if said else "muted"),)
        left = cells(name) + sum(_DETAIL_GAP + cells(one) for one in details)
        fits = left + _LEAST_RULE + width_of(spaced([*info, many, *behind], 2)) <= width
        # That it follows is more than how much there is.
        info += [many] if fits or not following else []
    info += behind
    return title_row(name, tuple(details), spaced(info, 2), focused=focused, glyphs=glyphs, detail_gap=_DETAIL_GAP)


def bar_row(
    sign: SafeText,
    query: SafeText,
    status: SafeText,
    *,
    typing: bool,
    bad: SafeText | None,
    glyphs: Glyphs,
    keys: Sequence[str] = (),
) -> Row:
    """The last row's bar: `` / EADDR      3 of 12   n N   esc ``; with a bad query the reason instead of the count.

    ``sign``: the key that opened it. ``keys``: actions that are of use while it is there.
    """
    cursor = (Span(own(" "), "acc", reverse=True),) if typing else ()
    groups: list[tuple[Span, ...]] = [(Span(bad, "fail", cut="words"),) if bad else (Span(status, "muted"),)]
    if keys:
        groups.append((Span(own(" ".join(key_of(name) for name in keys)), "muted"),))
    groups.append((Span(own("esc"), "muted"),))
    return Row(
        left=(Span(sign, "acc", bold=True), blank(1), Span(query, cut="left"), *cursor),
        right=spaced(groups, 3),
        bg="bar",
        margins=(2, 2),
        gap=3,
    )


def scroll_column(height: int, first: int, shown: int, total: int, errors: Sequence[int]) -> list[str]:
    """Kind of each cell of the scroll column: ``track``, ``thumb`` or ``error``; empty when all fits.

    ``first`` is the first of ``shown`` rows of ``total``; ``errors`` are rows of errors. The thumb has at least one
    cell and touches an end only when the first or last row is shown; an error's mark is drawn over it.
    """
    if total <= shown or height <= 0:
        return []
    size = max(1, height * shown // total)
    span = height - size
    last_first = total - shown
    start = 0 if first <= 0 else span if first >= last_first else first * span // last_first
    if 0 < first < last_first and span >= 2:
        start = min(max(start, 1), span - 1)
    cells_of = ["thumb" if start <= y < start + size else "track" for y in range(height)]
    for row in errors:
        cells_of[min(height - 1, row * height // total)] = "error"
    return cells_of
