"""The screen's line to the controller: follows it, starts it again when it is gone, folds events with its own reducer.

Everything runs in the screen's event loop and only changes plain attributes; screens look at ``version`` at frame rate
and draw when it moved. A burst of a thousand events is therefore one repaint.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from runners.model import api
from runners.model.errors import ControllerUnreachable, OndutyError
from runners.model.phases import FAILURES, RunPhase
from tui.keys.actions import key_of
from tui.view.host_state import KEPT_READINGS

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.client.start import ControllerCommand
    from runners.model.events import Event
    from runners.model.metrics import HostReading
    from runners.model.preview import Preview
    from runners.model.snapshot import PlanAnswer
    from runners.model.state import RunState

T = TypeVar("T")

STALE_AFTER_S = 5.0
"""The controller sends a line at least every 2 s; without one for this long what is shown is old and says so."""
LOST_AFTER_S = 1.0
"""A line that was cut is usually there again sooner, and then nothing is said."""
RETRY_S = 0.5
EVENTS_AT_ONCE = 200
START_AFTER_S = 3.0
"""A controller that was there and left is waited for this long before another is started: who stopped it may be
starting it again, or removing everything."""


class Connect(Protocol):
    """How to reach the controller."""

    async def __call__(self, *, start: bool) -> tuple[ControllerClient, api.Hello]:
        """An open client; ``start`` starts a controller where none runs. Raises ``ControllerUnreachable``."""
        ...


class Line:
    """``Connect`` for the controller of one state folder."""

    def __init__(self, home: Path, command: Callable[[], ControllerCommand], *, auth_sock: str | None = None) -> None:
        """``command`` says how to start a controller; it is asked after the first frame."""
        self._home = home
        self._command = command
        self._auth_sock = auth_sock
        self._met = False

    async def __call__(self, *, start: bool) -> tuple[ControllerClient, api.Hello]:
        """See ``Connect``. A state folder that was removed meanwhile is not made again."""
        # Not before the first frame: HTTP takes longer to be loaded than a frame to be drawn.
        from runners.client.client import ControllerClient
        from runners.client.start import connect as find_or_start

        if self._met and not self._home.is_dir():
            gone = f"the state folder was removed, the controller too; {self._home}"
            raise ControllerUnreachable(gone, hint=f"{key_of('quit')} leaves")
        if start:
            client, hello = await find_or_start(self._home, self._command(), auth_sock=self._auth_sock)
        else:
            client = ControllerClient(self._home)
            try:
                hello = await client.hello(auth_sock=self._auth_sock)
            except BaseException:
                await client.close()
                raise
        if hello.protocol != api.PROTOCOL:
            await client.close()
            raise ControllerUnreachable(
                f"the controller speaks protocol {hello.protocol}, this onduty {api.PROTOCOL}; runs on hosts go on",
                hint="onduty controller restart",
            )
        self._met = True
        return client, hello


@dataclass(slots=True)
class Feed:
    """What the controller says, as of now."""

    connect: Connect
    now: Callable[[], float] = time.time
    """UTC seconds."""
    summaries: tuple[api.RunSummary, ...] = ()
    hosts: Mapping[str, api.HostStatus] = field(default_factory=dict)
    readings: dict[str, deque[HostReading]] = field(default_factory=dict)
    """How hosts were since this began to listen, by name, oldest first; a host that is not connected has none."""
    statuses: Mapping[str, api.RunStatus] = field(default_factory=dict)
    """By uid, live runs only."""
    hello: api.Hello | None = None
    """Who answered last."""
    trouble: str = ""
    """Why there is no controller; empty while there is one."""
    version: int = 0
    """Moves with every change."""
    heard_at: float = field(default_factory=time.monotonic)
    loaded: bool = False
    """The list of runs was read at least once."""
    on_failure: Callable[[api.RunSummary], None] | None = None
    """Called when more of a run has failed than was known."""
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _bad: dict[str, int] = field(default_factory=dict)

    @property
    def user(self) -> str:
        """Who the controller takes us for; empty until it said so."""
        return self.hello.user if self.hello is not None else ""

    def know(self, hello: api.Hello, summaries: tuple[api.RunSummary, ...]) -> None:
        """What a controller said a moment ago, on a line of its own."""
        self.hello = hello
        self._take_summaries(summaries)
        self.loaded = True
        self.version += 1

    async def run(self) -> None:
        """Follow the status stream for as long as the screen lives."""
        while True:
            try:
                client, self.hello = await self.connect(start=self._may_start())
                async with client:
                    self._take_summaries(tuple(await client.runs()))
                    self.loaded = True
                    self._heard()
                    async for status in client.status():
                        self._take(status)
                self._lost("it has ended")
            except OndutyError as error:
                self._lost(error.message)
            await asyncio.sleep(RETRY_S)

    async def up(self) -> ControllerClient:
        """A client of a controller that runs, as soon as there is one; this never starts any."""
        while True:
            await self._up.wait()
            with suppress(ControllerUnreachable):
                return (await self.connect(start=False))[0]
            await asyncio.sleep(RETRY_S)

    def stale_s(self) -> float | None:
        """Seconds since the controller was heard, once that is worth saying."""
        age_s = time.monotonic() - self.heard_at
        enough_s = LOST_AFTER_S if self.trouble and self.loaded else STALE_AFTER_S
        return age_s if age_s > enough_s else None

    async def ask(self, call: Callable[[ControllerClient], Awaitable[T]]) -> T:
        """One call on a line of its own; raises what the controller refused."""
        client, _ = await self.connect(start=True)
        async with client:
            return await call(client)

    async def preview(self, uid: str, request: api.IntentRequest) -> Preview:
        """What the controller would do; nothing happens."""
        return await self.ask(lambda client: client.preview(uid, request))

    async def definition(self, uid: str) -> PlanAnswer:
        """The pinned plan and texts of a run."""
        return await self.ask(lambda client: client.definition(uid))

    def told(self) -> None:
        """Something else that screens show has changed."""
        self.version += 1

    def summary(self, uid: str) -> api.RunSummary | None:
        """The line of one run in the list."""
        return next((run for run in self.summaries if run.uid == uid), None)

    def _may_start(self) -> bool:
        return not self.loaded or time.monotonic() - self.heard_at > START_AFTER_S

    def _take(self, status: api.Status) -> None:
        self.hosts = {host.name: host for host in status.hosts}
        self._take_readings(status.hosts)
        self.statuses = {run.uid: run for run in status.runs}
        if status.summaries is not None:
            self._take_summaries(status.summaries)
        self._heard()

    def _take_readings(self, hosts: tuple[api.HostStatus, ...]) -> None:
        now = {host.name: host.reading for host in hosts if host.reading is not None}
        for name in self.readings.keys() - now.keys():
            del self.readings[name]
        for name, reading in now.items():
            kept = self.readings.setdefault(name, deque(maxlen=KEPT_READINGS))
            if not kept or kept[-1].at != reading.at:
                kept.append(reading)

    def _take_summaries(self, summaries: tuple[api.RunSummary, ...]) -> None:
        before, self._bad = self._bad, {run.uid: _how_bad(run) for run in summaries}
        self.summaries = summaries
        if self.loaded and self.on_failure is not None:
            for run in summaries:
                if self._bad[run.uid] > before.get(run.uid, 0):
                    self.on_failure(run)

    def _heard(self) -> None:
        self.heard_at = time.monotonic()
        self.trouble = ""
        self.version += 1
        self._up.set()

    def _lost(self, why: str) -> None:
        self._up.clear()
        self.trouble = why
        self.version += 1


@dataclass(slots=True)
class RunFeed:
    """One run: its state, folded here from the controller's events."""

    feed: Feed
    uid: str
    state: RunState | None = None
    trouble: str = ""
    """Why it cannot be read, when the controller answers; empty otherwise."""
    version: int = 0
    lag_s: float | None = None
    """From an event's commit to its folding here, of the last live one."""
    on_event: Callable[[Event], None] | None = None
    """Called with every live event once it is folded."""

    async def run(self) -> None:
        """Follow the run for as long as its screen is open."""
        from runners.client.client import StreamDropped
        from runners.core.reduce import reduce

        while True:
            try:
                async with await self.feed.up() as client:
                    snapshot = await client.snapshot(self.uid)
                    self.state, self.trouble = snapshot.state, ""
                    self.version += 1
                    async for event in client.events(self.uid, snapshot.state.seq, watch=True):
                        self.state = reduce(self.state, event)
                        self.lag_s = max(0.0, self.feed.now() - event.time)
                        self.version += 1
                        if self.on_event is not None:
                            self.on_event(event)
            except (ControllerUnreachable, StreamDropped):
                pass
            except OndutyError as error:
                self.trouble = error.message
                self.version += 1
            await asyncio.sleep(RETRY_S)


@dataclass(slots=True)
class RunEvents:
    """All events of one run from its first, for as long as somebody looks at them."""

    feed: Feed
    uid: str
    events: list[Event] = field(default_factory=list)
    """In order, without gaps; only ever added to."""
    trouble: str = ""
    """Why they cannot be read, when the controller answers; empty otherwise."""

    async def run(self) -> None:
        """Read those that are there, then follow; after a cut line it goes on behind the last one."""
        from runners.client.client import StreamDropped

        while True:
            try:
                async with await self.feed.up() as client:
                    after = self.events[-1].seq if self.events else 0
                    self.trouble = ""
                    async for event in client.events(self.uid, after):
                        self.events.append(event)
                        if len(self.events) % EVENTS_AT_ONCE == 0:
                            # A long run comes in one burst: keys are heard in between.
                            await asyncio.sleep(0)
            except (ControllerUnreachable, StreamDropped):
                pass
            except OndutyError as error:
                self.trouble = error.message
            await asyncio.sleep(RETRY_S)


def _how_bad(run: api.RunSummary) -> int:
    """How many job runs of it failed; at least one when the run itself did."""
    return max(sum(run.counts.get(phase.value, 0) for phase in FAILURES), int(run.phase == RunPhase.FAILED))
