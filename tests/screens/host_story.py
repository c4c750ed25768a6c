"""A host with a story: what web3 did around the failure of its restart, and a desk with its screen open."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from runners.model.host_check import HostCheck, LiveThere
from runners.model.metrics import HostReading, Room
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import failed_run, host_status
from tui.screens.host import HostScreen
from tui.view.look import Look

GB = 1_000_000_000
ROOT = Room(mount="/", size_bytes=40 * GB, free_bytes=int(3.6 * GB), used_percent=91.0)
SRV = Room(mount="/srv", size_bytes=200 * GB, free_bytes=71 * GB, used_percent=64.0)
LOG = Room(mount="/var/log", size_bytes=20 * GB, free_bytes=12 * GB, used_percent=38.0)
CHECK = HostCheck(
    name="web3",
    address="10.0.0.13",
    phase="unfit",
    reached=True,
    problems=("its clock is 4 s ahead of ours",),
    connect_s=0.11,
    user="deploy",
    tools="GNU",
    shell_start_s=0.04,
    sudo="yes",
    state_free_bytes=3 * GB,
    clock_offset_s=4.02,
    executions=(
        LiveThere(key="x.1.1.1", label="eve db-seed/12 seed/load@web3", since="2026-11-21T12:01:00Z", ours=False),
    ),
)


def readings_until(now_utc: float, failed_utc: float) -> tuple[HostReading, ...]:
    """Five minutes and a half of looks every two seconds: busy from the failure on, a cut line before it."""
    found: list[HostReading] = []
    for number in range(165):
        at = now_utc - 330 + 2 * number
        if failed_utc - 120 < at < failed_utc - 100:
            continue
        first = not found or at - found[-1].at > 2
        since = at - failed_utc
        cpu = 24 + 9 * math.sin(number / 7) + (48 * math.exp(-since / 90) if since > 0 else 0)
        moving = 16_000_000 * math.exp(-(((since + 30) / 9) ** 2))
        reading = HostReading(
            at=round(at, 1),
            cpu_percent=None if first else round(cpu, 1),
            cpus=4,
            memory_percent=43.0 if since < 0 else 36.0 + min(7.0, since / 6),
            memory_total_bytes=int(15.6 * GB),
            load=2.84,
            uptime_s=212 * 86400.0,
            disk_read_bytes_per_s=None if first else 300_000.0,
            disk_write_bytes_per_s=None if first else 900_000.0 + 2.2 * moving,
            net_in_bytes_per_s=None if first else 120_000.0 + 0.55 * moving,
            net_out_bytes_per_s=None if first else 40_000.0,
            pressure={"cpu": 4.1, "memory": 0.0, "io": 1.8},
            rooms=(ROOT, SRV, LOG),
        )
        found.append(reading)
    return tuple(found)


def host_controller() -> FakeController:
    """One run, in which web3 failed in restart, and what web3 was like."""
    sim = failed_run()
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    status = host_status("web3", clock_offset_s=0.02, runs=("deploy-api/42", "log-prune/60"))
    controller.hosts = (status, *(host_status(f"web{number}") for number in (1, 2, 4, 5, 6, 7)))
    failed = next(run for run in sim.state.stages[1].jobs[0].runs if run.host == "web3")
    assert failed.since is not None
    controller.readings = {"web3": readings_until(sim.now_utc, failed.since)}
    controller.checks = {"web3": CHECK}
    return controller


def later(controller: FakeController, seconds: float) -> None:
    """Time goes by, and the host is looked at."""
    sim = controller.runs[0].sim
    known = controller.readings["web3"]
    sim.now_utc += seconds
    controller.readings["web3"] = (*known, replace(known[-1], at=known[-1].at + seconds))


@asynccontextmanager
async def host_desk(
    controller: FakeController | None = None, *, size: tuple[int, int] = (120, 36), look: Look | None = None
) -> AsyncIterator[Desk]:
    """The app with the screen of web3 open over its run."""
    controller = controller or host_controller()
    async with desk(controller, size=size, look=look) as here:
        await here.until(lambda: here.run.choice.selected, "a selection")
        await here.press("H")
        await here.until(lambda: isinstance(here.app.screen, HostScreen), "the host's screen")
        screen = here.app.screen
        assert isinstance(screen, HostScreen)
        await here.until(lambda: len(screen.scene().readings) == len(controller.readings["web3"]), "its readings")
        screen.paint()
        await here.pilot.pause()
        yield here
