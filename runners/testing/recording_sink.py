"""A sink that keeps what it is told and checks the promises about telling: in order, no gaps, one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from runners.ports.transport import CancelStep, ExecutionReport, ExecutionResult, Survivor


class RecordingSink:
    """What one or more sessions, one after the other, said about executions. Raises ``AssertionError`` on a breach."""

    def __init__(self, *, keep_output: bool = True) -> None:
        self._keep_output = keep_output
        self._output: dict[str, bytearray] = {}
        self._starts: dict[str, int] = {}
        self._received: dict[str, int] = {}
        self.results: dict[str, ExecutionResult] = {}
        self.vanished: dict[str, ExecutionReport] = {}
        self.steps: list[tuple[str, CancelStep, tuple[Survivor, ...]]] = []
        self.lost: list[str] = []
        self.heard = 0
        """How often it was called."""
        self.breaches: list[str] = []
        """Promises that were broken; also raised where they were."""
        self._inside = ""
        self._changed = asyncio.Event()

    def output(self, key: str) -> bytes:
        """The bytes of ``key`` that came, over all sessions."""
        return bytes(self._output.get(key, b""))

    def received(self, key: str) -> int:
        """Up to which offset they came."""
        return self._received.get(key, 0)

    def new_session(self) -> None:
        """From now on another session speaks."""
        self.lost.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds; looked at after every call."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()
        assert not self.breaches, self.breaches

    async def until_finished(self, key: str) -> ExecutionResult:
        """Wait for the result of ``key``."""
        await self.until(lambda: key in self.results)
        return self.results[key]

    async def until_lost(self) -> str:
        """Wait until the session is over; the cause."""
        await self.until(lambda: bool(self.lost))
        return self.lost[0]

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        """As ``SessionSink``."""
        async with self._turn(f"on_output({key}, {offset})"):
            expected = self._received.get(key, offset)
            self._hold(offset == expected, f"{key}: bytes at {offset}, expected at {expected}")
            self._hold(bool(data), f"{key}: an empty piece at {offset}")
            self._hold(key not in self.results, f"{key}: bytes after the result")
            self._received[key] = offset + len(data)
            if self._keep_output:
                self._output.setdefault(key, bytearray()).extend(data)

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        """As ``SessionSink``."""
        async with self._turn(f"on_finished({key})"):
            self._hold(key not in self.results, f"{key}: finished twice")
            if result.log_bytes:
                received = self._received.get(key, 0)
                self._hold(received == result.log_bytes, f"{key}: {received} of {result.log_bytes} bytes at the end")
            self.results[key] = result

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        """As ``SessionSink``."""
        async with self._turn(f"on_vanished({key})"):
            self.vanished[key] = report

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """As ``SessionSink``."""
        async with self._turn(f"on_cancel_step({key}, {step})"):
            self.steps.append((key, step, tuple(survivors)))

    async def on_lost(self, cause: str) -> None:
        """As ``SessionSink``."""
        async with self._turn("on_lost"):
            self._hold(not self.lost, "lost twice")
            self.lost.append(cause)

    def steps_of(self, key: str) -> list[CancelStep]:
        """The steps of its cancel, in order."""
        return [step for of, step, _ in self.steps if of == key]

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        self._hold(not self._inside, f"{name} during {self._inside}")
        self._hold(not self.lost, f"{name} after on_lost")
        self._inside = name
        self.heard += 1
        try:
            # A sink that takes its time shows who does not wait for it.
            await asyncio.sleep(0)
            yield
        finally:
            self._inside = ""
            self._changed.set()

    def _hold(self, promise: bool, sentence: str) -> None:
        if not promise:
            self.breaches.append(sentence)
            self._changed.set()
            raise AssertionError(sentence)
