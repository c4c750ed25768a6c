"""Read one log while it may still be written: for panes and the command line of the same user.

Opening costs nothing whatever the size: lines are found by bisection in the index and a scan of one block of at most
256 KiB. Lines count from 0. Nothing past the last record is ever returned. One thread may ``refresh`` while others
read; a reader that is read by several threads needs no lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from runners.adapters.log_index import FILE_OFFSET, LINES, IndexFile
from runners.adapters.log_paths import log_paths
from runners.adapters.log_scan import LineMatcher, matching_lines
from runners.adapters.log_search import SearchHit, compile_pattern, search_backwards, search_forwards
from runners.model.errors import StoreDamaged, StoreRefused
from runners.streams import records
from runners.streams.line_index import LineIndex, nth_newline
from runners.streams.lines import split_lines
from runners.streams.records import EMPTY, Record

_READ_BYTES = 64 * 1024
_BLOCKS_KEPT = 16
_ASKED_KEPT = 256


class _View(NamedTuple):
    """What ``refresh`` saw last; replaced as one, so that a reader in another thread sees one moment."""

    last: Record
    records: int
    open_line: bool
    """Bytes follow the last newline: one more line, still open."""


_NOTHING = _View(EMPTY, 0, False)


class LogReader:
    """The read side of one log. It need not exist yet; ``refresh`` finds it when it does."""

    def __init__(self, root: Path, uid: str, key: str) -> None:
        self._log_path, self._index_path = log_paths(root, uid, key)
        self._log_fd = -1
        self._index: IndexFile | None = None
        self._index_fd = -1
        self._view = _NOTHING
        self._blocks: dict[int, tuple[int, LineIndex]] = {}
        self._asked: dict[int, None] = {}
        """Blocks that were asked for once lately; the second time they get an index."""
        self._lock = threading.Lock()
        self._closed = False
        self.refresh()

    def refresh(self) -> bool:
        """Look for new records; True when there are some. Raises ``StoreDamaged`` or ``StoreRefused``."""
        if self._closed:
            raise ValueError("the log is closed")
        if self._index is None and not self._open():
            return False
        assert self._index is not None
        count = self._index.last_whole(records.whole_records(os.fstat(self._index_fd).st_size))
        if count <= self._view.records:
            return False
        self._index.count = count
        last = self._index.record(count - 1)
        open_line = last.file_offset > 0 and os.pread(self._log_fd, 1, last.file_offset - 1) != b"\n"
        self._view = _View(last, count, open_line)
        return True

    @property
    def lines(self) -> int:
        """Lines that can be read; the last one may still be open (no newline yet)."""
        view = self._view
        return view.last.lines + view.open_line

    @property
    def file_bytes(self) -> int:
        """Bytes that can be read."""
        return self._view.last.file_offset

    @property
    def last_record(self) -> Record:
        """The newest record; ``EMPTY`` for a log without bytes."""
        return self._view.last

    @property
    def records(self) -> int:
        """How many records can be read."""
        return self._view.records

    def record(self, number: int) -> Record:
        """One of them, from 0."""
        if self._index is None:
            raise ValueError("the log is closed, or not there yet")
        return self._index.record(number)

    def time_of_line(self, line: int) -> float | None:
        """When the end of ``line`` (from 0) came, seconds since 1970; None when there is no such line."""
        if self._index is None or not 0 <= line < self.lines:
            return None
        number = min(self._index.first_above(LINES, line), self._view.records - 1)
        return self._index.record(number).time_us / 1_000_000

    def line_start(self, line: int) -> int:
        """Offset of the first byte of ``line``; ``file_bytes`` for lines behind the last."""
        if line <= 0:
            return 0
        view = self._view
        if self._index is None or line > view.last.lines:
            return view.last.file_offset
        # Line n begins after newline n, which lies in the block of the first record that counts n newlines.
        number = self._index.first_above(LINES, line - 1)
        before, block = self._index.record(number - 1), self._index.record(number)
        if block.lines == line and os.pread(self._log_fd, 1, block.file_offset - 1) == b"\n":
            # What is put together by time begins and ends where blocks do.
            return block.file_offset
        if number not in self._blocks and number not in self._asked:
            # Lines far apart, as a filter leaves them, ask for a block once: an index of it would not pay.
            return before.file_offset + self._once(number, before, line - before.lines)
        offset, skip = self._block(number, before).locate(line - before.lines)
        start = before.file_offset + offset
        if skip:
            block_end = self._index.record(number).file_offset
            data = os.pread(self._log_fd, block_end - start, start)
            start += nth_newline(data, skip) + 1
        return start

    def line_at(self, offset: int) -> int:
        """The line that holds byte ``offset``; the newline belongs to the line it ends."""
        view = self._view
        if self._index is None or offset <= 0:
            return 0
        offset = min(offset, view.last.file_offset)
        number = self._index.first_above(FILE_OFFSET, offset - 1)
        before = self._index.record(number - 1)
        line, mark = self._block(number, before).line_at_offset(offset - before.file_offset)
        start = before.file_offset + mark
        return before.lines + line + os.pread(self._log_fd, offset - start, start).count(b"\n")

    def read_lines(self, first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        """At most ``count`` lines from ``first`` (from 0), without newlines, each cut to ``max_line_bytes``."""
        first = max(0, first)
        end_line = min(first + count, self.lines)
        if first >= end_line:
            return []
        wanted = end_line - first
        lines: list[bytes] = []
        rest: list[bytes] = []
        rest_bytes = 0
        at, end = self.line_start(first), self._view.last.file_offset
        while len(lines) < wanted and at < end:
            block = os.pread(self._log_fd, min(_READ_BYTES, end - at), at)
            if not block:
                raise self._shorter()
            at += len(block)
            if b"\n" in block:
                whole, open_part = split_lines(b"".join([*rest, block]), max_line_bytes)
                lines += whole
                rest, rest_bytes = [open_part], len(open_part)
            else:
                rest.append(block)
                rest_bytes += len(block)
            if rest_bytes > max_line_bytes:
                # A long line: its end is found in the index, not by reading it.
                lines.append(b"".join(rest)[:max_line_bytes])
                at, rest, rest_bytes = self.line_start(first + len(lines)), [], 0
        if rest_bytes:
            lines.append(b"".join(rest))
        return lines[:wanted]

    def read_part(self, line: int, start_bytes: int, max_bytes: int) -> bytes:
        """At most ``max_bytes`` of one line from ``start_bytes`` on; a negative start counts from the line's end."""
        if not 0 <= line < self.lines:
            return b""
        begin, end = self.line_start(line), self.line_start(line + 1)
        if end > begin and os.pread(self._log_fd, 1, end - 1) == b"\n":
            end -= 1
        at = min(end, begin + start_bytes) if start_bytes >= 0 else max(begin, end + start_bytes)
        return os.pread(self._log_fd, min(max_bytes, end - at), at) if at < end else b""

    def tail(self, max_bytes: int) -> bytes:
        """The end of it, at most ``max_bytes``; with a whole line at its start, unless the last one is longer."""
        start = max(0, self.file_bytes - max_bytes)
        # One byte more: does the part begin a line?
        before = 1 if start else 0
        return _whole_tail(self.read_range(start - before, max_bytes + before), before)

    def read_range(self, offset: int, max_bytes: int) -> bytes:
        """Bytes from ``offset``, never past the last record; empty behind it."""
        end = self._view.last.file_offset
        offset = max(0, offset)
        if offset >= end or max_bytes <= 0:
            return b""
        return os.pread(self._log_fd, min(max_bytes, end - offset), offset)

    def search(
        self,
        pattern: bytes,
        start_line: int = 0,
        backwards: bool = False,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> SearchHit | None:
        """The first line from ``start_line`` on that matches an RE2 pattern, or the last one up to it; None if none.

        ``^`` and ``$`` match at lines; no match spans lines. ``stop`` is asked every few megabytes and ends the search
        with None: call this in a thread and set a flag. Raises ``InputRefused`` for a pattern RE2 does not take.
        """
        regex = compile_pattern(pattern, ignore_case=ignore_case)
        view = self._view
        if not view.records:
            return None
        if backwards:
            end = self.line_start(start_line + 1)
            offset = search_backwards(regex, self.read_range, end, stop)
        else:
            start, end = self.line_start(start_line), view.last.file_offset
            offset = search_forwards(regex, self.read_range, start, end, stop)
        return None if offset is None else SearchHit(self.line_at(offset), offset)

    def matching(
        self,
        pattern: bytes,
        first: int,
        end: int,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> int | None:
        """Which of the lines ``first … end-1`` match an RE2 pattern: bit 0 is ``first``; None when ``stop`` said so.

        As ``search`` otherwise. ``end - first`` bits are held, no lines.
        """
        matcher = LineMatcher(pattern, ignore_case=ignore_case)
        end = min(end, self.lines)
        if first >= end:
            return 0
        return matching_lines(matcher, self.read_range, self.line_start(first), self.line_start(end), stop)

    def close(self) -> None:
        """Close the files. Closing twice is not an error."""
        self._closed = True
        self._view, self._index = _NOTHING, None
        for fd in (self._log_fd, self._index_fd):
            if fd >= 0:
                os.close(fd)
        self._log_fd = self._index_fd = -1

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shorter(self) -> StoreDamaged:
        return StoreDamaged(f"{self._log_path} is shorter than its index says", hint=f"ls -l {self._log_path}")

    def _open(self) -> bool:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            index_fd = os.open(self._index_path, flags)
        except FileNotFoundError:
            return False
        try:
            header = os.pread(index_fd, records.HEADER_BYTES, 0)
            if len(header) < records.HEADER_BYTES:
                os.close(index_fd)
                return False
            check_header(header, self._index_path)
            self._log_fd = os.open(self._log_path, flags)
        except FileNotFoundError:
            os.close(index_fd)
            return False
        except BaseException:
            os.close(index_fd)
            raise
        self._index_fd = index_fd
        self._index = IndexFile(index_fd, str(self._index_path))
        return True

    def _once(self, number: int, before: Record, newline: int) -> int:
        """Where in a block the line after its ``newline``-th newline begins."""
        assert self._index is not None
        size = self._index.record(number).file_offset - before.file_offset
        data = os.pread(self._log_fd, size, before.file_offset)
        if len(data) != size:
            raise self._shorter()
        with self._lock:
            if len(self._asked) >= _ASKED_KEPT:
                del self._asked[next(iter(self._asked))]
            self._asked[number] = None
        return nth_newline(data, newline) + 1

    def _block(self, number: int, before: Record) -> LineIndex:
        """The lines inside the block that ends with record ``number``, indexed on demand."""
        kept = self._blocks.get(number)
        assert self._index is not None
        size = self._index.record(number).file_offset - before.file_offset
        if kept is not None and kept[0] == size:
            return kept[1]
        index = LineIndex()
        index.feed(os.pread(self._log_fd, size, before.file_offset))
        if index.fed_bytes != size:
            raise self._shorter()
        with self._lock:
            if len(self._blocks) >= _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = (size, index)
        return index


def check_header(header: bytes, path: Path) -> None:
    """Raise ``StoreDamaged`` when this is no index, ``StoreRefused`` when a newer onduty wrote it."""
    version = records.header_version(header)
    if version is None:
        raise StoreDamaged(f"{path} is not the index of a log; nothing was changed", hint=f"mv {path} {path}.damaged")
    if version > records.VERSION:
        raise StoreRefused(
            f"{path} was written by a newer onduty (index version {version}, this one reads {records.VERSION})",
            hint="onduty --version",
        )


def _whole_tail(data: bytes, before: int) -> bytes:
    """``data`` without its first ``before`` bytes and the line they cut; all of it when nothing else would be left."""
    if not before:
        return data
    if len(data) <= before:
        return b""
    begin = data.find(b"\n", 0, len(data) - 1) + 1
    return data[begin:] if begin else data[before:]
