"""What happens between the engine and its hosts when the link, the key or the host itself is not as one wishes."""

from __future__ import annotations

import pytest

from runners.core.index import job_run_of
from runners.model.intents import Cancel, Retry
from runners.model.phases import Phase, Result, RunPhase
from runners.testing.behaviour import OnCancel, Print, hangs, prints
from tests.flows.engine_kit import Kit, job, phases, plan

RELEASE = "s1/release@web1"


async def running(kit: Kit) -> str:
    """A run whose one job has printed ``one`` and goes on."""
    kit.transport.on("release", hangs(Print(b"one\n")))
    uid = await kit.run(plan([job("release")], [job("after")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    return uid


async def test_a_short_cut_is_nobodys_news_and_loses_no_byte() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.drop("web1")
    await kit.transport.until_connected("web1")
    await kit.settle()
    kit.transport.print(f"{uid}.1.1.1", b"two\n")
    kit.transport.finish(f"{uid}.1.1.1")
    state = await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert "contact_lost" not in await kit.types(uid)
    assert kit.logs.content(uid, f"{uid}.1.1.1") == b"one\ntwo\n"
    assert job_run_of(state, RELEASE).attempt == 1
    await kit.stop()


async def test_a_silent_host_makes_its_job_unknown_after_two_seconds_and_running_again_when_it_answers() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.cut("web1", "cable")
    await kit.settle()
    await kit.clock.advance(1.9)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))[RELEASE] == "running"
    await kit.clock.advance(0.2)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    assert phases(state)[RELEASE] == "unknown"
    assert state.phase is RunPhase.RUNNING
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))[RELEASE] == "running"
    assert (await kit.types(uid)).count("contact_regained") == 1
    kit.transport.finish(f"{uid}.1.1.1")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    kit.transport.assert_each_key_ran_once()
    await kit.stop()


async def test_what_ended_while_nobody_was_connected_is_fetched_whole() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(5.0)
    kit.transport.print(f"{uid}.1.1.1", b"two\n")
    kit.transport.finish(f"{uid}.1.1.1", exit_code=4)
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    state = await kit.until_run(uid, RunPhase.HELD)
    assert job_run_of(state, RELEASE).exit_code == 4
    assert kit.logs.content(uid, f"{uid}.1.1.1") == b"one\ntwo\n"
    await kit.stop()


async def test_a_host_that_rebooted_leaves_the_job_unknown_until_a_person_vouches_for_it() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.reboot("web1")
    state = await kit.until_run(uid, RunPhase.HELD)
    run = job_run_of(state, RELEASE)
    assert (run.phase, run.answered, run.reason) == (Phase.UNKNOWN, True, "rebooted since")
    await kit.engine.submit(uid, Retry(id="i1", targets=(RELEASE,), not_running=True), "alice")
    await kit.transport.until_started(f"{uid}.1.2.1")
    kit.transport.release()
    assert (await kit.until_run(uid, RunPhase.SUCCEEDED)).phase is RunPhase.SUCCEEDED
    await kit.stop()


async def test_a_retry_of_an_unknown_job_that_lives_after_all_starts_nothing_beside_it() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(3.0)
    await kit.until_job(uid, RELEASE, Phase.UNKNOWN)
    await kit.engine.submit(uid, Retry(id="i1", targets=(RELEASE,), not_running=True), "alice")
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    state = await kit.until_run(uid, RunPhase.HELD)
    run = job_run_of(state, RELEASE)
    assert run.phase is Phase.FAILED
    assert run.kind == "unknown"
    assert "still runs on web1" in run.reason
    assert len(kit.transport.ledger) == 1
    await kit.stop()


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_start_whose_answer_was_lost_runs_once(arrived: bool) -> None:
    kit = await Kit().start()
    kit.transport.lose_next_start("web1", arrived=arrived)
    uid = await kit.run(plan([job("release")]))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert [start.key for start in kit.transport.ledger] == [f"{uid}.1.1.1"]
    assert "contact_lost" not in await kit.types(uid)
    await kit.stop()


