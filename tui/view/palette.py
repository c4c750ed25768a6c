"""Every action by name (``:``): a field, and what matches below it."""

from __future__ import annotations

from collections.abc import Mapping

from tui.keys.actions import Action, Kind, on_screen
from tui.view.glyphs import Glyphs
from tui.view.rows import Column, Row, Span, place, text_row
from tui.view.safe_text import own, safe

_NAME_CELLS = 18
_ORDER = (Kind.CHANGE, Kind.LOOK, Kind.APP, Kind.MOVE)


def palette_rows(
    query: str, why_not: Mapping[str, str], selected: int, width: int, glyphs: Glyphs, *, screen: str = "run"
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The field, then one row per action that matches; and the names of those actions, best first.

    ``selected`` counts those rows from 0. An action that cannot be used now says why and can still be chosen: choosing
    it says the same in a toast.
    """
    found = matching(query, screen)
    keys = (Span(own("enter"), "acc", bold=True), Span(own(" do   "), "muted"), Span(own("esc"), "acc", bold=True))
    field = Row(
        left=(Span(own(": "), "acc", bold=True), Span(safe(query), cut="left"), Span(own(" "), "acc", reverse=True)),
        right=keys,
        bg="panel",
        gap=3,
    )
    if not found:
        return (field, text_row(own("No action has that name."))), ()
    rows = [_row(one, why_not.get(one.name), at == selected, width, glyphs) for at, one in enumerate(found)]
    return (field, *rows), tuple(one.name for one in found)


def matching(query: str, screen: str) -> tuple[Action, ...]:
    """Actions whose name or label has every word of ``query``, then those whose help has a word that starts so."""
    words = query.lower().split()
    ranked: list[tuple[int, int, int, Action]] = []
    for number, one in enumerate(on_screen(screen)):
        if one.name == "palette" or (one.kind is Kind.MOVE and not words):
            continue
        name = f"{one.name} {one.label}".lower()
        said = one.help.lower().split()
        if not all(word in name or any(other.startswith(word) for other in said) for word in words):
            continue
        rank = 0 if words and name.startswith(words[0]) else 1 if all(word in name for word in words) else 2
        ranked.append((rank, _ORDER.index(one.kind), number, one))
    return tuple(one for *_, one in sorted(ranked, key=lambda found: found[:3]))


def _row(one: Action, reason: str | None, selected: bool, width: int, glyphs: Glyphs) -> Row:
    usable = reason is None
    said = own(one.help) if reason is None else own(f"not now: {safe(reason)}")
    columns = [
        Column(0, (Span(own(one.name), "text" if usable else "faint"),)),
        Column(_NAME_CELLS, (Span(said, "muted", cut="words"),)),
        Column(width - 1, (Span(own(one.key), "acc" if usable else "faint", bold=usable),), align="right"),
    ]
    return Row(
        left=place(columns, width, glyphs),
        bg="sel" if selected else None,
        edge="acc" if selected else None,
    )
