"""The sparse line index agrees with the obvious way to find lines."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.streams.line_index import EVERY_LINES, LineIndex, nth_newline
from runners.streams.lines import split_lines, window

PIECE = st.one_of(st.binary(max_size=50), st.integers(0, 300).map(lambda n: b"\n" * n), st.just(b"x" * 9000))
TEXT = st.lists(PIECE, max_size=12)


def newlines(data: bytes) -> list[int]:
    return [at for at, byte in enumerate(data) if byte == 10]


@given(TEXT, st.integers(1, 700), st.integers(0, 200))
def test_the_nth_newline_is_found_or_known_to_be_missing(pieces: list[bytes], n: int, start: int) -> None:
    data = b"".join(pieces)
    places = [at for at in newlines(data) if at >= start]
    assert nth_newline(data, n, start) == (places[n - 1] if n <= len(places) else -1)


@given(TEXT)
def test_every_line_is_found_however_the_bytes_were_cut_into_chunks(pieces: list[bytes]) -> None:
    index = LineIndex()
    for piece in pieces:
        index.feed(piece)
    data = b"".join(pieces)
    starts = [0, *(at + 1 for at in newlines(data))]
    assert (index.lines, index.fed_bytes) == (len(starts) - 1, len(data))
    for line, start in enumerate(starts):
        offset, skip = index.locate(line)
        assert 0 <= skip < EVERY_LINES
        assert starts[line - skip] == offset <= start
    with pytest.raises(IndexError):
        index.locate(len(starts))
    with pytest.raises(IndexError):
        index.locate(-1)


@given(TEXT, st.integers(0, 3000))
def test_the_line_at_an_offset_is_the_newlines_before_it(pieces: list[bytes], offset: int) -> None:
    data = b"".join(pieces)
    offset = min(offset, len(data))
    index = LineIndex()
    index.feed(data)
    line, start = index.line_at_offset(offset)
    assert start <= offset
    assert line == data.count(b"\n", 0, start)
    assert data.count(b"\n", start, offset) <= EVERY_LINES


def test_ten_million_lines_would_take_about_a_megabyte() -> None:
    block = b"x\n" * 64_000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        index = LineIndex()
        for _ in range(10):
            index.feed(block)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert index.lines == 640_000
    # Eight bytes for a mark, and what an array that grows keeps in reserve.
    assert after - before < 2 * 8 * (640_000 // EVERY_LINES)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_a_block_splits_at_newlines_only_and_long_lines_are_cut(block: bytes, width: int) -> None:
    lines, rest = split_lines(block, width)
    *expected, expected_rest = block.split(b"\n")
    assert lines == [line[:width] for line in expected]
    assert rest == expected_rest


def test_a_carriage_return_stays_in_its_line() -> None:
    assert split_lines(b"10%\r20%\r\n\x0cnext\xe2\x80\xa8same\n", 99) == (
        [b"10%\r20%\r", b"\x0cnext\xe2\x80\xa8same"],
        b"",
    )


@given(st.text(max_size=60), st.integers(-2, 80), st.integers(0, 30))
def test_a_window_never_splits_a_character(text: str, start: int, width: int) -> None:
    line = text.encode()
    shown = window(line, start, width)
    assert shown.decode() in text
    assert line[max(start, 0) : max(start, 0) + width] in shown
    assert len(shown) <= width + 6


@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 30))
def test_a_window_of_bytes_that_are_no_text_holds_what_was_asked_for(line: bytes, start: int, width: int) -> None:
    shown = window(line, start, width)
    assert line[start : start + width] in shown
    assert len(shown) <= width + 6
