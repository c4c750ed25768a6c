"""From a host's session to the log file: bounded, in order, each byte once.

Chunks wait in memory until the log store has taken them; neighbours are joined, so that a chatty job does not cost one
write per line. At most ``QUEUE_BYTES`` wait over all logs: then ``put`` waits, the session is read no further, and the
SSH window slows the host.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from runners.engine.timers import Timers
from runners.ports.clock import Clock
from runners.ports.log_store import LogPosition, LogStore, LogWriter, StreamMask

QUEUE_BYTES = 8 * 1024 * 1024
JOIN_BYTES = 1024 * 1024
"""Neighbouring chunks are joined up to this size."""
RETRY_S = 1.0
"""After a write that failed (our disk is full) the same bytes are tried again; nothing is dropped."""

log = logging.getLogger("onduty.engine")


class BytesMissing(Exception):
    """The host's bytes do not continue ours: ask the host again from our position."""


class Budget:
    """Bytes that may wait in memory, first come first served. One chunk larger than all of it may pass alone."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.used_bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size_bytes: int) -> None:
        """Wait until that many bytes fit."""
        if not self._waiting and self._fits(size_bytes):
            self.used_bytes += size_bytes
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size_bytes, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(size_bytes)
            raise

    def give_back(self, size_bytes: int) -> None:
        """They were written."""
        self.used_bytes -= size_bytes
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
                continue
            if not self._fits(size):
                return
            self._waiting.popleft()
            self.used_bytes += size
            turn.set_result(None)

    def _fits(self, size_bytes: int) -> bool:
        return self.used_bytes == 0 or self.used_bytes + size_bytes <= self._limit_bytes


class LogFeed:
    """The log of one execution while it is being written."""

    def __init__(
        self,
        run: str,
        key: str,
        *,
        store: LogStore,
        clock: Clock,
        timers: Timers,
        budget: Budget,
        moved: Callable[[], None],
        mask: StreamMask | None = None,
    ) -> None:
        self._run = run
        self._key = key
        self._mask = mask
        self._store = store
        self._clock = clock
        self._timers = timers
        self._budget = budget
        self._moved = moved
        self._writer: LogWriter | None = None
        self._opening = asyncio.Lock()
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._next = 0
        """Raw offset after the last chunk that was taken in."""
        self._pump: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._closed = False
        self.trouble = ""
        """Why the last write failed; empty when it did not."""

    @property
    def opened(self) -> bool:
        """Whether there is a file behind it."""
        return self._writer is not None

    @property
    def file_bytes(self) -> int:
        """What a reader may read now."""
        return self._writer.position.file_bytes if self._writer is not None else 0

    async def resume(self) -> int:
        """Open the log and say from which raw offset the host must be followed."""
        writer = await self._open()
        if not self._chunks:
            self._next = writer.position.raw_offset
        return self._next

    async def put(self, offset: int, data: bytes) -> None:
        """Take a chunk of the host's log; what is known already is dropped. Raises ``BytesMissing`` for a gap."""
        await self._budget.take(len(data))
        # Nothing is awaited from here on: a call that is cancelled while it waits has changed nothing.
        new = data[self._next - offset :] if offset <= self._next else b""
        self._budget.give_back(len(data) - len(new))
        if offset > self._next:
            raise BytesMissing(f"{self._key}: byte {self._next} is next, the host sent {offset}")
        if not new:
            return
        self._chunks.append((self._next, new))
        self._next += len(new)
        self._drained.clear()
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._write(), name=f"onduty log {self._key}")

    async def finish(self, log_bytes: int) -> LogPosition:
        """Wait until all bytes are written and on disk. Raises ``BytesMissing`` when they are not ``log_bytes``."""
        await self._drained.wait()
        if self._next != log_bytes:
            raise BytesMissing(f"{self._key}: {self._next} bytes came, the host has {log_bytes}")
        while self._writer is not None:
            try:
                await self._writer.end(self._clock.now_utc())
                await self._writer.sync()
                return self._writer.position
            except Exception as error:
                await self._after_failure(error)
        return LogPosition()

    async def close(self) -> None:
        """Write what waits, as far as that works at once, and close."""
        self._closed = True
        if self._pump is not None and not self._pump.done() and not self.trouble:
            await self._drained.wait()
        await self.abandon()

    async def abandon(self) -> None:
        """Close; what waits is dropped, the host still has it."""
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
            self._pump = None
        self._drop_queue()
        self._drained.set()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                await writer.close()
            except Exception:
                log.exception("log %s of run %s: closing failed", self._key, self._run)

    def _drop_queue(self) -> None:
        size = sum(len(data) for _, data in self._chunks)
        self._chunks.clear()
        self._budget.give_back(size)

    async def _open(self) -> LogWriter:
        async with self._opening:
            if self._writer is None:
                writer = await self._store.open(self._run, self._key, self._mask)
                if self._closed:
                    # It was dropped meanwhile: whoever appends now hears that the log is closed.
                    await writer.close()
                self._writer = writer
            return self._writer

    async def _write(self) -> None:
        try:
            await self._write_all()
        finally:
            # However it ended: who waits for it must not wait for ever.
            self._pump = None
            self._drained.set()

    async def _write_all(self) -> None:
        while self._chunks:
            offset, size = self._chunks[0][0], 0
            parts: list[bytes] = []
            for at, data in self._chunks:
                if at != offset + size or (parts and size + len(data) > JOIN_BYTES):
                    break
                parts.append(data)
                size += len(data)
            joined = parts[0] if len(parts) == 1 else b"".join(parts)
            try:
                writer = await self._open()
                await writer.append(offset, joined, self._clock.now_utc())
            except ValueError as error:
                # Our file is shorter than we thought. The host has the bytes: whoever follows it meets a gap and asks.
                log.error("log %s of run %s: %s", self._key, self._run, error)
                self._drop_queue()
                self._next = self._writer.position.raw_offset if self._writer is not None else 0
                break
            except Exception as error:
                if self._closed:
                    # The host still has the bytes.
                    log.error("log %s of run %s: %s; closed", self._key, self._run, error)
                    return
                await self._after_failure(error)
                continue
            self.trouble = ""
            for _ in parts:
                self._chunks.popleft()
            self._budget.give_back(size)
            self._moved()

    async def _after_failure(self, error: Exception) -> None:
        if not self.trouble:
            log.error("log %s of run %s: %s; the host keeps the bytes, trying again", self._key, self._run, error)
        self.trouble = str(error) or type(error).__name__
        self._moved()
        again = asyncio.Event()
        timer = self._timers.after(RETRY_S, again.set)
        try:
            await again.wait()
        finally:
            timer.cancel()


