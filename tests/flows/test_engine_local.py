"""The whole engine on this machine: real shells under the real supervisor, the real store, real log files."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from runners.adapters.clock import SystemClock
from runners.adapters.local import LocalTransport
from runners.adapters.log_files import FileLogStore
from runners.adapters.sqlite import SqliteRunStore
from runners.core.index import job_run_of
from runners.engine.engine import Engine
from runners.engine.errand_of import Tools
from runners.model.definition import RetryPolicy
from runners.model.intents import Cancel, Retry
from runners.model.phases import Phase, RunPhase
from runners.model.plan import PlannedJob
from runners.model.state import RunState
from runners.testing.fake_files import FakeRunFiles, FakeSourceFiles
from runners.testing.fake_web import FakeWeb
from tests.flows.engine_kit import Advisor, job, phases, plan

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)
GUARD_S = 60.0
LOCAL = ("local",)


class Machine:
    """This machine with a home of its own; ``engine`` is one controller after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.state = folder / "state"
        self.home.mkdir()
        self.state.mkdir()
        self.ledger = folder / "ledger"
        self.numbers = 0
        self.engine: Engine

    async def start(self) -> Machine:
        self.engine = Engine(
            store=await SqliteRunStore.open(self.state / "onduty.sqlite"),
            logs=FileLogStore(self.state),
            transport=LocalTransport(env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"}),
            advisor=Advisor(),
            clock=SystemClock(),
            tools=Tools(web=FakeWeb(), sources=FakeSourceFiles(), files=FakeRunFiles()),
            new_uid=self.uid,
        )
        await self.engine.start()
        return self

    def uid(self) -> str:
        self.numbers += 1
        return f"01LOCAL{self.numbers}"

    async def run(self, *stages: Sequence[PlannedJob]) -> str:
        state = await self.engine.create_run(
            plan(*stages),
            definition="d",
            inventory=None,
            actor="alice",
            request_id=f"r{self.numbers}",
        )
        return state.uid

    async def until(self, uid: str, *wanted: RunPhase) -> RunState:
        async with asyncio.timeout(GUARD_S):
            async for _ in self.engine.records.events(uid):
                state = await self.engine.records.state(uid)
                if state.phase in wanted:
                    return state
        raise AssertionError("the engine stopped")

    async def until_job(self, uid: str, job_run: str, *wanted: Phase) -> None:
        async with asyncio.timeout(GUARD_S):
            async for _ in self.engine.records.events(uid):
                if job_run_of(await self.engine.records.state(uid), job_run).phase in wanted:
                    return

    async def log(self, uid: str, key: str) -> bytes:
        data = bytearray()
        while chunk := await self.engine.records.read_log(uid, key, len(data), 1024 * 1024):
            data += chunk
        return bytes(data)


async def test_three_stages_of_real_shells_run_in_order_with_their_variables(tmp_path: Path) -> None:
    machine = await Machine(tmp_path).start()
    note = f'echo "$ONDUTY_STAGE/$ONDUTY_JOB $ONDUTY_ATTEMPT $ONDUTY_TASK $ONDUTY_RUN" >> {machine.ledger}'
    uid = await machine.run(
        [job("a", note, "echo kept > x; pwd", on=LOCAL), job("b", note, on=LOCAL)],
        [job("c", note, f"{note}; exit 0", on=LOCAL, needs=())],
        [job("d", "echo out; echo err >&2", on=LOCAL)],
    )
    state = await machine.until(uid, *ENDED)
    assert set(phases(state).values()) == {"succeeded"}, phases(state)
    lines = machine.ledger.read_text().splitlines()
    assert sorted(lines[:2]) == ["s1/a 1 t1 deploy-api/1", "s1/b 1 t1 deploy-api/1"]
    assert lines[2:] == ["s2/c 1 t1 deploy-api/1", "s2/c 1 t2 deploy-api/1"]
    assert await machine.log(uid, f"{uid}.4.1.1") == b"out\nerr\n"
    await machine.engine.stop()


async def test_four_megabytes_of_noise_and_a_long_line_are_identical_in_our_log(tmp_path: Path) -> None:
    machine = await Machine(tmp_path).start()
    noise = random.Random(3).randbytes(4 * 1024 * 1024)
    (tmp_path / "noise").write_bytes(noise)
    line = b"y" * (3 * 1024 * 1024) + b"\n"
    (tmp_path / "line").write_bytes(line)
    uid = await machine.run(
        [job("noise", f"cat {tmp_path}/noise", on=LOCAL), job("line", f"cat {tmp_path}/line", on=LOCAL)]
    )
    state = await machine.until(uid, *ENDED)
    assert state.phase is RunPhase.SUCCEEDED
    for key, content in ((f"{uid}.1.1.1", noise), (f"{uid}.2.1.1", line)):
        assert hashlib.sha256(await machine.log(uid, key)).digest() == hashlib.sha256(content).digest()
    await machine.engine.stop()


async def test_a_real_failure_is_mended_and_retried(tmp_path: Path) -> None:
    machine = await Machine(tmp_path).start()
    uid = await machine.run(
        [job("release", f"echo boom; test -e {tmp_path}/mended", on=LOCAL)], [job("after", on=LOCAL)]
    )
    state = await machine.until(uid, RunPhase.HELD)
    run = job_run_of(state, "s1/release@local")
    assert (run.phase, run.exit_code, run.reason) == (Phase.FAILED, 1, "exit 1 in t1")
    (tmp_path / "mended").touch()
    await machine.engine.submit(uid, Retry(id="i1"), "alice")
    state = await machine.until(uid, RunPhase.HELD, *ENDED)
    # ``after`` is no program: exit 127.
    assert job_run_of(state, "s1/release@local").phase is Phase.SUCCEEDED
    assert job_run_of(state, "s2/after@local").exit_code == 127
    await machine.engine.stop()


async def test_a_timeout_and_a_cancel_end_real_processes(tmp_path: Path) -> None:
    machine = await Machine(tmp_path).start()
    uid = await machine.run(
        [
            job("slow", "sleep 600", on=LOCAL, timeout_s=0.5),
            job("long", f"echo $$ > {tmp_path}/pid; sleep 600 & wait", on=LOCAL),
        ]
    )
    await machine.until_job(uid, "s1/slow@local", Phase.TIMED_OUT)
    await machine.until_job(uid, "s1/long@local", Phase.RUNNING)
    async with asyncio.timeout(GUARD_S):
        await machine.engine.submit(uid, Cancel(id="i1"), "alice")
    state = await machine.until(uid, *ENDED)
    assert phases(state) == {"s1/slow@local": "timed_out", "s1/long@local": "cancelled"}
    slow = job_run_of(state, "s1/slow@local")
    assert slow.reason == "no answer within 500ms in t1"
    await machine.engine.stop()


async def test_controllers_that_die_again_and_again_run_each_attempt_once(tmp_path: Path) -> None:
    machine = await Machine(tmp_path).start()
    note = f'echo "$ONDUTY_KEY" >> {machine.ledger}; for i in 1 2 3 4 5; do echo line $i; sleep 0.02; done'
    flaky = f"{note}; test $ONDUTY_ATTEMPT = 2"
    uid = await machine.run(
        [job(f"a{n}", note, note, on=LOCAL) for n in range(3)],
        [job("b", flaky, on=LOCAL, retry=RetryPolicy(attempts=2, delay_s=0.05))],
        [job(f"c{n}", note, on=LOCAL) for n in range(3)],
    )
    dice = random.Random(11)
    for _ in range(8):
        seen = len([None async for _ in machine.engine.records.events(uid, follow=False)])
        stop_at = seen + dice.randint(0, 6)
        async with asyncio.timeout(GUARD_S):
            async for event in machine.engine.records.events(uid):
                if event is not None and (event.seq >= stop_at or event.type == "run_finished"):
                    break
        await die(machine)
        await machine.start()
    state = await machine.until(uid, RunPhase.HELD, *ENDED)
    assert state.phase is RunPhase.SUCCEEDED, phases(state)
    ran = Counter(machine.ledger.read_text().split())
    assert set(ran.values()) == {1}
    assert len(ran) == 3 * 2 + 2 + 3
    for key in ran:
        assert await machine.log(uid, key) == b"".join(b"line %d\n" % n for n in range(1, 6))
    await machine.engine.stop()


async def die(machine: Machine) -> None:
    """As kill -9: no task of that controller goes on, its shells lose their other end."""
    for _ in range(5):
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)
    await machine.engine.stop()
