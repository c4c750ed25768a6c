"""The keys of the screen and pane somebody is in, from the one table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from tui.keys.actions import Action, Kind, action, on_screen
from tui.view.cells import wrap
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Column, Row, Span, lay_out, place, title_row
from tui.view.safe_text import own, safe

TWO_COLUMNS_FROM = 80
_KEY_CELLS = 8
_TITLES = {
    Kind.CHANGE: "change, each after a preview",
    Kind.LOOK: "look",
    Kind.MOVE: "move",
    Kind.APP: "onduty",
}


def help_rows(screen: str, pane: str, why_not: Mapping[str, str], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Every key that does something here, by kind; one that is disabled now says why instead of what it does."""
    here = [one for one in on_screen(screen) if not one.panes or pane in one.panes]
    two = width >= TWO_COLUMNS_FROM
    room = (width - 4) // 2 if two else width
    blocks = {kind: _block(kind, [one for one in here if one.kind is kind], why_not, room, glyphs) for kind in Kind}
    if not two:
        return tuple(_joined(*blocks.values()))
    left = _joined(blocks[Kind.CHANGE], blocks[Kind.LOOK])
    right = _joined(blocks[Kind.MOVE], blocks[Kind.APP])
    left += [BLANK] * (len(right) - len(left))
    right += [BLANK] * (len(left) - len(right))
    return tuple(_beside(one, other, room, width, glyphs) for one, other in zip(left, right, strict=True))


def _joined(*blocks: list[Row]) -> list[Row]:
    rows: list[Row] = []
    for block in blocks:
        rows += [*([BLANK] if rows and block else []), *block]
    return rows


def _block(kind: Kind, actions: list[Action], why_not: Mapping[str, str], room: int, glyphs: Glyphs) -> list[Row]:
    if not actions:
        return []
    rows = [title_row(own(_TITLES[kind]), glyphs=glyphs)]
    for one in actions:
        reason = why_not.get(one.name)
        usable = reason is None
        shown = one.key or action("palette").key
        key = Span(own(shown.ljust(_KEY_CELLS)), "acc" if usable else "faint", bold=usable)
        words = own(one.help) if reason is None else own(f"{one.label}, not now: {safe(reason)}")
        for number, line in enumerate(wrap(words, max(1, room - _KEY_CELLS))):
            lead = Span(own(" " * _KEY_CELLS)) if number else key
            rows.append(Row(left=(lead, Span(line, "text" if usable else "muted"))))
    return rows


def _beside(left: Row, right: Row, room: int, width: int, glyphs: Glyphs) -> Row:
    """Two rows as one; a title keeps its rule."""
    columns = [Column(x, lay_out(row, room, glyphs), room) for x, row in ((0, left), (room + 4, right)) if row.left]
    return Row(left=place(columns, width, glyphs))
