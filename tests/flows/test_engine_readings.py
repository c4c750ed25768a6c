"""How hosts were is kept with the run that was there, told to who looks, and waited for by nobody."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from msgspec.structs import replace

from runners.model.errors import NotFound
from runners.model.metrics import HostReading, HostSample
from runners.model.phases import Phase, RunPhase
from tests.flows.engine_kit import Kit, job, plan
from tests.flows.test_engine_sampler import FIRST, RELEASE, SECOND, running


def busy(kit: Kit, host: str = "web1") -> None:
    """A host that says something else each time."""
    kit.transport.host(host).samples = [
        FIRST,
        *(replace(SECOND, uptime_s=102.0 + 2 * n, cpu_busy=190.0 + n, cpu_all=1100.0 + 10 * n) for n in range(60)),
    ]


async def test_what_was_seen_while_a_job_ran_is_kept_with_its_run_and_survives_the_controller() -> None:
    kit = await Kit().start()
    busy(kit)
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(10)
    found = await kit.engine.hosts.readings(uid, "web1")
    assert len(found) == 5
    assert found[0].cpu_percent is None
    assert found[1].cpu_percent is not None
    kit.transport.finish(f"{uid}.1.1.1", exit_code=1)
    await kit.until_job(uid, RELEASE, Phase.FAILED)
    await kit.stop()
    again = await kit.start()
    assert [one.at for one in await again.engine.hosts.readings(uid, "web1")] == [one.at for one in found]
    await again.stop()


async def test_what_is_not_on_disk_yet_is_told_as_well_and_once() -> None:
    kit = await Kit().start()
    busy(kit)
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(8)
        kept = len(await kit.readings.read(uid, "web1"))
        known = await kit.engine.hosts.readings(uid, "web1")
        assert kept < len(known) == len({one.at for one in known})
    await kit.stop()


async def test_a_full_disk_loses_readings_and_nothing_waits() -> None:
    kit = await Kit().start()
    kit.readings.full = True
    busy(kit)
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(12)
        kit.readings.full = False
        await kit.seconds_pass(6)
    assert 1 <= len(await kit.engine.hosts.readings(uid, "web1")) < 9
    kit.transport.finish(f"{uid}.1.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.stop()


async def test_who_looks_at_a_host_hears_each_reading_and_has_it_looked_at_also_when_nothing_runs_there() -> None:
    kit = await Kit().start()
    busy(kit)
    uid = await running(kit)
    kit.transport.finish(f"{uid}.1.1.1", exit_code=1)
    await kit.until_run(uid, RunPhase.HELD)
    heard: list[HostReading] = []

    async def look() -> None:
        async with aclosing(kit.engine.hosts.follow(uid, "web1", 1000.0)) as found:
            async for readings in found:
                heard.extend(readings or ())

    looking = asyncio.create_task(look())
    await kit.seconds_pass(70)
    assert len(heard) == 35
    assert kit.transport.connects == ["web1"]
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    seen = len(kit.transport.host("web1").sampled)
    await kit.seconds_pass(62)
    assert len(kit.transport.host("web1").sampled) == seen
    assert len(await kit.engine.hosts.readings(uid, "web1")) == 35
    await kit.stop()


async def test_a_host_that_nothing_was_sent_to_is_not_logged_in_to_for_being_on_a_screen() -> None:
    kit = await Kit().start()
    kit.transport.on("first", *())
    uid = await kit.run(plan([job("first", on=("web1",))], [job("second", on=("web2",))]))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    connected = list(kit.transport.connects)
    async with aclosing(kit.engine.hosts.follow(uid, "web1", 1.0)) as found:
        assert await anext(found) == ()
        nothing = asyncio.ensure_future(anext(found))
        await kit.seconds_pass(5)
        assert await nothing is None
    assert kit.transport.connects == connected
    await kit.stop()


async def test_a_host_of_another_run_is_not_known() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    with pytest.raises(NotFound, match="has no host 'db1'"):
        await kit.engine.hosts.readings(uid, "db1")
    await kit.stop()


async def test_what_a_removed_run_left_waiting_is_not_written() -> None:
    kit = await Kit().start()
    kit.transport.host("web1").samples = [HostSample(load=1.0)]
    uid = await running(kit)
    with kit.engine.watch(uid, "alice"):
        await kit.seconds_pass(5)
    kit.engine._readings.forget(uid)
    await kit.seconds_pass(6)
    assert uid not in {run for run, _ in kit.readings.kept}
    kit.transport.finish(f"{uid}.1.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.stop()
