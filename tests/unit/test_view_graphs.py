"""Graphs over time: a gap is a gap and zero is a dot, marks go through, times stand below them."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.view_text import text_of, texts_of
from tui.view.glyphs import ASCII, UNICODE
from tui.view.graphs import LABEL, Mark, Window, axis_row, columns, graph_rows
from tui.view.rows import Row
from tui.view.safe_text import own

FIVE = Window(0.0, 100.0)
NOON = 1_795_262_400.0
"""2026-11-21 12:00:00 UTC."""


def drawn(values: list[float | None], *marks: Mark, top: float = 100.0) -> list[str]:
    rows = graph_rows(values, marks, FIVE, top=top, top_label=own("100"), token="graph", glyphs=ASCII)
    return [line[LABEL:] for line in texts_of(rows, LABEL + len(values) // 2, glyphs=ASCII)]


def test_a_value_is_about_the_time_since_the_one_before_and_the_newest_holds_for_a_while() -> None:
    series = [(10.0, 1.0), (30.0, 2.0), (60.0, 3.0)]
    assert columns(series, frozenset(), FIVE, 10, 10.0) == [None, 1, 2, 2, 3, 3, 3, 3, None, None]
    assert columns(series, frozenset({2}), FIVE, 10, 0.0) == [None, 1, 2, 2, None, None, 3, None, None, None]


def test_what_is_outside_of_the_window_is_not_shown_and_reaches_in_as_far_as_it_is_known() -> None:
    assert columns([(-50.0, 1.0), (20.0, 2.0)], frozenset(), FIVE, 5, 0.0) == [2, 2, None, None, None]
    assert columns([(-50.0, 1.0)], frozenset(), FIVE, 5, 0.0) == [None] * 5
    assert columns([], frozenset(), FIVE, 3, 9.0) == [None] * 3


def test_a_gap_is_never_a_zero() -> None:
    assert drawn([0.0, 0.0, None, None, 100.0, 100.0]) == ["  #", "  #", "  #", "  #", "  #", "_ #"]


def test_a_mark_is_a_line_through_what_is_empty_and_colours_what_is_full() -> None:
    rows = graph_rows(
        [0.0] * 8, [Mark(50.0, "fail", 4)], FIVE, top=100, top_label=own("100"), token="graph", glyphs=UNICODE
    )
    assert [line[LABEL:] for line in texts_of(rows, LABEL + 4)] == ["  ╎"] * 5 + ["⣀⣀⣀⣀"]
    assert [span.token for span in rows[5].left if "⣀" in span.text] == ["graph", "fail", "graph"]
    assert text_of(rows[0], LABEL + 4).startswith("  100 ")
    assert text_of(rows[5], LABEL + 4).startswith("    0 ")


def axis(width: int, *marks: Mark, now: bool = True) -> str:
    window = Window(NOON - 300, NOON, is_now=now)
    return text_of(axis_row(marks, window, width, UTC, NOON), LABEL + width)[LABEL:]


def test_the_axis_names_the_heavier_of_two_marks_that_would_touch() -> None:
    assert axis(40) == "-5m                                  now"
    assert axis(40, Mark(NOON - 150, "fail", 4)) == "-5m             11:57:30             now"
    two = (Mark(NOON - 160, "run", 0), Mark(NOON - 150, "fail", 4))
    assert axis(40, *two) == "-5m             11:57:30             now"
    near = axis(40, Mark(NOON - 20, "fail", 4))
    assert near == "-5m                         11:59:40 now"
    assert axis(40, now=False) == "11:55:00                        12:00:00"


@given(
    st.lists(st.tuples(st.floats(-50, 150), st.one_of(st.none(), st.floats(-1e9, 1e9))), max_size=30),
    st.lists(st.tuples(st.floats(-50, 150), st.integers(0, 4)), max_size=6),
    st.integers(1, 60),
    st.sampled_from([1.0, 100.0, 1e9]),
)
def test_every_row_is_as_wide_as_the_graph(
    series: list[tuple[float, float | None]], marks: list[tuple[float, int]], width: int, top: float
) -> None:
    found = columns(sorted(series, key=lambda one: one[0]), frozenset(), FIVE, 2 * width, 6.0)
    lines = [Mark(at, "fail", weight) for at, weight in marks]
    rows: list[Row] = graph_rows(found, lines, FIVE, top=top, top_label=own("100"), token="graph", glyphs=UNICODE)
    assert len(rows) == 6
    for row in (*rows, axis_row(lines, FIVE, width, UTC, 100.0)):
        assert sum(len(span.text) for span in row.left) <= LABEL + max(width, 6)
