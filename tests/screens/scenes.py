"""Moments of runs to look at: what the pictures and the tests of the view are made from, played through the core."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from runners.core.blast import blast
from runners.core.describe import hold_documents, summary
from runners.core.holds import holds
from runners.core.preview import preview
from runners.model.api import HoldDocument, HostStatus, RunStatus, RunSummary, rfc3339
from runners.model.holds import Hold, HoldKind
from runners.model.intents import Cancel, Retry, Skip
from runners.model.inventory import Host
from runners.model.news import AdviceGiven
from runners.model.phases import FailureKind
from runners.model.plan import Plan
from runners.model.preview import Preview
from runners.model.state import RunState
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator
from tui.view.scene import BoardScene, Here, RunScene

START_UTC = 1_795_262_495.0
"""2026-11-21 12:01:35 UTC."""
BIND = "bind: address already in use (0.0.0.0:8080)"
_WEB = [f"web{number}" for number in range(1, 13)]


def release_plan() -> Plan:
    """canary on web1, rollout on web2 to web12, then a cache and a report."""
    tasks = (
        task("fetch", command='./fetch.sh "$release"'),
        task("restart", command="sudo systemctl restart api", repeatable=False),
        task("healthy", command="curl -fsS --retry 5 http://localhost:8080/health", timeout_s=60.0),
        task("verify", command="set -e\n./smoke.sh\n./version.sh"),
    )
    plan = plan_of(
        stage("canary", job("canary", "web1", tasks)),
        stage("rollout", job("release", " ".join(_WEB[1:]), tasks, attempts=3)),
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


def begun(plan: Plan | None = None) -> Simulator:
    """A run that has just been created."""
    return Simulator(plan or release_plan(), now_utc=START_UTC)


def finish(sim: Simulator, name: str, took_s: float = 1.0, exit_code: int = 0) -> None:
    """The task that a job run is at starts, takes its time, and ends."""
    if not sim.run(name).attempts or sim.id_of(name) in sim.prepares:
        sim.ready(name)
    sim.started(name)
    sim.now_utc += took_s
    sim.finish(name, exit_code)


def passes(sim: Simulator, name: str, *seconds: float) -> None:
    """All tasks of a job run pass."""
    for took_s in seconds:
        finish(sim, name, took_s)


def canary_done() -> Simulator:
    """web1 has passed, the rollout has begun."""
    sim = begun()
    passes(sim, "canary/canary@web1", 14.0, 6.0, 17.0, 4.0)
    return sim


def rollout(host: str) -> str:
    return f"rollout/release@{host}"


def advised(sim: Simulator, host: str) -> None:
    """The page beside its failure comes."""
    effect = sim.advices.pop(sim.id_of(rollout(host)))
    sim.tell(
        AdviceGiven(
            job_run=effect.job_run,
            attempt=effect.attempt,
            page="port-in-use",
            section="Diagnosis",
            score=0.94,
            why="log matches 'address already in use', task is restart",
            first_line=BIND,
            task=effect.task,
            line=6,
        )
    )


def failed_run() -> Simulator:
    """web3 failed in restart, four passed, two run, the rest is queued or waits."""
    sim = canary_done()
    for host in ("web2", "web4", "web5"):
        passes(sim, rollout(host), 3.0, 2.0, 3.0, 2.0)
    sim.ready(rollout("web6"), rollout("web7"))
    sim.started(rollout("web6"))
    sim.now_utc += 1
    finish(sim, rollout("web3"), 14.2)
    sim.started(rollout("web7"))
    finish(sim, rollout("web6"), 1)
    finish(sim, rollout("web3"), 6.2, 1)
    advised(sim, "web3")
    sim.now_utc += 48
    return sim


def healthy_run() -> Simulator:
    """Eight of eleven passed, two run."""
    sim = canary_done()
    for host in _WEB[1:8]:
        passes(sim, rollout(host), 3.0, 2.0, 3.0, 2.0)
    passes(sim, rollout("web9"), 13.8, 5.9)
    sim.ready(rollout("web10"))
    sim.started(rollout("web9"))
    sim.started(rollout("web10"))
    sim.now_utc += 12
    return sim


def unknown_run() -> Simulator:
    """web6 and web7 are silent in restart."""
    sim = canary_done()
    for host in _WEB[1:5]:
        passes(sim, rollout(host), 3.0, 2.0, 3.0, 2.0)
    for host in ("web6", "web7"):
        finish(sim, rollout(host), 6.5)
        sim.started(rollout(host))
    sim.now_utc += 5
    sim.lose(rollout("web6"), "no word within 15 s")
    sim.lose(rollout("web7"), "no word within 15 s")
    sim.now_utc += 46
    return sim


def waiting_run() -> Simulator:
    """Nothing but an unknown host key keeps web1 from starting."""
    sim = begun()
    sim.now_utc += 100
    return sim


def host_status(name: str, phase: str = "connected", **fields: Any) -> HostStatus:
    """A connection of web<n>."""
    number = int("".join(filter(str.isdigit, name)) or 0) + 10
    base = HostStatus(
        name=name,
        address=f"10.0.0.{number}",
        phase=phase,
        user="deploy",
        last_heard_s=0.4,
        connect_s=0.038,
        runs=("deploy-api/42",),
    )
    return changed(base, **fields)


def holds_of(sim: Simulator, host_holds: dict[str, Hold] | None = None) -> tuple[HoldDocument, ...]:
    return hold_documents(holds(sim.state, host_holds or {}))


def scene_of(
    sim: Simulator,
    selected: str = "",
    *,
    hosts: tuple[HostStatus, ...] = (),
    host_holds: dict[str, Hold] | None = None,
    watchers: tuple[str, ...] = ("alice", "bob"),
    stale_s: float | None = None,
    focus: str = "jobs",
) -> RunScene:
    """The moment as a screen has it."""
    lag = None if stale_s is not None else 0.1
    return RunScene(
        here=Here(now_utc=sim.now_utc, user="alice", lag_s=lag, stale_s=stale_s),
        state=sim.state,
        holds=holds_of(sim, host_holds),
        hosts={host.name: host for host in hosts},
        watchers=watchers,
        selected=selected,
        focus=focus,
    )


def failed_scene(**fields: Any) -> RunScene:
    """The picture ``run-failed``."""
    sim = failed_run()
    scene = scene_of(sim, rollout("web3"), hosts=tuple(host_status(name) for name in _WEB[:7]))
    return replace(scene, **fields)


def healthy_scene() -> RunScene:
    """The picture ``healthy``."""
    return scene_of(healthy_run(), rollout("web9"), hosts=(host_status("web9"), host_status("web10")))


def unknown_scene() -> RunScene:
    """The picture ``unknown``."""
    silent = {"last_heard_s": 51.0, "text": "no word within 15 s, connecting again"}
    return scene_of(
        unknown_run(),
        rollout("web6"),
        hosts=(host_status("web6", "silent", **silent), host_status("web7", "silent", **silent)),
    )


def host_key_scene() -> RunScene:
    """A host shows a key that nobody has trusted yet."""
    sim = waiting_run()
    fingerprint = "SHA256:hQ4v0cY1mQF0x5S2nK8c7wqk0L9m8bKz1aYbq3rJx2E"
    text = f"web1 shows ssh-ed25519 {fingerprint}, which no known_hosts file lists; onduty hosts trust web1"
    hold = Hold(kind=HoldKind.HOST_KEY, what=sim.id_of("canary/canary@web1"), text=text, since=START_UTC + 2)
    status = host_status(
        "web1",
        "host_key_unknown",
        text=text,
        fingerprint=fingerprint,
        last_heard_s=None,
        connect_s=None,
        user=None,
    )
    return scene_of(sim, "canary/canary@web1", hosts=(status,), host_holds={hold.what: hold})


def unreached_scene() -> RunScene:
    """web2 could not be reached within the time that was given; others go on."""
    sim = canary_done()
    sim.now_utc += 120
    reason = "10.0.0.12:22 did not answer within 2m (connection refused); nothing was started there"
    sim.give_up(rollout("web2"), FailureKind.UNREACHABLE, reason)
    sim.now_utc += 9
    return scene_of(sim, rollout("web2"), hosts=(host_status("web2", "unreachable", text=reason, last_heard_s=None),))


def cancelling_scene() -> RunScene:
    """alice cancels the whole run."""
    sim = failed_run()
    sim.cancel(by="alice", reason="wrong release")
    sim.cancel_step(rollout("web6"), "term")
    sim.now_utc += 4
    return scene_of(sim, rollout("web6"))


def dialog_preview(verb: str = "retry", *names: str, not_running: bool = False) -> tuple[RunState, Preview]:
    """What a retry, a skip or a cancel of the failed run would do; without names the whole run."""
    sim = failed_run()
    targets = tuple(sim.id_of(name) for name in names)
    seen = {target: sim.run(target).attempt for target in targets}
    if verb == "retry":
        return sim.state, preview(sim.state, Retry(id="i", targets=targets, seen_attempts=seen), sim.now_utc)
    if verb == "skip":
        return sim.state, preview(sim.state, Skip(id="i", targets=targets, seen_attempts=seen), sim.now_utc)
    return sim.state, preview(sim.state, Cancel(id="i", targets=targets), sim.now_utc)


def summary_of(sim: Simulator, uid: str, name: str = "deploy-api/42", **fields: Any) -> RunSummary:
    """A run's line in the list."""
    line = summary(sim.state, holds(sim.state, {}))
    fields |= {"uid": uid, "id": name, "pipeline": name.partition("/")[0]}
    return changed(line, **fields)


