"""A whole engine on fakes: hosts, stores and a clock in memory, and short ways to say what a test means."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runners.core.index import job_run_of
from runners.engine.engine import Engine
from runners.engine.errand_of import Tools
from runners.engine.limits import Limits
from runners.engine.vault import NoSources, Vault
from runners.model.definition import OnFailure, Part, RetryPolicy
from runners.model.events import Event
from runners.model.inventory import Host
from runners.model.phases import Phase, RunPhase
from runners.model.plan import Plan, PlannedJob, PlannedStage, PlannedTask
from runners.model.retention import KEEP_ALL, Retention
from runners.model.state import JobRunState, RunState
from runners.ports.failure_advisor import Advice, FailureFacts
from runners.ports.log_store import LogStore
from runners.ports.run_store import RunStore
from runners.ports.secrets import SecretSources
from runners.ports.transport import Transport
from runners.testing.fake_clock import FakeClock
from runners.testing.fake_files import FakeRunFiles, FakeRunFolders, FakeSourceFiles
from runners.testing.fake_transport import FakeTransport
from runners.testing.fake_web import FakeWeb
from runners.testing.memory_readings import MemoryReadings
from runners.testing.memory_store import MemoryDisk, MemoryLogStore, MemoryRunStore


def job(
    name: str,
    *tasks: str,
    on: Sequence[str] = ("web1",),
    needs: Sequence[str] = (),
    retry: RetryPolicy | None = None,
    on_failure: OnFailure = OnFailure.HOLD,
    timeout_s: float | None = None,
    env: Mapping[str, str] | None = None,
    verify: Sequence[str] = (),
    closing: Sequence[str] = (),
    rollback: Sequence[str] = (),
) -> PlannedJob:
    """A job whose tasks are these commands, named t1, t2 …; ``closing`` are those of ``finally:``."""

    def steps(*parts: tuple[Part, Sequence[str]]) -> tuple[PlannedTask, ...]:
        flat = [(part, command) for part, commands in parts for command in commands]
        return tuple(
            PlannedTask(name=f"t{n}", command=command, part=part, env=env or {})
            for n, (part, command) in enumerate(flat, 1)
        )

    return PlannedJob(
        stage="",
        name=name,
        hosts=tuple(on),
        needs=tuple(needs),
        tasks=steps((Part.TASKS, tasks or (name,)), (Part.VERIFY, verify), (Part.FINALLY, closing)),
        rollback=steps((Part.ROLLBACK, rollback), (Part.VERIFY, verify)) if rollback else (),
        retry=retry or RetryPolicy(),
        on_failure=on_failure,
        timeout_s=timeout_s,
    )


def plan(*stages: Sequence[PlannedJob], pipeline: str = "deploy-api", hosts: Iterable[Host] = ()) -> Plan:
    """A plan of stages s1, s2 …, with its hosts made from their names."""
    number = 1
    planned: list[PlannedStage] = []
    records = {host.name: host for host in hosts}
    for n, jobs in enumerate(stages, 1):
        placed = []
        for one in jobs:
            placed.append(
                PlannedJob(
                    stage=f"s{n}",
                    name=one.name,
                    hosts=one.hosts,
                    tasks=one.tasks,
                    rollback=one.rollback,
                    needs=one.needs,
                    timeout_s=one.timeout_s,
                    retry=one.retry,
                    on_failure=one.on_failure,
                    runbook=one.runbook,
                    first_number=number,
                )
            )
            number += len(one.hosts)
            for host in one.hosts:
                records.setdefault(host, Host(name=host))
        planned.append(PlannedStage(name=f"s{n}", jobs=tuple(placed)))
    return Plan(pipeline=pipeline, definition_digest="sha256:0", hosts=records, stages=tuple(planned))


async def at_once(work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Without a thread, whose end nothing here could wait for."""
    return work()


