"""Tasks that sudo runs as somebody else: asked of whom they belong to, refused once and clearly."""

from __future__ import annotations

from dataclasses import replace

from runners.core.index import job_run_of
from runners.model.definition import RetryPolicy
from runners.model.intents import Cancel, Reconcile, Retry
from runners.model.phases import FailureKind, Phase, Result, RunPhase
from runners.model.plan import Plan, PlannedJob, PlannedTask
from runners.model.state import RunState
from runners.testing.behaviour import OnCancel, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan
from tests.flows.sweep import every_moment

JOB_RUN = "s1/release@web1"
ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


def as_root(one: PlannedJob, *names: str, user: str = "root") -> PlannedJob:
    """The job with sudo for these tasks; for all of them when none is named."""

    def given(tasks: tuple[PlannedTask, ...]) -> tuple[PlannedTask, ...]:
        return tuple(replace(task, sudo=user) if not names or task.name in names else task for task in tasks)

    return replace(one, tasks=given(one.tasks), rollback=given(one.rollback))


async def run(kit: Kit, planned: Plan) -> str:
    return await kit.run(planned)


async def test_each_task_is_started_by_its_own_user_and_all_share_one_work_folder() -> None:
    kit = await Kit().start()
    try:
        uid = await run(kit, plan([as_root(job("release", "one", "two", "three"), "t2")]))
        await kit.until_run(uid, RunPhase.SUCCEEDED)
        await kit.settle()
        asked = [start.request for start in kit.transport.ledger]
        assert [one.sudo for one in asked] == ["", "root", ""]
        assert {one.sharers for one in asked} == {("root",)}
        assert len({one.workdir for one in asked}) == 1
        host = kit.transport.host("web1")
        assert host.executions == {}
        assert host.workdirs == set()
    finally:
        await kit.stop()


async def test_a_sudo_that_refuses_fails_the_attempt_once_whatever_the_policy_says_and_tells_the_advisor_why() -> None:
    kit = await Kit().start()
    try:
        kit.transport.refuse_sudo("web1", "sudo: a password is required")
        policy = RetryPolicy(attempts=5, delay_s=0.0)
        uid = await run(
            kit,
            plan([as_root(job("release", "one", "two", retry=policy), "t2"), job("other")]),
        )
        found = await kit.until_job(uid, JOB_RUN, Phase.FAILED)
        await kit.until_job(uid, "s1/other@web1", Phase.SUCCEEDED)
        await kit.settle()
        assert (found.result, found.kind, found.attempt) == (Result.ERROR, FailureKind.AUTH, 1)
        assert found.reason == "web1: sudo: a password is required; nothing was started there in t2"
        assert [start.script for start in kit.transport.ledger if start.script != "other"] == ["one"]
        facts = kit.advisor.asked[-1]
        assert (facts.kind, tuple(facts.log_tail)) == (
            "auth",
            ("web1: sudo: a password is required; nothing was started there",),
        )
        # A person has mended it: the same task, from where it stopped.
        kit.transport.allow_sudo("web1")
        retry = Retry(id="i1", seen_attempts={JOB_RUN: 1}, targets=(JOB_RUN,), from_task="t2")
        await kit.engine.submit(uid, retry, "bob")
        await kit.until_run(uid, RunPhase.SUCCEEDED)
        kit.transport.assert_each_key_ran_once()
    finally:
        await kit.stop()


async def test_after_a_restart_the_user_who_has_the_key_is_asked_and_the_verdict_is_right() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(Print(b"working\n")))
    uid = await run(kit, plan([as_root(job("release"))]))
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    await kit.kill()
    kit.transport.print(key, b"more\n")
    kit.transport.finish(key, exit_code=3)
    await kit.start()
    try:
        found = await kit.until_job(uid, JOB_RUN, Phase.FAILED)
        assert (found.exit_code, found.result) == (3, Result.FAILURE)
        assert kit.logs.content(uid, key) == b"working\nmore\n"
        kit.transport.assert_each_key_ran_once()
    finally:
        await kit.stop()


async def test_who_cannot_be_asked_any_more_is_unknown_until_a_person_has_mended_sudo() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await run(kit, plan([as_root(job("release"))]))
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    await kit.kill()
    kit.transport.refuse_sudo("web1")
    await kit.start()
    try:
        found = await kit.until_job(uid, JOB_RUN, Phase.UNKNOWN)
        assert "a password is required" in found.reason
        kit.transport.finish(key)
        kit.transport.allow_sudo("web1")
        await kit.engine.submit(uid, Reconcile(id="i1"), "alice")
        await kit.until_run(uid, RunPhase.SUCCEEDED)
        kit.transport.assert_each_key_ran_once()
    finally:
        await kit.stop()


async def test_a_retry_of_an_unknown_seals_the_old_key_where_it_is() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(), prints("ok"))
    uid = await run(kit, plan([as_root(job("release"))]))
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    kit.transport.vanish(key)
    try:
        await kit.until_job(uid, JOB_RUN, Phase.UNKNOWN)
        host = kit.transport.host("web1")
        del host.executions[key]
        retry = Retry(id="i1", seen_attempts={JOB_RUN: 1}, targets=(JOB_RUN,), not_running=True)
        await kit.engine.submit(uid, retry, "bob")
        await kit.until_run(uid, RunPhase.SUCCEEDED)
        assert host.sealed == [key]
        assert [start.request.sudo for start in kit.transport.ledger] == ["root", "root"]
    finally:
        await kit.stop()


async def test_a_cancel_reaches_what_sudo_runs() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(OnCancel(ignores_term=True)))
    uid = await run(kit, plan([as_root(job("release"))]))
    await kit.transport.until_started(f"{uid}.1.1.1")
    try:
        await kit.until_job(uid, JOB_RUN, Phase.RUNNING)
        await kit.engine.submit(uid, Cancel(id="i1"), "bob")
        state = await kit.until_run(uid, RunPhase.CANCELLED)
        assert phases(state) == {JOB_RUN: "cancelled"}
        assert job_run_of(state, JOB_RUN).result is Result.CANCELLATION
    finally:
        await kit.stop()


async def test_a_run_with_sudo_ends_right_wherever_its_controller_dies() -> None:
    planned = plan([as_root(job("release", "one", "two", "three", on=["web1"]), "t2")])

    def world(kit: Kit) -> None:
        kit.transport.on("two", prints("from root"))

    async def story(kit: Kit) -> RunState:
        return await kit.until_run(await run(kit, planned), *ENDED)

    def check(kit: Kit, state: RunState) -> None:
        assert state.phase is RunPhase.SUCCEEDED
        keys = sorted(start.key.removeprefix(state.uid + ".") for start in kit.transport.ledger)
        assert keys == ["1.1.1", "1.1.2", "1.1.3"]
        assert [start.request.sudo for start in kit.transport.ledger] == ["", "root", ""]
        assert kit.logs.content(state.uid, f"{state.uid}.1.1.2") == b"from root\n"

    moments = await every_moment(world, story, check)
    assert moments > 20
