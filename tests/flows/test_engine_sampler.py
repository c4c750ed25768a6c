"""How a host is, looked at as often as there is a reason to, and kept with what failed on it."""

from __future__ import annotations

from msgspec.structs import replace

from runners.core.index import job_run_of
from runners.model.api import HostStatus
from runners.model.events import TaskFinished
from runners.model.metrics import HostReading, HostSample, JobUse, Room
from runners.model.phases import Phase, RunPhase
from runners.testing.behaviour import hangs
from tests.flows.engine_kit import Kit, job, plan

RELEASE = "s1/release@web1"
FULL = Room(mount="/var", size_bytes=1000, free_bytes=0, used_percent=100.0)
FIRST = HostSample(uptime_s=100.0, cpu_busy=100.0, cpu_all=1000.0, cpus=2, memory_total_bytes=1000)
SECOND = HostSample(
    uptime_s=102.0, cpu_busy=190.0, cpu_all=1100.0, memory_total_bytes=1000, memory_available_bytes=50, rooms=(FULL,)
)


async def running(kit: Kit) -> str:
    """A run whose one job goes on."""
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    return uid


async def status_of(kit: Kit, host: str) -> HostStatus:
    async for status in kit.engine.status_changes():
        return next(one for one in status.hosts if one.name == host)
    raise AssertionError("no status")


async def test_a_host_is_looked_at_every_two_seconds_while_a_screen_looks_and_rarely_else() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    asked = kit.transport.host("web1").sampled
    await kit.seconds_pass(31)
    # After two seconds and again, then every fifteen at the next even second.
    assert len(asked) == 3
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(20)
    assert len(asked) == 3 + 10
    await kit.seconds_pass(10)
    assert len(asked) == 3 + 10
    assert {keys for keys, _ in asked} == {(f"{uid}.1.1.1",)}
    await kit.stop()


async def test_disks_are_looked_at_once_a_minute() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(64)
    assert [rooms for _, rooms in kit.transport.host("web1").sampled] == [True] + [False] * 29 + [True] + [False]
    await kit.stop()


async def test_a_host_on_which_nothing_runs_is_left_alone_also_while_it_is_connected() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.finish(f"{uid}.1.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(40)
    assert kit.transport.host("web1").sampled == []
    await kit.stop()


async def test_a_failure_keeps_how_its_host_was_and_a_success_does_not() -> None:
    kit = await Kit().start()
    host = kit.transport.host("web1")
    use = JobUse(key="01RUN000000000000000000001.1.1.1", cpu_s=2.5)
    host.samples = [FIRST, replace(SECOND, jobs=(use,))]
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(5)
        reading = HostReading(
            at=kit.clock.now_utc() - 1, cpu_percent=90.0, cpus=2, memory_percent=95.0, memory_total_bytes=1000,
            uptime_s=102.0,
            rooms=(FULL,), jobs=(use,),
        )  # fmt: skip
        assert (await status_of(kit, "web1")).reading == reading
    kit.transport.finish(f"{uid}.1.1.1", exit_code=1)
    failed = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert failed.current is not None
    assert failed.current.tasks[0].host == reading
    (told,) = [event.payload for event in await kit.story(uid) if isinstance(event.payload, TaskFinished)]
    assert told.host == reading
    await kit.stop()


async def test_what_was_seen_before_the_link_was_cut_is_not_taken_for_now() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(3)
        assert (await status_of(kit, "web1")).reading is not None
        kit.transport.cut("web1", "cable")
        await kit.settle()
        assert (await status_of(kit, "web1")).reading is None
    assert job_run_of(await kit.engine.records.state(uid), RELEASE).phase is Phase.RUNNING
    await kit.stop()
