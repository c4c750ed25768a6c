"""The log store on disk: one file of bytes and one index of records per execution.

One thread writes for all logs; whatever arrives while it writes is written in one go. Bytes and records are written at
the positions that the last record gives, so what a failed or killed write left behind is simply written over. A record
comes after its chunk, so it is the promise that its bytes are there; ``sync`` makes both survive a power cut.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runners.adapters.log_flush import Flush, Flusher
from runners.adapters.log_paths import log_paths, make_private
from runners.adapters.log_reader import LogReader, check_header
from runners.adapters.worker import Ticket, Worker
from runners.model.errors import StoreDamaged, StoreFailed
from runners.ports.log_store import LogPosition, StreamMask, StreamMasker
from runners.streams import records
from runners.streams.records import EMPTY, HEADER_BYTES, MAX_BLOCK_BYTES, Record


@dataclass(frozen=True, slots=True)
class _Open:
    run: str
    key: str
    mask: StreamMask | None


@dataclass(frozen=True, slots=True)
class _Append:
    writer: FileLogWriter
    raw_offset: int
    data: bytes
    at_utc: float


@dataclass(frozen=True, slots=True)
class _End:
    writer: FileLogWriter
    at_utc: float


@dataclass(frozen=True, slots=True)
class _Close:
    writer: FileLogWriter


_Request = _Open | _Append | _End | _Close


class FileLogStore:
    """``LogStore`` under ``<root>/runs/<uid>/logs``; files 0600, folders 0700. ``close`` it to end its thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._worker: Worker[_Request] = Worker("onduty-logs", self._handle)
        self._flusher = Flusher(root)
        self._open: set[tuple[str, str]] = set()

    async def open(self, run: str, key: str, mask: StreamMask | None = None) -> FileLogWriter:
        """Open for appending; cut file and index to the last whole record first. Creates what is missing.

        Raises ``ValueError`` when this log is open already, ``StoreDamaged``, ``StoreRefused`` or ``StoreFailed``.
        """
        writer: FileLogWriter = await self._worker.call(_Open(run, key, mask))
        return writer

    async def tail(self, run: str, key: str, max_bytes: int) -> bytes:
        """The end of the log, at most ``max_bytes``; empty when there is no log.

        When the log is longer it begins with a whole line, unless the last line alone is longer than ``max_bytes``.
        """

        def read() -> bytes:
            with LogReader(self._root, run, key) as reader:
                return reader.tail(max_bytes)

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
        """Finish what was asked and end the threads. Open writers cannot append any more."""
        await self._worker.close()
        await self._flusher.close()

    def _handle(self, batch: Sequence[Ticket[_Request]]) -> None:
        appends: dict[FileLogWriter, list[Ticket[_Request]]] = {}
        others = []
        for ticket in batch:
            if isinstance(ticket.request, _Append):
                appends.setdefault(ticket.request.writer, []).append(ticket)
            else:
                others.append(ticket)
        # An end or a close asked for after an append of the same batch comes after it; nothing is appended to what
        # opens here.
        for writer, tickets in appends.items():
            writer._write(tickets)
        for ticket in others:
            try:
                ticket.done(self._serve(ticket.request))
            except OSError as error:
                ticket.failed(StoreFailed(f"a log could not be opened or ended: {error}", hint=f"df {self._root}"))
            except Exception as error:
                ticket.failed(error)

    def _serve(self, request: _Request) -> FileLogWriter | LogPosition | None:
        if isinstance(request, _Open):
            name = (request.run, request.key)
            if name in self._open:
                raise ValueError(f"the log {request.key} is open already; a log has one writer")
            writer = FileLogWriter(self._root, request.run, request.key, self._worker, self._flusher, request.mask)
            self._open.add(name)
            return writer
        if isinstance(request, _End):
            return request.writer._end(request.at_utc)
        if isinstance(request, _Close):
            request.writer._close_files()
            self._open.discard(request.writer.name)
        return None


