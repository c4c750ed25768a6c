"""Reading a log that grows: any line, any range, any match, and never past the last record."""

from __future__ import annotations

import itertools
import os
import random
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.adapters.log_paths import log_paths, make_private
from runners.adapters.log_reader import LogReader
from runners.model.errors import InputRefused, StoreDamaged, StoreRefused
from runners.streams import records
from runners.streams.records import EMPTY, Record

RUN, KEY = "01JD", "01JD.1.1.1"


class Log:
    """Writes a log the way the store does, chunk by chunk, without its thread."""

    def __init__(self, root: Path, key: str = KEY) -> None:
        self.log, self.index = log_paths(root, RUN, key)
        make_private(self.log.parent)
        self.index.write_bytes(records.encode_header())
        self.log.write_bytes(b"")
        self.last: Record = EMPTY

    def append(self, data: bytes, at_utc: float = 1.0) -> None:
        made = records.records_of(self.last, data, at_utc)
        with self.log.open("ab") as file:
            file.write(data)
        with self.index.open("ab") as file:
            file.write(b"".join(map(records.encode, made)))
        self.last = made[-1] if made else self.last


def lines_of(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def test_a_log_that_is_not_there_yet_is_empty_and_is_found_when_it_comes(tmp_path: Path) -> None:
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert (reader.lines, reader.file_bytes, reader.time_of_line(0)) == (0, 0, None)
        assert reader.read_lines(0, 10) == []
        assert reader.read_range(0, 10) == b""
        assert reader.search(b"x") is None
        assert not reader.refresh()
        log = Log(tmp_path)
        assert not reader.refresh()
        log.append(b"hello\n", 7.0)
        assert reader.refresh()
        assert not reader.refresh()
        assert reader.read_lines(0, 10) == [b"hello"]
        assert reader.time_of_line(0) == 7.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([b"a", b"bb\n", b"\n", b"x" * 5000, b"ccc\n" * 200]), max_size=9), max_size=12),
    st.integers(0, 700),
    st.integers(1, 40),
)
def test_every_line_and_offset_agrees_with_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[bytes]], first: int, width: int
) -> None:
    root = tmp_path_factory.mktemp("log")
    log = Log(root)
    with LogReader(root, RUN, KEY) as reader:
        data = b""
        for chunk in map(b"".join, chunks):
            log.append(chunk)
            data += chunk
            reader.refresh()
            assert reader.file_bytes == len(data)
            assert reader.lines == len(lines_of(data))
        lines = lines_of(data)
        first = min(first, len(lines))
        assert reader.read_lines(first, 50, width) == [line[:width] for line in lines[first : first + 50]]
        assert reader.read_lines(first, 10**6, 10**6) == lines[first:]
        for line in {0, 1, first, len(lines) - 1, len(lines)}:
            if 0 <= line < len(lines):
                start = len(b"\n".join(lines[:line])) + (line > 0)
                assert reader.line_start(line) == start
                assert reader.line_at(start) == line
                assert reader.line_at(start + len(lines[line])) == line or start + len(lines[line]) == len(data)
        assert reader.line_start(len(lines) + 1) == len(data)


def test_lines_longer_than_many_blocks_are_cut_and_the_lines_behind_them_found(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"first\n")
    for _ in range(20):
        log.append(b"y" * 1_000_000)
    log.append(b"\nafter\n" + b"z" * 2_000_000)
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert reader.lines == 4
        assert reader.read_lines(0, 10, 100) == [b"first", b"y" * 100, b"after", b"z" * 100]
        assert len(reader.read_lines(1, 1, 10**8)[0]) == 20_000_000
        assert reader.line_at(15_000_000) == 1
        assert reader.line_start(2) == 20_000_007


def test_nothing_past_the_last_record_is_shown(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"whole\n")
    with log.log.open("ab") as file:
        file.write(b"bytes without a record\n")
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert reader.lines == 1
        assert reader.read_range(0, 100) == b"whole\n"
        assert reader.read_range(6, 100) == b""
        assert reader.read_lines(0, 10) == [b"whole"]
        assert reader.search(b"without") is None


def test_a_record_torn_at_any_byte_is_ignored_until_it_is_whole(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"one\n")
    size = log.index.stat().st_size
    log.append(b"two\n")
    whole = log.index.read_bytes()
    for at in range(size, len(whole)):
        log.index.write_bytes(whole[:at])
        with LogReader(tmp_path, RUN, KEY) as reader:
            assert reader.read_lines(0, 9) == [b"one"]
            log.index.write_bytes(whole)
            assert reader.refresh()
            assert reader.read_lines(0, 9) == [b"one", b"two"]


def test_times_are_those_of_the_chunk_that_ended_the_line(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"a\nb", 10.0)
    log.append(b"b\n", 20.25)
    log.append(b"open", 30.0)
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert [reader.time_of_line(line) for line in range(-1, 4)] == [None, 10.0, 20.25, 30.0, None]


