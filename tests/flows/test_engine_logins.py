"""Hosts whose login needs a person: what waits, what it says, and how it goes on."""

from __future__ import annotations

import pytest

from runners.core.index import job_run_of
from runners.model.api import HoldDocument, HostStatus, LoginReply, LoginRequest
from runners.model.errors import ActionRefused, NotFound
from runners.model.intents import Cancel
from runners.model.phases import Phase, RunPhase
from runners.testing.behaviour import Print, hangs
from tests.flows.engine_kit import Kit, job, phases, plan

RELEASE = "s1/release@web1"
ASKS = "web1 asks deploy: “Verification code: ”; onduty login web1"


async def hold_of(kit: Kit, uid: str) -> list[HoldDocument]:
    status = await kit.engine.status()
    return [hold for run in status.runs if run.uid == uid for hold in run.holds if hold.kind == "login"]


def host(kit: Kit, name: str = "web1") -> HostStatus:
    return next(one for one in kit.engine.hosts.statuses() if one.name == name)


async def answer(kit: Kit, *answers: str, name: str = "web1", by: str = "alice") -> LoginReply:
    asked = host(kit, name).login
    assert asked is not None
    return await kit.engine.logins.act(LoginRequest(question=asked.id, answers=answers), by)


async def test_a_host_that_asks_is_a_hold_of_what_is_queued_and_its_answer_lets_it_go_on() -> None:
    kit = await Kit().start()
    kit.transport.ask_login("web1")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    assert phases(await kit.engine.records.state(uid)) == {RELEASE: "queued"}
    assert [(hold.what, hold.text) for hold in await hold_of(kit, uid)] == [(RELEASE, ASKS)]
    document = kit.engine.records.describe(await kit.engine.records.state(uid))
    assert (document.phase, document.next) == ("held", ("onduty login web1", f"onduty cancel {document.id}"))
    assert (host(kit).phase, host(kit).text) == ("login", ASKS)
    # However long that takes: nothing was dispatched and no attempt is used up.
    await kit.clock.advance(3600)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid)) == {RELEASE: "queued"}
    wrong = await answer(kit, "000000")
    assert (wrong.done, wrong.text) == (False, "web1 did not take that answer")
    await kit.settle()
    asked = host(kit).login
    assert asked is not None
    assert asked.note == "web1 did not take that answer"
    assert (await answer(kit, "123456")).done
    state = await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert job_run_of(state, RELEASE).attempt == 1
    with pytest.raises(ActionRefused, match="alice answered it first"):
        await kit.engine.logins.act(LoginRequest(question=asked.id, answers=("1",)), "bob")
    with pytest.raises(NotFound, match="web1: no login there waits"):
        await kit.engine.logins.act(LoginRequest(host="web1"), "alice")
    await kit.stop()


async def test_hosts_behind_one_jump_host_wait_with_one_sentence_and_go_on_with_one_answer() -> None:
    kit = await Kit().start()
    names = [f"app{n}" for n in range(5)]
    kit.transport.ask_login("gate", behind=names)
    uid = await kit.run(plan([job("release", on=names)]))
    await kit.settle()
    (hold,) = await hold_of(kit, uid)
    assert (hold.what, hold.text) == ("s1/release", ASKS.replace("web1", "gate"))
    assert {host(kit, name).login for name in names} == set(kit.transport.logins.open())
    assert kit.engine.records.describe(await kit.engine.records.state(uid)).next[0] == "onduty login gate"
    reply = await kit.engine.logins.act(LoginRequest(host="gate"), "alice")
    assert reply.text == "app0 is tried now"
    assert (await answer(kit, "123456", name="app3")).done
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.stop()


async def test_what_runs_elsewhere_goes_on_and_what_was_lost_is_unknown_until_somebody_answers() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs(Print(b"one\n")))
    uid = await kit.run(plan([job("release", on=("web1", "web2"))]))
    for name in ("web1", "web2"):
        await kit.until_job(uid, f"s1/release@{name}", Phase.RUNNING)
    await kit.settle()
    kit.transport.ask_login("web1")
    kit.transport.drop("web1")
    await kit.settle()
    await kit.clock.advance(3)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    assert phases(state) == {RELEASE: "unknown", "s1/release@web2": "running"}
    assert state.phase is RunPhase.RUNNING
    assert [(hold.what, hold.text) for hold in await hold_of(kit, uid)] == [(RELEASE, ASKS)]
    assert kit.engine.records.describe(state).next[0] == "onduty login web1"
    await answer(kit, "123456")
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    assert await hold_of(kit, uid) == []
    for n in (1, 2):
        kit.transport.finish(f"{uid}.{n}.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_an_agent_that_is_back_releases_what_waits_by_itself() -> None:
    kit = await Kit().start()
    kit.transport.agent_gone("web1")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    (hold,) = await hold_of(kit, uid)
    assert hold.text.endswith("(the agent at /tmp/agent does not answer); onduty login web1")
    kit.transport.restore("web1")
    kit.engine.hosts.agent_offered()
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.stop()


async def test_a_login_that_nobody_waits_for_any_more_is_given_up() -> None:
    kit = await Kit().start()
    kit.transport.ask_login("web1")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c"), "alice")
    await kit.until_run(uid, RunPhase.CANCELLED)
    await kit.settle()
    assert kit.transport.logins.given_up == ["web1"]
    assert (host(kit).phase, host(kit).login) == ("idle", None)
    await kit.stop()
