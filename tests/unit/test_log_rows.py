"""Rows of a log: from bytes and counts to what stands where, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from tui.view.cells import cells
from tui.view.glyphs import ASCII, UNICODE
from tui.view.log_document import DividerAt, LineAt, LogDocument, LogSection, Note, NoteAt
from tui.view.log_edges import bar_row, log_title, scroll_column
from tui.view.log_errors import is_error_line
from tui.view.log_rows import (
    LogStyle,
    divider_row,
    line_rows,
    note_rows,
    result_spans,
)
from tui.view.rows import Row, Span, lay_out, width_of
from tui.view.safe_text import own
from tui.view.theme import DARK, NONE

STYLE = LogStyle(width=40, theme=DARK, glyphs=UNICODE, zone=UTC)
SIZES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=5)


def shown(row: Row, width: int = 40) -> str:
    return "".join(span.text for span in lay_out(row, width, UNICODE)).rstrip()


@given(SIZES)
def test_every_row_of_a_document_is_one_thing_and_lines_find_their_row_again(sizes: list[tuple[int, int]]) -> None:
    document = LogDocument([size for size, _ in sizes], [notes for _, notes in sizes])
    places = [document.at(row) for row in range(document.rows)]
    assert sum(isinstance(place, DividerAt) for place in places) == len(sizes)
    assert sum(isinstance(place, NoteAt) for place in places) == sum(notes for _, notes in sizes)
    lines = [place for place in places if isinstance(place, LineAt)]
    assert document.lines == len(lines)
    for number, place in enumerate(lines, 1):
        assert document.at(document.row_of(place)) == place
        assert document.number_of(place) == number
    for row in range(document.rows):
        below = [place for place in places[row:] if isinstance(place, LineAt)]
        assert document.line_from(row) == (below[0] if below else lines[-1] if lines else None)


def test_rows_outside_a_document_are_refused() -> None:
    document = LogDocument((2,), (0,))
    with pytest.raises(IndexError):
        document.at(3)
    with pytest.raises(IndexError):
        document.row_of(LineAt(0, 2))
    assert LogDocument((), ()).line_from(0) is None


@given(st.binary(max_size=200), st.integers(1, 60), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_no_line_is_wider_than_its_pane(
    raw: bytes, width: int, wrapped: bool, times: bool, first_bad: bool, ascii_only: bool
) -> None:
    glyphs = ASCII if ascii_only else UNICODE
    style = replace(STYLE, width=width, wrapped=wrapped, times=times, glyphs=glyphs, find=re2.compile("a|é|."))
    for row in line_rows(raw, style, at_utc=0.0, first_bad=first_bad, error=True):
        assert width_of(lay_out(row, width, glyphs)) == width
        assert all(ord(character) >= 0x20 for span in row.left for character in span.text)


@pytest.mark.parametrize("text", ["\u0301", "a\u0301\u0302" * 9, "\U0001f468\u200d\U0001f469" * 5, "\ufe0f"])
def test_what_has_no_width_of_its_own_is_wrapped_to_its_end(text: str) -> None:
    for width in (1, 4, 13, 16, 40):
        style = replace(STYLE, width=width, wrapped=True)
        assert line_rows(text.encode(), style, at_utc=None)


def test_a_line_has_its_time_and_its_mark() -> None:
    assert shown(line_rows(b"hello", STYLE, at_utc=43473.9)[0]) == " 12:04:33  hello"
    assert shown(line_rows(b"hello", STYLE, at_utc=None)[0]) == "           hello"
    assert shown(line_rows(b"fatal", STYLE, at_utc=0.0, error=True)[0]) == "▸00:00:00  fatal"
    bad = line_rows(b"\x1b[32mfatal", STYLE, at_utc=0.0, first_bad=True)[0]
    assert bad.bg == "failbg"
    assert bad.left[-1] == Span(own("fatal"), "fail", bold=True)


def test_colours_of_a_host_are_kept_where_they_can_be_read() -> None:
    row = line_rows(b"\x1b[1;32mok\x1b[0m \x1b[38;2;20;20;20mdark\x1b[0m", STYLE, at_utc=None)[0]
    colours = {span.text: (span.fg, span.bold) for span in row.left[2:]}
    assert colours[own("ok")] == (DARK.remote[2], True)
    assert colours[own("dark")] == (None, False)
    plain = line_rows(b"\x1b[1;32mok", replace(STYLE, colours=False), at_utc=None)[0]
    assert plain.left[-1] == Span(own("ok"))
    assert line_rows(b"\x1b[32mok", replace(STYLE, theme=NONE), at_utc=None)[0].left[-1].fg is None


def test_a_match_is_reversed_across_colours() -> None:
    style = replace(STYLE, find=re2.compile("dre"))
    row = line_rows(b"re\x1b[31md\x1b[0mred", style, at_utc=None)[0]
    assert [(span.text, span.reverse) for span in row.left[2:]] == [
        ("re", False),
        ("d", True),
        ("re", True),
        ("d", False),
    ]


def test_a_line_read_in_part_ends_in_the_cut_mark_and_tears_no_character() -> None:
    style = replace(STYLE, wrapped=True)
    rows = line_rows((b"x" + "é".encode() * 100_000)[: style.max_line_bytes], style, at_utc=None)
    text = "".join(shown(row) for row in rows)
    assert text.endswith("é⋯")
    assert "\ufffd" not in text
    torn_by_the_host = line_rows(b"x\xc3", style, at_utc=None)
    assert shown(torn_by_the_host[0]).endswith("x\ufffd")


def test_dividers_end_in_one_column_whatever_the_result() -> None:
    results = [
        result_spans("succeeded", UNICODE, exit_code=0, took_s=14.2),
        result_spans("failed", UNICODE, exit_code=1, took_s=6.2),
        result_spans("running", UNICODE, took_s=12.9),
        result_spans("unknown", UNICODE, word=own("in restart"), took_s=46),
        result_spans("failed", UNICODE, exit_code=127, took_s=59.9),
    ]
    assert ["".join(span.text for span in result) for result in results] == [
        "✓ exit 0   14.2s",
        "✗ exit 1    6.2s",
        "↻ running    12s",
        "? in restart 46s",
        "✗ exit 127 59.9s",
    ]
    assert "".join(s.text for s in result_spans("timed_out", UNICODE, took_s=60.0)) == "✗ timed out 1m 00s"
    assert "".join(s.text for s in result_spans("failed", UNICODE, signal="KILL", took_s=1.0)) == "✗ KILL      1.0s"


def test_a_divider_of_another_day_says_which_once() -> None:
    first = LogSection(key="1", task=own("fetch"), started_at=0.0)
    second = LogSection(key="2", task=own("restart"), started_at=60.0)
    style = replace(STYLE, today=date(1970, 1, 2))
    assert shown(divider_row(first, style)) == " 00:00:00  fetch  Jan 1 " + "╌" * 16
    assert "Jan" not in shown(divider_row(second, style, after=first))
    assert "Jan" not in shown(divider_row(first, replace(STYLE, today=date(1970, 1, 1))))
    assert "Jan" not in shown(divider_row(first, STYLE))


def test_sentences_of_ours_have_no_time_and_wrap_at_words() -> None:
    note = Note(text=own("held for a person: restart is not repeatable"))
    assert shown(note_rows(note, STYLE)[0]) == "           held for a person: restart⋯"
    wrapped = note_rows(note, replace(STYLE, wrapped=True))
    assert [shown(row) for row in wrapped] == ["           held for a person: restart is", "           not repeatable"]
    last = Note(text=own("last word, byte 812"), token="unk", at_utc=0.0, rule=True)
    assert shown(note_rows(last, STYLE)[0]) == " 00:00:00  last word, byte 812 ╌╌╌╌╌╌╌╌╌"


def title(width: int = 86, **changes: Any) -> str:
    values: dict[str, Any] = {
        "width": width,
        "focused": False,
        "glyphs": UNICODE,
        "lines": 812,
        "following": True,
        "live": True,
        "current": None,
        "new": 0,
    }
    row = log_title(own("release@web3"), (own("restart"),), **{**values, **changes})
    return shown(row, width)


def test_the_title_says_where_we_are() -> None:
    assert title().startswith("release@web3   restart ─")
    assert title().endswith("─ 812 lines  following")
    assert title(80).endswith("─ 812 lines  following")
    assert title(40).endswith("─ following")
    assert title(following=False, current=3, new=40).endswith("─ line 3 of 812  paused, 40 new")
    assert title(80, following=False, current=3, live=False).endswith("─ line 3 of 812")
    assert title(said=(Span(own("no word for 46s"), "unk"),)).endswith("─ 812 lines  no word for 46s")


def test_the_find_bar_shows_query_count_and_keys() -> None:
    keys = ("next-match", "previous-match")
    row = bar_row(own("/"), own("EADDR"), own("3 of 12"), typing=True, bad=None, glyphs=UNICODE, keys=keys)
    assert shown(row, 44) == "  / EADDR              3 of 12   n N   esc"
    bad = bar_row(own("/"), own("("), own(""), typing=True, bad=own("missing )"), glyphs=UNICODE)
    assert "missing )" in shown(bad, 44)


@given(st.integers(1, 50), st.integers(0, 1000), st.integers(1, 50), st.integers(1, 1000))
def test_the_thumb_touches_an_end_only_at_that_end(height: int, first: int, visible: int, total: int) -> None:
    first = min(first, max(0, total - visible))
    column = scroll_column(height, first, visible, total, [])
    if total <= visible:
        assert column == []
        return
    assert len(column) == height
    assert "thumb" in column
    if height >= max(3, 3 * total // max(1, total - visible)):
        assert (column[0] == "thumb") == (first == 0)
        assert (column[-1] == "thumb") == (first == total - visible)


def test_errors_are_marked_where_they_are() -> None:
    column = scroll_column(10, 0, 10, 100, [0, 55, 99])
    assert [at for at, kind in enumerate(column) if kind == "error"] == [0, 5, 9]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"bind: address already in use (0.0.0.0:8080)", True),
        (b"ERROR something", True),
        (b"java.io.IOException: x", True),
        (b"sh: foo: not found", True),
        (b"Traceback (most recent call last):", True),
        (b"open: Permission denied", True),
        (b"+ grep error /var/log/x", False),
        (b"0 errors, 3 warnings", False),
        (b"errors=0", False),
        (b"reading error.log", False),
        (b"terrorist", False),
        (b"all good", False),
    ],
)
def test_e_stops_at_errors_and_not_at_their_absence(line: bytes, error: bool) -> None:
    assert is_error_line(line) is error


def test_all_signs_of_the_column_are_one_cell() -> None:
    assert cells(UNICODE.track) == cells(UNICODE.edge) == 1
