"""The run store and the log store in memory, for tests; they pass the same contract suites as those on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runners.core.chain import digest_of
from runners.model.errors import NotFound
from runners.ports.log_store import LogPosition, StreamMask, check_log_name
from runners.ports.run_store import (
    EventRow,
    IntentRepeated,
    IntentRow,
    NewRun,
    RunOpening,
    RunRow,
    RunSummary,
    SequenceConflict,
)


@dataclass(slots=True)
class _Log:
    data: bytearray = field(default_factory=bytearray)
    written: int = 0
    """Raw bytes that stand in ``data``."""
    times_utc: list[float] = field(default_factory=list)
    synced_bytes: int = 0
    is_open: bool = False

    @property
    def position(self) -> LogPosition:
        return LogPosition(raw_offset=self.written, file_bytes=len(self.data), lines=self.data.count(b"\n"))


class MemoryLogStore:
    """``LogStore`` in a dict. ``synced`` tells what a power cut would leave."""

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str], _Log] = {}
        self.fail_next: Exception | None = None
        """Raised by the next append, which then stores nothing."""

    async def open(self, run: str, key: str, mask: StreamMask | None = None) -> MemoryLogWriter:
        """Open for appending; ``ValueError`` when it is open already."""
        check_log_name(run, key)
        log = self._logs.setdefault((run, key), _Log())
        if log.is_open:
            raise ValueError(f"the log {key} is open already; a log has one writer")
        log.is_open = True
        return MemoryLogWriter(self, log, key, mask)

    async def tail(self, run: str, key: str, max_bytes: int) -> bytes:
        """The end of the log, beginning with a whole line where there is one."""
        data = self.content(run, key)
        start = max(0, len(data) - max_bytes)
        if start and data[start - 1 : start] != b"\n":
            newline = data.find(b"\n", start, len(data) - 1)
            start = newline + 1 if newline != -1 else start
        return data[start:]

    async def read(self, run: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes from ``offset``."""
        return self.content(run, key)[max(0, offset) :][:max_bytes]

    async def position(self, run: str, key: str) -> LogPosition:
        """How far the log is; zeros when there is none."""
        log = self._logs.get((run, key))
        return log.position if log else LogPosition()

    async def close(self) -> None:
        """All writers are gone, as when a controller ends; the bytes stay."""
        for log in self._logs.values():
            log.is_open = False

    def content(self, run: str, key: str) -> bytes:
        """Every byte of a log."""
        log = self._logs.get((run, key))
        return bytes(log.data) if log else b""

    def synced(self, run: str, key: str) -> int:
        """Bytes that were synced."""
        log = self._logs.get((run, key))
        return log.synced_bytes if log else 0


class MemoryLogWriter:
    """``LogWriter`` of one log in memory."""

    def __init__(self, store: MemoryLogStore, log: _Log, key: str, mask: StreamMask | None = None) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._closed = False
        context = min(log.written, mask.context_bytes) if mask is not None else 0
        self._masker = mask.masker(already=context) if mask is not None else None
        self._next = log.written - context

    @property
    def position(self) -> LogPosition:
        """Where the next chunk must start."""
        return replace(self._log.position, raw_offset=self._next)

    async def append(self, raw_offset: int, data: bytes, at_utc: float) -> LogPosition:
        """Append what is new of one chunk."""
        self._check_open()
        if raw_offset > self._next:
            raise ValueError(f"bytes {self._next} to {raw_offset} of {self._key} are missing; nothing written")
        error, self._store.fail_next = self._store.fail_next, None
        if error is not None:
            raise error
        new = data[self._next - raw_offset :]
        self._next += len(new)
        held = 0
        if self._masker is not None:
            new, held = self._masker.feed(new), self._masker.held_bytes
        self._log.data += new
        self._log.written = max(self._log.written, self._next - held)
        self._log.times_utc.append(at_utc)
        return self.position

    async def end(self, at_utc: float) -> LogPosition:
        """Write what was held back."""
        self._check_open()
        if self._masker is not None:
            self._log.data += self._masker.end()
            self._log.written = max(self._log.written, self._next)
        return self.position

    async def sync(self) -> None:
        """Remember how far a power cut would leave the log."""
        self._check_open()
        self._log.synced_bytes = len(self._log.data)

    async def close(self) -> None:
        """Closing twice is not an error."""
        if not self._closed:
            self._closed = True
            self._log.is_open = False

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"the log {self._key} is closed")


@dataclass(slots=True)
class MemoryDisk:
    """What a ``MemoryRunStore`` leaves behind: give it to the next one to see what a restarted controller sees."""

    runs: dict[str, RunRow] = field(default_factory=dict)
    """In the order of creation."""
    numbers: dict[str, int] = field(default_factory=dict)
    events: dict[str, list[EventRow]] = field(default_factory=dict)
    intents: dict[str, IntentRow] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


