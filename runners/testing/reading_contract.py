"""What every ``ReadingStore`` must keep. A test module subclasses this and gives the fixture ``store``."""

from __future__ import annotations

import pytest

from runners.model.metrics import HostReading, JobUse, Room
from runners.ports.readings import MOST_READINGS, ReadingStore

RUN = "01JD0000000000000000000001"
ROOT = Room(mount="/", size_bytes=1000, free_bytes=100, used_percent=90.0)
FULL = Room(mount="/", size_bytes=1000, free_bytes=0, used_percent=100.0)


def series(first: float, count: int, step_s: float = 2.0) -> tuple[HostReading, ...]:
    """Readings of a host that is ever busier."""
    return tuple(HostReading(at=round(first + at * step_s, 1), cpu_percent=float(at % 100)) for at in range(count))


class ReadingStoreContract:
    """The promises of ``runners/ports/readings.py``."""

    async def test_nothing_is_known_of_a_host_that_nobody_looked_at(self, store: ReadingStore) -> None:
        assert await store.read(RUN, "web1") == ()

    async def test_readings_come_back_in_order_for_each_run_and_host(self, store: ReadingStore) -> None:
        one, two = series(1000.0, 3), series(1006.0, 2)
        await store.add(RUN, "web1", one)
        await store.add(RUN, "web2", two)
        await store.add(RUN, "web1", two)
        assert await store.read(RUN, "web1") == (*one, *two)
        assert await store.read(RUN, "web2") == two
        assert await store.read("01JD0000000000000000000002", "web1") == ()

    async def test_disks_come_back_with_every_reading_and_uses_of_jobs_with_none(self, store: ReadingStore) -> None:
        use = JobUse(key=f"{RUN}.1.1.1", cpu_s=1.0)
        readings = [
            HostReading(at=1.0, rooms=(ROOT,), jobs=(use,)),
            HostReading(at=2.0, rooms=(ROOT,)),
            HostReading(at=3.0, rooms=(FULL,), pressure={"io": 3.0}),
        ]
        for reading in readings:
            await store.add(RUN, "web1", (reading,))
        found = await store.read(RUN, "web1")
        assert [one.rooms for one in found] == [(ROOT,), (ROOT,), (FULL,)]
        assert [one.jobs for one in found] == [(), (), ()]
        assert found[2].pressure == {"io": 3.0}

    async def test_a_long_run_is_thinned_and_keeps_its_first_and_its_newest(self, store: ReadingStore) -> None:
        first, last = series(0.0, MOST_READINGS), series(2.0 * MOST_READINGS, 500)
        await store.add(RUN, "web1", first)
        await store.add(RUN, "web1", last)
        found = await store.read(RUN, "web1")
        assert MOST_READINGS // 2 < len(found) <= MOST_READINGS
        assert found[0] == first[0]
        assert found[-250:] == last[-250:]
        assert [one.at for one in found] == sorted(one.at for one in found)

    @pytest.mark.parametrize("host", ["../../elsewhere", "a/b", "\x1b[2J", "x" * 3000, "ünïcode", ".", ".."])
    async def test_a_host_may_be_called_anything(self, store: ReadingStore, host: str) -> None:
        await store.add(RUN, host, series(1.0, 1))
        assert await store.read(RUN, host) == series(1.0, 1)
        assert await store.read(RUN, f"{host}2") == ()
