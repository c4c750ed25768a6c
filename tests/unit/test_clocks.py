"""The clock of tests moves only by hand, in order; the real one does not wake early."""

from __future__ import annotations

import asyncio

import pytest

from runners.adapters.clock import SystemClock
from runners.ports.clock import Clock
from runners.testing.fake_clock import FakeClock


async def test_sleepers_wake_in_the_order_of_their_time_each_at_its_own() -> None:
    clock = FakeClock(utc=100.0, monotonic_s=0.0)
    woken: list[tuple[str, float, float]] = []

    async def sleep(name: str, until_s: float) -> None:
        await clock.sleep_until(until_s)
        woken.append((name, clock.monotonic(), clock.now_utc()))

    tasks = [asyncio.create_task(sleep(name, at)) for name, at in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("d", 9.0))]
    await clock.wait_for_sleepers(4)
    assert clock.sleeping == (1.0, 1.0, 3.0, 9.0)
    await clock.advance(0.5)
    assert woken == []
    await clock.advance(4.5)
    assert woken == [("a", 1.0, 101.0), ("b", 1.0, 101.0), ("c", 3.0, 103.0)]
    assert (clock.monotonic(), clock.now_utc()) == (5.0, 105.0)
    tasks[3].cancel()
    await clock.advance(10)
    assert len(woken) == 3
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_timer_set_by_a_woken_task_fires_in_the_same_advance() -> None:
    clock = FakeClock(monotonic_s=0.0)
    ticks: list[float] = []

    async def tick() -> None:
        while len(ticks) < 5:
            await clock.sleep_until(clock.monotonic() + 1.0)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(tick())
    await clock.advance(10)
    await task
    assert ticks == [1.0, 2.0, 3.0, 4.0, 5.0]


async def test_the_wall_clock_may_jump_without_waking_anyone() -> None:
    clock = FakeClock(utc=100.0, monotonic_s=0.0)
    task = asyncio.create_task(clock.sleep_until(5.0))
    await clock.wait_for_sleepers()
    clock.jump_utc(-3600)
    assert (clock.now_utc(), clock.monotonic(), clock.sleeping) == (-3500.0, 0.0, (5.0,))
    await clock.advance(5)
    await task
    with pytest.raises(ValueError, match="does not go back"):
        await clock.advance(-1)


async def test_a_time_that_has_passed_is_not_waited_for() -> None:
    for clock in (FakeClock(), SystemClock()):
        assert isinstance(clock.now_utc(), float)
        await clock.sleep_until(clock.monotonic() - 1.0)


async def test_the_real_clock_never_wakes_early() -> None:
    clock: Clock = SystemClock()
    for _ in range(20):
        until_s = clock.monotonic() + 0.0011
        await clock.sleep_until(until_s)
        assert clock.monotonic() >= until_s