async def test_a_job_that_was_cancelled_before_it_reached_its_host_is_sealed_there_and_never_runs() -> None:
    kit = await Kit().start()
    kit.transport.lose_next_start("web1", arrived=False)
    uid = await kit.run(plan([job("release")]))
    await kit.transport.until(lambda: kit.transport.sessions("web1") == 1)
    kit.transport.unreachable("web1")
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="i1"), "alice")
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    state = await kit.until_run(uid, RunPhase.CANCELLED)
    assert phases(state)[RELEASE] == "cancelled"
    assert kit.transport.ledger == []
    assert kit.transport.host("web1").sealed == [f"{uid}.1.1.1"]
    await kit.stop()


async def test_cancel_reaches_a_silent_host_as_soon_as_it_answers() -> None:
    kit = await Kit().start()
    uid = await running(kit)
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(3.0)
    await kit.engine.submit(uid, Cancel(id="i1"), "alice")
    await kit.settle()
    assert kit.transport.running() == [f"{uid}.1.1.1"]
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    state = await kit.until_run(uid, RunPhase.CANCELLED)
    assert phases(state)[RELEASE] == "cancelled"
    assert kit.transport.running() == []
    await kit.stop()


async def test_processes_that_survive_a_cancel_are_named() -> None:
    from runners.ports.transport import Survivor

    kit = await Kit().start()
    kit.transport.on("release", hangs(OnCancel(survivors=(Survivor(pid=311, user="root", command="sleep 600"),))))
    uid = await kit.run(plan([job("release")]))
    await kit.until_job(uid, RELEASE, Phase.RUNNING)
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="i1"), "alice")
    await kit.settle()
    run = job_run_of(await kit.engine.records.state(uid), RELEASE)
    assert run.phase is Phase.CANCELLING
    assert run.survivors == ("pid 311 root sleep 600",)
    await kit.stop()


async def test_an_unknown_key_waits_as_a_hold_that_names_it_and_goes_on_once_it_is_trusted() -> None:
    kit = await Kit().start()
    kit.transport.key_unknown("web1", "SHA256:abc")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    (hold,) = (await kit.engine.records.document(uid)).holds
    assert hold.kind == "host_key"
    assert "ssh-ed25519 SHA256:abc" in hold.text
    assert "onduty hosts trust web1" in hold.text
    await kit.clock.advance(600.0)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid))[RELEASE] == "queued"
    (host,) = kit.engine.hosts.statuses()
    assert (host.phase, host.fingerprint) == ("host_key_unknown", "SHA256:abc")
    before = len(kit.transport.connects)
    assert before > 30
    kit.transport.restore("web1")
    kit.engine.hosts.trusted(["web1"])
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert len(kit.transport.connects) == before + 1
    await kit.stop()


async def test_a_changed_key_fails_the_job_at_once_and_names_both_fingerprints() -> None:
    kit = await Kit().start()
    kit.transport.key_changed("web1", known="SHA256:old", shown="SHA256:new")
    uid = await kit.run(plan([job("release")]))
    state = await kit.until_run(uid, RunPhase.HELD)
    run = job_run_of(state, RELEASE)
    assert (run.phase, run.result, run.kind, run.attempt) == (Phase.FAILED, Result.ERROR, "host_key", 0)
    assert "SHA256:old" in run.reason
    assert "SHA256:new" in run.reason
    assert kit.engine.hosts.statuses()[0].phase == "host_key_changed"
    await kit.stop()


@pytest.mark.parametrize(("how", "kind"), [("auth", "auth"), ("refuse", "error"), ("full", "disk_full")])
async def test_a_host_that_refuses_us_fails_what_waits_for_it_at_once(how: str, kind: str) -> None:
    kit = await Kit().start()
    match how:
        case "auth":
            kit.transport.auth_failed("web1")
        case "refuse":
            kit.transport.refuse("web1")
        case _:
            kit.transport.refuse("web1", "the disk is full")
    uid = await kit.run(plan([job("release")]))
    state = await kit.until_run(uid, RunPhase.HELD)
    assert job_run_of(state, RELEASE).kind == kind
    assert kit.transport.ledger == []
    await kit.stop()


