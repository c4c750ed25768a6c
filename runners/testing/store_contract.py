"""What every ``RunStore`` must keep. A test module subclasses this and gives the fixture ``open_store``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from runners.core.chain import digest_of, link, verify
from runners.model.errors import NotFound
from runners.ports.run_store import (
    EventRow,
    IntentRepeated,
    IntentRow,
    NewRun,
    RunOpening,
    RunRow,
    RunStore,
    RunSummary,
    SequenceConflict,
)

OpenStore = Callable[[], Awaitable[RunStore]]
"""Opens the same storage again; the store before must be closed first."""

TIME = "2026-11-21T12:01:35.120Z"


def event(run: str, seq: int, previous: str = "", payload: bytes = b"{}") -> EventRow:
    """A well formed row."""
    hashed = link(previous, run=run, seq=seq, time=TIME, actor="alice", type="note_added", version=1, payload=payload)
    return EventRow(
        run=run,
        seq=seq,
        time=TIME,
        actor="alice",
        type="note_added",
        version=1,
        payload=payload,
        previous=previous,
        hash=hashed,
    )


def chain(run: str, first: int, last: int, previous: str = "") -> list[EventRow]:
    """Rows ``first … last`` of one run, linked."""
    rows: list[EventRow] = []
    for seq in range(first, last + 1):
        rows.append(event(run, seq, previous, b'{"n":%d}' % seq))
        previous = rows[-1].hash
    return rows


async def make_run(store: RunStore, uid: str, pipeline: str = "deploy-api") -> RunRow:
    """A run with its first event."""
    return await store.create_run(
        NewRun(uid=uid, pipeline=pipeline, created_at=TIME),
        blobs={"definition": b"version: 1\n"},
        build=lambda row: RunOpening(rows=[event(row.uid, 1, payload=row.name.encode())]),
    )


class RunStoreContract:
    """The promises of ``runners/ports/run_store.py``."""

    async def test_a_run_gets_the_next_number_of_its_pipeline_and_its_first_event_knows_it(
        self, open_store: OpenStore
    ) -> None:
        store = await open_store()
        rows = [await make_run(store, uid, name) for uid, name in (("A", "api"), ("B", "web"), ("C", "api"))]
        assert [(row.number, row.name) for row in rows] == [(1, "api/1"), (1, "web/1"), (2, "api/2")]
        assert (await store.events("C"))[0].payload == b"api/2"
        assert await store.run("C") == rows[2]
        await store.close()

    async def test_runs_created_at_the_same_time_never_share_a_number(self, open_store: OpenStore) -> None:
        store = await open_store()
        rows = await asyncio.gather(*(make_run(store, f"U{number}") for number in range(40)))
        assert sorted(row.number for row in rows) == list(range(1, 41))
        await store.close()

    async def test_a_builder_that_fails_leaves_no_run_and_no_number_used(self, open_store: OpenStore) -> None:
        store = await open_store()

        def fail(row: RunRow) -> RunOpening:
            raise RuntimeError(f"no plan for {row.name}")

        with pytest.raises(RuntimeError, match="no plan for deploy-api/1"):
            await store.create_run(
                NewRun(uid="A", pipeline="deploy-api", created_at=TIME), blobs={"definition": b"x"}, build=fail
            )
        assert await store.run("A") is None
        with pytest.raises(NotFound):
            await store.get_blob(digest_of(b"x"))
        assert (await make_run(store, "B")).number == 1
        await store.close()

    async def test_a_uid_is_given_once(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        with pytest.raises(ValueError, match="exists already"):
            await make_run(store, "A")
        assert len(await store.runs()) == 1
        assert (await make_run(store, "B")).number == 2
        await store.close()

    async def test_what_a_run_pins_is_found_by_its_digest(self, open_store: OpenStore) -> None:
        store = await open_store()
        row = await make_run(store, "A")
        assert row.digests == {"definition": digest_of(b"version: 1\n")}
        assert await store.get_blob(row.digests["definition"]) == b"version: 1\n"
        await store.close()

    async def test_the_same_content_is_kept_once_and_unknown_digests_are_not_found(self, open_store: OpenStore) -> None:
        store = await open_store()
        digest = await store.put_blob(b"\x00\xff")
        assert digest == await store.put_blob(b"\x00\xff")
        assert await store.get_blob(digest) == b"\x00\xff"
        with pytest.raises(NotFound):
            await store.get_blob("sha256:0")
        await store.close()

    async def test_events_come_back_in_order_byte_for_byte(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        first = (await store.events("A"))[0]
        rows = chain("A", 2, 5, first.hash)
        await store.append(rows[:2])
        await store.append(rows[2:])
        assert await store.events("A") == [first, *rows]
        assert await store.events("A", after=3) == rows[2:]
        assert await store.events("A", after=5) == []
        assert await store.events("nobody") == []
        assert verify(await store.events("A")) == ""
        await store.close()

    async def test_a_row_that_does_not_follow_is_refused_and_nothing_of_the_call_is_stored(
        self, open_store: OpenStore
    ) -> None:
        store = await open_store()
        await make_run(store, "A")
        for bad in ([event("A", 1)], [event("A", 3)], [event("A", 2), event("A", 2)], [event("A", 2), event("A", 4)]):
            with pytest.raises(SequenceConflict) as conflict:
                await store.append(bad, intents=[IntentRow(id="i", run="A", outcome=b"{}")])
            assert conflict.value.run == "A"
            assert len(await store.events("A")) == 1
            assert await store.intent_outcome("i") is None
        assert (conflict.value.expected, conflict.value.got) == (3, 4)
        await store.append([event("A", 2)])
        await store.close()

    async def test_a_refused_call_leaves_others_of_the_same_moment_alone(self, open_store: OpenStore) -> None:
        store = await open_store()
        await asyncio.gather(*(make_run(store, uid) for uid in "ABC"))
        results = await asyncio.gather(
            store.append([event("A", 2)]),
            store.append([event("B", 7)]),
            store.append([event("C", 2)]),
            store.append([event("A", 3)]),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), SequenceConflict, type(None), type(None)]
        assert [len(await store.events(uid)) for uid in "ABC"] == [3, 1, 2]
        await store.close()

    async def test_two_writers_of_one_seq_do_not_both_win(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        results = await asyncio.gather(
            *(store.append([event("A", 2, payload=b"%d" % number)]) for number in range(20)), return_exceptions=True
        )
        assert results.count(None) == 1
        assert len(await store.events("A")) == 2
        await store.close()

    async def test_events_of_an_unknown_run_are_refused(self, open_store: OpenStore) -> None:
        store = await open_store()
        with pytest.raises(NotFound):
            await store.append([event("nobody", 1)])
        with pytest.raises(NotFound):
            await store.update_summary(RunSummary(uid="nobody", phase="running"))
        await store.close()

    async def test_the_same_intent_twice_takes_effect_once_and_names_the_first_outcome(
        self, open_store: OpenStore
    ) -> None:
        store = await open_store()
        await make_run(store, "A")
        first = IntentRow(id="i1", run="A", outcome=b'{"attempt":2}')
        await store.append([event("A", 2)], intents=[first])
        with pytest.raises(IntentRepeated) as repeated:
            await store.append([event("A", 3)], intents=[IntentRow(id="i1", run="A", outcome=b'{"attempt":3}')])
        assert repeated.value.first == first
        assert await store.intent_outcome("i1") == first
        assert await store.intent_outcome("i2") is None
        assert len(await store.events("A")) == 2
        await store.close()

    async def test_the_intent_that_creates_a_run_creates_it_once(self, open_store: OpenStore) -> None:
        store = await open_store()

        def opening(row: RunRow) -> RunOpening:
            return RunOpening(
                rows=[event(row.uid, 1)], intents=[IntentRow(id="go", run=row.uid, outcome=row.name.encode())]
            )

        async def create(uid: str) -> RunRow:
            return await store.create_run(NewRun(uid=uid, pipeline="api", created_at=TIME), blobs={}, build=opening)

        results = await asyncio.gather(create("A"), create("B"), return_exceptions=True)
        assert [type(result) for result in results] == [RunRow, IntentRepeated]
        assert [row.uid for row in await store.runs()] == ["A"]
        assert (await store.intent_outcome("go")) == IntentRow(id="go", run="A", outcome=b"api/1")
        await store.close()

    async def test_the_summary_changes_with_the_events_or_not_at_all(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        await store.append([event("A", 2)], summaries=[RunSummary(uid="A", phase="running", summary=b'{"failed":1}')])
        done = RunSummary(uid="A", phase="succeeded", result="success", ended_at=TIME)
        with pytest.raises(SequenceConflict):
            await store.append([event("A", 9)], summaries=[done])
        row = await store.run("A")
        assert row is not None
        assert (row.phase, row.result, row.ended_at, row.summary) == ("running", None, None, b'{"failed":1}')
        await store.update_summary(done)
        row = await store.run("A")
        assert row is not None
        assert (row.phase, row.result, row.ended_at, row.summary) == ("succeeded", "success", TIME, b'{"failed":1}')
        await store.close()

    async def test_lists_show_the_newest_first_and_live_ones_oldest_first(self, open_store: OpenStore) -> None:
        store = await open_store()
        # Uids and pipelines in no order: what counts is when they were created.
        for uid, name in (("C", "web"), ("A", "api"), ("B", "api")):
            await make_run(store, uid, name)
        await store.update_summary(RunSummary(uid="A", phase="failed", result="failure", ended_at=TIME))
        assert [row.uid for row in await store.runs()] == ["B", "A", "C"]
        assert [row.uid for row in await store.runs(limit=1)] == ["B"]
        assert [row.uid for row in await store.live_runs()] == ["C", "B"]
        # A retry of an ended run makes it live again.
        await store.update_summary(RunSummary(uid="A", phase="running"))
        assert [row.uid for row in await store.live_runs()] == ["C", "A", "B"]
        await store.close()

    async def test_the_runs_of_one_pipeline_come_newest_first_and_before_a_number(self, open_store: OpenStore) -> None:
        store = await open_store()
        for uid, name in (("C", "api"), ("X", "web"), ("A", "api"), ("B", "api")):
            await make_run(store, uid, name)
        assert [row.name for row in await store.runs_of("api")] == ["api/3", "api/2", "api/1"]
        assert [row.uid for row in await store.runs_of("api", 1)] == ["B"]
        assert [row.uid for row in await store.runs_of("api", before=3)] == ["A", "C"]
        assert await store.runs_of("api", before=1) == []
        assert await store.runs_of("nothing") == []
        await store.close()

    async def test_a_run_that_is_removed_leaves_with_all_that_is_its_alone(self, open_store: OpenStore) -> None:
        store = await open_store()

        async def make(uid: str, own: bytes) -> RunRow:
            return await store.create_run(
                NewRun(uid=uid, pipeline="api", created_at=TIME),
                blobs={"definition": b"version: 1\n", "plan": own},
                build=lambda row: RunOpening(
                    rows=[event(row.uid, 1)], intents=[IntentRow(id=f"i{uid}", run=row.uid, outcome=b"{}")]
                ),
            )

        first, second = await make("A", b"a"), await make("B", b"b")
        assert not await store.remove_run("A")
        assert [row.uid for row in await store.all_runs()] == ["A", "B"]
        await store.update_summary(RunSummary(uid="A", phase="failed", result="failure", ended_at=TIME))
        assert await store.remove_run("A")
        assert not await store.remove_run("A")
        assert not await store.remove_run("nobody")
        assert await store.run("A") is None
        assert await store.events("A") == []
        assert await store.intent_outcome("iA") is None
        with pytest.raises(NotFound):
            await store.get_blob(first.digests["plan"])
        with pytest.raises(NotFound):
            await store.append([event("A", 2)])
        assert await store.run("B") == second
        assert len(await store.events("B")) == 1
        assert await store.intent_outcome("iB") is not None
        assert await store.get_blob(second.digests["definition"]) == b"version: 1\n"
        assert await store.get_blob(second.digests["plan"]) == b"b"
        await store.close()
        again = await open_store()
        assert [row.uid for row in await again.all_runs()] == ["B"]
        assert (await make_run(again, "C", "api")).number == 3
        await again.close()

    async def test_a_run_is_found_by_name_and_number_or_as_the_newest(self, open_store: OpenStore) -> None:
        store = await open_store()
        for uid in ("A", "B"):
            await make_run(store, uid, "api")
        found = [await store.find_run("api", number) for number in (1, 2, 3, None)]
        assert [row.uid if row else None for row in found] == ["A", "B", None, "B"]
        assert await store.find_run("web") is None
        await store.close()

    async def test_everything_is_there_after_a_restart(self, open_store: OpenStore) -> None:
        store = await open_store()
        row = await make_run(store, "A")
        await store.append(
            [event("A", 2)],
            intents=[IntentRow(id="i", run="A", outcome=b"{}")],
            summaries=[RunSummary(uid="A", phase="running")],
        )
        before = await store.events("A")
        await store.close()
        again = await open_store()
        assert await again.events("A") == before
        kept = await again.run("A")
        assert kept is not None
        assert (kept.name, kept.phase, kept.digests) == (row.name, "running", row.digests)
        assert await again.intent_outcome("i") is not None
        assert (await make_run(again, "B")).number == 2
        await again.append([event("A", 3)])
        await again.close()

    async def test_after_close_the_store_answers_nothing(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        await store.close()
        await store.close()
        with pytest.raises(ValueError, match="closed"):
            await store.append([event("A", 2)])
        with pytest.raises(ValueError, match="closed"):
            await store.runs()

    async def test_a_caller_that_goes_away_does_not_undo_its_write(self, open_store: OpenStore) -> None:
        store = await open_store()
        await make_run(store, "A")
        task = asyncio.ensure_future(store.append([event("A", 2)]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.append([event("A", 3)])
        assert len(await store.events("A")) == 3
        await store.close()
