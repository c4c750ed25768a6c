"""Hosts behind one jump host fail and return as one: one of them tries, the others wait, and all go on together."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from runners.model.api import HostStatus
from runners.model.intents import Cancel, Reconcile
from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState
from runners.testing.behaviour import hangs
from tests.flows.engine_kit import Kit, job, phases, plan

WEBS = tuple(f"web{number}" for number in range(1, 15))


async def statuses(kit: Kit) -> dict[str, HostStatus]:
    return {status.name: status for status in kit.engine.hosts.statuses()}


async def fourteen(kit: Kit) -> str:
    """A run with something alive on each of fourteen hosts."""
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release", on=WEBS)]))
    for host in WEBS:
        await kit.until_job(uid, f"s1/release@{host}", Phase.RUNNING)
    await kit.settle()
    return uid


def unknown(state: RunState) -> int:
    return Counter(phases(state).values())["unknown"]


async def test_one_host_at_a_time_tries_a_hop_that_is_down_and_all_return_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "onduty.engine")
    kit = await Kit().start()
    uid = await fourteen(kit)
    down_utc = kit.clock.now_utc()
    kit.transport.hop_down("b1", *WEBS)
    await kit.settle()
    crowd = len(kit.transport.connects)
    await kit.seconds_pass(60)
    assert unknown(await kit.engine.records.state(uid)) == 14
    # Drawn from up to 0.2, 0.4 … 15 s: one host alone would try as often.
    assert 4 <= len(kit.transport.connects) - crowd <= 14
    found = await statuses(kit)
    assert {found[host].behind for host in WEBS} == {"b1"}
    (since,) = {found[host].behind_since for host in WEBS}
    assert since is not None
    assert found["web3"].text == "web3 is reached through b1: b1 did not answer"
    assert found["web3"].next_try_at is not None

    for host in WEBS:
        kit.transport.restore(host)
    await kit.seconds_pass(16)
    state = await kit.engine.records.state(uid)
    assert set(phases(state).values()) == {"running"}
    assert {status.behind for status in (await statuses(kit)).values()} == {""}
    told = [record.message for record in caplog.records if "jump host" in record.message]
    assert told[0] == "jump host b1 is not reached: b1 did not answer"
    assert told[1].startswith("jump host b1 answers again after ")
    assert told[1].endswith("hosts behind it: 14")
    assert len(told) == 2
    assert kit.clock.now_utc() - down_utc < 100
    for number in range(1, 15):
        kit.transport.finish(f"{uid}.{number}.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_what_waits_for_a_host_behind_it_names_the_hop_and_what_is_the_matter_with_it() -> None:
    kit = await Kit().start()
    kit.transport.hop_down("b1", "web1", "web2")
    uid = await kit.run(plan([job("release", on=("web1", "web2"))]))
    await kit.settle()
    await kit.clock.advance(1.0)
    await kit.settle()
    document = await kit.engine.records.document(uid)
    assert {hold.text for hold in document.holds} == {
        f"b1, on the way to {host}, is not reached: b1 did not answer" for host in ("web1", "web2")
    }
    await kit.seconds_pass(125)
    state = await kit.engine.records.state(uid)
    assert set(phases(state).values()) == {"failed"}
    await kit.stop()


async def test_a_host_that_is_down_itself_shows_that_its_hop_answers() -> None:
    kit = await Kit().start()
    uid = await fourteen(kit)
    kit.transport.hop_down("b1", *WEBS)
    await kit.seconds_pass(20)
    for host in WEBS:
        kit.transport.restore(host)
    kit.transport.unreachable("web1")
    kit.transport.unreachable("web2")
    await kit.seconds_pass(40)
    found = await statuses(kit)
    assert {found[host].phase for host in WEBS[2:]} == {"connected"}
    assert [(found[host].phase, found[host].behind) for host in WEBS[:2]] == [("unreachable", "")] * 2
    assert unknown(await kit.engine.records.state(uid)) == 2
    await kit.stop()


async def test_asking_about_all_of_them_is_one_try_and_one_answer_for_each() -> None:
    kit = await Kit().start()
    uid = await fourteen(kit)
    kit.transport.hop_down("b1", *WEBS)
    await kit.seconds_pass(60)
    before = len(kit.transport.connects)
    seq = (await kit.engine.records.state(uid)).seq
    await kit.engine.submit(uid, Reconcile(id="ask"), "alice")
    await kit.settle()
    assert len(kit.transport.connects) == before + 1
    told = [event for event in await kit.story(uid) if event.seq > seq and event.type == "contact_lost"]
    assert len(told) == 14
    await kit.stop()


async def test_the_host_whose_turn_it_is_may_go_and_another_one_tries() -> None:
    kit = await Kit().start()
    kit.transport.hop_down("b1", "web1", "web2")
    uid = await kit.run(plan([job("release", on=("web1", "web2"))]))
    await kit.seconds_pass(5)
    await kit.engine.submit(uid, Cancel(id="c", targets=("s1/release@web1",)), "alice")
    await kit.settle()
    before = Counter(kit.transport.connects)
    await kit.seconds_pass(40)
    after = Counter(kit.transport.connects)
    assert after["web1"] == before["web1"]
    assert after["web2"] > before["web2"]
    assert (await statuses(kit))["web1"].behind == ""
    for host in ("web1", "web2"):
        kit.transport.restore(host)
    await kit.seconds_pass(16)
    assert phases(await kit.engine.records.state(uid))["s1/release@web2"] == "succeeded"
    await kit.stop()


async def test_two_hops_are_two_incidents() -> None:
    kit = await Kit().start()
    uid = await fourteen(kit)
    kit.transport.hop_down("b1", *WEBS[:7])
    kit.transport.hop_down("b2", *WEBS[7:])
    await kit.seconds_pass(30)
    found = await statuses(kit)
    assert Counter(status.behind for status in found.values()) == {"b1": 7, "b2": 7}
    for host in WEBS[:7]:
        kit.transport.restore(host)
    await kit.seconds_pass(16)
    found = await statuses(kit)
    assert Counter(status.behind for status in found.values()) == {"": 7, "b2": 7}
    assert unknown(await kit.engine.records.state(uid)) == 7
    await kit.stop()
