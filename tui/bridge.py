"""The screen's line to the controller: follows it, starts it again when it is gone, folds events with its own reducer.

Everything runs in the screen's event loop and only changes plain attributes; screens look at ``version`` at frame rate
and draw when it moved. A burst of a thousand events is therefore one repaint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from runners.client.client import ControllerClient, StreamDropped
from runners.core.reduce import reduce
from runners.model import api
from runners.model.errors import ControllerUnreachable, OndutyError
from runners.model.state import RunState

Connect = Callable[[], Awaitable[tuple[ControllerClient, api.Hello]]]

STALE_AFTER_S = 5.0
"""The controller sends a line at least every 2 s; without one for this long what is shown is old and says so."""
RETRY_S = 0.5


@dataclass(slots=True)
class Feed:
    """What the controller says, as of now."""

    connect: Connect
    summaries: tuple[api.RunSummary, ...] = ()
    hosts: Mapping[str, api.HostStatus] = field(default_factory=dict)
    statuses: Mapping[str, api.RunStatus] = field(default_factory=dict)
    """By uid, live runs only."""
    user: str = ""
    trouble: str = ""
    """Why there is no controller; empty while there is one."""
    version: int = 0
    """Moves with every change."""
    heard_at: float = field(default_factory=time.monotonic)
    loaded: bool = False
    """The list of runs was read at least once."""

    async def run(self) -> None:
        """Follow the status stream for as long as the screen lives."""
        while True:
            try:
                client, hello = await self.connect()
                async with client:
                    self.user = hello.user
                    self.summaries = tuple(await client.runs())
                    self.loaded = True
                    self._heard()
                    async for status in client.status():
                        self._take(status)
            except OndutyError as error:
                self.trouble = error.message
                self.version += 1
            await asyncio.sleep(RETRY_S)

    def stale_s(self) -> float | None:
        """Seconds since the controller was heard, once that is worth saying."""
        age_s = time.monotonic() - self.heard_at
        return age_s if age_s > STALE_AFTER_S or self.trouble else None

    async def ask(self, call: Callable[[ControllerClient], Awaitable[api.IntentAnswer]]) -> api.IntentAnswer:
        """One call on a line of its own; raises what the controller refused."""
        client, _ = await self.connect()
        async with client:
            return await call(client)

    async def definition(self, uid: str) -> api.PlanAnswer:
        """The pinned plan and texts of a run."""
        client, _ = await self.connect()
        async with client:
            return await client.definition(uid)

    def _take(self, status: api.Status) -> None:
        self._heard()
        self.hosts = {host.name: host for host in status.hosts}
        self.statuses = {run.uid: run for run in status.runs}
        if status.summaries is not None:
            self.summaries = status.summaries

    def _heard(self) -> None:
        self.heard_at = time.monotonic()
        self.trouble = ""
        self.version += 1


@dataclass(slots=True)
class RunFeed:
    """One run: its state, folded here from the controller's events."""

    feed: Feed
    uid: str
    state: RunState | None = None
    document: api.RunDocument | None = None
    version: int = 0
    lag_s: float | None = None
    """From an event's commit to its folding here, of the last live one."""

    async def run(self) -> None:
        """Follow the run for as long as its screen is open."""
        while True:
            with suppress(ControllerUnreachable, StreamDropped):
                client, _ = await self.feed.connect()
                async with client:
                    snapshot = await client.snapshot(self.uid)
                    self.state, self.document = snapshot.state, snapshot.document
                    self.version += 1
                    async for event in client.events(self.uid, snapshot.state.seq, watch=True):
                        self.state = reduce(self.state, event)
                        self.lag_s = max(0.0, time.time() - event.time)
                        self.version += 1
            await asyncio.sleep(RETRY_S)
