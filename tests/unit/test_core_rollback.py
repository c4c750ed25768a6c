"""Taking a run back: what, in which order, and what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.core.admit import Refused
from runners.core.describe import document, summary
from runners.core.holds import holds
from runners.core.preview import preview
from runners.model.intents import Rollback
from runners.model.phases import Phase, Result, RunPhase, TaskPhase
from runners.model.plan import Plan, Previous
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator, finished


def plan() -> Plan:
    return plan_of(
        stage("build", job("make", "ci1")),
        stage(
            "rollout",
            job("migrate", "db1", rollback="restore"),
            job("release", "web1 web2", "fetch restart", needs="migrate", verify="smoke", rollback="activate"),
        ),
        stage("after", job("purge", "edge1", rollback="refill"), job("report", "ci1", needs="purge")),
    )


def done() -> Simulator:
    sim = Simulator(plan())
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    sim.said()
    return sim


def order(sim: Simulator) -> list[str]:
    """What rollbacks were started, in order."""
    return [line.removeprefix("job_started ") for line in sim.said() if line.startswith("job_started")]


def test_a_rollback_goes_backwards_over_stages_and_first_dispatch_and_verifies() -> None:
    sim = done()
    sim.rollback()
    assert sim.phases()["purge@edge1"] == "rolling_back"
    assert sim.phases()["release@web1"] == "succeeded"
    sim.play()
    assert order(sim) == ["purge@edge1", "release@web1", "release@web2", "migrate@db1"]
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    assert sim.state.result is Result.FAILURE
    run = sim.run("release@web1")
    assert (run.phase, run.attempt) == (Phase.ROLLED_BACK, 2)
    assert [spec.name for spec in sim.plan.jobs()[2].steps(rollback=True)] == ["activate", "smoke"]
    assert [one.key for one in run.attempts[-1].tasks] == [f"{sim.state.uid}.3.2.1", f"{sim.state.uid}.3.2.2"]
    assert sim.state.warnings == (
        "make@ci1: has no rollback; what it did stays",
        "report@ci1: has no rollback; what it did stays",
    )


def test_each_task_of_a_rollback_has_a_limit_of_its_own_so_that_none_is_cut_by_what_went_before() -> None:
    restore = job("migrate", "db1", rollback="stop restore start", verify="smoke", timeout_s=30.0)
    restore = replace(
        restore,
        rollback=tuple(replace(one, timeout_s=600.0 if one.name == "restore" else None) for one in restore.rollback),
    )
    sim = Simulator(plan_of(stage("only", restore)))
    sim.play()
    sim.rollback()
    sim.ready()
    for _ in range(3):
        sim.advance(29.0)
        sim.finish("migrate@db1")
    sim.play()
    limits = [(one.timeout_s, one.phase) for one in sim.run("migrate@db1").attempts[-1].tasks]
    assert limits == [(limit_s, TaskPhase.SUCCEEDED) for limit_s in (30.0, 600.0, 30.0, 30.0)]
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_only_what_dispatched_anything_is_rolled_back() -> None:
    sim = Simulator(plan())
    sim.play({"release@web1 restart": 1, "release@web2": 3})
    assert sim.run_phase() is RunPhase.HELD
    sim.said()
    sim.rollback(by="bob", reason="wrong build")
    sim.play()
    assert order(sim) == ["release@web1", "release@web2", "migrate@db1"]
    assert sim.phases()["purge@edge1"] == "cancelled"
    assert sim.run("purge@edge1").reason == "not started: the run is rolled back"
    assert (sim.state.phase, sim.state.rolled_back_by, sim.state.reason) == (RunPhase.ROLLED_BACK, "bob", "wrong build")


def test_what_lives_is_stopped_before_anything_is_taken_back() -> None:
    sim = Simulator(plan())
    sim.ready()
    sim.finish("make@ci1")
    sim.ready()
    sim.finish("migrate@db1")
    sim.ready("release@web1")
    sim.rollback()
    assert sim.phase("release@web1") is Phase.CANCELLING
    assert sim.phase("release@web2") is Phase.CANCELLED
    assert sim.phase("migrate@db1") is Phase.SUCCEEDED
    assert not sim.prepares
    (hold,) = [one for one in holds(sim.state, {}) if one.what == "rollout/migrate"]
    assert hold.kind == "rollback"
    sim.finish("release@web1", result=Result.CANCELLATION)
    assert list(sim.prepares) == ["rollout/release@web1"]
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_a_failed_rollback_stops_nothing_and_is_tried_again_alone() -> None:
    sim = done()
    sim.rollback()
    sim.play({"release@web2 activate": 4, "release@web1 smoke": 1})
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.phases()["migrate@db1"] == "rolled_back"
    assert sim.run("release@web2").reason == "exit 4 in activate"
    assert sim.run("release@web1").reason == "exit 1 in smoke"
    sim.advise("release@web2")
    runbook = document(sim.state, ()).jobs[3].runbook
    assert runbook is not None
    assert runbook.id == "port-in-use"
    said = document(sim.state, ())
    assert said.left == ("rollout/release@web1", "rollout/release@web2")
    assert said.next[0] == "onduty rollback deploy-api/42"
    assert summary(sim.state, ()).what == "not rolled back: release@web1: exit 1 in smoke, and 1 more"
    foreseen = preview(sim.state, Rollback(id="x"))
    assert foreseen.targets == ("rollout/release@web1", "rollout/release@web2")
    sim.said()
    sim.rollback(by="bob")
    sim.play()
    assert order(sim) == ["release@web1", "release@web2"]
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    with pytest.raises(Refused, match="was rolled back by bob already"):
        sim.rollback()
    with pytest.raises(Refused, match="was rolled back by bob; start a new run"):
        sim.retry("release@web1")


def test_a_silent_host_holds_up_only_the_end_and_is_taken_back_when_it_answers() -> None:
    sim = Simulator(plan())
    sim.ready()
    sim.finish("make@ci1")
    sim.ready()
    sim.finish("migrate@db1")
    sim.ready("release@web1")
    sim.lose("release@web1")
    sim.rollback()
    foreseen = [one for one in holds(sim.state, {}) if one.what == "rollout/release@web1"]
    assert foreseen[0].text.endswith("it is stopped when the host answers")
    while sim.prepares:
        sim.ready()
    sim.finish("migrate@db1")
    assert sim.phases()["migrate@db1"] == "rolled_back"
    assert sim.run_phase() is RunPhase.ROLLING_BACK
    sim.finish("release@web1", result=Result.CANCELLATION)
    assert list(sim.prepares) == ["rollout/release@web1"]
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_an_unknown_one_is_left_alone_until_a_person_vouches_and_its_key_is_fenced() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2", rollback="activate"))))
    sim.ready()
    sim.finish("release@web2")
    sim.vanish("release@web1")
    lost = sim.run("release@web1").attempts[0].tasks[0].key
    foreseen = preview(sim.state, Rollback(id="x"))
    assert foreseen.targets == ("rollout/release@web2",)
    assert "Left alone, because nobody knows what became of it: release@web1." in foreseen.warnings
    sim.rollback()
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.phase("release@web1") is Phase.UNKNOWN
    assert sim.state.warnings == ("release@web1: unknown, so it was left alone",)
    with pytest.raises(Refused, match="release@web1 is unknown: look there, and say --not-running"):
        sim.rollback()
    assert document(sim.state, ()).next == ("onduty rollback deploy-api/42 --not-running",)
    sim.rollback(not_running=True)
    assert sim.prepares["rollout/release@web1"].fence == (lost,)
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_an_unknown_one_that_is_found_after_all_is_stopped_and_taken_back() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2", "fetch restart", rollback="activate"))))
    sim.ready()
    key = sim.key("release@web1")
    sim.vanish("release@web1")
    sim.rollback()
    sim.tell(finished("rollout/release@web1", key))
    assert sim.run("release@web1").reason == "cancelled before restart"
    sim.finish("release@web2", result=Result.CANCELLATION)
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_what_a_host_says_after_a_rollback_has_ended_changes_nothing() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", rollback="activate"), job("other", "web2"))))
    sim.ready()
    key = sim.key("release@web1")
    sim.finish("other@web2")
    sim.vanish("release@web1")
    sim.rollback(not_running=True)
    back = sim.prepares["rollout/release@web1"]
    assert back.fence == (key,)
    sim.ready()
    lost = sim.key("release@web1")
    sim.vanish("release@web1")
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.tell(finished("rollout/release@web1", lost)) == ()
    assert sim.tell(finished("rollout/release@web1", key)) == ()


def test_a_host_that_is_lost_in_its_rollback_is_unknown_and_the_others_go_on() -> None:
    sim = done()
    sim.rollback()
    sim.ready("purge@edge1")
    sim.lose("purge@edge1")
    assert sim.phase("purge@edge1") is Phase.UNKNOWN
    assert set(sim.prepares) == {"rollout/release@web1", "rollout/release@web2"}
    sim.restart()
    sim.started("purge@edge1")
    assert sim.phase("purge@edge1") is Phase.ROLLING_BACK
    sim.vanish("purge@edge1")
    while sim.prepares or any(sim.phase(n) is Phase.ROLLING_BACK for n in sim.phases()):
        if sim.prepares:
            sim.ready()
        else:
            sim.finish(next(n for n in sim.phases() if sim.phase(n) is Phase.ROLLING_BACK))
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    sim.rollback(not_running=True)
    assert sim.phase("purge@edge1") is Phase.ROLLING_BACK
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK


def test_a_host_that_is_given_up_is_named_as_left() -> None:
    sim = done()
    sim.rollback()
    sim.give_up("purge@edge1")
    assert sim.phase("purge@edge1") is Phase.ROLLBACK_FAILED
    sim.play()
    assert document(sim.state, ()).left == ("after/purge@edge1",)


def test_a_cancel_stops_a_rollback_and_says_what_is_left() -> None:
    sim = done()
    sim.rollback()
    sim.ready("purge@edge1")
    sim.cancel(by="bob")
    assert len(sim.cancels) == 1
    sim.finish("purge@edge1", result=Result.CANCELLATION)
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.run("purge@edge1").reason == "cancelled in refill"
    assert len(document(sim.state, ()).left) == 4
    sim.rollback()
    sim.cancel()
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.run("purge@edge1").reason == "cancelled before it was rolled back"


def test_on_failure_rollback_lets_what_runs_finish_and_takes_the_run_back() -> None:
    planned = plan_of(
        stage(
            "rollout",
            job("release", "web1 web2", rollback="activate", on_failure="rollback"),
            job("other", "web3", rollback="undo"),
        ),
        stage("after", job("purge", "edge1")),
    )
    sim = Simulator(planned)
    sim.ready()
    sim.finish("release@web1", 1)
    assert sim.run_phase() is RunPhase.RUNNING
    sim.finish("release@web2")
    sim.said()
    sim.finish("other@web3")
    assert sim.run_phase() is RunPhase.ROLLING_BACK
    assert sim.state.rolled_back_by == "onduty"
    assert sim.state.reason == "on_failure: rollback, and release@web1 failed"
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    assert sim.phases()["purge@edge1"] == "cancelled"


def test_on_failure_rollback_waits_for_no_silent_host() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2", rollback="activate", on_failure="rollback"))))
    sim.ready()
    sim.finish("release@web1", 1)
    sim.lose("release@web2")
    assert sim.run_phase() is RunPhase.ROLLING_BACK
    assert sim.phase("release@web1") is Phase.ROLLING_BACK


def test_a_rollback_that_needs_an_earlier_release_is_not_run_without_one() -> None:
    undo = replace(task("activate"), command='./activate.sh "$ONDUTY_PREVIOUS_release"')
    release = replace(job("release", "web1 web2"), rollback=(undo,))
    planned = replace(
        plan_of(stage("rollout", release)),
        previous=(Previous(run="deploy-api/41", params={"release": "1.0"}, job_runs=("rollout/release@web1",)),),
    )
    sim = Simulator(planned)
    sim.play()
    foreseen = preview(sim.state, Rollback(id="x"))
    assert foreseen.targets == ("rollout/release@web1",)
    assert foreseen.warnings == ("No earlier release known, so its rollback is not run: release@web2.",)
    sim.rollback()
    sim.play()
    assert sim.phases() == {"release@web1": "rolled_back", "release@web2": "succeeded"}
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert sim.state.warnings == ("release@web2: no earlier release known, so its rollback was not run",)
    with pytest.raises(Refused, match="no earlier release is known for release@web2"):
        sim.rollback()


def test_what_cannot_be_rolled_back_is_refused_with_its_reason() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1"))))
    with pytest.raises(Refused, match=r"nothing of deploy-api/42 ran on any host"):
        sim.rollback()
    sim.play()
    with pytest.raises(Refused, match=r"release@web1 has no rollback"):
        sim.rollback()
    sim = done()
    later = ("deploy-api/43 on web1, web2",)
    with pytest.raises(Refused, match=r"a later run changed the same hosts: deploy-api/43 on web1, web2"):
        sim.ask(Rollback(id="x", later=later))
    sim.ask(Rollback(id="y", later=later, despite_later=True))
    with pytest.raises(Refused, match="alice is rolling deploy-api/42 back already"):
        sim.rollback(by="bob")


def test_the_preview_of_a_rollback_names_what_would_be_done_in_its_order() -> None:
    sim = Simulator(plan())
    sim.play({"release@web2": 1})
    foreseen = preview(sim.state, Rollback(id="x"))
    assert foreseen.title == "rollback deploy-api/42"
    assert [host.job_run for host in foreseen.hosts] == [
        "rollout/release@web1",
        "rollout/release@web2",
        "rollout/migrate@db1",
    ]
    assert [(one.name, one.command) for one in foreseen.hosts[0].tasks] == [
        ("activate", "./activate.sh"),
        ("smoke", "./smoke.sh"),
    ]
    assert foreseen.scope == (
        "The whole run is taken back: 2 jobs, newest first, on 3 hosts, each with its rollback and then verify."
    )
    assert foreseen.warnings == (
        "2 job runs have not started, and will not.",
        "No rollback, what it did stays: make@ci1.",
    )


def test_a_rollback_goes_on_from_disk_after_every_event() -> None:
    sim = done()
    sim.rollback()
    while sim.state.phase is RunPhase.ROLLING_BACK:
        sim.restart()
        if sim.prepares:
            sim.ready(next(iter(sim.prepares)))
        else:
            sim.finish(next(iter(sim.starts.values())).job_run)
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    assert order(sim) == ["purge@edge1", "release@web1", "release@web2", "migrate@db1"]
