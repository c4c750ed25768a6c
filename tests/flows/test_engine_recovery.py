"""The controller dies at every commit and around every exchange with a host; the next one ends the run all the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from runners.core import reduce
from runners.core.chain import verify
from runners.core.index import job_run_of
from runners.model.definition import OnFailure, RetryPolicy
from runners.model.errors import ActionRefused, SessionLost
from runners.model.intents import Cancel, Pause, Resume, Retry, Rollback
from runners.model.inventory import Host
from runners.model.phases import Phase, RunPhase
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.ports.transport import HostSession, SessionSink
from runners.testing.behaviour import Gate, OnCancel, Print, hangs, prints
from runners.testing.memory_store import MemoryRunStore
from tests.flows.engine_kit import Kit, job, phases, plan

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)
GUARD_S = 20.0


class Fate:
    """Counts the moments at which a controller can die, and lets it die at one of them: nothing returns from there."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.where = ""
        self.died = asyncio.Event()

    async def moment(self, where: str) -> None:
        self.count += 1
        if self.count == self.at:
            self.where = where
            self.died.set()
        if self.died.is_set():
            await asyncio.get_running_loop().create_future()


class MortalStore:
    """A run store whose caller may die before or after every write."""

    def __init__(self, inner: MemoryRunStore, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in ("append", "create_run", "update_summary"):
            return method

        async def mortal(*args: Any, **options: Any) -> Any:
            await self._fate.moment(f"before {name}")
            result = await method(*args, **options)
            await self._fate.moment(f"after {name}")
            return result

        return mortal


class MortalSession:
    """A session whose caller may die before or after every exchange."""

    def __init__(self, inner: HostSession, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self.facts = inner.facts

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def mortal(*args: Any) -> Any:
            await self._fate.moment(f"before {name} {args}")
            result = await method(*args)
            await self._fate.moment(f"after {name} {args}")
            return result

        return mortal


class MortalTransport:
    """Opens mortal sessions."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    async def connect(self, host: Host, sink: SessionSink) -> Any:
        await self._fate.moment(f"before connect {host.name}")
        return MortalSession(await self._inner.connect(host, sink), self._fate)


Story = Callable[[Kit], Awaitable[RunState]]


async def live_twice(at: int, world: Callable[[Kit], None], story: Story) -> tuple[Kit, RunState, Fate]:
    """Play ``story`` with a controller that dies at moment ``at``, then again from its start with the next one."""
    kit = Kit()
    world(kit)
    fate = Fate(at)
    engine = kit.make(
        store=MortalStore(MemoryRunStore(kit.disk), fate),  # type: ignore[arg-type]
        transport=MortalTransport(kit.transport, fate),
    )
    await engine.start()

    async def to_its_rest() -> RunState:
        state = await story(kit)
        await kit.settle()
        return state

    first = asyncio.create_task(to_its_rest(), name="onduty story")
    death = asyncio.create_task(fate.died.wait(), name="onduty death")
    async with asyncio.timeout(GUARD_S):
        await asyncio.wait({first, death}, return_when=asyncio.FIRST_COMPLETED)
    if not fate.died.is_set():
        state = await first
        death.cancel()
        fate.at = -1
        await engine.stop()
        return kit, state, fate
    await kit.kill()
    await asyncio.gather(first, death, return_exceptions=True)
    await kit.logs.close()
    await kit.start()
    try:
        async with asyncio.timeout(GUARD_S):
            state = await story(kit)
            await kit.settle()
    except TimeoutError:
        state = await kit.engine.state(next(iter(kit.disk.runs)))
        raise AssertionError(f"moment {at} ({fate.where}): stuck with {state.phase} {phases(state)}") from None
    await kit.stop()
    return kit, state, fate


def whole(kit: Kit, state: RunState) -> None:
    """What holds at every end: an unbroken story, every key once, one line of the ledger per attempt and task."""
    rows = kit.disk.events[state.uid]
    assert verify(rows) == ""
    kit.transport.assert_each_key_ran_once()
    dispatched = Counter(row.payload for row in rows if row.type == "task_dispatched")
    assert set(dispatched.values()) <= {1}


async def every_moment(world: Callable[[Kit], None], story: Story, check: Callable[[Kit, RunState], None]) -> int:
    """Play the story once for each moment at which the controller can die; how many there were."""
    at = 1
    while True:
        kit, state, fate = await live_twice(at, world, story)
        try:
            whole(kit, state)
            check(kit, state)
        except AssertionError as error:
            raise AssertionError(f"moment {at} ({fate.where}): {error}") from error
        if not fate.died.is_set():
            return at - 1
        at += 1


async def started(kit: Kit, planned: Plan) -> str:
    return await kit.run(planned, "req1")


async def test_a_run_ends_right_wherever_its_controller_dies() -> None:
    planned = plan(
        [job("build", "fetch", "compile", on=["ci1"])],
        [
            job("release", "release", on=["web1", "web2"], retry=RetryPolicy(attempts=2, delay_s=0.0)),
            job("purge", on=["web1"], on_failure=OnFailure.CONTINUE),
        ],
        [job("after", on=["ci1"])],
    )

    def world(kit: Kit) -> None:
        kit.transport.on("fetch", prints("fetched"))
        kit.transport.on("release", prints("boom", code=1), prints("ok"), host="web2")
        kit.transport.on("purge", prints("boom", code=2))

    async def story(kit: Kit) -> RunState:
        return await kit.until_run(await started(kit, planned), *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert len(state.warnings) == 1
        assert phases(state) == {
            "s1/build@ci1": "succeeded",
            "s2/release@web1": "succeeded",
            "s2/release@web2": "succeeded",
            "s2/purge@web1": "failed",
            "s3/after@ci1": "succeeded",
        }
        keys = sorted(start.key.removeprefix(state.uid + ".") for start in kit.transport.ledger)
        assert keys == ["1.1.1", "1.1.2", "2.1.1", "3.1.1", "3.2.1", "4.1.1", "5.1.1"]
        assert kit.logs.content(state.uid, f"{state.uid}.1.1.1") == b"fetched\n"
        assert kit.logs.content(state.uid, f"{state.uid}.3.1.1") == b"boom\n"
        assert kit.logs.content(state.uid, f"{state.uid}.3.2.1") == b"ok\n"

    moments = await every_moment(world, story, check)
    assert moments > 50


async def test_a_persons_retry_takes_effect_once_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1", "web2"])], [job("after")])

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1), prints("ok"), host="web1")

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_run(uid, RunPhase.HELD, *ENDED)
        await kit.engine.submit(
            uid, Retry(id="i1", seen_attempts={"s1/release@web1": 1}, targets=("s1/release@web1",)), "bob"
        )
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert job_run_of(state, "s1/release@web1").attempt == 2
        assert len(kit.transport.ledger) == 4
        assert [event.type for event in _events(kit, state)].count("retry_scheduled") == 1

    await every_moment(world, story, check)


async def test_a_cancel_is_carried_out_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1", "web2"])], [job("after")])

    def world(kit: Kit) -> None:
        kit.transport.on("release", hangs(Print(b"x\n"), OnCancel(ignores_term=True)))

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_job(uid, "s1/release@web1", Phase.RUNNING, Phase.CANCELLING, Phase.CANCELLED)
        try:
            await kit.engine.submit(uid, Cancel(id="i1"), "bob")
        except ActionRefused as error:
            raise AssertionError(error.message) from error
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.CANCELLED
        assert set(phases(state).values()) == {"cancelled"}
        assert kit.transport.running() == []

    await every_moment(world, story, check)


async def test_finally_runs_once_after_failure_and_cancel_wherever_the_controller_dies() -> None:
    planned = plan([job("release", on=["web1"], closing=["undrain"]), job("long", on=["web2"], closing=["tidy"])])

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1))
        kit.transport.on("long", hangs())
        kit.transport.on("undrain", prints("no", code=5))

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_job(uid, "s1/release@web1", Phase.FAILED)
        await kit.until_job(uid, "s1/long@web2", Phase.RUNNING, Phase.CANCELLING, Phase.CANCELLED)
        await kit.engine.submit(uid, Cancel(id="i1"), "bob")
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.CANCELLED
        assert phases(state) == {"s1/release@web1": "failed", "s1/long@web2": "cancelled"}
        assert state.warnings == ("finally t2 of release@web1 failed: exit 5",)
        assert job_run_of(state, "s1/long@web2").attempts[0].tasks[1].result == "success"
        assert kit.transport.running() == []

    await every_moment(world, story, check)


async def test_a_rollback_is_carried_out_once_wherever_the_controller_dies() -> None:
    planned = plan(
        [job("migrate", on=["db1"], rollback=["restore"])],
        [job("release", on=["web1", "web2"], rollback=["activate"], verify=["smoke"]), job("report", on=["db1"])],
    )

    def world(kit: Kit) -> None:
        kit.transport.on("release", prints("boom", code=1), host="web2")

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        await kit.until_run(uid, RunPhase.HELD, RunPhase.ROLLING_BACK, RunPhase.ROLLED_BACK)
        await kit.engine.submit(uid, Rollback(id="i1"), "bob")
        return await kit.until_run(uid, RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.ROLLED_BACK
        assert phases(state) == {
            "s1/migrate@db1": "rolled_back",
            "s2/release@web1": "rolled_back",
            "s2/release@web2": "rolled_back",
            "s2/report@db1": "succeeded",
        }
        ran = sorted(start.key.removeprefix(state.uid + ".") for start in kit.transport.ledger)
        assert ran == ["1.1.1", "1.2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "3.1.1", "3.2.1", "3.2.2", "4.1.1"]
        back = [
            event.payload.job_run
            for event in _events(kit, state)
            if event.type == "job_started" and event.payload.rollback
        ]
        assert sorted(back[:2]) == ["s2/release@web1", "s2/release@web2"]
        assert back[2:] == ["s1/migrate@db1"]
        assert [event.type for event in _events(kit, state)].count("rollback_started") == 1

    await every_moment(world, story, check)


async def test_a_paused_run_stays_so_wherever_the_controller_dies_and_goes_on_when_resumed() -> None:
    planned = plan([job("release", "first", "second", on=["web1"]), job("later", on=["web2"], needs=["release"])])

    async def story(kit: Kit) -> RunState:
        uid = await started(kit, planned)
        try:
            await kit.engine.submit(uid, Pause(id="i1", now=True), "bob")
        except ActionRefused as error:
            raise AssertionError(error.message) from error
        await kit.settle()
        assert "s2" not in phases(await kit.engine.state(uid)).values()
        await kit.engine.submit(uid, Resume(id="i2"), "bob")
        return await kit.until_run(uid, *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        assert [event.type for event in _events(kit, state)].count("run_paused") == 1

    await every_moment(lambda kit: None, story, check)


async def test_jobs_that_run_through_the_death_are_followed_on_without_losing_a_byte() -> None:
    kit = await Kit().start()
    kit.transport.on("release", [Print(b"one\n"), Gate("a"), Print(b"two\n"), Gate("b")])
    uid = await kit.run(plan([job("release", on=["web1", "web2"])]))
    await kit.transport.until(lambda: len(kit.transport.running()) == 2)
    await kit.settle()
    await kit.kill()
    await kit.logs.close()
    kit.transport.release("a")
    await kit.clock.advance(90.0)
    await kit.start()
    await kit.settle()
    assert phases(await kit.engine.state(uid)) == {"s1/release@web1": "running", "s1/release@web2": "running"}
    (gap,) = [event.payload for event in await kit.story(uid) if event.type == "time_gap"]
    assert gap.to_utc - gap.from_utc == pytest.approx(90.0)
    kit.transport.release("b")
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    for number in (1, 2):
        assert kit.logs.content(uid, f"{uid}.{number}.1.1") == b"one\ntwo\n"
    assert len(kit.transport.ledger) == 2
    await kit.stop()


async def test_a_restart_beside_a_silent_host_says_unknown_and_finds_the_truth_later() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    await kit.stop()
    await kit.logs.close()
    kit.transport.unreachable("web1")
    await kit.start()
    await kit.settle()
    await kit.clock.advance(11.0)
    await kit.settle()
    assert phases(await kit.engine.state(uid))["s1/release@web1"] == "unknown"
    kit.transport.finish(f"{uid}.1.1.1", exit_code=0)
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_the_state_from_the_store_is_the_state_that_was_live() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("boom", code=1))
    uid = await kit.run(plan([job("release", on=["web1", "web2"])], [job("after")]))
    await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    state = await kit.engine.state(uid)
    await kit.stop()
    await kit.logs.close()
    await kit.start()
    await kit.settle()
    again = await kit.engine.state(uid)
    assert again == state
    assert again == reduce.fold(again.plan, _events(kit, again))
    await kit.stop()


def _events(kit: Kit, state: RunState) -> Sequence[Any]:
    from runners.engine.codec import read

    return [read(row) for row in kit.disk.events[state.uid]]


class FrayedSession:
    """A session whose link drops before or after one of its exchanges."""

    def __init__(self, inner: Any, fate: Fate, drop: Callable[[], None]) -> None:
        self._inner = inner
        self._fate = fate
        self._drop = drop
        self.facts = inner.facts

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def frayed(*args: Any) -> Any:
            self._pull(f"before {name}")
            result = await method(*args)
            if name != "close" and self._pull(f"after {name}"):
                raise SessionLost(f"cut after {name}")
            return result

        return frayed

    def _pull(self, where: str) -> bool:
        self._fate.count += 1
        if self._fate.count != self._fate.at:
            return False
        self._fate.where = where
        self._fate.died.set()
        self._drop()
        return True


async def test_a_run_ends_right_and_is_never_unknown_wherever_a_link_drops() -> None:
    planned = plan(
        [job("build", "fetch", "compile", on=["ci1", "ci2"])],
        [job("release", "release", on=["ci1"], retry=RetryPolicy(attempts=2, delay_s=0.0))],
    )
    at = 0
    while True:
        at += 1
        kit, fate = Kit(), Fate(at)
        kit.transport.on("fetch", prints("fetched"))
        kit.transport.on("release", prints("boom", code=1), prints("ok"))

        class Frayed:
            async def connect(self, host: Host, sink: SessionSink, kit: Kit = kit, fate: Fate = fate) -> Any:
                inner = await kit.transport.connect(host, sink)
                return FrayedSession(inner, fate, lambda: kit.transport.drop(host.name))

        await kit.make(transport=Frayed()).start()  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(GUARD_S):
                uid = await kit.run(planned)
                state = await kit.until_run(uid, RunPhase.HELD, *ENDED)
                await kit.settle()
            assert state.phase is RunPhase.SUCCEEDED
            whole(kit, state)
            assert "contact_lost" not in await kit.types(uid)
            assert kit.logs.content(uid, f"{uid}.1.1.1") == b"fetched\n"
            assert kit.logs.content(uid, f"{uid}.3.2.1") == b"ok\n"
        except (TimeoutError, AssertionError) as error:
            raise AssertionError(f"exchange {at} ({fate.where}): {error!r}") from error
        await kit.stop()
        if not fate.died.is_set():
            break
    assert at > 15
