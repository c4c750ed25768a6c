"""The key bar: what changes, a rule, what looks; disabled ones faint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.keys.actions import Action, Kind, on_screen
from tui.view.rows import Row, Span, blank, width_of
from tui.view.safe_text import own

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs

ALWAYS = ("palette", "help")
MOST_CHANGING_NARROW = 4
"""So that the runbook stays in the bar of an 80x24 terminal."""


def key_bar(
    screen: str,
    why_not: Mapping[str, str],
    width: int,
    glyphs: Glyphs,
    *,
    extra: tuple[str, ...] = (),
    urgent: tuple[str, ...] = (),
    least: bool = False,
    labels: Mapping[str, str] | None = None,
) -> Row:
    """The keys of a screen at this width.

    ``why_not`` holds a sentence for each action that cannot be used now. At most ten keys, seven under 100 columns;
    actions and help always stay; the rest goes from the end of the looking ones. ``extra`` names actions that are
    wanted here although they are not in the bar by default, ``urgent`` those that are waited for now and stand before
    all others of their kind. ``least`` leaves actions and help alone, for the smallest terminals. ``labels`` are those
    that differ now, by name: what pauses resumes what is paused.
    """
    narrow = width < 100
    gap, most = (2, 7) if narrow else (3, 10)
    wanted = [
        one
        for one in on_screen(screen)
        if one.key and (one.name in ALWAYS or (not least and (one.footer or one.name in (*extra, *urgent))))
    ]
    wanted = [replace(one, label=(labels or {}).get(one.name, one.label)) for one in wanted]
    # What the run waits for now goes before what could be done to it.
    first = [one.name for one in wanted if one.name in urgent]
    wanted.sort(key=lambda one: (one.kind is not Kind.CHANGE, one.name not in first, one.footer or 50))
    changing = [one for one in wanted if one.kind is Kind.CHANGE]
    dropped = {one.name for one in changing[MOST_CHANGING_NARROW:]} if narrow else set()
    kept = [one for one in wanted if one.name not in ALWAYS and one.name not in dropped][: most - len(ALWAYS)]
    kept += [one for one in wanted if one.name in ALWAYS]
    while True:
        spans = _spans(kept, why_not, gap, glyphs)
        droppable = [one for one in kept if one.name not in ALWAYS]
        if width_of(spans) <= width - 2 or not droppable:
            return Row(left=spans, margins=(1, 1))
        kept.remove(droppable[-1])


def _spans(actions: list[Action], why_not: Mapping[str, str], gap: int, glyphs: Glyphs) -> tuple[Span, ...]:
    spans: list[Span] = []
    changing = None
    for one in actions:
        if changing is not None:
            if changing and one.kind is not Kind.CHANGE:
                spans += [blank(gap - 1), Span(glyphs.track, "rule"), blank(gap - 1)]
            else:
                spans.append(blank(gap))
        disabled = one.name in why_not
        spans.append(Span(own(one.key), "faint" if disabled else "acc", bold=not disabled))
        spans.append(Span(own(" " + one.label), "faint" if disabled else "text"))
        changing = one.kind is Kind.CHANGE
    return tuple(spans)
