"""A controller in memory behind the screens: simulated runs, their events, a status stream, intents; it can go away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from runners.core.admit import Refused
from runners.core.describe import document, hold_documents, summary
from runners.core.holds import holds
from runners.core.preview import preview
from runners.model import api
from runners.model.errors import ActionRefused, ControllerUnreachable, NotFound
from runners.model.events import Event
from runners.model.host_check import HostCheck
from runners.model.intents import Give
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from runners.model.preview import Preview
from runners.model.snapshot import PlanAnswer, RunSnapshot
from runners.testing.simulator import Simulator
from tests.screens.intents import intent_of
from tests.screens.logs import MemoryLog
from tests.screens.scenes import BIND, START_UTC, begun, failed_run

SIGN_OF_LIFE_S = 1.0


@dataclass
class FakeRun:
    """One simulated run, and the name it has in the list."""

    sim: Simulator
    uid: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Of its line in the list, in place of what the core says."""

    def summary(self) -> api.RunSummary:
        found = summary(self.sim.state, holds(self.sim.state, {}))
        pipeline = self.name.partition("/")[0]
        return msgspec.structs.replace(found, uid=self.uid, id=self.name, pipeline=pipeline, **self.fields)


class FakeController:
    """What the tests change, and ``connect`` for the app. Call ``changed`` after a simulator was driven."""

    def __init__(self, *runs: FakeRun, user: str = "alice") -> None:
        self.runs = list(runs)
        self.user = user
        self.hosts: tuple[api.HostStatus, ...] = ()
        self.watchers: tuple[str, ...] = ("alice",)
        self.holds: dict[str, tuple[api.HoldDocument, ...]] = {}
        """By uid, in place of what the core says."""
        self.requests: list[api.IntentRequest] = []
        self.given: list[api.GiveSecrets] = []
        self.started: list[api.StartRun] = []
        self.asked: list[api.IntentRequest] = []
        """Every preview that was asked for."""
        self.later: tuple[str, ...] = ()
        """Later runs that changed the same hosts."""
        self.logins: list[api.LoginRequest] = []
        self.login_replies: list[api.LoginReply] = []
        """What logins are answered with, in order."""
        self.slow: asyncio.Event | None = None
        """Previews are answered once it is set."""
        self.refuse_with: str = ""
        self.down = ""
        """Why it does not answer."""
        self.starts: list[bool] = []
        """Of every connect: whether it might have started a controller."""
        self.histories: dict[str, api.PipelineHistory] = {}
        """What earlier runs did, by pipeline."""
        self.usual = api.Usual()
        """How long its runs usually take."""
        self.before = api.Before()
        """What went before each of them."""
        self.asked_before: list[str] = []
        """Job runs whose past was asked for."""
        self.definition = "version: 1\nname: deploy-api\n"
        self.readings: dict[str, tuple[HostReading, ...]] = {}
        """By host."""
        self.looked_at: list[str] = []
        """Hosts that somebody looks at now."""
        self.checks: dict[str, HostCheck] = {}
        """What comes of a look at a host; one that is not here says nothing."""
        self.checking: asyncio.Event | None = None
        """Looks at hosts are answered once it is set."""
        self._moved = asyncio.Condition()
        self._version = 0
        self._cut = 0

    def run(self, uid: str) -> FakeRun:
        found = next((run for run in self.runs if run.uid == uid), None)
        if found is None:
            raise NotFound(f"there is no run {uid}")
        return found

    async def changed(self) -> None:
        """Tell everybody who listens."""
        async with self._moved:
            self._version += 1
            self._moved.notify_all()

    async def go_down(self, why: str = "connection refused") -> None:
        """Every line is cut, and no new one answers."""
        self.down = why
        self._cut += 1
        await self.changed()

    async def come_back(self) -> None:
        """Lines are answered again."""
        self.down = ""
        await self.changed()

    async def connect(self, *, start: bool) -> tuple[Any, api.Hello]:
        self.starts.append(start)
        if self.down:
            raise ControllerUnreachable(
                f"the controller does not answer ({self.down})", hint="onduty controller status"
            )
        from tui.cli.version import version

        hello = api.Hello(
            version=version(),
            protocol=api.PROTOCOL,
            pid=1,
            home="/tmp/x",
            user=self.user,
            started_at="2026-11-21T12:00:00.000Z",
        )
        return FakeClient(self, self._cut), hello

    async def wait(self, version: int, cut: int) -> int:
        """Until something changed after ``version``; raises when the line was cut."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._version != version or self._cut != cut)
        if self._cut != cut:
            raise ControllerUnreachable("the controller does not answer (cut)")
        return self._version

    def now(self) -> float:
        """The simulators' time."""
        return max((run.sim.now_utc for run in self.runs), default=START_UTC)

    @property
    def version(self) -> int:
        return self._version

    def status(self) -> api.Status:
        return api.Status(
            at="2026-11-21T12:00:00.000Z",
            runs=tuple(
                api.RunStatus(uid=run.uid, holds=self.holds_of(run), watchers=self.watchers) for run in self.runs
            ),
            hosts=self.hosts,
            summaries=tuple(run.summary() for run in self.runs),
        )

    def holds_of(self, run: FakeRun) -> tuple[api.HoldDocument, ...]:
        own = self.holds.get(run.uid)
        return hold_documents(holds(run.sim.state, {})) if own is None else own


