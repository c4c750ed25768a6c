"""Runs that have earlier ones behind them: what changed, what was seen, how long it usually takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runners.model import api
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import START_UTC, failed_run, healthy_run, host_status, rollout
from tui.view.look import Look

CHANGES = api.Changes(
    run="deploy-api/41",
    uid="u41",
    ended_at=api.rfc3339(START_UTC - 7200),
    definition=True,
    jobs=(api.JobChange(job="rollout/release", how="changed", tasks=("restart",)),),
    params=(api.ParamChange(name="release", before="2.4.0", now="2.4.1"),),
    hosts_added=("web12",),
    by="bob",
)
SEEN = api.Seen(
    times=3,
    of=12,
    run="deploy-api/39",
    uid="u39",
    host="web3",
    at=api.rfc3339(START_UTC - 11 * 86_400),
    always_on="web3",
    fix=api.Fix(run="deploy-api/38", uid="u38", how="passed", by="bob", note="java held the port", note_by="bob"),
)
BEFORE = api.Before(job_run=rollout("web3"), changes=CHANGES, seen=SEEN)
USUAL = api.Usual(
    runs=10,
    run_s=310.0,
    stages={"canary": 41.0, "rollout": 165.0, "after": 12.0},
    jobs={"rollout/release": api.UsualJob(usual_s=9.0, longest_s=12.0)},
)


def _controller(run: FakeRun) -> FakeController:
    controller = FakeController(run)
    controller.hosts = tuple(host_status(f"web{number}") for number in range(1, 12))
    controller.watchers = ("alice", "bob")
    controller.usual, controller.before = USUAL, BEFORE
    return controller


def seen_before() -> FakeController:
    """web3 failed as it did three times before; a retry helped. Open run ``u1``, or the board at 160x44."""
    return _controller(FakeRun(failed_run(), "u1", "deploy-api/42"))


def expected() -> FakeController:
    """Eight of eleven hosts passed; web9 takes far longer than it usually does. Open run ``u1``."""
    sim = healthy_run()
    sim.now_utc += 30
    return _controller(FakeRun(sim, "u1", "deploy-api/42"))


async def told_before(here: Desk) -> None:
    """What went before the failure has been told."""
    await here.until(lambda: here.run.feed.state is not None and here.run.scene(here.run.feed.state).before)
    here.run.paint()
    await here.pilot.pause()


@asynccontextmanager
async def expected_desk(*, size: tuple[int, int] = (160, 44), look: Look | None = None) -> AsyncIterator[Desk]:
    """The app with the run that goes on, once it is told how long that usually takes."""
    async with desk(expected(), size=size, look=look) as here:
        await here.sees("left.")
        yield here
