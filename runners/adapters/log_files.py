"""The log store on disk: one file of bytes and one index of records per execution.

One thread writes for all logs; whatever arrives while it writes is written in one go. Bytes and records are written at
the positions that the last record gives, so what a failed or killed write left behind is simply written over. The
order (chunk, then record) makes a record the promise that its bytes are there; ``sync`` makes both survive a power cut.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runners.adapters.log_paths import log_paths, make_private, sync_folder
from runners.adapters.log_reader import LogReader, check_header
from runners.adapters.worker import Ticket, Worker
from runners.model.errors import StoreDamaged, StoreFailed
from runners.ports.log_store import LogPosition
from runners.streams import records
from runners.streams.records import EMPTY, HEADER_BYTES, Record


@dataclass(frozen=True, slots=True)
class _Open:
    run: str
    key: str


@dataclass(frozen=True, slots=True)
class _Append:
    writer: FileLogWriter
    raw_offset: int
    data: bytes
    at_utc: float


@dataclass(frozen=True, slots=True)
class _Close:
    writer: FileLogWriter


_Request = _Open | _Append | _Close


class FileLogStore:
    """``LogStore`` under ``<root>/runs/<uid>/logs``; files 0600, folders 0700. ``close`` it to end its thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._worker: Worker[_Request] = Worker("onduty-logs", self._handle)
        self._open: set[tuple[str, str]] = set()

    async def open(self, run: str, key: str) -> FileLogWriter:
        """Open for appending; cut file and index to the last whole record first. Creates what is missing.

        Raises ``ValueError`` when this log is open already, ``StoreDamaged``, ``StoreRefused`` or ``StoreFailed``.
        """
        writer: FileLogWriter = await self._worker.call(_Open(run, key))
        return writer

    async def tail(self, run: str, key: str, max_bytes: int) -> bytes:
        """The end of the log, at most ``max_bytes``; empty when there is no log.

        When the log is longer it begins with a whole line, unless the last line alone is longer than ``max_bytes``.
        """

        def read() -> bytes:
            with LogReader(self._root, run, key) as reader:
                start = max(0, reader.file_bytes - max_bytes)
                # One byte more: does the part begin a line?
                before = 1 if start else 0
                return whole_tail(reader.read_range(start - before, max_bytes + before), before)

        return await asyncio.to_thread(read)

    async def read(self, run: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes from ``offset``, never past the last record."""

        def read() -> bytes:
            with LogReader(self._root, run, key) as reader:
                return reader.read_range(offset, max_bytes)

        return await asyncio.to_thread(read)

    async def position(self, run: str, key: str) -> LogPosition:
        """How far the log is; zeros when there is none."""

        def read() -> LogPosition:
            with LogReader(self._root, run, key) as reader:
                return _position(reader.last_record)

        return await asyncio.to_thread(read)

    async def close(self) -> None:
        """Finish what was asked and end the thread. Open writers cannot append any more."""
        await self._worker.close()

    def _handle(self, batch: Sequence[Ticket[_Request]]) -> None:
        appends: dict[FileLogWriter, list[Ticket[_Request]]] = {}
        others = []
        for ticket in batch:
            if isinstance(ticket.request, _Append):
                appends.setdefault(ticket.request.writer, []).append(ticket)
            else:
                others.append(ticket)
        # A close asked for after an append of the same batch comes after it; nothing is appended to what opens here.
        for writer, tickets in appends.items():
            writer._write(tickets)
        for ticket in others:
            try:
                ticket.done(self._serve(ticket.request))
            except OSError as error:
                ticket.failed(StoreFailed(f"a log could not be opened: {error}", hint=f"ls -ld {self._root}"))
            except Exception as error:
                ticket.failed(error)

    def _serve(self, request: _Request) -> FileLogWriter | None:
        if isinstance(request, _Open):
            name = (request.run, request.key)
            if name in self._open:
                raise ValueError(f"the log {request.key} is open already; a log has one writer")
            writer = FileLogWriter(self._root, request.run, request.key, self._worker)
            self._open.add(name)
            return writer
        if isinstance(request, _Close):
            request.writer._close_files()
            self._open.discard(request.writer.name)
        return None


class FileLogWriter:
    """``LogWriter`` of one log. Made by ``FileLogStore.open``, in the store's thread."""

    def __init__(self, root: Path, run: str, key: str, worker: Worker[_Request]) -> None:
        self.name = (run, key)
        self._worker = worker
        self._root = root
        self._log_path, self._index_path = log_paths(root, run, key)
        self._closed = False
        self._syncing = asyncio.Lock()
        self._names_synced = False
        self._log_fd, self._index_fd = _open_files(self._log_path, self._index_path)
        try:
            self._records, self._last = _recover(self._log_fd, self._index_fd, self._index_path)
        except BaseException:
            self._close_files()
            raise
        self._position = _position(self._last)

    @property
    def position(self) -> LogPosition:
        """Where the next chunk must start."""
        return self._position

    async def append(self, raw_offset: int, data: bytes, at_utc: float) -> LogPosition:
        """Write one chunk and its record, as ``LogWriter`` promises. ``StoreFailed``: give the same bytes again."""
        if self._closed:
            raise ValueError(f"the log {self.name[1]} is closed")
        position: LogPosition = await self._worker.call(_Append(self, raw_offset, data, at_utc))
        return position

    async def sync(self) -> None:
        """fsync file and index (and once the folders above); after this the host's copy may be removed."""
        async with self._syncing:
            if self._closed:
                raise ValueError(f"the log {self.name[1]} is closed")
            # Not in the writing thread: one slow disk flush must not hold up every other log.
            try:
                await asyncio.to_thread(self._sync_files)
            except OSError as error:
                raise StoreFailed(
                    f"{self._log_path}: {error.strerror}; the log is not safe on disk yet", hint=f"df {self._root}"
                ) from error

    async def close(self) -> None:
        """Close without fsync. Appending after it raises ``ValueError``."""
        if self._closed:
            return
        self._closed = True
        async with self._syncing:
            if self._worker.closed:
                self._close_files()
            else:
                await self._worker.call(_Close(self))

    def _write(self, tickets: Sequence[Ticket[_Request]]) -> None:
        """Write the chunks of one batch together; runs in the store's thread."""
        taken: list[Ticket[_Request]] = []
        chunks: list[bytes] = []
        raw_end, at_utc = self._last.raw_offset, 0.0
        for ticket in tickets:
            request = ticket.request
            assert isinstance(request, _Append)
            if request.raw_offset > raw_end:
                ticket.failed(
                    ValueError(
                        f"bytes {raw_end} to {request.raw_offset} of {self.name[1]} are missing; nothing written"
                    )
                )
                continue
            taken.append(ticket)
            new = request.data[raw_end - request.raw_offset :] if request.raw_offset < raw_end else request.data
            if new:
                chunks.append(new)
                raw_end += len(new)
                at_utc = request.at_utc
        try:
            if chunks:
                self._write_block(chunks[0] if len(chunks) == 1 else b"".join(chunks), at_utc)
        except OSError as error:
            for ticket in taken:
                ticket.failed(
                    StoreFailed(
                        f"{self._log_path}: {error.strerror}; this output was not stored", hint=f"df {self._root}"
                    )
                )
            return
        for ticket in taken:
            ticket.done(self._position)

    def _write_block(self, data: bytes, at_utc: float) -> None:
        added = records.records_of(self._last, data, at_utc)
        _write_at(self._log_fd, data, self._last.file_offset)
        # The record after its bytes, never before: whoever sees the record may read the bytes.
        _write_at(self._index_fd, b"".join(map(records.encode, added)), records.record_position(self._records))
        self._records += len(added)
        self._last = added[-1]
        self._position = _position(self._last)

    def _sync_files(self) -> None:
        # Bytes first: after a power cut in between, the index may be behind the file but not before it.
        os.fsync(self._log_fd)
        os.fsync(self._index_fd)
        if not self._names_synced:
            folder = self._log_path.parent
            while True:
                sync_folder(folder)
                if folder == self._root:
                    break
                folder = folder.parent
            self._names_synced = True

    def _close_files(self) -> None:
        for fd in (self._log_fd, self._index_fd):
            if fd >= 0:
                os.close(fd)
        self._log_fd = self._index_fd = -1


def whole_tail(data: bytes, before: int) -> bytes:
    """``data`` without its first ``before`` bytes and the line they cut; all of it when nothing else would be left."""
    if not before:
        return data
    if len(data) <= before:
        return b""
    begin = data.find(b"\n", 0, len(data) - 1) + 1
    return data[begin:] if begin else data[before:]


def _position(record: Record) -> LogPosition:
    return LogPosition(raw_offset=record.raw_offset, file_bytes=record.file_offset, lines=record.lines)


def _open_files(log: Path, index: Path) -> tuple[int, int]:
    make_private(log.parent)
    if not index.exists() and log.exists() and log.stat().st_size:
        # The index is created first and is never removed alone, so no crash leaves this behind.
        raise StoreDamaged(
            f"{log} has lost its index {index.name}; nothing was changed", hint=f"mv {log} {log}.without-index"
        )
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    index_fd = os.open(index, flags, 0o600)
    try:
        return os.open(log, flags, 0o600), index_fd
    except BaseException:
        os.close(index_fd)
        raise


def _recover(log_fd: int, index_fd: int, index: Path) -> tuple[int, Record]:
    """Cut both files to the last whole record whose bytes are there: (number of records, that record)."""
    index_bytes, log_bytes = os.fstat(index_fd).st_size, os.fstat(log_fd).st_size
    header = os.pread(index_fd, HEADER_BYTES, 0)
    if len(header) == HEADER_BYTES:
        check_header(header, index)
    else:
        # Torn while it was created: no record was ever written.
        _write_at(index_fd, records.encode_header(), 0)
    count, last = records.whole_records(index_bytes), EMPTY
    while count > 0:
        found = records.decode(os.pread(index_fd, records.RECORD_BYTES, records.record_position(count - 1)))
        # After a power cut the index may have reached the disk and the bytes not.
        if found is not None and found.file_offset <= log_bytes:
            last = found
            break
        count -= 1
    if index_bytes > records.record_position(count):
        os.ftruncate(index_fd, records.record_position(count))
    if log_bytes > last.file_offset:
        os.ftruncate(log_fd, last.file_offset)
    return count, last


def _write_at(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
