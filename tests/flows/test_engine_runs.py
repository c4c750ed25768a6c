"""A run from its plan to its end, on fake hosts: order, parallelism, what hosts are asked, what is stored."""

from __future__ import annotations

import pytest

from runners.core import reduce
from runners.model.definition import OnFailure, RetryPolicy
from runners.model.errors import ActionRefused, NotFound
from runners.model.events import TaskDispatched
from runners.model.intents import Cancel, Retry, Skip
from runners.model.phases import Phase, Result, RunPhase
from runners.testing.behaviour import Fault, OnCancel, Print, Refuse, TimeOut, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


async def test_three_stages_and_twelve_job_runs_pass_in_order_each_execution_once() -> None:
    kit = await Kit().start()
    uid = await kit.run(
        plan(
            [job("build", "fetch", "compile", on=["ci1", "ci2"])],
            [
                job("release", "push", "restart", on=["web1", "web2", "web3", "web4"]),
                job("check", on=["web1", "web2"], needs=["release"]),
            ],
            [job("purge", on=["edge1", "edge2", "edge3"]), job("report", on=["ci1"], needs=["purge"])],
        )
    )
    state = await kit.until_run(uid, *ENDED)
    assert state.phase is RunPhase.SUCCEEDED
    assert set(phases(state).values()) == {"succeeded"}
    kit.transport.assert_each_key_ran_once()
    assert len(kit.transport.ledger) == 2 * 2 + 4 * 2 + 2 + 3 + 1
    scripts = [event.payload.key for event in await kit.story(uid) if isinstance(event.payload, TaskDispatched)]
    assert scripts.index(f"{uid}.1.1.1") < scripts.index(f"{uid}.1.1.2") < scripts.index(f"{uid}.3.1.1")
    story = await kit.types(uid)
    assert story[0] == "run_created"
    assert story[-1] == "run_finished"
    folded = reduce.fold(state.plan, await kit.story(uid))
    assert folded == state
    await kit.stop()


async def test_jobs_of_a_stage_run_side_by_side_and_the_next_stage_waits() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release", on=["web1", "web2", "web3"])], [job("after")]))
    await kit.transport.until(lambda: len(kit.transport.running()) == 3)
    assert phases(await kit.engine.records.state(uid))["s2/after@web1"] == "waiting"
    kit.transport.release()
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_the_host_is_told_everything_the_job_needs_to_know() -> None:
    kit = await Kit().start()
    uid = await kit.run(plan([job("release", "./go.sh", on=["web1"], env={"RELEASE": "2.4.1"}, timeout_s=600.0)]))
    await kit.until_run(uid, *ENDED)
    (start,) = kit.transport.ledger
    request = start.request
    assert request.script == "./go.sh"
    assert request.workdir == f"{uid}.1.1"
    assert request.timeout_s == 600.0
    assert request.label == "alice deploy-api/1 s1/release@web1"
    env = dict(request.env)
    version, trace, span, flags = env.pop("TRACEPARENT").split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert env == {
        "RELEASE": "2.4.1",
        "ONDUTY_RUN": "deploy-api/1",
        "ONDUTY_STAGE": "s1",
        "ONDUTY_JOB": "release",
        "ONDUTY_HOST": "web1",
        "ONDUTY_ATTEMPT": "1",
        "ONDUTY_TASK": "t1",
        "ONDUTY_KEY": f"{uid}.1.1.1",
    }
    await kit.stop()


async def test_what_the_job_prints_is_in_its_log_and_the_hosts_copy_is_removed_after_it_is_synced() -> None:
    kit = await Kit().start()
    kit.transport.on("noisy", prints("one", "two", code=0))
    uid = await kit.run(plan([job("noisy")]))
    await kit.until_run(uid, *ENDED)
    await kit.settle()
    key = f"{uid}.1.1.1"
    assert kit.logs.content(uid, key) == b"one\ntwo\n"
    assert kit.logs.synced(uid, key) == 8
    assert kit.transport.host("web1").removed == [key]
    assert kit.transport.host("web1").workdirs == set()
    assert await kit.engine.records.read_log(uid, key, 4, 100) == b"two\n"
    await kit.stop()


