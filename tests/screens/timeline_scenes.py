"""A run to tell afterwards: it failed, was retried and noted; and the timeline, record and details opened over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from runners.model.intents import Note
from runners.model.inventory import Host
from runners.model.plan import Plan
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import START_UTC, advised, finish, host_status, passes, rollout
from tui.view.look import Look

_WEB = [f"web{number}" for number in range(1, 13)]


def told_plan() -> Plan:
    """A canary, a rollout to eleven hosts in which hosts come one after the other, and what follows."""
    tasks = (
        task("drain"),
        task("backup"),
        task("fetch"),
        task("restart", command="sudo systemctl restart api", repeatable=False),
    )
    plan = plan_of(
        stage("canary", job("canary", "web1", tasks)),
        stage("rollout", job("release", " ".join(_WEB[1:]), tasks)),
        stage(
            "after", job("purge-cache", "edge1 edge2", "purge"), job("report", "local", "report", needs="purge-cache")
        ),
        environment="production",
    )
    hosts = {
        name: Host(name=name, address=f"10.0.0.{number + 10}", user="deploy")
        for number, name in enumerate([*_WEB, "edge1", "edge2"], 1)
    }
    return replace(plan, hosts=hosts | {"local": Host(name="local")}, params={"release": "2.4.1"})


def failed_in_rollout() -> Simulator:
    """The picture ``timeline``: web3 failed in restart, two run, five wait."""
    sim = Simulator(told_plan(), now_utc=START_UTC)
    sim.now_utc += 3
    passes(sim, "canary/canary@web1", 12.0, 4.0, 15.0, 10.0)
    sim.ready(rollout("web2"), rollout("web4"))
    sim.started(rollout("web2"))
    sim.started(rollout("web4"))
    sim.now_utc += 4
    finish(sim, rollout("web3"), 11.4)
    finish(sim, rollout("web3"), 3.6)
    for host in ("web2", "web4"):
        sim.finish(rollout(host))
    finish(sim, rollout("web3"), 14.2)
    for host in ("web2", "web4"):
        passes(sim, rollout(host), 0.4, 1.0, 2.0)
    finish(sim, rollout("web3"), 6.2, 1)
    advised(sim, "web3")
    sim.now_utc += 8
    sim.ready(rollout("web5"), rollout("web6"), rollout("web7"))
    for host in ("web5", "web6", "web7"):
        sim.started(rollout(host))
    sim.now_utc += 20
    sim.finish(rollout("web5"))
    passes(sim, rollout("web5"), 3.0, 5.0, 3.0)
    sim.now_utc += 9
    return sim


def told_run() -> Simulator:
    """It failed, was looked into and noted, was retried, lost a host for a while, and ended well."""
    sim = failed_in_rollout()
    for host in ("web6", "web7"):
        sim.finish(rollout(host))
        passes(sim, rollout(host), 2.0, 5.0, 3.0)
    for host in ("web8", "web9", "web10", "web11", "web12"):
        passes(sim, rollout(host), 1.0, 1.0, 2.0, 1.0)
    sim.now_utc += 30
    sim.ask(Note(id="n1", text="the old unit kept the port, pid 20114; stopped it by hand"), "bob")
    sim.now_utc += 62
    sim.retry(rollout("web3"), by="bob", reason="port is free again")
    finish(sim, rollout("web3"), 10.0)
    finish(sim, rollout("web3"), 4.0)
    sim.ready(rollout("web3")) if sim.id_of(rollout("web3")) in sim.prepares else None
    sim.started(rollout("web3"))
    sim.now_utc += 4
    sim.lose(rollout("web3"), "no word within 15 s")
    sim.now_utc += 22
    sim.finish(rollout("web3"))
    finish(sim, rollout("web3"), 6.0)
    for host in ("edge1", "edge2"):
        passes(sim, f"after/purge-cache@{host}", 8.0)
    passes(sim, "after/report@local", 2.0)
    sim.now_utc += 300
    return sim


def told_controller(sim: Simulator | None = None) -> FakeController:
    """It has that one run."""
    controller = FakeController(FakeRun(sim or told_run(), "u1", "deploy-api/42"))
    controller.hosts = tuple(host_status(f"web{number}") for number in range(1, 8))
    return controller


@asynccontextmanager
async def timeline_desk(
    sim: Simulator | None = None, *, size: tuple[int, int] = (120, 36), look: Look | None = None
) -> AsyncIterator[Desk]:
    """The real app with the timeline of a run open."""
    async with desk(told_controller(sim or failed_in_rollout()), size=size, look=look) as here:
        await here.press("T")
        await here.sees("alice started")
        yield here


@asynccontextmanager
async def details_desk(
    sim: Simulator | None = None, *, size: tuple[int, int] = (120, 36), look: Look | None = None
) -> AsyncIterator[Desk]:
    """The real app with the details of the job run that failed open."""
    async with desk(told_controller(sim or failed_in_rollout()), size=size, look=look) as here:
        await here.press("d")
        await here.sees("attempt 1")
        yield here


@asynccontextmanager
async def record_desk(
    sim: Simulator | None = None, *, size: tuple[int, int] = (120, 36), look: Look | None = None
) -> AsyncIterator[Desk]:
    """The real app with the record of a run open."""
    async with desk(told_controller(sim or told_run()), size=size, look=look) as here:
        await here.press("D")
        await here.sees("alice started it")
        yield here
