"""Who follows the events of a run. Nobody is waited for: a reader that falls behind is dropped and told so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from runners.model.events import Event


class Subscriber:
    """One reader's queue."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self.dropped = False
        """It fell behind; what it had not read is gone and nothing more comes."""
        self.ended = False

    def put(self, events: Sequence[Event]) -> None:
        """Called after the commit."""
        if self.dropped:
            return
        if len(self._events) + len(events) > self._limit:
            self.dropped = True
            self._events.clear()
        else:
            self._events.extend(events)
        self._arrived.set()

    def end(self) -> None:
        """The engine stops."""
        self.ended = True
        self._arrived.set()

    async def next(self) -> Sequence[Event]:
        """What came since the last call, at least one event; empty once it was dropped or the engine has stopped."""
        while not self._events and not self.dropped and not self.ended:
            self._arrived.clear()
            await self._arrived.wait()
        events = list(self._events)
        self._events.clear()
        return events


class Subscribers:
    """Readers by run."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_run: dict[str, list[Subscriber]] = {}
        self._ended = False

    def add(self, run: str) -> Subscriber:
        """A new reader: gets every event that is published from now on."""
        reader = Subscriber(self._limit)
        if self._ended:
            reader.end()
        self._by_run.setdefault(run, []).append(reader)
        return reader

    def remove(self, run: str, reader: Subscriber) -> None:
        """The reader has gone."""
        readers = self._by_run.get(run, [])
        if reader in readers:
            readers.remove(reader)
        if not readers:
            self._by_run.pop(run, None)

    def publish(self, run: str, events: Sequence[Event]) -> None:
        """Durable events, in order."""
        for reader in self._by_run.get(run, ()):
            reader.put(events)

    def end(self) -> None:
        """Let every reader finish."""
        self._ended = True
        for readers in self._by_run.values():
            for reader in readers:
                reader.end()
