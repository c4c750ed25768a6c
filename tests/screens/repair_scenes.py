"""Moments of a run that is repaired: paused, rolled back, rolled back in part. Played through the core."""

from __future__ import annotations

from dataclasses import replace

from runners.core.preview import preview
from runners.model.events import SecretNeeded
from runners.model.intents import Note
from runners.model.inventory import Host
from runners.model.phases import Result, RunPhase
from runners.model.plan import Plan
from runners.model.preview import Preview
from runners.model.secrets import SecretSource, SourceKind
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.intents import intent_of
from tests.screens.scenes import START_UTC, finish, host_status, passes, rollout, scene_of
from tui.view.question import Question
from tui.view.scene import RunScene

LATER = ("deploy-api/43 on web2, web3",)
_HOSTS = ("lb1", "web1", "web2", "web3", "web4", "web5", "edge1")


def repair_plan(environment: str | None = "production") -> Plan:
    """A drain, a release with rollback, verify and finally, and a purge that cannot be taken back."""
    plan = plan_of(
        stage("before", job("drain", "lb1", "drain", rollback="undrain"), job("announce", "lb1", "announce")),
        stage(
            "rollout",
            job(
                "release",
                "web1 web2 web3 web4 web5",
                "fetch activate",
                verify="smoke",
                closing="cleanup",
                rollback="reactivate",
            ),
        ),
        stage("after", job("purge-cache", "edge1", "purge")),
        environment=environment,
    )
    hosts = {name: Host(name=name, address=f"10.0.1.{number}", user="deploy") for number, name in enumerate(_HOSTS, 1)}
    return replace(plan, hosts=hosts, params={"release": "2.4.1"})


def half_done(plan: Plan | None = None) -> Simulator:
    """web1 and web2 passed, web3 failed its smoke test, web4 activates, web5 has just begun."""
    sim = Simulator(plan or repair_plan(), now_utc=START_UTC)
    passes(sim, "drain@lb1", 2.0)
    passes(sim, "announce@lb1", 1.0)
    for host in ("web1", "web2"):
        passes(sim, rollout(host), 3.0, 2.0, 1.0, 0.5)
    passes(sim, rollout("web3"), 3.0, 2.0)
    sim.started(rollout("web3"))
    sim.now_utc += 1
    sim.finish(rollout("web3"), 1)
    finish(sim, rollout("web3"), 0.5)
    finish(sim, rollout("web4"), 3.0)
    sim.started(rollout("web4"))
    sim.ready(rollout("web5"))
    sim.started(rollout("web5"))
    sim.now_utc += 20
    return sim


def paused_run(*, now: bool = False) -> Simulator:
    """bob paused it while web4 activates; with ``now`` web5 stands between two tasks."""
    sim = half_done()
    sim.pause(now=now, by="bob", reason="the database team looks")
    sim.now_utc += 30
    if now:
        sim.finish(rollout("web5"))
        sim.now_utc += 12
    return sim


def rolling_back_run() -> Simulator:
    """bob takes it back: web5 and web4 were stopped, web5 is done, web4 is at it, the others wait for their turn."""
    sim = half_done()
    sim.rollback(by="bob", reason="errors doubled")
    sim.now_utc += 2
    for host in ("web4", "web5"):
        sim.cancel_step(rollout(host), "term")
        stopped(sim, host)
    sim.ready()
    at = [run for run in ("web5", "web4", "web3", "web2", "web1") if sim.run(rollout(run)).attempts[-1].rollback]
    for host in at[:1]:
        passes(sim, rollout(host), 4.0, 2.0)
    for host in at[1:2]:
        sim.started(rollout(host))
    sim.now_utc += 3
    return sim


def stopped(sim: Simulator, host: str) -> None:
    """What a cancel asked for has ended, then its ``finally:``."""
    sim.finish(rollout(host), result=Result.CANCELLATION)
    while rollout(host) in {start.job_run for start in sim.starts.values()}:
        sim.finish(rollout(host))


def incomplete_run() -> Simulator:
    """Everything was taken back but web3, whose rollback failed."""
    sim = half_done()
    sim.rollback(by="bob", reason="errors doubled")
    for host in ("web4", "web5"):
        stopped(sim, host)
    sim.play({"release@web3": 4})
    assert sim.state.phase is RunPhase.ROLLBACK_INCOMPLETE
    sim.advise("release@web3", page="unit-failed", first_line="error: release 2.4.0 is gone from /srv/api")
    sim.now_utc += 70
    return sim


def rolled_back_run() -> Simulator:
    """All of it was taken back that can be."""
    sim = half_done()
    sim.rollback(by="bob", reason="errors doubled")
    for host in ("web4", "web5"):
        stopped(sim, host)
    sim.play()
    assert sim.state.phase is RunPhase.ROLLED_BACK
    sim.now_utc += 70
    return sim


def lost_run() -> Simulator:
    """web3 failed, nobody knows what became of web4 and web5."""
    sim = half_done()
    sim.lose(rollout("web4"), "no word within 15 s")
    sim.lose(rollout("web5"), "no word within 15 s")
    sim.now_utc += 46
    return sim


def secret_run() -> Simulator:
    """The controller was started again while web4 and web5 were at it: what was typed is gone."""
    source = SecretSource(name="REGISTRY_TOKEN", kind=SourceKind.PROMPT, text="token of registry.internal")
    sim = half_done(replace(repair_plan(), secrets={source.name: source}))
    why = "was kept in memory only, and the controller was started again"
    sim.settle((SecretNeeded(secrets={source.name: why}),))
    sim.now_utc += 65
    return sim


def finally_run() -> Simulator:
    """web1 failed and cleans up, web2 was cancelled and cleans up."""
    sim = half_done()
    finish(sim, rollout("web5"), 3.0)
    finish(sim, rollout("web5"), 2.0, 1)
    sim.started(rollout("web5"))
    sim.cancel("release@web4", by="alice", reason="wrong build")
    sim.cancel_step(rollout("web4"), "term")
    sim.finish(rollout("web4"), result=Result.CANCELLATION)
    sim.started(rollout("web4"))
    sim.now_utc += 7
    return sim


def noted_run() -> Simulator:
    """Two people wrote down what they saw; one job run said something for later jobs."""
    sim = half_done()
    sim.ask(Note(id="n1", text="the disk of web3 was replaced this morning, see INC-1207"), "bob")
    sim.now_utc += 95
    sim.ask(Note(id="n2", text="I look at the load balancer"), "alice")
    sim.now_utc += 5
    return sim


def preview_of(sim: Simulator, question: Question, *, later: tuple[str, ...] = ()) -> Preview:
    """What the controller would answer at first."""
    intent = intent_of(question.request("i", 0, frozenset()), later)
    return preview(sim.state, intent, sim.now_utc)


def scene(sim: Simulator, selected: str = "") -> RunScene:
    """The moment as a screen has it."""
    hosts = tuple(host_status(host) for host in _HOSTS if host.startswith("web"))
    return scene_of(sim, selected, hosts=hosts)
