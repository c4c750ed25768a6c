"""What a filter leaves of a log: the same lines as grep, the same rows whichever way they are asked for."""

from __future__ import annotations

from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.adapters.log_reader import LogReader
from tests.depth import examples
from tests.unit.test_log_reader import KEY, RUN, Log, lines_of
from tui.view import line_bits
from tui.view.line_bits import LineBits, ShownLines
from tui.view.log_document import DividerAt, GapAt, LineAt
from tui.view.log_filtered import FilteredDocument


def grep(matches: list[bool], *, inverted: bool, context: int) -> list[int | None]:
    """Lines as ``grep -n [-v] -C N`` prints them; None is its ``--``."""
    meant = [number for number, match in enumerate(matches) if match is not inverted]
    shown = [n for n in range(len(matches)) if any(abs(n - one) <= context for one in meant)]
    found: list[int | None] = []
    for at, number in enumerate(shown):
        if context and at and shown[at - 1] != number - 1:
            found.append(None)
        found.append(number)
    return found


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.sampled_from([False] * 5 + [True]), max_size=60),
    st.booleans(),
    st.integers(0, 4),
    st.randoms(use_true_random=False),
)
def test_the_same_lines_as_grep_in_whatever_order_and_pieces_they_are_found(
    matches: list[bool], inverted: bool, context: int, random: Random
) -> None:
    size = 8
    with patch.object(line_bits, "PIECE_LINES", size), patch.object(line_bits, "_ALL", (1 << size) - 1):
        found = LineBits()
        shown = ShownLines(found, inverted=inverted, context=context)
        pieces = list(range((len(matches) + size - 1) // size))
        random.shuffle(pieces)
        for piece in pieces:
            part = matches[piece * size : (piece + 1) * size]
            for known in (len(part) // 2, len(part)):
                found.put(piece, sum(1 << n for n, match in enumerate(part[:known]) if match), known)
                shown.update(len(matches), found.take_changed())
        shown.update(len(matches), set())
        assert found.complete(len(matches))
        expected = grep(matches, inverted=inverted, context=context)
        assert shown.rows == len(expected)
        assert shown.matched == sum(match is not inverted for match in matches)
        assert shown.places(0, 1000) == expected
        for row, line in enumerate(expected):
            assert shown.places(row, 2) == expected[row : row + 2]
            if line is not None:
                assert shown.row_of(line) == row
                assert shown.has(line)
        lines = [line for line in expected if line is not None]
        for line in range(len(matches) + 2):
            assert shown.next(line) == next((one for one in lines if one >= line), None)
            assert shown.previous(line) == next((one for one in reversed(lines) if one <= line), None)
            assert found.rank(line) == sum(matches[:line])


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.sampled_from([b"error", b"Error: disk", b"", b"ok", b"x" * 300, b"caf\xc3\xa9 \xff", b"er\nror"]),
        max_size=50,
    ),
    st.sampled_from([b"error", b"^$", b"disk$", b"r.*r", b"caf\xc3\xa9", b"x+", b"", b"absent", b"e"]),
    st.booleans(),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_matching_lines_are_those_that_search_stops_at(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    pattern: bytes,
    ignore_case: bool,
    first: int,
    end: int,
) -> None:
    root = tmp_path_factory.mktemp("log")
    log = Log(root)
    log.append(b"\n".join(lines))
    with LogReader(root, RUN, KEY) as reader:
        bits = reader.matching(pattern, first, end, ignore_case=ignore_case)
        found: list[int] = []
        line = first
        while (hit := reader.search(pattern, line, ignore_case=ignore_case)) is not None and hit.line < end:
            found.append(hit.line)
            line = hit.line + 1
        assert bits == sum(1 << (one - first) for one in found)


def test_a_line_that_is_searched_in_pieces_counts_once(tmp_path: Path) -> None:
    log = Log(tmp_path)
    long = bytearray(b"-" * 20_000_000)
    for at in (0, 8_388_605, 19_999_990):
        long[at : at + 6] = b"needle"
    log.append(b"needle\n" + long + b"\nno\nneedle\n")
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert reader.matching(b"needle", 0, 9) == 0b1011
        assert reader.matching(b"need.e", 0, 9) == 0b1011
        assert reader.matching(b"needle", 0, 9, stop=lambda: True) is None


def test_executions_without_a_line_that_is_meant_have_no_row() -> None:
    parts = []
    for bits in (0b1000010, 0, 0b1):
        found = LineBits()
        found.put(0, bits, 7)
        part = ShownLines(found, context=1)
        part.update(7, found.take_changed())
        parts.append(part)
    document = FilteredDocument([7, 7, 7], parts)
    expected = [
        DividerAt(0), LineAt(0, 0), LineAt(0, 1), LineAt(0, 2), GapAt(0), LineAt(0, 5), LineAt(0, 6),
        DividerAt(2), LineAt(2, 0), LineAt(2, 1),
    ]  # fmt: skip
    assert document.places(0, 99) == expected
    assert [document.at(row) for row in range(document.rows)] == expected
    assert (document.matched, document.lines) == (3, 21)
    for row, place in enumerate(expected):
        if isinstance(place, LineAt):
            assert document.row_of(place) == document.row_near(place) == row
    assert document.row_near(LineAt(0, 3)) == 5
    assert document.row_near(LineAt(1, 3)) == 8
    assert document.row_near(LineAt(2, 5)) == 9
    assert document.line_from(4) == LineAt(0, 5)
    assert document.line_from(7) == LineAt(2, 0)
    assert document.line_from(99) == LineAt(2, 1)
    assert document.number_of(LineAt(2, 0)) == 15
    assert document.place_of(15) == LineAt(2, 0)
    assert document.place_of(22) is None


def test_lines_of_a_block_are_counted_also_where_a_block_ends_without_a_newline(tmp_path: Path) -> None:
    log = Log(tmp_path)
    data = b"".join(b"%d %s\n" % (n, b"hit" if n % 1000 == 7 else b"miss") for n in range(300_000)) + b"hit"
    log.append(data)
    with LogReader(tmp_path, RUN, KEY) as reader:
        bits = reader.matching(b"hit", 0, 10**9)
        assert bits == sum(1 << n for n, line in enumerate(lines_of(data)) if b"hit" in line)
