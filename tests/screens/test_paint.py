"""Strips: what the terminal is told, in as few bytes as that takes."""

from __future__ import annotations

from typing import Literal

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from textual.strip import Strip

from tests.depth import examples
from tui.view.look import Look
from tui.view.rows import Row, Span, blank
from tui.view.safe_text import own
from tui.view.theme import DARK, THEMES
from tui.widgets.paint import paint_row, paint_spans

WIDTH = 60
Colours = Literal["truecolor", "256", "standard"]
COLOURS: dict[Colours, ColorSystem] = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "standard": ColorSystem.STANDARD,
}
SPANS = st.lists(
    st.builds(
        Span,
        st.sampled_from([own(" "), own("   "), own("a"), own("b c"), own("漢")]),
        st.sampled_from(["text", "muted", "faint", "fail", "acc"]),
        bold=st.booleans(),
        bg=st.sampled_from([None, "sel", "failbg", "chip"]),
        reverse=st.booleans(),
    ),
    max_size=9,
)


def drawn(strip: str) -> list[tuple[object, ...]]:
    """What each cell of a terminal shows; of an empty one not the colour that its text would have."""
    screen = pyte.Screen(WIDTH, 1)
    pyte.Stream(screen).feed(strip + "|")
    cells = []
    for x in range(WIDTH):
        cell = screen.buffer[0][x]
        empty = cell.data == " " and not cell.reverse and not cell.underscore
        look = (cell.bg,) if empty else (cell.fg, cell.bg, cell.bold, cell.reverse, cell.underscore)
        cells.append((cell.data, *look))
    return cells


@settings(max_examples=examples(150), deadline=None)
@given(SPANS, st.sampled_from(sorted(THEMES)), st.sampled_from([*COLOURS]))
def test_a_strip_looks_on_a_terminal_as_textual_would_draw_it(spans: list[Span], theme: str, colours: Colours) -> None:
    look = Look(theme=THEMES[theme])
    console = Console(color_system=colours, force_terminal=True)
    strip = paint_spans([*spans, blank(2)], sum(len(span.text) for span in spans) + 2, look, "ground")
    system = COLOURS[colours]
    whole = "".join(
        f"\x1b[{Strip.render_ansi(one.style, system)}m{one.text}\x1b[0m" for one in strip if one.style is not None
    )
    assert drawn(strip.render(console)) == drawn(whole)


def test_a_row_says_a_style_once() -> None:
    console = Console(color_system="truecolor", force_terminal=True)
    row = Row(left=(blank(1), Span(own("12:00:01"), "faint"), blank(2), Span(own("one"), "text"), Span(own(" two"))))
    strip = paint_row(row, WIDTH, Look(theme=DARK), "ground", (1, 1))
    said = strip.render(console)
    assert said.count("\x1b[") == 4, said
    assert said.endswith("\x1b[0m")
