"""Logs in memory with the promises of ``LogSource``, and the attempt that the pictures of the look show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runners.adapters.log_search import compile_pattern
from runners.streams.records import EMPTY, Record
from tui.view.glyphs import UNICODE, Glyphs
from tui.view.log_document import LineAt, LogSection, Note
from tui.view.log_rows import result_spans
from tui.view.safe_text import own
from tui.widgets.log_lines import LogPart
from tui.widgets.log_view import LogView


@dataclass(frozen=True)
class FoundAt:
    line: int


@dataclass
class MemoryLog:
    """What was appended is there after the next ``refresh``, as with a file."""

    written: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    lines: int = 0
    reads: list[tuple[int, int]] = field(default_factory=list)
    """Every (first, count) that was read."""

    def close(self) -> None:
        """There is no file."""

    def refresh(self) -> bool:
        changed = self.lines != len(self.written)
        self.lines = len(self.written)
        return changed

    @property
    def records(self) -> int:
        """One for each line."""
        return self.lines

    def record(self, number: int) -> Record:
        at_utc = self.time_of_line(number) or 0.0
        return Record(file_offset=number + 1, lines=number + 1, time_us=int(at_utc * 1_000_000))

    @property
    def last_record(self) -> Record:
        return self.record(self.lines - 1) if self.lines else EMPTY

    def read_lines(self, first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        self.reads.append((first, count))
        return [line[:max_line_bytes] for line in self.written[first : min(first + count, self.lines)]]

    def read_part(self, line: int, start_bytes: int, max_bytes: int) -> bytes:
        return self.written[line][start_bytes:][:max_bytes] if line < self.lines else b""

    def time_of_line(self, line: int, /) -> float | None:
        return self.times[line] if line < len(self.times) else None

    def search(
        self,
        pattern: bytes,
        start_line: int = 0,
        backwards: bool = False,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> FoundAt | None:
        regex = compile_pattern(pattern, ignore_case=ignore_case)
        order = range(min(start_line, self.lines - 1), -1, -1) if backwards else range(start_line, self.lines)
        return next((FoundAt(line) for line in order if not stop() and regex.search(self.written[line])), None)

    def matching(
        self,
        pattern: bytes,
        first: int,
        end: int,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> int | None:
        regex = compile_pattern(pattern, ignore_case=ignore_case)
        lines = self.written[first : min(end, self.lines)]
        return None if stop() else sum(1 << number for number, line in enumerate(lines) if regex.search(line))


def at(text: str) -> float:
    """Seconds since 1970 of a time on the day of the pictures, UTC."""
    return datetime.strptime(f"2026-11-21 {text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


def log_of(text: str) -> MemoryLog:
    """Lines of ``HH:MM:SS text``."""
    log = MemoryLog()
    for line in text.strip().splitlines():
        time, _, rest = line.strip().partition(" ")
        log.written.append(rest.encode())
        log.times.append(at(time))
    return log


FETCH = """
12:04:12 GET registry.internal/api/2.4.1/manifest.json
12:04:13 layer 1/3  sha256:9b1c⋯04f2   18.2 MB
12:04:19 layer 2/3  sha256:77aa⋯91be   41.7 MB
12:04:25 layer 3/3  sha256:1f0d⋯c3a8    2.1 MB
12:04:26 unpacked to /srv/api/releases/2.4.1
"""
RESTART = """
12:04:27 + sudo systemctl restart api
12:04:27 stopping api.service
12:04:31 stopped api.service (pid 20114 exited 0)
12:04:31 starting api.service, release 2.4.1
12:04:32 config /etc/api/api.toml loaded, 14 keys
12:04:33 bind: address already in use (0.0.0.0:8080)
12:04:33 api: cannot start listener http-public
12:04:33 Main process exited, code=exited, status=1/FAILURE
12:04:33 api.service: failed with result 'exit-code'
"""


def failed_view(glyphs: Glyphs = UNICODE) -> LogView:
    """The log of the pictures: fetch passed, restart failed, held for a person."""
    held = Note(text=own("held for a person: restart is not repeatable, 2 attempts left"))
    fetch = LogSection(
        key="01J.3.1.1",
        task=own("fetch"),
        started_at=at("12:04:12"),
        result=result_spans("succeeded", glyphs, exit_code=0, took_s=14.2),
    )
    restart = LogSection(
        key="01J.3.1.2",
        task=own("restart"),
        started_at=at("12:04:27"),
        result=result_spans("failed", glyphs, exit_code=1, took_s=6.2),
        notes=(held,),
    )
    return LogView(
        id="01J.3.1",
        name=own("release@web3"),
        details=(own("restart"), own("attempt 1")),
        parts=(LogPart(fetch, log_of(FETCH)), LogPart(restart, log_of(RESTART))),
        first_bad=LineAt(1, 5),
    )


def live_view(log: MemoryLog, *, id: str = "live", lines: Sequence[str] = ()) -> LogView:
    """One running task whose log grows."""
    log.written.extend(line.encode() for line in lines)
    section = LogSection(
        key=f"{id}.1",
        task=own("fetch"),
        started_at=at("12:04:12"),
        result=result_spans("running", UNICODE, took_s=12),
        live=True,
    )
    return LogView(id=id, name=own("release@web3"), details=(own("fetch"),), parts=(LogPart(section, log),))