class FakeClient:
    """As ``ControllerClient``, as far as the screens use it."""

    def __init__(self, controller: FakeController, cut: int) -> None:
        self._controller = controller
        self._cut = cut

    async def __aenter__(self) -> FakeClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""

    async def runs(self, limit: int = 100) -> list[api.RunSummary]:
        return [run.summary() for run in self._controller.runs]

    async def history(self, pipeline: str, limit: int = 20, environment: str = "") -> api.PipelineHistory:
        return self._controller.histories.get(pipeline, api.PipelineHistory(pipeline=pipeline))

    async def usual(self, uid: str) -> api.Usual:
        return self._controller.usual

    async def before(self, uid: str, job_run: str = "") -> api.Before:
        self._controller.asked_before.append(job_run)
        return self._controller.before

    async def snapshot(self, uid: str) -> RunSnapshot:
        state = self._controller.run(uid).sim.state
        return RunSnapshot(document=document(state, holds(state, {})), state=state)

    async def events(
        self, uid: str, after: int = 0, *, follow: bool = True, watch: bool = False
    ) -> AsyncIterator[Event]:
        run = self._controller.run(uid)
        seen = after
        while True:
            version = self._controller.version
            for event in [event for event in run.sim.events if event.seq > seen]:
                seen = event.seq
                yield event
            await self._controller.wait(version, self._cut)

    async def status(self) -> AsyncIterator[api.Status]:
        while True:
            version = self._controller.version
            yield self._controller.status()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SIGN_OF_LIFE_S):
                    await self._controller.wait(version, self._cut)

    async def follow_readings(self, uid: str, host: str) -> AsyncIterator[HostReading]:
        controller = self._controller
        controller.looked_at.append(host)
        told = 0
        try:
            while True:
                version = controller.version
                known = controller.readings.get(host, ())
                for reading in known[told:]:
                    yield reading
                told = len(known)
                await controller.wait(version, self._cut)
        finally:
            controller.looked_at.remove(host)

    async def check_hosts(self, hosts: Sequence[Host]) -> AsyncIterator[HostCheck]:
        if self._controller.checking is not None:
            await self._controller.checking.wait()
        for host in hosts:
            if host.name in self._controller.checks:
                yield self._controller.checks[host.name]

    async def definition(self, uid: str) -> PlanAnswer:
        plan = self._controller.run(uid).sim.plan
        return PlanAnswer(plan=plan, definition=self._controller.definition, inventory=None)

    async def start_run(self, request: api.StartRun) -> api.RunStarted:
        controller = self._controller
        controller.started.append(request)
        if self._cut != controller._cut:
            raise ControllerUnreachable("the controller does not answer (cut)", hint="onduty controller status")
        if controller.refuse_with:
            raise ActionRefused(controller.refuse_with)
        number = 43 + len(controller.started) - 1
        run = FakeRun(begun(), f"new{number}", f"deploy-api/{number}")
        controller.runs.insert(0, run)
        await controller.changed()
        return api.RunStarted(id=run.name, uid=run.uid)

    async def preview(self, uid: str, request: api.IntentRequest) -> Preview:
        controller = self._controller
        controller.asked.append(request)
        if controller.slow is not None:
            await controller.slow.wait()
        if self._cut != controller._cut:
            raise ControllerUnreachable("the controller does not answer (cut)", hint="onduty controller status")
        sim = controller.run(uid).sim
        return preview(sim.state, intent_of(request, controller.later), sim.now_utc)

    async def login(self, request: api.LoginRequest, *, auth_sock: str | None = None) -> api.LoginReply:
        self._controller.logins.append(request)
        if self._controller.refuse_with:
            raise ActionRefused(self._controller.refuse_with)
        return self._controller.login_replies.pop(0)

    async def act(self, uid: str, request: api.IntentRequest) -> api.IntentAnswer:
        controller = self._controller
        controller.requests.append(request)
        if controller.refuse_with:
            raise ActionRefused(controller.refuse_with)
        sim = controller.run(uid).sim
        try:
            sim.ask(intent_of(request, controller.later), actor=controller.user)
        except Refused as refused:
            raise ActionRefused(refused.message) from refused
        await controller.changed()
        return api.IntentAnswer(accepted=True, text=f"{request.intent} accepted", seq=sim.state.seq)

    async def give_secrets(self, uid: str, request: api.GiveSecrets) -> api.IntentAnswer:
        controller = self._controller
        controller.given.append(request)
        if controller.refuse_with:
            raise ActionRefused(controller.refuse_with)
        sim = controller.run(uid).sim
        sim.ask(Give(id=request.id, names=request.names), actor=controller.user)
        await controller.changed()
        return api.IntentAnswer(
            accepted=True, text=f"{sim.state.name} has {', '.join(request.names)}", seq=sim.state.seq
        )


def failed_controller(**fields: Any) -> FakeController:
    """One run, in which web3 failed in restart."""
    return FakeController(FakeRun(failed_run(), "u1", "deploy-api/42", fields))


def memory_logs(sim: Simulator, lines: dict[str, Sequence[bytes]] | None = None) -> dict[str, MemoryLog]:
    """A log for every execution that was started, by key; restart of web3 has the line that failed."""
    logs: dict[str, MemoryLog] = {}
    for stage in sim.state.stages:
        for job in stage.jobs:
            for run in job.runs:
                for attempt in run.attempts:
                    for number, task in enumerate(attempt.tasks, 1):
                        if task.key is None:
                            continue
                        text = list((lines or {}).get(task.key, ()))
                        if not text:
                            text = [
                                f"{run.host} task {number} attempt {attempt.number} line {n}".encode()
                                for n in range(1, 9)
                            ]
                            if task.exit_code:
                                text[6] = BIND.encode()
                        logs[task.key] = MemoryLog(text, [task.started_at or 0.0] * len(text))
    return logs
