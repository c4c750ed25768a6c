"""Every size has one arrangement that tiles the screen; the sizes of the pictures have it to the cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.view.layout import (
    RUN_TABS,
    Area,
    ScreenLayout,
    SizeClass,
    board_columns,
    board_layout,
    dialog_area,
    full_layout,
    run_layout,
    size_class,
)

WIDTHS = st.integers(20, 250)
HEIGHTS = st.integers(6, 70)


def assert_tiles(layout: ScreenLayout) -> None:
    rows = [bytearray(layout.width) for _ in range(layout.height)]
    for area in layout.areas:
        assert area.x >= 0
        assert area.y >= 0
        assert area.right <= layout.width
        assert area.bottom <= layout.height
        for y in range(area.y, area.bottom):
            assert not any(rows[y][area.x : area.right]), f"{area} overlaps"
            rows[y][area.x : area.right] = b"\1" * area.width
    assert all(all(row) for row in rows), "a cell has no shade"
    for pane in layout.panes:
        for inner in (pane.title, pane.content):
            if inner is not None:
                assert inner.width >= 0
                assert inner.height >= 0
                assert inner.x >= pane.area.x
                assert inner.right <= pane.area.right
                assert inner.y >= pane.area.y
                assert inner.bottom <= pane.area.bottom
        if pane.title is not None:
            assert pane.title.bottom <= pane.content.y


@given(WIDTHS, HEIGHTS, st.sampled_from(RUN_TABS), st.sampled_from([None, *RUN_TABS]))
def test_the_run_screen_tiles_every_size(width: int, height: int, tab: str, zoom: str | None) -> None:
    layout = run_layout(width, height, tab=tab, zoom=zoom)
    assert_tiles(layout)
    assert layout.panes[0].content.height >= 1


@given(WIDTHS, HEIGHTS, st.booleans())
def test_the_other_screens_tile_every_size(width: int, height: int, strip: bool) -> None:
    assert_tiles(board_layout(width, height))
    assert_tiles(full_layout(width, height, left="outline", main="page", strip=strip))


@given(WIDTHS, HEIGHTS, st.integers(3, 60))
def test_a_dialog_stays_on_the_screen(width: int, height: int, rows: int) -> None:
    area = dialog_area(width, height, rows=rows)
    assert area.x >= 0
    assert area.y >= 0
    assert area.right <= width
    assert area.bottom <= height


def test_width_and_height_are_judged_apart() -> None:
    assert size_class(140, 40) is SizeClass.WIDE
    assert size_class(139, 60) is SizeClass.MEDIUM
    assert size_class(200, 39) is SizeClass.MEDIUM
    assert size_class(200, 20) is SizeClass.NARROW
    assert size_class(99, 60) is SizeClass.NARROW
    assert size_class(60, 16) is SizeClass.NARROW
    assert size_class(59, 50) is SizeClass.TINY
    assert size_class(200, 15) is SizeClass.TINY


def panes(layout: ScreenLayout) -> dict[str, tuple[Area, Area | None, Area]]:
    return {pane.name: (pane.area, pane.title, pane.content) for pane in layout.panes}


def test_medium_run_screen_at_120x36() -> None:
    layout = run_layout(120, 36)
    assert layout.bar == Area(0, 0, 120, 1)
    assert layout.headline == Area(0, 1, 120, 1)
    assert layout.strip == Area(0, 34, 120, 1)
    assert layout.keys == Area(0, 35, 120, 1)
    assert layout.tabs is None
    assert panes(layout) == {
        "jobs": (Area(0, 2, 34, 32), Area(2, 3, 30, 1), Area(2, 5, 30, 29)),
        "log": (Area(34, 2, 86, 21), Area(35, 3, 84, 1), Area(35, 4, 84, 19)),
        "why": (Area(34, 23, 44, 11), Area(35, 24, 41, 1), Area(35, 25, 41, 9)),
        "runbook": (Area(78, 23, 42, 11), Area(79, 24, 40, 1), Area(79, 25, 40, 9)),
    }


def test_medium_run_screen_under_120_shares_the_lower_row_in_halves() -> None:
    layout = run_layout(101, 30)
    why, runbook, log, jobs = (layout.pane(name) for name in ("why", "runbook", "log", "jobs"))
    assert why is not None
    assert runbook is not None
    assert log is not None
    assert jobs is not None
    assert jobs.area.width == 30
    assert why.content.width == runbook.content.width == 33
    assert runbook.content.x - why.content.right == 3
    assert log.content.height >= 8


def test_wide_run_screen_at_160x44() -> None:
    layout = run_layout(160, 44)
    assert layout.strip == Area(0, 42, 160, 1)
    assert panes(layout) == {
        "jobs": (Area(0, 2, 36, 40), Area(2, 3, 32, 1), Area(2, 5, 32, 37)),
        "log": (Area(36, 2, 78, 40), Area(37, 3, 76, 1), Area(37, 4, 76, 38)),
        "why": (Area(114, 2, 46, 11), Area(116, 3, 42, 1), Area(116, 4, 42, 8)),
        "runbook": (Area(114, 13, 46, 11), Area(116, 14, 42, 1), Area(116, 15, 42, 8)),
        "host": (Area(114, 24, 46, 7), Area(116, 25, 42, 1), Area(116, 26, 42, 4)),
        "people": (Area(114, 31, 46, 11), Area(116, 32, 42, 1), Area(116, 33, 42, 9)),
    }


def test_narrow_run_screen_at_80x24_opens_on_jobs_with_the_first_bad_line() -> None:
    layout = run_layout(80, 24)
    assert layout.tabs == Area(0, 2, 80, 1)
    assert layout.strip == Area(0, 22, 80, 1)
    assert panes(layout) == {
        "jobs": (Area(0, 3, 80, 11), None, Area(1, 4, 78, 10)),
        "error": (Area(0, 14, 80, 8), Area(1, 15, 78, 1), Area(1, 16, 78, 6)),
    }


def test_narrow_log_at_80x24_leaves_a_row_for_the_runbook() -> None:
    assert panes(run_layout(80, 24, tab="log")) == {
        "log": (Area(0, 3, 80, 18), Area(1, 3, 78, 1), Area(1, 4, 78, 17)),
        "hint": (Area(0, 21, 80, 1), None, Area(1, 21, 78, 1)),
    }


def test_zoom_gives_one_pane_the_whole_body() -> None:
    layout = run_layout(120, 36, zoom="log")
    assert panes(layout) == {"log": (Area(0, 2, 120, 32), Area(1, 3, 118, 1), Area(1, 4, 118, 30))}


def test_tiny_screen_has_the_news_five_lines_and_two_keys() -> None:
    layout = run_layout(50, 12)
    assert layout.strip is None
    assert panes(layout) == {"log": (Area(0, 2, 50, 9), None, Area(1, 2, 48, 5))}
    assert layout.keys == Area(0, 11, 50, 1)


def test_board_has_a_preview_only_when_wide() -> None:
    assert panes(board_layout(120, 36)) == {"board": (Area(0, 2, 120, 33), Area(2, 3, 116, 1), Area(2, 4, 116, 31))}
    assert [pane.name for pane in board_layout(160, 44).panes] == ["board", "why", "runbook"]
    assert board_layout(160, 44).panes[0].area == Area(0, 2, 114, 41)


def test_board_columns_at_120_are_those_of_the_look_and_what_takes_the_rest() -> None:
    at = board_columns(120)
    assert (at.state, at.run, at.environment, at.what) == (2, 17, 34, 48)
    assert (at.what + at.what_width - 1, at.hosts_end, at.since_end, at.who) == (91, 98, 108, 111)
    assert board_columns(139).what_width == 44 + 19
    assert board_columns(80).what_width >= 15
    assert board_columns(70).hosts_end is None


@pytest.mark.parametrize("width", range(60, 200))
def test_board_columns_never_run_into_each_other(width: int) -> None:
    at = board_columns(width)
    assert at.what_width == 0 or at.what + at.what_width <= (at.hosts_end or at.since_end) - 6
    assert at.since_end < (at.who or width)


def test_runbook_screen_at_120x36() -> None:
    layout = full_layout(120, 36, left="outline", main="page")
    assert panes(layout)["outline"][0] == Area(0, 2, 34, 33)
    assert panes(layout)["page"] == (Area(34, 2, 86, 33), Area(35, 3, 84, 1), Area(35, 4, 84, 31))


def test_dialog_is_centred_and_full_height_when_narrow() -> None:
    assert dialog_area(120, 36, rows=21) == Area(16, 7, 88, 21)
    assert dialog_area(120, 36, rows=25, wanted=92) == Area(14, 5, 92, 25)
    assert dialog_area(80, 24, rows=21) == Area(2, 0, 76, 24)
