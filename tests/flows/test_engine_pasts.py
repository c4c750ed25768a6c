"""The engine tells what earlier runs did: of live ones, of ended ones, and of those that an onduty before saw end."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from runners.model import api
from runners.model.definition import OnFailure
from runners.model.intents import Note, Retry
from runners.model.phases import RunPhase
from runners.model.wire import decode
from runners.testing.behaviour import hangs, prints
from tests.flows.engine_kit import Kit, job, plan

PLAN = replace(plan([job("release")]), params={"release": "2.4.1"})


async def test_the_history_of_a_pipeline_has_its_runs_newest_first_with_what_was_asked_and_how_it_ended() -> None:
    kit = await Kit().start()
    await kit.run(plan([job("other")], pipeline="other"), "o")
    first = await kit.run(PLAN, "r1")
    await kit.settle()
    kit.transport.on("release", prints("boom: it broke", code=1))
    await kit.run(replace(PLAN, params={"release": "2.4.2"}), "r2")
    await kit.settle()
    kit.transport.on("release", hangs())
    await kit.run(PLAN, "r3")
    await kit.settle()
    history = await kit.engine.pasts.history("deploy-api", 20)
    assert [(run.id, run.phase, run.params["release"]) for run in history.runs] == [
        ("deploy-api/3", "running", "2.4.1"),
        ("deploy-api/2", "held", "2.4.2"),
        ("deploy-api/1", "succeeded", "2.4.1"),
    ]
    assert history.runs[1].failed == "release@web1: exit 1 in t1"
    assert history.runs[1].first_line == "boom: it broke"
    assert (history.runs[2].uid, history.runs[2].by, history.runs[2].failed) == (first, "alice", None)
    assert (history.ended, history.succeeded, history.success_rate) == (1, 1, 1.0)
    assert (await kit.engine.pasts.history("nothing", 20)).runs == ()
    assert len((await kit.engine.pasts.history("deploy-api", 1)).runs) == 1
    await kit.stop()


async def test_ended_runs_are_told_from_their_rows_alone() -> None:
    kit = await Kit().start()
    uid = await kit.run(PLAN)
    await kit.settle()
    kit.disk.events[uid] = []
    (run,) = (await kit.engine.pasts.history("deploy-api", 20)).runs
    assert (run.phase, run.params) == ("succeeded", {"release": "2.4.1"})
    await kit.stop()


async def test_a_failure_that_was_retried_is_still_in_the_history_of_a_run_that_succeeded() -> None:
    kit = Kit()
    kit.transport.on("release", prints("boom", code=1), prints("fine"))
    await kit.start()
    uid = await kit.run(PLAN)
    await kit.settle()
    await kit.engine.submit(uid, Retry(id="i1", targets=("s1/release@web1",), seen_attempts={}), "bob")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.settle()
    (run,) = (await kit.engine.pasts.history("deploy-api", 20)).runs
    assert (run.phase, run.failed, run.first_line) == ("succeeded", "release@web1: exit 1 in t1", "boom")
    await kit.stop()


async def test_what_ended_under_an_onduty_before_is_read_from_its_events_and_long_params_from_its_plan() -> None:
    kit = await Kit().start()
    uid = await kit.run(replace(PLAN, params={"release": "2.4.1", "notes": "x" * 9000}))
    await kit.settle()
    whole = await kit.engine.pasts.history("deploy-api", 20)
    assert len(whole.runs[0].params["notes"]) == 9000
    row = kit.disk.runs[uid]
    kept = decode(row.summary, dict)
    del kept["past"]
    kit.disk.runs[uid] = replace(row, summary=msgspec.json.encode(kept))
    await kit.stop()
    kit.make()
    await kit.engine.start()
    assert await kit.engine.pasts.history("deploy-api", 20) == whole
    # Not folded again: its events may even be gone.
    kit.disk.events[uid] = []
    assert await kit.engine.pasts.history("deploy-api", 20) == whole
    await kit.stop()


async def test_a_run_whose_events_cannot_be_read_is_left_out() -> None:
    kit = await Kit().start()
    first = await kit.run(PLAN, "r1")
    await kit.settle()
    await kit.run(PLAN, "r2")
    await kit.settle()
    await kit.stop()
    kit.disk.runs[first] = replace(kit.disk.runs[first], summary=b"{}")
    kit.disk.events[first] = []
    kit.make()
    await kit.engine.start()
    assert [run.id for run in (await kit.engine.pasts.history("deploy-api", 20)).runs] == ["deploy-api/2"]
    await kit.stop()


async def test_the_failing_line_and_a_note_that_come_after_the_end_are_kept_too() -> None:
    kit = Kit()
    kit.transport.on("release", prints("boom: late", code=1))
    await kit.start()
    uid = await kit.run(plan([job("release", on_failure=OnFailure.STOP)]))
    await kit.settle()
    assert kit.disk.runs[uid].phase == "failed"
    await kit.engine.submit(uid, Note(id="n1", text="the disk was swapped"), "bob")
    await kit.settle()
    (run,) = (await kit.engine.pasts.history("deploy-api", 20)).runs
    assert run.first_line == "boom: late"
    (earlier,) = await kit.engine.pasts.earlier("deploy-api", 2)
    assert (earlier.past.note, earlier.past.note_by) == ("the disk was swapped", "bob")
    assert (await kit.engine.records.runs())[0].first_line == "boom: late"
    await kit.stop()


async def test_a_run_knows_what_changed_since_the_last_good_one_and_what_helped_when_it_failed_like_this() -> None:
    kit = Kit()
    kit.transport.on("release", prints("fine"), prints("boom 12", code=1), prints("fine"), prints("boom 77", code=1))
    await kit.start()
    await kit.run(PLAN, "r1")
    await kit.settle()
    second = await kit.run(PLAN, "r2")
    await kit.settle()
    retry = Retry(id="i1", targets=("s1/release@web1",), seen_attempts={})
    await kit.engine.submit(second, retry, "bob")
    await kit.until_run(second, RunPhase.SUCCEEDED)
    await kit.settle()
    third = await kit.run(replace(PLAN, params={"release": "2.4.2"}), "r3")
    await kit.settle()
    before = await kit.engine.pasts.before(third, "s1/release@web1")
    assert before.changes is not None
    assert (before.changes.run, before.changes.params[0].before, before.changes.by) == ("deploy-api/2", "2.4.1", None)
    assert before.seen is not None
    assert (before.seen.times, before.seen.of, before.seen.run) == (1, 2, "deploy-api/2")
    assert before.seen.fix is not None
    assert (before.seen.fix.how, before.seen.fix.by) == ("passed", "bob")
    assert await kit.engine.pasts.before(third) == before
    assert before.job_run == "s1/release@web1"
    assert (await kit.engine.pasts.usual(third)).runs == 2
    await kit.stop()


async def test_the_first_run_of_a_pipeline_has_nothing_before_it() -> None:
    kit = await Kit().start()
    uid = await kit.run(PLAN)
    await kit.settle()
    assert await kit.engine.pasts.before(uid, "s1/release@web1") == api.Before(job_run="s1/release@web1")
    assert await kit.engine.pasts.usual(uid) == api.Usual()
    await kit.stop()
