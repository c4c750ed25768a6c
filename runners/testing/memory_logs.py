"""The log store in memory, for tests; it passes the same contract suite as the one on disk."""

from __future__ import annotations

from dataclasses import dataclass, field

from runners.ports.log_store import LogPosition, check_log_name


@dataclass(slots=True)
class _Log:
    data: bytearray = field(default_factory=bytearray)
    times_utc: list[float] = field(default_factory=list)
    synced_bytes: int = 0
    is_open: bool = False

    @property
    def position(self) -> LogPosition:
        size = len(self.data)
        return LogPosition(raw_offset=size, file_bytes=size, lines=self.data.count(b"\n"))


class MemoryLogStore:
    """``LogStore`` in a dict. ``fail_next`` makes the next append raise; ``synced`` tells what a power cut would leave."""

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str], _Log] = {}
        self.fail_next: Exception | None = None
        """Raised by the next append, which then stores nothing."""

    async def open(self, run: str, key: str) -> MemoryLogWriter:
        """Open for appending; ``ValueError`` when it is open already."""
        check_log_name(run, key)
        log = self._logs.setdefault((run, key), _Log())
        if log.is_open:
            raise ValueError(f"the log {key} is open already; a log has one writer")
        log.is_open = True
        return MemoryLogWriter(self, log, key)

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

    def __init__(self, store: MemoryLogStore, log: _Log, key: str) -> None:
        self._store = store
        self._log = log
        self._key = key
        self._closed = False

    @property
    def position(self) -> LogPosition:
        """Where the next chunk must start."""
        return self._log.position

    async def append(self, raw_offset: int, data: bytes, at_utc: float) -> LogPosition:
        """Append what is new of one chunk."""
        self._check_open()
        size = len(self._log.data)
        if raw_offset > size:
            raise ValueError(f"bytes {size} to {raw_offset} of {self._key} are missing; nothing written")
        error, self._store.fail_next = self._store.fail_next, None
        if error is not None:
            raise error
        self._log.data += data[size - raw_offset :]
        self._log.times_utc.append(at_utc)
        return self._log.position

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
