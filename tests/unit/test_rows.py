"""Every row is exactly as wide as its pane, and what gives way first is what the look says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import tui.view.cells
from tui.view.cells import wrap
from tui.view.glyphs import ASCII, UNICODE
from tui.view.rows import Column, Cut, Fill, Row, Span, label_row, lay_out, meter, place, spaced, title_row, width_of
from tui.view.safe_text import own, safe

CUTS: list[Cut] = ["never", "right", "words", "middle", "left", "path", "whole"]
SPANS = st.lists(
    st.builds(
        Span,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(safe),
        st.just("text"),
        cut=st.sampled_from(CUTS),
    ),
    max_size=4,
).map(tuple)


def shown(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


@given(SPANS, SPANS, st.integers(0, 60), st.integers(0, 4), st.integers(0, 4), st.sampled_from([None, Fill(own("─"))]))
def test_a_row_has_exactly_its_width(
    left: tuple[Span, ...], right: tuple[Span, ...], width: int, before: int, after: int, fill: Fill | None
) -> None:
    row = Row(left=left, right=right, fill=fill, edge="acc")
    assert width_of(lay_out(row, width, UNICODE, (before, after))) == width


@given(st.lists(st.tuples(st.integers(0, 20), SPANS, st.sampled_from([None, 8])), max_size=4), st.integers(0, 70))
def test_columns_have_exactly_their_width(items: list[tuple[int, tuple[Span, ...], int | None]], width: int) -> None:
    x = 0
    columns = []
    for step, spans, wide in items:
        columns.append(Column(x, spans, wide))
        x += step
    assert width_of(place(columns, width, UNICODE)) == width


def test_the_left_part_gives_way_before_the_right_one() -> None:
    row = Row(left=(Span(own("a sentence that is long"), cut="words"),), right=(Span(own("48s ago")),))
    assert shown(lay_out(row, 24, UNICODE, (1, 1))) == " a sentence⋯    48s ago "


def test_a_cut_column_has_at_least_five_cells_or_goes() -> None:
    columns = [
        Column(0, (Span(own("web3")),)),
        Column(6, (Span(own("exit 1 restart"), cut="right"),)),
        Column(12, (Span(own("36s")),), align="right"),
    ]
    assert shown(place(columns, 13, UNICODE)) == "web3      36s"


def test_a_pane_title_has_a_rule_between_name_and_info() -> None:
    row = title_row(own("jobs"), info=(Span(own("12 hosts"), "muted"),), glyphs=UNICODE)
    assert shown(lay_out(row, 34, UNICODE, (2, 2))) == "  jobs ──────────────── 12 hosts  "
    focused = title_row(own("jobs"), (own("x"),), focused=True, glyphs=ASCII)
    assert shown(lay_out(focused, 14, ASCII, (1, 1))) == " jobs  x ==== "
    assert {span.token for span in lay_out(focused, 14, ASCII) if span.text.strip() not in ("", "x")} == {"acc"}


def test_an_edge_takes_the_first_cell_of_the_margin() -> None:
    row = Row(left=(Span(own("web3")),), edge="acc", bg="sel")
    spans = lay_out(row, 10, UNICODE, (2, 2))
    assert shown(spans) == "┃ web3    "
    assert spans[0].token == "acc"


def test_columns_stand_where_they_are_told() -> None:
    columns = [
        Column(2, (Span(own("✗")),)),
        Column(4, (Span(own("web3"), cut="middle"),)),
        Column(13, (Span(own("exit 1 restart"), cut="right"),)),
        Column(31, (Span(own("36s")),), align="right"),
    ]
    assert shown(place(columns, 34, UNICODE)) == "  ✗ web3     exit 1 restart  36s  "


def test_a_name_that_reaches_into_the_next_column_is_cut_in_the_middle() -> None:
    columns = [Column(0, (Span(own("ip-10-0-4-17-compute-7"), cut="middle"),)), Column(20, (Span(own("passed")),))]
    assert shown(place(columns, 26, UNICODE)) == "ip-10-0-4⋯compute-7 passed"


def test_labels_meters_and_gaps() -> None:
    assert (
        shown(lay_out(label_row(own("failed"), (Span(own("exit 1")),)), 30, UNICODE))
        == "failed       exit 1           "
    )
    assert shown(meter(0.5, 12, "run", UNICODE)) == "━" * 12
    assert [width_of((span,)) for span in meter(0.91, 12, "warn", UNICODE)] == [11, 1]
    assert shown(spaced([(Span(own("a")),), (), (Span(own("b")),)], 3)) == "a   b"


def test_a_very_long_text_is_wrapped_without_measuring_it_whole_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting(text: str) -> int:
        counted.append(len(text))
        return real(text)

    real = cell_len
    monkeypatch.setattr(tui.view.cells, "cell_len", counting)
    text = safe("\u4f60\u597d " * 5_000)
    lines = wrap(text, 30)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert sum(counted) < 100 * len(text)


def test_a_short_detail_of_a_title_goes_whole_and_a_long_one_gives_way_in_the_middle() -> None:
    name, info = own("a-job-with-a-very-long-name@web1"), (Span(own("812 lines")),)
    title = title_row(name, (own("restart"), own("attempt 1")), info, glyphs=UNICODE, detail_gap=3)
    assert shown(lay_out(title, 66, UNICODE)) == "a-job-with-a-very-long-name@web1   restart   attempt 1 ─ 812 lines"
    assert shown(lay_out(title, 64, UNICODE)) == "a-job-with-a-very-long-name@web1   restart ─────────── 812 lines"
    assert shown(lay_out(title, 40, UNICODE)) == "a-job-with-a-⋯long-name@web1 ─ 812 lines"
    why = title_row(own("why"), (own("rollout/a-long-job-name@web11"),), glyphs=UNICODE)
    assert shown(lay_out(why, 27, UNICODE)) == "why  rollout/a-⋯-name@web11"
