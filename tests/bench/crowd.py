"""The screen over a run of many jobs on many hosts that never stands still.

``python -m tests.bench.crowd JOBS HOSTS HZ``: the real app; behind it, in place of a controller, a run that was played
beforehand and is told at ``HZ`` events a second, with the status that a controller would send ten times a second.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from msgspec.structs import replace

from runbooks.library import load_built_in
from runners.core.describe import hold_documents, summary
from runners.core.holds import holds
from runners.model import api
from runners.model.events import Event
from runners.model.snapshot import RunSnapshot
from runners.model.state import RunState
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.fake_controller import FakeClient, FakeController, FakeRun
from tui.app import OndutyApp
from tui.pauses import shorten
from tui.view.look import Look

UID = "u1"
_STAGES = 10
_PLAYED_S = 90
_STATUS_HZ = 10


class Told:
    """A run as it was at first, and what happens to it then."""

    def __init__(self, jobs: int, hosts: int, per_s: int) -> None:
        names = " ".join(f"host-{number:03d}.example.com" for number in range(hosts))
        each = max(1, jobs // _STAGES)
        plan = plan_of(*(stage(f"s{s}", *(job(f"job-{s}-{j}", names) for j in range(each))) for s in range(_STAGES)))
        self.sim = Simulator(plan, now_utc=time.time())
        self.per_s = per_s
        # Before anybody looks some jobs are on their way everywhere, and one host of each has failed.
        waiting = list(self.sim.prepares)
        begun = waiting[: max(len(waiting) // 2, 8)][: 3 * hosts]
        for name in begun:
            self.sim.ready(name)
            self.sim.started(name)
        for name in begun[7::hosts]:
            self.sim.finish(name, 1)
        self.state: RunState = self.sim.state
        seen = len(self.sim.events)
        for at, name in enumerate(waiting[len(begun) :]):
            self.sim.ready(name)
            self.sim.started(name)
            if at % 3 == 0:
                self.sim.finish(name, 0)
            if len(self.sim.events) - seen > per_s * _PLAYED_S:
                break
        self.events: list[Event] = self.sim.events[seen:]
        self.holds = hold_documents(holds(self.state, {}))
        line = summary(self.state, holds(self.state, {}))
        self.line = replace(line, uid=UID, id="crowd/1", pipeline="crowd")


class Client(FakeClient):
    """Tells what was played beforehand."""

    def __init__(self, controller: FakeController, told: Told) -> None:
        super().__init__(controller, 0)
        self._told = told

    async def runs(self, limit: int = 100) -> list[api.RunSummary]:
        return [self._told.line]

    async def snapshot(self, uid: str) -> Any:
        return RunSnapshot(document=None, state=self._told.state)  # type: ignore[arg-type]

    async def events(
        self, uid: str, after: int = 0, *, follow: bool = True, watch: bool = False
    ) -> AsyncIterator[Event]:
        started_s = time.monotonic()
        for number, event in enumerate(self._told.events):
            wait_s = started_s + number / self._told.per_s - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            yield replace(event, time=time.time())
        await asyncio.Event().wait()

    async def status(self) -> AsyncIterator[api.Status]:
        while True:
            run = api.RunStatus(uid=UID, holds=self._told.holds, watchers=("alice",))
            yield api.Status(at="2026-11-21T12:00:00.000Z", runs=(run,), hosts=(), summaries=(self._told.line,))
            await asyncio.sleep(1 / _STATUS_HZ)  # the load itself is a pace: a controller says this so often


def main(jobs: int, hosts: int, per_s: int) -> None:
    """Open the screen; ``q`` twice leaves it."""
    told = Told(jobs, hosts, per_s)
    controller = FakeController(FakeRun(told.sim, UID, "crowd/1"))

    async def connect(*, start: bool) -> tuple[Any, api.Hello]:
        _, hello = await controller.connect(start=start)
        return Client(controller, told), hello

    OndutyApp(connect, load_built_in, Look(), run=UID, settle=shorten).run()


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]))