class MemoryRunStore:
    """``RunStore`` in dicts."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        self.disk = disk or MemoryDisk()
        self.fail_next: Exception | None = None
        """Raised by the next write, which then stores nothing."""
        self._closed = False

    async def append(
        self,
        rows: Sequence[EventRow],
        *,
        intents: Sequence[IntentRow] = (),
        summaries: Sequence[RunSummary] = (),
    ) -> None:
        """Store all of it, or none."""
        self._begin_write()
        self._check_intents(intents)
        self._check_rows(rows, self.disk.runs)
        for summary in summaries:
            self._known(summary.uid)
        self._store(rows, intents)
        for summary in summaries:
            self._set_summary(summary)

    async def create_run(
        self, run: NewRun, *, blobs: Mapping[str, bytes], build: Callable[[RunRow], RunOpening]
    ) -> RunRow:
        """Number the run and store it with its blobs and first rows."""
        self._begin_write()
        number = self.disk.numbers.get(run.pipeline, 0) + 1
        digests = {name: digest_of(content) for name, content in blobs.items()}
        row = RunRow(
            uid=run.uid,
            pipeline=run.pipeline,
            number=number,
            name=f"{run.pipeline}/{number}",
            created_at=run.created_at,
            phase=run.phase,
            digests=digests,
            summary=run.summary,
        )
        opening = build(row)
        self._check_intents(opening.intents)
        if run.uid in self.disk.runs:
            raise ValueError(f"run {run.uid} exists already; nothing was stored")
        self._check_rows(opening.rows, {*self.disk.runs, run.uid})
        self.disk.numbers[run.pipeline] = number
        self.disk.runs[run.uid] = row
        self.disk.blobs.update((digests[name], content) for name, content in blobs.items())
        self._store(opening.rows, opening.intents)
        return row

    async def update_summary(self, summary: RunSummary) -> None:
        """Replace the cached columns outside of an append."""
        self._begin_write()
        self._known(summary.uid)
        self._set_summary(summary)

    async def events(self, run: str, after: int = 0) -> list[EventRow]:
        """The events with a seq above ``after``, in order."""
        self._check_open()
        return self.disk.events.get(run, [])[max(0, after) :]

    async def runs(self, limit: int = 100) -> list[RunRow]:
        """The newest runs, newest first."""
        self._check_open()
        return list(reversed(self.disk.runs.values()))[:limit]

    async def runs_of(self, pipeline: str, limit: int = 100, *, before: int | None = None) -> list[RunRow]:
        """The newest runs of one pipeline, newest first."""
        self._check_open()
        found = [
            row
            for row in self.disk.runs.values()
            if row.pipeline == pipeline and (before is None or row.number < before)
        ]
        return found[::-1][:limit]

    async def live_runs(self) -> list[RunRow]:
        """Every run without ``ended_at``, oldest first."""
        self._check_open()
        return [row for row in self.disk.runs.values() if row.ended_at is None]

    async def all_runs(self) -> list[RunRow]:
        """Every run, oldest first."""
        self._check_open()
        return list(self.disk.runs.values())

    async def remove_run(self, uid: str) -> bool:
        """Remove an ended run and what is its alone."""
        self._begin_write()
        row = self.disk.runs.get(uid)
        if row is None or row.ended_at is None:
            return False
        del self.disk.runs[uid]
        self.disk.events.pop(uid, None)
        for id_ in [intent.id for intent in self.disk.intents.values() if intent.run == uid]:
            del self.disk.intents[id_]
        pinned = {digest for run in self.disk.runs.values() for digest in run.digests.values()}
        for digest in set(row.digests.values()) - pinned:
            self.disk.blobs.pop(digest, None)
        return True

    async def run(self, uid: str) -> RunRow | None:
        """One run."""
        self._check_open()
        return self.disk.runs.get(uid)

    async def find_run(self, pipeline: str, number: int | None = None) -> RunRow | None:
        """The run ``pipeline/number``; the newest of that pipeline when ``number`` is None."""
        self._check_open()
        found = [row for row in self.disk.runs.values() if row.pipeline == pipeline and number in (None, row.number)]
        return found[-1] if found else None

    async def put_blob(self, content: bytes) -> str:
        """Keep ``content`` under its digest, which is returned."""
        self._begin_write()
        digest = digest_of(content)
        self.disk.blobs[digest] = content
        return digest

    async def get_blob(self, digest: str) -> bytes:
        """The content; raises ``NotFound``."""
        self._check_open()
        if digest not in self.disk.blobs:
            raise NotFound(f"nothing is stored under {digest}")
        return self.disk.blobs[digest]

    async def check(self, most_s: float) -> str | None:
        """Memory is sound."""
        self._check_open()
        return ""

    async def intent_outcome(self, intent: str) -> IntentRow | None:
        """What became of an intent; None when it never took effect."""
        self._check_open()
        return self.disk.intents.get(intent)

    async def close(self) -> None:
        """Closing twice is not an error."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the store is closed")

    def _begin_write(self) -> None:
        self._check_open()
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error

    def _known(self, uid: str) -> None:
        if uid not in self.disk.runs:
            raise NotFound(f"there is no run {uid}; nothing was stored")

    def _check_intents(self, intents: Sequence[IntentRow]) -> None:
        seen = dict(self.disk.intents)
        for intent in intents:
            if (first := seen.setdefault(intent.id, intent)) is not intent:
                raise IntentRepeated(first)

    def _check_rows(self, rows: Sequence[EventRow], known: Mapping[str, RunRow] | set[str]) -> None:
        last: dict[str, int] = {}
        for row in rows:
            if row.run not in known:
                raise NotFound(f"there is no run {row.run}; nothing was stored")
            expected = last.get(row.run, len(self.disk.events.get(row.run, ()))) + 1
            if row.seq != expected:
                raise SequenceConflict(row.run, expected=expected, got=row.seq)
            last[row.run] = expected

    def _store(self, rows: Sequence[EventRow], intents: Sequence[IntentRow]) -> None:
        for row in rows:
            self.disk.events.setdefault(row.run, []).append(row)
        self.disk.intents.update((intent.id, intent) for intent in intents)

    def _set_summary(self, new: RunSummary) -> None:
        row = self.disk.runs[new.uid]
        summary = row.summary if new.summary is None else new.summary
        self.disk.runs[new.uid] = replace(
            row, phase=new.phase, result=new.result, ended_at=new.ended_at, summary=summary
        )
