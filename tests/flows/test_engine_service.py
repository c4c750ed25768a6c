"""What the engine owes those who look and what it does when its own disk fails it."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from runners.engine.codec import read, seal
from runners.engine.limits import Limits
from runners.model.api import Status
from runners.model.errors import NotFound, StoreDamaged, StoreFailed
from runners.model.events import Event, RunStarted
from runners.model.intents import Retry
from runners.model.phases import Phase, RunPhase
from runners.testing.behaviour import Gate, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan

ENDED = (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


async def test_events_are_first_what_is_stored_and_then_what_happens_each_once_in_order() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")], [job("after")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    seen: list[int] = []

    async def read_all() -> None:
        async for event in kit.engine.records.events(uid, 2):
            assert event is not None
            seen.append(event.seq)
            if event.type == "run_finished":
                return

    reader = asyncio.create_task(read_all())
    await kit.settle()
    kit.transport.release()
    await reader
    assert seen == list(range(3, (await kit.engine.records.state(uid)).seq + 1))
    assert [event.seq async for event in kit.engine.records.events(uid, 0, follow=False) if event][-1] == seen[-1]
    await kit.stop()


async def test_a_reader_that_falls_behind_is_dropped_told_so_and_nobody_waits_for_it() -> None:
    kit = await Kit(limits=Limits(subscriber_events=20)).start()
    kit.transport.on("gate", [Gate("open")])
    uid = await kit.run(plan([job("gate")], [job(f"j{n}") for n in range(20)]))
    slow = kit.engine.records.events(uid)
    first = await anext(slow)
    assert first is not None
    for _ in range(await _count(kit, uid) - 1):
        await anext(slow)
    waiting = asyncio.ensure_future(anext(slow))
    await kit.settle()
    kit.transport.release("open")
    last = await waiting
    await kit.until_run(uid, *ENDED)
    rest: list[Event | None] = [last, *[event async for event in slow]]
    assert rest[-1] is None
    assert None not in rest[:-1]
    after = rest[-2].seq if len(rest) > 1 and rest[-2] is not None else 0
    again = [event async for event in kit.engine.records.events(uid, after, follow=False)]
    assert again[-1] is not None
    assert again[-1].type == "run_finished"
    await kit.stop()


async def _count(kit: Kit, uid: str) -> int:
    await kit.settle()
    return len(await kit.types(uid))


async def test_readers_end_when_the_engine_stops() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    reader = asyncio.create_task(_drain(kit, uid))
    board = asyncio.create_task(_watch(kit))
    await kit.settle()
    await kit.stop()
    await asyncio.gather(reader, board)


async def _drain(kit: Kit, uid: str) -> None:
    async for _ in kit.engine.records.events(uid):
        pass


async def _watch(kit: Kit) -> None:
    async for _ in kit.engine.status_changes():
        pass


async def test_status_tells_holds_log_sizes_watchers_and_hosts_at_most_ten_times_a_second() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(Print(b"one\n")))
    kit.transport.key_unknown("web2")
    uid = await kit.run(plan([job("release", on=["web1", "web2"])]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    with kit.engine.watch(uid, "bob"), kit.engine.watch(uid, "bob"), kit.engine.watch(uid, "alice"):
        status = await kit.engine.status()
    (run,) = status.runs
    assert run.watchers == ("alice", "bob")
    assert run.log_bytes == {f"{uid}.1.1.1": 4}
    assert [hold.kind for hold in run.holds] == ["host_key"]
    assert [(host.name, host.phase, host.runs) for host in status.hosts] == [
        ("web1", "connected", ("deploy-api/1",)),
        ("web2", "host_key_unknown", ("deploy-api/1",)),
    ]
    assert status.summaries is not None
    assert [line.id for line in status.summaries] == ["deploy-api/1"]
    await kit.stop()


async def test_status_comes_after_changes_and_as_a_sign_of_life() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    lines: list[Status] = []

    async def listen() -> None:
        async for line in kit.engine.status_changes(2.0):
            lines.append(line)

    listener = asyncio.create_task(listen())
    await kit.settle()
    assert len(lines) == 1
    await kit.clock.advance(1.9)
    quiet = len(lines)
    await kit.clock.advance(0.2)
    assert len(lines) == quiet + 1
    assert lines[-1].summaries is None
    for n in range(30):
        kit.transport.print(f"{uid}.1.1.1", b"%d\n" % n)
        await kit.settle()
    flood = len(lines)
    await kit.clock.advance(0.1)
    await kit.settle()
    assert len(lines) <= flood + 1
    await kit.clock.advance(0.1)
    assert lines[-1].runs[0].log_bytes[f"{uid}.1.1.1"] == len(b"".join(b"%d\n" % n for n in range(30)))
    listener.cancel()
    await kit.stop()


async def until_it_failed(kit: Kit) -> None:
    """Wait until the store did not store what it was meant to fail at."""
    while kit.store.fail_next is not None:  # noqa: ASYNC110  (a store has nothing to wait on)
        await asyncio.sleep(0)


async def test_a_commit_that_fails_refuses_people_keeps_jobs_and_acts_on_nothing() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")], [job("after")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    before = await kit.engine.records.state(uid)
    full = StoreFailed("the disk is full; nothing was stored")
    kit.store.fail_next = full
    kit.transport.finish(f"{uid}.1.1.1", exit_code=0)
    await until_it_failed(kit)
    assert await kit.engine.records.state(uid) == before
    assert len(kit.transport.ledger) == 1
    kit.store.fail_next = full
    with pytest.raises(StoreFailed):
        await kit.engine.submit(uid, Retry(id="i1"), "alice")
    kit.store.fail_next = full
    with pytest.raises(StoreFailed):
        await kit.run(plan([job("other")]), "req2")
    await kit.clock.advance(1.1)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    assert len(kit.transport.ledger) == 2
    assert [row.name for row in await kit.store.runs()] == ["deploy-api/1"]
    await kit.stop()


async def test_a_log_that_cannot_be_written_delays_the_verdict_and_loses_nothing() -> None:
    kit = await Kit().start()
    kit.transport.on("release", prints("one", "two"))
    kit.logs.fail_next = OSError(28, "No space left on device")
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, "s1/release@web1", Phase.RUNNING)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))["s1/release@web1"] == "running"
    await kit.clock.advance(1.1)
    assert (await kit.until_run(uid, *ENDED)).phase is RunPhase.SUCCEEDED
    assert kit.logs.content(uid, f"{uid}.1.1.1") == b"one\ntwo\n"
    await kit.stop()


async def test_a_run_that_cannot_be_read_is_named_and_the_others_go_on() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    bad = await kit.run(plan([job("release")]), "req1")
    good = await kit.run(plan([job("release")]), "req2")
    await kit.settle()
    await kit.stop()
    await kit.logs.close()
    rows = kit.disk.events[bad]
    rows[1] = structs.replace(rows[1], payload=b'{"changed": true}')
    await kit.start()
    with pytest.raises(StoreDamaged, match="event 2 was changed"):
        await kit.engine.records.state(bad)
    kit.transport.release()
    assert (await kit.until_run(good, *ENDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_an_event_of_a_later_onduty_says_so() -> None:
    _, row = seal("u", 1, 1_800_000_000.1234, "alice", RunStarted(), "")
    assert read(row).time == 1_800_000_000.123
    with pytest.raises(StoreDamaged, match="by a later one"):
        read(structs.replace(row, type="run_teleported"))
    with pytest.raises(StoreDamaged, match="version 9"):
        read(structs.replace(row, version=9))


async def test_the_definition_is_the_text_and_the_plan_that_was_started() -> None:
    kit = await Kit().start()
    planned = plan([job("release")])
    state = await kit.engine.create_run(
        planned, definition="name: x\n", inventory="hosts: {}\n", actor="alice", request_id="r"
    )
    answer = await kit.engine.records.definition(state.uid)
    assert (answer.plan, answer.definition, answer.inventory) == (planned, "name: x\n", "hosts: {}\n")
    with pytest.raises(NotFound):
        await kit.engine.records.definition("nope")
    with pytest.raises(NotFound):
        await kit.engine.records.state("nope")
    await kit.stop()


async def test_lists_show_live_runs_as_they_are_and_ended_ones_as_they_ended() -> None:
    kit = await Kit().start()
    kit.transport.on("hang", hangs())
    first = await kit.run(plan([job("release")], pipeline="a"), "req1")
    await kit.until_run(first, *ENDED)
    second = await kit.run(plan([job("hang")], pipeline="b"), "req2")
    await kit.until_job(second, "s1/hang@web1", Phase.RUNNING)
    lines = await kit.engine.records.runs(10)
    assert [(line.id, line.phase, line.result) for line in lines] == [
        ("b/1", "running", None),
        ("a/1", "succeeded", "success"),
    ]
    assert kit.engine.records.live_runs() == (second,)
    await kit.stop()
    await kit.logs.close()
    await kit.start()
    assert [(line.id, line.phase) for line in await kit.engine.records.runs(1)] == [("b/1", "running")]
    await kit.stop()


async def test_a_sleeping_machine_is_an_event_of_every_live_run() -> None:
    kit = await Kit().start()
    kit.transport.on("hang", hangs())
    uid = await kit.run(plan([job("hang")]))
    await kit.until_job(uid, "s1/hang@web1", Phase.RUNNING)
    await kit.settle()
    kit.clock.jump_utc(3600.0)
    await kit.clock.advance(11.0)
    await kit.settle()
    (gap,) = [event for event in await kit.story(uid) if event.type == "time_gap"]
    assert getattr(gap.payload, "why", "") == "the machine was asleep"
    await kit.stop()
