"""Several logs as one by time: nothing lost, nothing twice, nothing that ever moves."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.adapters.log_merge import MergedLog
from runners.adapters.log_reader import LogReader
from runners.streams import merge
from runners.streams.merge import Block, MergeOrder
from tests.depth import examples
from tests.unit.test_log_reader import RUN, Log

BATCHES = st.lists(
    st.dictionaries(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=6)),
    max_size=6,
)
"""What comes between two looks: for some logs blocks of (seconds since the block before, lines)."""


@settings(max_examples=examples(200), deadline=None)
@given(BATCHES, st.integers(1, 5))
def test_the_order_is_that_of_sorting_what_came_between_two_looks(
    batches: list[dict[int, list[tuple[int, int]]]], most: int
) -> None:
    blocks: list[list[Block]] = [[] for _ in range(4)]
    expected: list[tuple[int, int]] = []
    with patch.object(merge, "EVERY_BLOCKS", 3), patch.object(merge, "_SEGMENTS_KEPT", 2):
        order = MergeOrder(lambda source, number: blocks[source][number])
        for batch in batches:
            came: list[tuple[int, int, int]] = []
            for source, news in batch.items():
                for later, lines in news:
                    last = blocks[source][-1] if blocks[source] else Block(0, 0)
                    blocks[source].append(Block(last.time_us + later, last.lines + lines))
                    came += [(last.time_us + later, source, last.lines + line) for line in range(lines)]
            counts = [len(one) for one in blocks]
            while not order.complete(counts):
                order.extend(counts, most)
            expected += [(source, line) for _, source, line in sorted(came)]
            assert order.lines == len(expected)
            for first in range(0, len(expected) + 1, 3):
                flat = [
                    (part.source, part.first + n)
                    for part in order.stretches(first, first + 5)
                    for n in range(part.lines)
                ]
                assert flat == expected[first : first + 5]
                whole = order.stretch_of(first)
                one = whole and (whole.source, whole.first + first - whole.start)
                assert one == (expected[first] if first < len(expected) else None)
                if first < len(expected):
                    assert order.line_of(*expected[first]) == first
            assert order.line_of(0, len(expected)) is None
    assert sorted(expected) == [(s, line) for s in range(4) for line in range(blocks[s][-1].lines if blocks[s] else 0)]


@pytest.fixture
def merged(tmp_path: Path) -> tuple[MergedLog, Log, Log]:
    log = MergedLog()
    writers = []
    for owner, key in enumerate(("a", "b")):
        writers.append(Log(tmp_path, key))
        log.put(key, partial(LogReader, tmp_path, RUN, key), owner, live=True)
    return log, writers[0], writers[1]


def test_lines_of_two_hosts_stand_by_time_and_say_whose_they_are(merged: tuple[MergedLog, Log, Log]) -> None:
    log, first, second = merged
    first.append(b"a1\na2\n", 10.0)
    second.append(b"b1\n", 9.0)
    assert log.refresh()
    first.append(b"a3\nhalf", 12.0)
    second.append(b"b2\n", 11.0)
    assert log.refresh()
    second.append(b"b3 came late\n", 8.0)
    assert log.refresh()
    assert not log.refresh()
    lines = log.read_lines(0, 99)
    assert lines == [b"b1", b"a1", b"a2", b"b2", b"a3", b"b3 came late"]
    assert [log.owner_of(line) for line in range(7)] == [1, 0, 0, 1, 0, 1, -1]
    assert [log.time_of_line(line) for line in (0, 4, 6)] == [9.0, 12.0, None]
    assert log.read_part(5, 3, 4) == b"came"
    hit = log.search(b"b.", 1)
    assert hit is not None
    assert hit.line == 3
    hit = log.search(b"A", 5, backwards=True, ignore_case=True)
    assert hit is not None
    assert hit.line == 5
    assert log.search(b"^a", 5, backwards=True) == (4,)
    assert log.search(b"zz") is None
    assert log.matching(b"b", 0, 99) == 0b101001
    assert log.matching(b"b", 3, 5) == 0b01
    log.close()


def test_a_last_line_without_a_newline_is_shown_once_its_log_has_ended(merged: tuple[MergedLog, Log, Log]) -> None:
    log, first, second = merged
    first.append(b"one\nhalf", 1.0)
    second.append(b"b\n", 2.0)
    log.refresh()
    assert log.read_lines(0, 9) == [b"one", b"b"]
    log.put("a", lambda: pytest.fail("opened twice"), 0, live=False)
    assert log.refresh()
    assert log.read_lines(0, 9) == [b"one", b"b", b"half"]
    first.append(b" and the rest\nmore\n", 3.0)
    assert log.refresh()
    assert log.read_lines(0, 9) == [b"one", b"b", b"half and the rest", b"more"]
    assert log.logs == 2
    log.close()