async def test_a_failed_job_holds_its_run_with_the_page_and_the_line_of_the_whole_log() -> None:
    kit = await Kit().start()
    lines = [f"line {n}" for n in range(300)]
    kit.transport.on("release", prints(*lines, "boom: no space", "bye", code=3))
    uid = await kit.run(plan([job("release")], [job("after")]))
    state = await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    run = state.stages[0].jobs[0].runs[0]
    assert (run.phase, run.result, run.exit_code) == (Phase.FAILED, Result.FAILURE, 3)
    assert run.reason == "exit 3 in t1"
    assert run.runbook is not None
    assert (run.runbook.page, run.runbook.first_line, run.runbook.line) == ("boom", "boom: no space", 300)
    (facts,) = kit.advisor.asked
    assert (facts.kind, facts.exit_code, facts.task, len(facts.log_tail)) == ("exit", 3, "t1", 200)
    document = await kit.engine.records.document(uid)
    assert document.phase == "held"
    assert [hold.kind for hold in document.holds if hold.kind == "failed"] == ["failed"]
    await kit.stop()


async def test_retry_of_the_failed_job_is_a_new_attempt_and_the_run_goes_on_to_green() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("boom", code=1), prints("ok"))
    uid = await kit.run(plan([job("release")], [job("after")]))
    await kit.until_run(uid, RunPhase.HELD)
    answer = await kit.engine.submit(
        uid, Retry(id="i1", targets=("s1/release@web1",), seen_attempts={"s1/release@web1": 1}), "bob"
    )
    assert answer.accepted
    assert answer.targets == ("s1/release@web1",)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    assert [start.key for start in kit.transport.ledger] == [f"{uid}.1.1.1", f"{uid}.1.2.1", f"{uid}.2.1.1"]
    assert kit.logs.content(uid, f"{uid}.1.1.1") == b"boom\n"
    await kit.stop()


async def test_two_retries_at_the_same_moment_start_one_attempt_and_refuse_the_other_naming_who_was_first() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints(code=1), hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_run(uid, RunPhase.HELD)
    seen = {"s1/release@web1": 1}

    async def retry(id_: str, who: str) -> object:
        try:
            return await kit.engine.submit(uid, Retry(id=id_, targets=("s1/release@web1",), seen_attempts=seen), who)
        except ActionRefused as error:
            return error

    import asyncio

    first, second = await asyncio.gather(retry("i1", "alice"), retry("i2", "bob"))
    assert not isinstance(first, ActionRefused)
    assert isinstance(second, ActionRefused)
    assert "alice" in second.message
    await kit.transport.until(lambda: len(kit.transport.running()) == 1)
    assert "intent_refused" in await kit.types(uid)
    kit.transport.release()
    await kit.until_run(uid, *ENDED)
    assert len(kit.transport.ledger) == 2
    await kit.stop()


async def test_the_same_intent_twice_has_one_effect_and_one_answer_also_after_a_restart() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints(code=1), prints(code=1))
    uid = await kit.run(plan([job("release")]))
    await kit.until_run(uid, RunPhase.HELD)
    intent = Retry(id="i1", targets=("s1/release@web1",))
    first = await kit.engine.submit(uid, intent, "alice")
    await kit.settle()
    assert await kit.engine.submit(uid, intent, "alice") == first
    await kit.stop()
    await kit.logs.close()
    await kit.start()
    assert await kit.engine.submit(uid, intent, "alice") == first
    assert len(kit.transport.ledger) == 2
    refused = Retry(id="i2", targets=("s1/nothing@web1",))
    for _ in range(2):
        with pytest.raises(ActionRefused):
            await kit.engine.submit(uid, refused, "alice")
    assert (await kit.types(uid)).count("intent_refused") == 1
    await kit.stop()


async def test_the_same_request_twice_starts_one_run() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]), "req1")
    assert await kit.run(plan([job("release")]), "req1") == uid
    other = await kit.run(plan([job("release")]), "req2")
    assert [row.name for row in await kit.store.runs()] == ["deploy-api/2", "deploy-api/1"]
    assert await kit.engine.records.find("deploy-api/1") == uid
    assert await kit.engine.records.find("last") == other
    assert await kit.engine.records.find(uid) == uid
    for ref in ("deploy-api/3", "nope", "", "deploy-api/x"):
        with pytest.raises(NotFound):
            await kit.engine.records.find(ref)
    await kit.stop()


async def test_skip_lets_the_run_go_on_and_names_what_was_skipped() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints(code=1))
    uid = await kit.run(plan([job("release")], [job("after")]))
    await kit.until_run(uid, RunPhase.HELD)
    await kit.engine.submit(uid, Skip(id="i1", targets=("s1/release@web1",), reason="by hand"), "alice")
    state = await kit.until_run(uid, *ENDED)
    assert state.phase is RunPhase.SUCCEEDED
    assert phases(state) == {"s1/release@web1": "skipped", "s2/after@web1": "succeeded"}
    await kit.stop()