@pytest.mark.parametrize("seed", range(4))
def test_search_finds_what_a_walk_over_all_lines_finds(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    words = [b"error", b"ok", b"", b"warn: disk", b"x" * 300, b"ERROR", b"caf\xc3\xa9 \xff\xfe"]
    log, data = Log(tmp_path), b""
    # Sparse and dense stretches, over several search blocks.
    for stretch in range(6):
        chunk = b"\n".join(
            rng.choice(words) if stretch % 2 or rng.random() < 0.0005 else b"nothing to see" for _ in range(9000)
        )
        log.append(chunk)
        data += chunk
    lines = lines_of(data)
    with LogReader(tmp_path, RUN, KEY) as reader:
        for pattern in (b"error", b"^$", b"disk$", b"^warn.*k$", b"caf\xc3\xa9 ", b"f.+ ..$", b"absent"):
            regex = re.compile(pattern)
            matching = [number for number, line in enumerate(lines) if regex.search(line)]
            for start in (0, 1, rng.randrange(len(lines)), rng.randrange(len(lines)), len(lines) - 1):
                forward = next((number for number in matching if number >= start), None)
                backward = next((number for number in reversed(matching) if number <= start), None)
                hit = reader.search(pattern, start)
                assert (hit.line if hit else None) == forward
                hit = reader.search(pattern, start, backwards=True)
                assert (hit.line if hit else None) == backward
                if hit and pattern == b"error":
                    assert reader.read_range(hit.offset, 5) == b"error"


def test_search_goes_from_hit_to_hit_and_ends(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"hit\nmiss\nHIT\nhit hit\n")
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert reader.search(b"hit", 0) == (0, 0)
        assert reader.search(b"hit", 1) == (3, 13)
        assert reader.search(b"hit", 4) is None
        assert reader.search(b"hit", 1, ignore_case=True) == (2, 9)
        assert reader.search(b"hit", 3, backwards=True) == (3, 17)
        assert reader.search(b"hit", 2, backwards=True) == (0, 0)
        assert reader.search(b"hit", 99, backwards=True) == (3, 17)


def test_a_match_never_spans_lines(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"begin\nend\nbegin end\n")
    with LogReader(tmp_path, RUN, KEY) as reader:
        for pattern in (b"begin[^x]*end", b"begin\\send", b"(?s)begin.end", b"begin\\W+end"):
            assert reader.search(pattern) == (2, 10)


@pytest.mark.parametrize("backwards", [False, True])
def test_search_looks_inside_one_line_of_many_megabytes(tmp_path: Path, backwards: bool) -> None:
    log = Log(tmp_path)
    long = bytearray(b"-" * 40_000_000)
    for at in (0, 4_194_300, 20_000_000, 39_999_994):
        long[at : at + 6] = b"needle"
    log.append(b"short\n" + long + b"\nlast\n")
    with LogReader(tmp_path, RUN, KEY) as reader:
        hit = reader.search(b"needle", 1, backwards=backwards)
        assert hit == (1, 6 + (39_999_994 if backwards else 0))
        assert reader.search(b"^needle", 1, backwards=backwards) == (1, 6)
        assert reader.search(b"^needle$", 1, backwards=backwards) is None
        assert reader.search(b"needle$", 1, backwards=backwards) == (1, 40_000_000)


@pytest.mark.parametrize("backwards", [False, True])
def test_where_a_long_line_is_cut_for_searching_is_no_end_of_line(tmp_path: Path, backwards: bool) -> None:
    log = Log(tmp_path)
    log.append(b"-" * 30_000_000 + b"|")
    with LogReader(tmp_path, RUN, KEY) as reader:
        for pattern in (b"-$", b"^[|]", b"-\\b", b"^-{1,9}$"):
            assert reader.search(pattern, 0, backwards) is None
        assert reader.search(b"[|]$", 0, backwards) == (0, 30_000_000)


def test_a_search_can_be_stopped(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"nothing\n" * 2_000_000 + b"needle\n")
    asked = itertools.count()
    with LogReader(tmp_path, RUN, KEY) as reader:
        assert reader.search(b"needle", stop=lambda: next(asked) >= 3) is None
        assert next(asked) == 4
        assert reader.search(b"needle", stop=lambda: next(asked) >= 12) is None
        assert reader.search(b"needle") is not None


def test_a_pattern_that_re2_does_not_take_is_refused_with_its_reason(tmp_path: Path) -> None:
    Log(tmp_path).append(b"x\n")
    with LogReader(tmp_path, RUN, KEY) as reader, pytest.raises(InputRefused, match="missing \\)"):
        reader.search(b"(")


def test_what_is_not_an_index_or_is_a_newer_one_is_said(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"x\n")
    good = log.index.read_bytes()
    log.index.write_bytes(b"#" * 100)
    with pytest.raises(StoreDamaged, match="not the index of a log"):
        LogReader(tmp_path, RUN, KEY)
    body = good[:8] + b"\x02" + good[9:36]
    log.index.write_bytes(body + zlib.crc32(body).to_bytes(4, "little") + good[40:])
    with pytest.raises(StoreRefused, match="newer onduty"):
        LogReader(tmp_path, RUN, KEY)


def test_a_log_shorter_than_its_index_says_is_damaged_not_short(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(b"line\n" * 100)
    os.truncate(log.log, 250)
    with LogReader(tmp_path, RUN, KEY) as reader, pytest.raises(StoreDamaged, match="shorter than its index"):
        reader.read_lines(80, 10)


def test_a_reader_leaves_no_file_open(tmp_path: Path) -> None:
    Log(tmp_path).append(b"x\n")
    before = set(os.listdir("/proc/self/fd"))
    reader = LogReader(tmp_path, RUN, KEY)
    reader.read_lines(0, 1)
    reader.close()
    reader.close()
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ValueError, match="closed"):
        reader.refresh()
