"""Ended runs go by age and size, no other does, and without room nothing new begins while the rest goes on."""

from __future__ import annotations

import pytest

import runners.core.retention
import runners.engine.keeping
from runners.engine.keeping import FIRST_S
from runners.model.errors import ActionRefused, NotFound
from runners.model.intents import Retry
from runners.model.phases import RunPhase
from runners.model.retention import Retention
from runners.testing.behaviour import hangs, prints
from tests.flows.engine_kit import Kit, job, plan

OLD_S = 60.0
AGE = Retention(age_s=OLD_S, most_bytes=None, least_free_bytes=0)


EVERY_S = 30.0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour has many beats of hosts and controllers, and each is a step of the clock."""
    monkeypatch.setattr(runners.engine.keeping, "EVERY_S", EVERY_S)


async def names(kit: Kit) -> list[str]:
    return [run.id for run in await kit.engine.records.runs()]


async def three_ended(kit: Kit) -> list[str]:
    uids = []
    for number in range(3):
        uids.append(await kit.run(plan([job("ok")]), f"r{number}"))
        await kit.settle()
    return uids


async def later(kit: Kit, seconds: float) -> None:
    await kit.clock.advance(seconds)
    await kit.settle()


async def test_what_ended_long_ago_goes_and_the_newest_stays() -> None:
    kit = await Kit(retention=AGE).start()
    uids = await three_ended(kit)
    kit.folders.kept = dict.fromkeys(uids, 5)
    await later(kit, FIRST_S)
    assert await names(kit) == ["deploy-api/3", "deploy-api/2", "deploy-api/1"]
    await later(kit, 3 * OLD_S)
    assert await names(kit) == ["deploy-api/3"]
    assert kit.folders.kept == {uids[2]: 5}
    assert kit.engine.kept().removed == 2
    assert (kit.engine.kept().runs, kit.engine.kept().size_bytes) == (1, 5)
    with pytest.raises(NotFound):
        await kit.engine.records.document(uids[0])
    await kit.run(plan([job("ok")]), "r9")
    assert await names(kit) == ["deploy-api/4", "deploy-api/3"]
    await kit.stop()


async def test_a_run_that_is_held_or_looked_at_stays_however_old() -> None:
    kit = Kit(retention=AGE)
    kit.transport.on("bad", prints(code=1))
    await kit.start()
    held = await kit.run(plan([job("bad")]), "h1")
    await kit.settle()
    seen, *_ = await three_ended(kit)
    assert (await kit.engine.records.state(held)).phase is RunPhase.HELD
    with kit.engine.watch(seen, "alice"):
        await later(kit, 3 * OLD_S)
        assert await names(kit) == ["deploy-api/4", "deploy-api/2", "deploy-api/1"]
    await later(kit, EVERY_S)
    assert await names(kit) == ["deploy-api/4", "deploy-api/1"]
    await kit.stop()


async def test_what_is_too_much_goes_oldest_first_once_nobody_reads_it_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runners.core.retention, "GRACE_S", OLD_S)
    kit = await Kit(retention=Retention(age_s=None, most_bytes=10, least_free_bytes=0)).start()
    uids = await three_ended(kit)
    kit.folders.kept = dict.fromkeys(uids, 5)
    await later(kit, FIRST_S)
    assert len(await names(kit)) == 3
    await later(kit, 3 * OLD_S)
    assert await names(kit) == ["deploy-api/3", "deploy-api/2"]
    await kit.stop()


async def test_a_controller_that_was_killed_in_between_is_gone_on_with() -> None:
    kit = await Kit(retention=AGE).start()
    uids = await three_ended(kit)
    kit.folders.kept = dict.fromkeys([*uids, "01GONE"], 5)
    # Marked and its rows removed: the folder goes. Marked and its rows there: it stays.
    kit.folders.leaving = {"01GONE", uids[0]}
    await kit.stop()
    await kit.make().start()
    await later(kit, FIRST_S)
    assert sorted(kit.folders.kept) == sorted(uids)
    assert kit.folders.leaving == set()
    await kit.stop()


async def test_a_disk_that_refuses_is_said_and_tried_again() -> None:
    kit = await Kit(retention=AGE).start()
    uids = await three_ended(kit)
    kit.folders.kept = dict.fromkeys(uids, 5)
    kit.store.fail_next = ActionRefused("the disk said no")
    # The looks are at 1, 31 and 61 s; at the last one they are old.
    await later(kit, OLD_S + 5)
    assert len(await names(kit)) == 3
    assert "the disk said no" in kit.engine.kept().trouble
    await later(kit, EVERY_S)
    assert kit.engine.kept().trouble == ""
    assert await names(kit) == ["deploy-api/3"]
    await kit.stop()


async def test_without_room_nothing_new_begins_and_what_goes_on_goes_on() -> None:
    kit = Kit(retention=Retention(least_free_bytes=200_000_000))
    kit.transport.on("long", hangs(), prints("done"))
    kit.transport.on("bad", prints(code=1), prints("ok"))
    await kit.start()
    uid = await kit.run(plan([job("long")]), "r1")
    held = await kit.run(plan([job("bad")], pipeline="other"), "r2")
    await kit.settle()
    kit.folders.free = 12_000_000
    with pytest.raises(ActionRefused, match=r"only 12.0 MB are free .* nothing was started"):
        await kit.run(plan([job("ok")]), "r3")
    assert await names(kit) == ["other/1", "deploy-api/1"]
    # The same request again still finds its run, and a person can still mend what failed.
    assert await kit.run(plan([job("long")]), "r1") == uid
    await kit.engine.submit(held, Retry(id="i1"), "alice")
    kit.transport.release()
    await kit.settle()
    assert (await kit.engine.records.state(uid)).phase is RunPhase.SUCCEEDED
    assert (await kit.engine.records.state(held)).phase is RunPhase.SUCCEEDED
    kit.folders.free = 10**12
    await kit.run(plan([job("ok")]), "r3")
    assert len(await names(kit)) == 3
    await kit.stop()