async def test_cancel_stops_what_runs_and_starts_nothing_more() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(OnCancel(ignores_term=True)))
    uid = await kit.run(plan([job("release", on=["web1", "web2"])], [job("after")]))
    await kit.transport.until(lambda: len(kit.transport.running()) == 2)
    await kit.settle()
    answer = await kit.engine.submit(uid, Cancel(id="i1"), "alice")
    assert answer.accepted
    state = await kit.until_run(uid, *ENDED)
    assert state.phase is RunPhase.CANCELLED
    assert set(phases(state).values()) == {"cancelled"}
    assert len(kit.transport.ledger) == 2
    await kit.stop()


async def test_retry_by_policy_waits_its_time_and_then_starts_the_next_attempt() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints(code=1), prints(code=0))
    policy = RetryPolicy(attempts=2, delay_s=60.0, full_jitter=False)
    uid = await kit.run(plan([job("release", retry=policy)]))
    await kit.until_job(uid, "s1/release@web1", Phase.BACKING_OFF)
    await kit.clock.advance(59.0)
    await kit.settle()
    assert len(kit.transport.ledger) == 1
    await kit.clock.advance(1.5)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    assert len(kit.transport.ledger) == 2
    await kit.stop()


async def test_a_run_whose_stop_job_failed_ends_and_a_retry_opens_it_again() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints(code=1), prints())
    uid = await kit.run(plan([job("release", on_failure=OnFailure.STOP)], [job("after")]))
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.FAILED
    assert [row.uid for row in await kit.store.live_runs()] == []
    await kit.stop()
    await kit.logs.close()
    await kit.start()
    assert kit.engine.records.live_runs() == ()
    await kit.engine.submit(uid, Retry(id="i1"), "alice")
    assert (await kit.until_run(uid, RunPhase.SUCCEEDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


@pytest.mark.parametrize(
    ("steps", "result", "kind", "reason"),
    [
        ([TimeOut()], Result.TIMEOUT, "timeout", "no answer within 10m in t1"),
        ([Fault("/opt/api is missing")], Result.ERROR, "error", "/opt/api is missing in t1"),
        (
            [Refuse("the disk is full")],
            Result.ERROR,
            "disk_full",
            "web1: the disk is full; nothing was started there in t1",
        ),
    ],
)
async def test_how_an_execution_ended_is_said_in_words(
    steps: list[Fault], result: Result, kind: str, reason: str
) -> None:
    kit = await Kit().start()
    kit.transport.on("release", steps)
    uid = await kit.run(plan([job("release", timeout_s=600.0)]))
    state = await kit.until_run(uid, RunPhase.HELD)
    run = state.stages[0].jobs[0].runs[0]
    assert (run.result, run.kind, run.reason) == (result, kind, reason)
    await kit.stop()


async def test_at_most_four_attempts_run_on_one_host_and_the_rest_says_what_it_waits_for() -> None:
    kit = await Kit().start()
    kit.transport.on("j", hangs())
    uid = await kit.run(plan([job(f"j{n}") for n in range(6)]))
    await kit.transport.until(lambda: len(kit.transport.running()) == 4)
    await kit.settle()
    assert len(kit.transport.running()) == 4
    holds = (await kit.engine.records.document(uid)).holds
    cap = "waits for a place: the controller's cap is 4 attempts on web1"
    assert [(hold.kind, hold.text) for hold in holds] == [("capacity", cap)] * 2
    first = kit.transport.running()[0]
    kit.transport.finish(first)
    await kit.settle()
    assert len(kit.transport.ledger) == 5
    kit.transport.release()
    await kit.until_run(uid, *ENDED)
    await kit.stop()


async def test_no_more_hosts_than_the_cap_are_connected_at_once_and_all_get_their_turn() -> None:
    from runners.engine.limits import Limits

    kit = await Kit(limits=Limits(hosts=3)).start()
    most = 0

    def look() -> bool:
        nonlocal most
        most = max(most, sum(kit.transport.sessions(f"h{n}") for n in range(12)))
        return len(kit.transport.running()) == 3

    kit.transport.on("job", hangs(Print(b"x")))
    uid = await kit.run(plan([job("job", on=[f"h{n}" for n in range(12)])]))
    for _ in range(4):
        await kit.transport.until(look)
        await kit.settle()
        document = await kit.engine.records.document(uid)
        waiting = [one for one in document.jobs if one.phase == "queued"]
        assert all(hold.kind == "capacity" for hold in document.holds)
        cap = "waits for one to be free: the controller's cap is 3 hosts at once"
        assert all(one.hold == cap for one in waiting)
        for key in kit.transport.running():
            kit.transport.finish(key)
        await kit.settle()
        look()
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    assert most == 3
    await kit.stop()