def quiet_summary(uid: str, name: str, *, ended_ago_s: float, now_utc: float, **fields: Any) -> RunSummary:
    """A run that passed some time ago."""
    base = RunSummary(
        id=name,
        uid=uid,
        pipeline=name.partition("/")[0],
        phase="succeeded",
        result="success",
        environment="staging",
        by="ci",
        created_at=rfc3339(now_utc - ended_ago_s - 60),
        started_at=rfc3339(now_utc - ended_ago_s - 60),
        ended_at=rfc3339(now_utc - ended_ago_s),
        counts={"succeeded": 3},
        hosts=3,
        hosts_done=3,
        what="passed",
    )
    return changed(base, **fields)


def board_scene() -> BoardScene:
    """The picture ``board``."""
    failed, unknown, healthy = failed_run(), unknown_run(), healthy_run()
    now_utc = failed.now_utc

    def started(ago_s: float) -> dict[str, object]:
        return {"created_at": rfc3339(now_utc - ago_s), "started_at": rfc3339(now_utc - ago_s)}

    reach = blast(healthy.state)
    assert reach.hosts
    held = quiet_summary(
        "u4",
        "db-migrate/17",
        ended_ago_s=0,
        now_utc=now_utc,
        phase="held",
        result=None,
        ended_at=None,
        environment="production",
        by="bob",
        hosts=1,
        hosts_done=0,
        counts={"cancelled": 1},
        what="apply@db1: was cancelled; retry or skip it, or cancel the run",
        **started(220),
    )
    hold = HoldDocument(kind="host_key", what="sync/copy@web9", text="web9 shows ssh-ed25519", since=None)
    trust = quiet_summary(
        "u5",
        "deploy-web/88",
        ended_ago_s=0,
        now_utc=now_utc,
        phase="running",
        result=None,
        ended_at=None,
        by="carol",
        hosts=6,
        hosts_done=1,
        counts={"queued": 5, "succeeded": 1},
        what="copy@web9: web9 shows ssh-ed25519 SHA256:hQ4v, onduty hosts trust web9",
        **started(1080),
    )
    runs = (
        summary_of(failed, "u1", "deploy-api/42", **started(226)),
        summary_of(unknown, "u2", "nightly-etl/318", by="cron", **started(400)),
        held,
        trust,
        summary_of(healthy, "u6", "cert-rotate/9", by="bob", **started(372)),
        summary_of(canary_done(), "u7", "backup-db/204", by="cron", environment="production", **started(1020)),
        quiet_summary(
            "u8",
            "deploy-api/43",
            ended_ago_s=0,
            now_utc=now_utc,
            phase="queued",
            result=None,
            ended_at=None,
            environment="production",
            by="alice",
            hosts=12,
            hosts_done=0,
            counts={"waiting": 12},
            what="",
            **started(65),
        ),
        quiet_summary("u9", "smoke/1189", ended_ago_s=240, now_utc=now_utc),
        quiet_summary("u10", "deploy-web/87", ended_ago_s=1320, now_utc=now_utc, hosts=6, hosts_done=6, by="carol"),
        quiet_summary("u11", "deploy-api/41", ended_ago_s=1740, now_utc=now_utc, phase="cancelled",
                      result="cancellation", environment="production", by="bob", what="cancelled by bob", hosts=12,
                      hosts_done=4),
        quiet_summary("u12", "cert-rotate/8", ended_ago_s=1860, now_utc=now_utc, by="bob", hosts=8, hosts_done=8),
        quiet_summary("u13", "smoke/1188", ended_ago_s=3120, now_utc=now_utc, phase="failed", result="failure",
                      what="test@ci1 failed: exit 2 in unit", hosts_done=2),
    )  # fmt: skip
    return BoardScene(
        here=Here(now_utc=now_utc, user="alice", lag_s=0.1),
        summaries=runs,
        selected="u1",
        statuses={"u5": RunStatus(uid="u5", holds=(hold,))},
    )
