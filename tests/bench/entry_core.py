"""The engine alone: events decoded and folded, and what a job costs the controller where hosts cost nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

from runners.core.reduce import fold
from runners.engine.codec import read, read_all, seal
from runners.model.events import (
    JobFinished,
    JobQueued,
    JobStarted,
    Payload,
    RunCreated,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    TaskDispatched,
    TaskFinished,
    TaskStarted,
)
from runners.model.phases import Phase, Result, RunPhase, StagePhase
from runners.model.plan import Plan
from runners.ports.run_store import EventRow
from runners.testing.behaviour import prints
from runners.testing.fake_transport import FakeTransport
from tests.bench.engines import engine_on, run_to_end
from tests.bench.measure import Row, Spent, in_turns
from tests.bench.place import Place
from tests.flows.engine_kit import job, plan

_UID = "01JD0000000000000000000042"
_HOSTS = 200
_TASKS = 2
_EVENTS_OF_A_JOB_RUN = 3 + 3 * _TASKS
_JOBS_OF_A_HOST = 20
_ROUNDS = 3


def measure_fold(place: Place) -> Iterator[Row]:
    """A stored run of 200 hosts read back: JSON to events, hash chain checked, folded to the state."""
    hosts = min(_HOSTS, max(1, place.sizes.events // 50))
    many = max(1, place.sizes.events // (hosts * _EVENTS_OF_A_JOB_RUN))
    shape = plan([job(f"j{n}", "a", "b", on=[f"h{h}" for h in range(hosts)]) for n in range(many)])
    rows = _story(shape)
    events = [read(row) for row in rows]

    def whole() -> Spent:
        started_s = time.perf_counter()
        state = fold(shape, read_all(rows))
        assert state.phase is RunPhase.SUCCEEDED
        return Spent(wall_s=time.perf_counter() - started_s)

    def fold_alone() -> Spent:
        started_s = time.perf_counter()
        fold(shape, events)
        return Spent(wall_s=time.perf_counter() - started_s)

    def json_alone() -> Spent:
        started_s = time.perf_counter()
        for row in rows:
            json.loads(row.payload)
        return Spent(wall_s=time.perf_counter() - started_s)

    ours, folded, plain = in_turns(_ROUNDS, whole, fold_alone, json_alone)
    limit_s = len(rows) / 100_000
    yield Row(
        what=f"{len(rows):,} events folded",
        ours=folded.wall_s,
        unit="s",
        peer="json.loads of the payloads",
        theirs=plain.wall_s,
        budget="1 s for 100,000",
        met=folded.wall_s <= limit_s,
    )
    yield Row(
        what=f"{len(rows):,} events decoded, chain checked, folded",
        ours=ours.wall_s,
        unit="s",
        peer="json.loads of the payloads",
        theirs=plain.wall_s,
    )


def measure_jobs(place: Place) -> Iterator[Row]:
    """Controller CPU for each job of one run, hosts and jobs costing nothing."""
    jobs = place.sizes.jobs
    hosts = [f"h{n}" for n in range(max(1, jobs // _JOBS_OF_A_HOST))]
    shape = plan([job(f"j{n}", on=hosts) for n in range(jobs // len(hosts))])
    count = (jobs // len(hosts)) * len(hosts)
    folders = (place.folder / f"jobs{n}" for n in itertools.count())

    def through(folder: Path | None) -> Spent:
        transport = FakeTransport()
        transport.on("j", prints("hello"))

        async def run() -> Spent:
            async with engine_on(transport, folder) as engine:
                started_s, used_s = time.perf_counter(), time.process_time()
                await run_to_end(engine, shape)
                return Spent(wall_s=time.perf_counter() - started_s, client_s=time.process_time() - used_s)

        return asyncio.run(run())

    memory, disk = in_turns(_ROUNDS, lambda: through(None), lambda: through(next(folders)))
    for what, spent in (("stores in memory", memory), ("SQLite and log files", disk)):
        yield Row(
            what=f"a job of a {count:,}-job run, {what}",
            ours=spent.client_s / count * 1000,
            unit="ms CPU",
            budget="1 ms",
            met=spent.client_s / count <= 0.001,
            note=f"the whole run took {spent.wall_s:.2f} s; the fake hosts' share is in it",
        )


def _story(shape: Plan) -> list[EventRow]:
    """The events of a run in which everything passes, as the store keeps them."""
    rows: list[EventRow] = []
    previous = ""
    for seq, payload in enumerate(_payloads(shape), 1):
        event, row = seal(_UID, seq, 1_800_000_000.0 + seq / 100, "onduty", payload, previous)
        previous = event.hash
        rows.append(row)
    return rows


def _payloads(shape: Plan) -> Iterator[Payload]:
    digest = "sha256:" + "0" * 64
    yield RunCreated(
        uid=_UID, name="deploy-api/1", pipeline="deploy-api", number=1, plan_digest=digest, definition_digest=digest
    )
    yield RunStarted()
    for stage in shape.stages:
        yield StageStarted(stage=stage.name)
        for one in stage.jobs:
            for number, id_ in enumerate(one.job_run_ids(), one.first_number):
                yield JobQueued(job_run=id_, attempt=1)
                yield JobStarted(job_run=id_, attempt=1)
                for task in range(1, len(one.tasks) + 1):
                    key = f"{_UID}.{number}.1.{task}"
                    yield TaskDispatched(job_run=id_, attempt=1, task=task, key=key)
                    yield TaskStarted(job_run=id_, attempt=1, task=task, key=key)
                    yield TaskFinished(
                        job_run=id_,
                        attempt=1,
                        task=task,
                        key=key,
                        result=Result.SUCCESS,
                        exit_code=0,
                        log_bytes=1234,
                        host_started_at=1_800_000_000.25,
                        host_ended_at=1_800_000_001.75,
                        cpu_s=0.01,
                    )
                yield JobFinished(job_run=id_, attempt=1, phase=Phase.SUCCEEDED, result=Result.SUCCESS, exit_code=0)
        yield StageFinished(stage=stage.name, phase=StagePhase.PASSED)
    yield RunFinished(phase=RunPhase.SUCCEEDED, result=Result.SUCCESS)