class Advisor:
    """Names the first line with ``boom``, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[FailureFacts] = []

    def advise(self, facts: FailureFacts) -> Advice:
        self.asked.append(facts)
        for index, line in enumerate(facts.log_tail):
            if "boom" in line:
                return Advice(
                    page="boom", section="Diagnosis", score=0.5, why="log", first_line=line, first_line_index=index
                )
        return Advice(page=None)

    def fingerprint(self, line: str) -> str:
        return line.rstrip("0123456789")


@dataclass
class Kit:
    """One engine and the world it stands on; ``again`` is the next controller on the same world."""

    transport: FakeTransport = field(default_factory=FakeTransport)
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    logs: MemoryLogStore = field(default_factory=MemoryLogStore)
    clock: FakeClock = field(default_factory=FakeClock)
    advisor: Advisor = field(default_factory=Advisor)
    web: FakeWeb = field(default_factory=FakeWeb)
    sources: FakeSourceFiles = field(default_factory=FakeSourceFiles)
    files: FakeRunFiles = field(default_factory=FakeRunFiles)
    limits: Limits = field(default_factory=Limits)
    folders: FakeRunFolders = field(default_factory=FakeRunFolders)
    retention: Retention = KEEP_ALL
    readings: MemoryReadings = field(default_factory=MemoryReadings)
    secrets: SecretSources = field(default_factory=NoSources)
    numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))
    engine: Engine = field(init=False)
    store: MemoryRunStore = field(init=False)

    def make(
        self, *, store: RunStore | None = None, transport: Transport | None = None, logs: LogStore | None = None
    ) -> Engine:
        self.store = MemoryRunStore(self.disk)
        self.engine = Engine(
            store=store or self.store,
            logs=logs or self.logs,
            transport=transport or self.transport,
            advisor=self.advisor,
            clock=self.clock,
            tools=Tools(web=self.web, sources=self.sources, files=self.files),
            new_uid=lambda: f"01RUN{next(iter(self.numbers)):021d}",
            dice=lambda: 0.5,
            limits=self.limits,
            vault=Vault(self.secrets, aside=at_once),
            folders=self.folders,
            retention=self.retention,
            readings=self.readings,
        )
        return self.engine

    async def start(self) -> Kit:
        await self.make().start()
        return self

    async def stop(self) -> None:
        await self.engine.stop()

    async def run(self, plan: Plan, request_id: str = "req1", secrets: Mapping[str, str] | None = None) -> str:
        """Start a run; its uid."""
        state = await self.engine.create_run(
            plan, definition="version: 1\n", inventory=None, actor="alice", request_id=request_id, secrets=secrets
        )
        return state.uid

    async def seconds_pass(self, seconds: int) -> None:
        """One after the other, with all that happens in each."""
        for _ in range(seconds):
            await self.clock.advance(1.0)
            await self.settle()

    async def settle(self) -> None:
        """Let everything that can happen without time passing happen."""
        still = 0
        last: object = None
        while still < 8:
            await asyncio.sleep(0)
            await self.transport.settle()
            await self.engine.quiet()
            now = (
                tuple(len(rows) for rows in self.disk.events.values()),
                len(self.transport.ledger),
                len(self.transport.connects),
                tuple(len(host.removed) for host in self.transport.hosts),
            )
            still = still + 1 if now == last else 0
            last = now

    async def until(self, condition: Callable[[], bool], *, uid: str) -> RunState:
        """Wait until ``condition`` holds, looked at after every event of the run."""
        if not condition():
            async for _ in self.engine.records.events(uid):
                await self.settle()
                if condition():
                    break
        return await self.engine.records.state(uid)

    async def until_run(self, uid: str, *phases: RunPhase) -> RunState:
        """Wait until the run is in one of these phases."""
        async for _ in self.engine.records.events(uid):
            state = await self.engine.records.state(uid)
            if state.phase in phases:
                return state
        raise AssertionError("the engine stopped")

    async def until_job(self, uid: str, job_run: str, *phases: Phase) -> JobRunState:
        """Wait until a job run is in one of these phases."""
        async for _ in self.engine.records.events(uid):
            found = job_run_of(await self.engine.records.state(uid), job_run)
            if found.phase in phases:
                return found
        raise AssertionError("the engine stopped")

    async def types(self, uid: str) -> list[str]:
        """The story so far, in words."""
        return [row.type for row in await self.store.events(uid)]

    async def story(self, uid: str) -> list[Event]:
        """The events so far."""
        return [event async for event in self.engine.records.events(uid, follow=False) if event is not None]

    async def kill(self) -> None:
        """As kill -9: nothing of this engine does anything any more."""
        self.transport.controller_died()
        for _ in range(20):
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0)


def phases(state: RunState) -> dict[str, str]:
    """Phase by job run."""
    return {run.id: run.phase.value for stage in state.stages for one in stage.jobs for run in one.runs}