class FileLogWriter:
    """``LogWriter`` of one log. Made by ``FileLogStore.open``, in the store's thread."""

    def __init__(
        self,
        root: Path,
        run: str,
        key: str,
        worker: Worker[_Request],
        flusher: Flusher,
        mask: StreamMask | None = None,
    ) -> None:
        self.name = (run, key)
        self._worker = worker
        self._flusher = flusher
        self._appending = 0
        """Chunks that were given and are not answered yet."""
        self._root = root
        self._log_path, self._index_path = log_paths(root, run, key)
        self._closed = False
        self._syncing = asyncio.Lock()
        self._names_synced = False
        self._synced_bytes = 0
        self._log_fd, self._index_fd = _open_files(self._log_path, self._index_path)
        try:
            self._records, self._last = _recover(self._log_fd, self._index_fd, self._index_path)
        except BaseException:
            self._close_files()
            raise
        self._masker, self._next = _masker_after(mask, self._last)
        """Raw offset of the next chunk: earlier than what was taken in where a mask has to see bytes again."""
        self._position = self._position_now()

    @property
    def position(self) -> LogPosition:
        """Where the next chunk must start."""
        return self._position

    async def append(self, raw_offset: int, data: bytes, at_utc: float) -> LogPosition:
        """Write one chunk and its record, as ``LogWriter`` promises. ``StoreFailed``: give the same bytes again."""
        if self._closed:
            raise ValueError(f"the log {self.name[1]} is closed")
        self._appending += 1
        try:
            position: LogPosition = await self._worker.call(_Append(self, raw_offset, data, at_utc))
        except asyncio.CancelledError:
            # It may be written still, whenever.
            self._appending += 1
            raise
        finally:
            self._appending -= 1
        return position

    async def end(self, at_utc: float) -> LogPosition:
        """Write what was held back, as ``LogWriter`` promises. ``StoreFailed``: ask again."""
        if self._closed:
            raise ValueError(f"the log {self.name[1]} is closed")
        if self._masker is None and not self._appending:
            # All that came is written, and nothing was held back.
            return self._position
        position: LogPosition = await self._worker.call(_End(self, at_utc))
        return position

    async def sync(self) -> None:
        """fsync file and index (and once the folders above); after this the host's copy may be removed."""
        async with self._syncing:
            if self._closed:
                raise ValueError(f"the log {self.name[1]} is closed")
            # Not in the writing thread: a slow flush must not hold up what other logs write.
            try:
                folder = None if self._names_synced else self._log_path.parent
                now_bytes = self._position.file_bytes
                await self._flusher.flush(
                    Flush(self._log_fd, self._index_fd, folder, new_bytes=now_bytes - self._synced_bytes)
                )
                self._names_synced, self._synced_bytes = True, now_bytes
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
        raw_end, at_utc = self._next, 0.0
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
        if self._masker is None:
            self._write_records(data, records.records_of(self._last, data, at_utc))
            self._next += len(data)
        else:
            for start in range(0, len(data), MAX_BLOCK_BYTES):
                self._write_masked(self._masker, data[start : start + MAX_BLOCK_BYTES], at_utc)
        self._position = self._position_now()

    def _write_masked(self, masker: StreamMasker, data: bytes, at_utc: float) -> None:
        """One block. The masker of before counts until its bytes are written."""
        after = masker.copy()
        out = after.feed(data)
        if len(out) > MAX_BLOCK_BYTES and len(data) > 1:
            # Markers are longer than secrets: readers find a line by records that are not far apart.
            half = len(data) // 2
            self._write_masked(masker, data[:half], at_utc)
            assert self._masker is not None
            self._write_masked(self._masker, data[half:], at_utc)
            return
        self._next += len(data)
        self._masker = after
        # What a log that was opened again sees for the second time was counted then.
        taken, written = max(self._next, self._last.raw_offset), _written(self._last)
        now = max(written, self._next - after.held_bytes)
        if taken > self._last.raw_offset or now > written:
            try:
                self._write_records(out, [records.masked_record(self._last, out, taken, taken - now, at_utc)])
            except OSError:
                self._next, self._masker = self._next - len(data), masker
                raise

    def _end(self, at_utc: float) -> LogPosition:
        if self._masker is not None and self._masker.held_bytes:
            after = self._masker.copy()
            out = after.end()
            taken = max(self._next, self._last.raw_offset)
            self._write_records(out, [records.masked_record(self._last, out, taken, 0, at_utc)])
            self._masker = after
            self._position = self._position_now()
        return self._position

    def _write_records(self, data: bytes, added: Sequence[Record]) -> None:
        _write_at(self._log_fd, data, self._last.file_offset)
        # The record after its bytes, never before: whoever sees the record may read the bytes.
        _write_at(self._index_fd, b"".join(map(records.encode, added)), records.record_position(self._records))
        self._records += len(added)
        self._last = added[-1]

    def _position_now(self) -> LogPosition:
        return LogPosition(raw_offset=self._next, file_bytes=self._last.file_offset, lines=self._last.lines)

    def _close_files(self) -> None:
        for fd in (self._log_fd, self._index_fd):
            if fd >= 0:
                os.close(fd)
        self._log_fd = self._index_fd = -1


def _position(record: Record) -> LogPosition:
    return LogPosition(raw_offset=_written(record), file_bytes=record.file_offset, lines=record.lines)


def _written(record: Record) -> int:
    """Bytes of the host's log that stand in the file, as far as a mask lets them."""
    return record.raw_offset - record.mask_tail_bytes


def _masker_after(mask: StreamMask | None, last: Record) -> tuple[StreamMasker | None, int]:
    """How a log goes on after its last record: its masker, and the raw offset of the chunk that it needs next."""
    written = _written(last)
    if mask is None:
        return None, written
    context = min(written, mask.context_bytes)
    return mask.masker(already=context), written - context


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