async def test_an_unreachable_host_is_a_hold_for_two_minutes_and_then_an_error_that_used_no_attempt() -> None:
    kit = await Kit().start()
    kit.transport.unreachable("web1")
    uid = await kit.run(plan([job("release", on=["web1", "web2"])]))
    await kit.settle()
    (hold,) = (await kit.engine.records.document(uid)).holds
    assert (hold.kind, hold.what) == ("host", RELEASE)
    await kit.clock.advance(119.0)
    await kit.settle()
    assert phases(await kit.engine.records.state(uid)) == {RELEASE: "queued", "s1/release@web2": "succeeded"}
    await kit.clock.advance(2.0)
    state = await kit.until_run(uid, RunPhase.HELD)
    run = job_run_of(state, RELEASE)
    assert (run.phase, run.result, run.kind, run.attempt) == (Phase.FAILED, Result.ERROR, "unreachable", 0)
    tries = len(kit.transport.connects)
    await kit.clock.advance(120.0)
    await kit.settle()
    assert len(kit.transport.connects) == tries
    kit.transport.restore("web1")
    await kit.engine.submit(uid, Retry(id="i1"), "alice")
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert [start.key for start in kit.transport.ledger if start.host == "web1"] == [f"{uid}.1.1.1"]
    await kit.stop()


async def test_a_host_that_comes_back_within_the_two_minutes_is_used() -> None:
    kit = await Kit().start()
    kit.transport.unreachable("web1")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    await kit.clock.advance(60.0)
    kit.transport.restore("web1")
    await kit.clock.advance(16.0)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.stop()


async def test_a_cancelled_run_does_not_go_on_looking_for_its_host() -> None:
    kit = await Kit().start()
    kit.transport.unreachable("web1")
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="i1"), "alice")
    await kit.until_run(uid, RunPhase.CANCELLED)
    await kit.settle()
    tries = len(kit.transport.connects)
    await kit.clock.advance(300.0)
    await kit.settle()
    assert len(kit.transport.connects) <= tries + 1
    kit.transport.restore("web1")
    await kit.clock.advance(300.0)
    await kit.settle()
    assert kit.transport.ledger == []
    await kit.stop()


async def test_a_session_that_nothing_needs_is_closed_after_a_minute() -> None:
    kit = await Kit().start()
    uid = await kit.run(plan([job("release")]))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    await kit.settle()
    await kit.clock.advance(59.0)
    assert kit.transport.sessions("web1") == 1
    await kit.clock.advance(2.0)
    await kit.settle()
    assert kit.transport.sessions("web1") == 0
    assert kit.engine.hosts.statuses()[0].phase == "idle"
    await kit.stop()


async def test_one_session_serves_all_jobs_of_a_host() -> None:
    kit = await Kit().start()
    uid = await kit.run(plan([job("a"), job("b")], [job("c")]))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.transport.connects == ["web1"]
    await kit.stop()


async def test_a_big_log_arrives_whole_through_cuts() -> None:
    kit = await Kit().start()
    data = bytes(range(256)) * 4096
    kit.transport.on("release", hangs(Print(data)))
    uid = await kit.run(plan([job("release")]))
    key = f"{uid}.1.1.1"
    await kit.transport.until_started(key)
    for _ in range(5):
        kit.transport.drop("web1")
        await kit.transport.until_connected("web1")
    kit.transport.print(key, data)
    kit.transport.finish(key)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.logs.content(uid, key) == data + data
    await kit.stop()


async def test_quick_jobs_after_each_other_do_not_wait_for_time_to_pass() -> None:
    kit = await Kit().start()
    kit.transport.on("j", prints("x"))
    uid = await kit.run(plan(*[[job(f"j{n}")] for n in range(20)]))
    before = kit.clock.monotonic()
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.clock.monotonic() == before
    await kit.stop()
