"""The engine on the real store and real log files, with fake hosts."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from runners.adapters.clock import SystemClock
from runners.adapters.log_files import FileLogStore
from runners.adapters.sqlite import SqliteRunStore
from runners.engine.engine import Engine
from runners.engine.errand_of import Tools
from runners.model.intents import Retry
from runners.model.phases import RunPhase
from runners.model.state import RunState
from runners.testing.behaviour import Exit, Print, hangs, prints
from runners.testing.fake_files import FakeRunFiles, FakeSourceFiles
from runners.testing.fake_transport import FakeTransport
from runners.testing.fake_web import FakeWeb
from tests.flows.engine_kit import Advisor, job, phases, plan


async def engine_on(folder: Path, transport: FakeTransport) -> Engine:
    engine = Engine(
        store=await SqliteRunStore.open(folder / "onduty.sqlite"),
        logs=FileLogStore(folder),
        transport=transport,
        advisor=Advisor(),
        clock=SystemClock(),
        tools=Tools(web=FakeWeb(), sources=FakeSourceFiles(), files=FakeRunFiles()),
        new_uid=lambda: "01RUN",
    )
    await engine.start()
    return engine


async def until(engine: Engine, uid: str, *wanted: RunPhase) -> RunState:
    async for _ in engine.records.events(uid):
        state = await engine.records.state(uid)
        if state.phase in wanted:
            return state
    raise AssertionError("the engine stopped")


async def test_a_run_that_is_stopped_in_the_middle_goes_on_from_disk_and_its_logs_are_whole(tmp_path: Path) -> None:
    noise = random.Random(7).randbytes(4 * 1024 * 1024)
    long_line = b"x" * (2 * 1024 * 1024) + b"\n"
    transport = FakeTransport()
    transport.on("noise", [Print(noise), Exit(0)])
    transport.on("release", hangs(Print(long_line)), prints("ok"), host="web2")
    transport.on("boom", prints("fine", "boom: no", code=1), prints("ok"))
    engine = await engine_on(tmp_path, transport)
    created = await engine.create_run(
        plan([job("noise", on=["web1"]), job("release", on=["web1", "web2"])], [job("boom")]),
        definition="d",
        inventory=None,
        actor="alice",
        request_id="r1",
    )
    uid = created.uid
    await transport.until_started(f"{uid}.3.1.1")
    await engine.stop()
    transport.release()
    engine = await engine_on(tmp_path, transport)
    state = await until(engine, uid, RunPhase.HELD)
    assert phases(state)["s2/boom@web1"] == "failed"
    await engine.submit(uid, Retry(id="i1"), "alice")
    state = await until(engine, uid, RunPhase.SUCCEEDED)
    transport.assert_each_key_ran_once()
    assert await whole_log(engine, uid, f"{uid}.1.1.1") == noise
    assert await whole_log(engine, uid, f"{uid}.3.1.1") == long_line
    assert await whole_log(engine, uid, f"{uid}.4.1.1") == b"fine\nboom: no\n"
    await engine.stop()
    engine = await engine_on(tmp_path, transport)
    assert await engine.records.state(uid) == state
    assert await engine.records.find("deploy-api/1") == uid
    await engine.stop()


async def test_many_hosts_share_commits_and_all_end(tmp_path: Path) -> None:
    transport = FakeTransport()
    transport.on("j", prints("hello"))
    engine = await engine_on(tmp_path, transport)
    hosts = [f"h{n}" for n in range(30)]
    created = await engine.create_run(
        plan([job("j1", on=hosts)], [job("j2", on=hosts)]), definition="d", inventory="i", actor="a", request_id="r"
    )
    async with asyncio.timeout(60):
        state = await until(engine, created.uid, RunPhase.SUCCEEDED)
    assert set(phases(state).values()) == {"succeeded"}
    assert len(transport.ledger) == 60
    await engine.stop()


async def whole_log(engine: Engine, uid: str, key: str) -> bytes:
    data = bytearray()
    while chunk := await engine.records.read_log(uid, key, len(data), 1024 * 1024):
        data += chunk
    return bytes(data)
