"""The runs whose logs are kept for ever: together they use every event there is."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from runners.model.definition import Concurrency, OnFailure, RetryPolicy
from runners.model.errors import ActionRefused
from runners.model.intents import Cancel, Note, Pause, Resume, Retry, Rollback, Shell, Skip
from runners.model.phases import Phase, RunPhase
from runners.model.secrets import SecretSource, SourceKind
from runners.ports.transport import Survivor
from runners.testing.behaviour import Die, Exit, Gate, OnCancel, Output, Print, TimeOut, hangs, prints
from tests.flows.engine_kit import Kit, job, plan

Story = Callable[[Kit], Awaitable[str]]
"""Plays a run to its rest and returns its uid."""

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


async def retried(kit: Kit) -> str:
    """The policy tries again, then a person does: the whole job, and later from a task on."""
    again = RetryPolicy(attempts=2, delay_s=5.0)
    kit.transport.on("release", prints("boom", code=1), prints("boom", code=1), prints("ok"), host="web1")
    kit.transport.on("smoke", prints("no", code=9), prints("fine"))
    uid = await kit.run(
        plan(
            [job("build", "fetch", "compile", on=["ci1"])],
            [job("release", "drain", "release", on=["web1", "web2"], retry=again)],
            [job("check", "warm", "smoke", on=["ci1"]), job("after", on=["ci1"], needs=["check"])],
        )
    )
    await kit.until_job(uid, "s2/release@web1", Phase.BACKING_OFF)
    await kit.settle()
    await kit.clock.advance(6.0)
    await kit.until_run(uid, RunPhase.HELD)
    seen = {"s2/release@web1": 2}
    await kit.engine.submit(uid, Retry(id="i1", targets=tuple(seen), seen_attempts=seen, reason="disk freed"), "bob")
    await kit.until_job(uid, "s3/check@ci1", Phase.FAILED)
    await kit.until_run(uid, RunPhase.HELD)
    seen = {"s3/check@ci1": 1}
    await kit.engine.submit(uid, Retry(id="i2", targets=tuple(seen), seen_attempts=seen, from_task="t2"), "bob")
    await kit.until_run(uid, *ENDED)
    return uid


async def skipped(kit: Kit) -> str:
    """One failure is a warning, one is skipped by a person; something is noted, something is refused."""
    kit.transport.on("release", [Print(b"panic: \xff no space\n"), Die("KILL")], host="web2")
    kit.transport.on("purge", prints("boom", code=2))
    uid = await kit.run(
        plan(
            [job("release", on=["web1", "web2"]), job("purge", on=["web1"], on_failure=OnFailure.CONTINUE)],
            [job("after", on=["web1"])],
        )
    )
    await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    await kit.engine.submit(uid, Note(id="i1", text="web2 is being replaced"), "alice")
    with contextlib.suppress(ActionRefused):
        await kit.engine.submit(uid, Skip(id="i2", targets=("s1/release@web1",)), "bob")
    await kit.engine.submit(uid, Skip(id="i3", targets=("s1/release@web2",), reason="web2 is out"), "alice")
    await kit.until_run(uid, *ENDED)
    return uid


async def cancelled(kit: Kit) -> str:
    """A whole run is cancelled: one job ends by KILL, one survives until its host ends it, the last never started."""
    kit.transport.on("stubborn", hangs(Print(b"x\n"), OnCancel(ignores_term=True)))
    kit.transport.on("owned", hangs(OnCancel(survivors=(Survivor(pid=311, user="root", command="sleep 600"),))))
    uid = await kit.run(
        plan([job("stubborn", on=["web1"], closing=["tidy"]), job("owned", on=["web2"])], [job("never", on=["web1"])])
    )
    for name in ("s1/stubborn@web1", "s1/owned@web2"):
        await kit.until_job(uid, name, Phase.RUNNING)
    await kit.engine.submit(uid, Cancel(id="i1", reason="wrong branch"), "bob")
    await kit.until_job(uid, "s1/stubborn@web1", Phase.CANCELLED)
    await kit.settle()
    kit.transport.finish(f"{uid}.2.1.1", signal="KILL", cancelled=True)
    await kit.until_run(uid, *ENDED)
    return uid


async def rolled_back(kit: Kit) -> str:
    """A failed check is answered with a rollback that leaves one host behind, and then takes that one back too."""
    kit.transport.on("smoke", prints("boom", code=1), prints("ok"), host="web2")
    kit.transport.on("activate", prints("busy", code=4), prints("ok"), host="web1")
    uid = await kit.run(
        plan(
            [job("migrate", on=["db1"], rollback=["restore"])],
            [job("release", on=["web1", "web2"], rollback=["activate"], verify=["smoke"]), job("report", on=["db1"])],
        )
    )
    await kit.until_run(uid, RunPhase.HELD)
    await kit.engine.submit(uid, Rollback(id="i1", reason="errors on web2"), "bob")
    await kit.until_run(uid, RunPhase.ROLLBACK_INCOMPLETE)
    await kit.settle()
    await kit.engine.submit(uid, Rollback(id="i2"), "bob")
    await kit.until_run(uid, RunPhase.ROLLED_BACK)
    return uid


async def left_behind(kit: Kit) -> str:
    """A rollback that the pipeline asked for ends incomplete."""
    kit.transport.on("release", prints("boom", code=1), host="web2")
    kit.transport.on("activate", prints("busy", code=4), host="web1")
    undone = job("release", on=["web1", "web2"], rollback=["activate"], on_failure=OnFailure.ROLLBACK)
    uid = await kit.run(plan([undone], [job("after")]))
    await kit.until_run(uid, RunPhase.ROLLBACK_INCOMPLETE)
    return uid


async def unknown(kit: Kit) -> str:
    """Contact is lost and regained, then the host reboots; a person vouches for one job and the other stays unknown."""
    for host in ("web1", "web2"):
        kit.transport.on("release", [Print(b"half\n"), Gate("a")], prints("whole"), host=host)
    uid = await kit.run(plan([job("release", on=["web1", "web2"])]))
    for name in ("s1/release@web1", "s1/release@web2"):
        await kit.until_job(uid, name, Phase.RUNNING)
    await kit.settle()
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(3.0)
    await kit.until_job(uid, "s1/release@web1", Phase.UNKNOWN)
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    for host in ("web1", "web2"):
        kit.transport.reboot(host)
    await kit.clock.advance(16.0)
    await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    seen = {"s1/release@web1": 1}
    await kit.engine.submit(uid, Retry(id="i1", targets=tuple(seen), seen_attempts=seen, not_running=True), "bob")
    await kit.until_job(uid, "s1/release@web1", Phase.SUCCEEDED)
    await kit.until_run(uid, RunPhase.HELD)
    return uid


async def paused(kit: Kit) -> str:
    """A run is paused between two tasks, its controller is gone for a while, and it goes on when a person says so."""
    kit.transport.on("first", [Print(b"one\n"), Gate("a"), Print(b"two\n")])
    uid = await kit.run(plan([job("release", "first", "second", on=["web1"]), job("other", on=["web2"])]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.engine.submit(uid, Pause(id="i1", now=True, reason="a look first"), "bob")
    await kit.settle()
    await kit.stop()
    await kit.logs.close()
    kit.transport.release("a")
    await kit.clock.advance(90.0)
    await kit.start()
    await kit.settle()
    await kit.engine.submit(uid, Resume(id="i2"), "alice")
    await kit.until_run(uid, *ENDED)
    return uid


async def failed(kit: Kit) -> str:
    """``stop`` after a time limit: what is behind it never starts; ``finally:`` of it fails and is a warning."""
    kit.transport.on("release", [Print(b"slow\n"), TimeOut()])
    kit.transport.on("undrain", prints("no", code=5))
    stopping = job("release", closing=["undrain"], timeout_s=30.0, on_failure=OnFailure.STOP)
    uid = await kit.run(plan([stopping, job("beside", on=["web2"])], [job("after")]))
    await kit.until_run(uid, *ENDED)
    return uid


async def handed_on(kit: Kit) -> str:
    """One run of a group at a time; a job hands what it wrote, nonsense included, to a later one."""
    kit.transport.on("build", (Output(b"commit=abc\nnonsense\n"), Print(b"built\n"), Exit(0)))
    alone = plan([job("build", on=["ci1"])], [job("release", on=["web1"])])
    uid = await kit.run(replace(alone, concurrency=Concurrency(group="production")))
    await kit.until_run(uid, *ENDED)
    return uid


async def kept_secret(kit: Kit) -> str:
    """A secret is lost with its controller: the verdict comes first, the log once somebody gives the secret again."""
    kit.transport.on("release", (Print(b"hunter"), Gate("half"), Print(b"22hunter!\n"), Exit(3)))
    source = SecretSource(name="PASS", kind=SourceKind.ENV, variable="PASS")
    made = replace(plan([job("release"), job("after", on=["web2"], needs=["release"])]), secrets={"PASS": source})
    uid = await kit.run(made, secrets={"PASS": "hunter22hunter"})
    await kit.transport.until_started(f"{uid}.1.1.1")
    await kit.settle()
    await kit.stop()
    await kit.start()
    await kit.settle()
    kit.transport.release("half")
    for _ in range(5):
        await kit.settle()
        await kit.clock.advance(kit.limits.quiet_ask_s)
    await kit.settle()
    await kit.engine.give_secrets(uid, intent_id="g1", names=(), values={"PASS": "hunter22hunter"}, actor="bob")
    await kit.settle()
    return uid


async def visited(kit: Kit) -> str:
    """Somebody opens a shell on the host that failed, and tries again."""
    kit.transport.on("release", prints("boom", code=1), prints("ok"))
    uid = await kit.run(plan([job("release")]))
    await kit.until_run(uid, RunPhase.HELD)
    await kit.engine.submit(uid, Shell(id="i1", host="web1"), "bob")
    seen = {"s1/release@web1": 1}
    await kit.engine.submit(uid, Retry(id="i2", targets=tuple(seen), seen_attempts=seen), "bob")
    await kit.until_run(uid, *ENDED)
    return uid


_TOLD = (
    *(retried, skipped, cancelled, rolled_back, left_behind, unknown, paused, failed),
    *(handed_on, kept_secret, visited),
)
STORIES: Mapping[str, Story] = {story.__name__: story for story in _TOLD}