class Logs:
    """Every log that is being written."""

    def __init__(
        self,
        store: LogStore,
        *,
        clock: Clock,
        timers: Timers,
        moved: Callable[[], None],
        mask_of: Callable[[str], StreamMask | None] = lambda run: None,
    ) -> None:
        """``mask_of``: by run uid; raises ``LookupError`` while the secrets of a run are not known."""
        self._store = store
        self._mask_of = mask_of
        self._clock = clock
        self._timers = timers
        self._moved = moved
        self._budget = Budget(QUEUE_BYTES)
        self._feeds: dict[str, LogFeed] = {}
        self._runs: dict[str, str] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def feed(self, run: str, key: str) -> LogFeed:
        """The feed of an execution; made when it is first asked for."""
        found = self._feeds.get(key)
        if found is None:
            found = LogFeed(
                run,
                key,
                store=self._store,
                clock=self._clock,
                timers=self._timers,
                budget=self._budget,
                moved=self._moved,
                mask=self._mask_of(run),
            )
            self._feeds[key] = found
            self._runs[key] = run
        return found

    def holds_secret(self, run: str, text: str) -> bool:
        """Whether a secret of the run stands in it, in any form. ``LookupError`` while they are not known."""
        mask = self._mask_of(run)
        return mask is not None and mask.text(text) != text

    def drop(self, key: str) -> None:
        """Its execution is over: close the feed."""
        self._runs.pop(key, None)
        found = self._feeds.pop(key, None)
        if found is not None and found.opened:
            task = asyncio.get_running_loop().create_task(found.close(), name=f"onduty log {key} closes")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def live_bytes(self) -> dict[str, dict[str, int]]:
        """Readable bytes of every log that is being written: by run, by key."""
        by_run: dict[str, dict[str, int]] = {}
        for key, found in self._feeds.items():
            by_run.setdefault(self._runs[key], {})[key] = found.file_bytes
        return by_run

    async def close(self) -> None:
        """Close all feeds."""
        feeds = list(self._feeds.values())
        self._feeds.clear()
        self._runs.clear()
        await asyncio.gather(*self._closing, *(found.close() for found in feeds), return_exceptions=True)
