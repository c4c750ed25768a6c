"""Cancel: what is stopped, what is refused and in which words."""

from __future__ import annotations

from runners.core.guards import targets_of_retry, why_not_cancel
from runners.model.effects import CancelExecution, PrepareHost
from runners.model.phases import Phase, Result, RunPhase, StagePhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.unit.refusals import WEB, failed_on, refused


def test_cancel_of_a_run_stops_what_runs_and_starts_nothing_more() -> None:
    sim = Simulator(WEB)
    sim.ready("release@web1")
    key = sim.key("release@web1")
    sim.said()
    sim.cancel(by="bob")
    assert sim.said() == [
        "cancel_requested everything",
        "job_finished release@web2 cancelled: cancelled before it started",
        "job_finished release@web3 cancelled: cancelled before it started",
        "job_finished report@web1 cancelled: cancelled before it started",
    ]
    assert sim.cancels == {key: CancelExecution(job_run="rollout/release@web1", host="web1", key=key)}
    assert sim.prepares == {}
    assert sim.run_phase() is RunPhase.CANCELLING
    for step in ("term", "kill", "gone"):
        sim.cancel_step("release@web1", step)
        assert sim.run("release@web1").cancel_step == step
    sim.finish("release@web1", result=Result.CANCELLATION)
    assert sim.run("release@web1").reason == "cancelled in fetch"
    assert (sim.state.phase, sim.state.result) == (RunPhase.CANCELLED, Result.CANCELLATION)
    assert sim.state.cancelled_by == "bob"


def test_cancel_of_a_held_run_ends_it_at_once() -> None:
    sim = failed_on("release@web3")
    sim.cancel()
    assert sim.run_phase() is RunPhase.CANCELLED
    assert sim.phase("release@web3") is Phase.FAILED
    assert [one.phase for one in sim.state.stages] == [StagePhase.STOPPED, StagePhase.STOPPED]


def test_cancel_of_one_job_run_holds_what_needs_it() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.cancel("release@web3")
    assert sim.phase("release@web3") is Phase.CANCELLING
    assert sim.run_phase() is RunPhase.RUNNING
    sim.finish("release@web3", result=Result.CANCELLATION)
    sim.play()
    assert sim.run_phase() is RunPhase.HELD
    assert sim.said()[-1] == "run_held release@web3"
    assert targets_of_retry(sim.state) == ((), ("rollout/release@web3",))
    sim.retry("release@web3")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_what_passed_before_the_signal_came_has_passed() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    sim.cancel()
    sim.finish("a@web1")
    assert sim.phase("a@web1") is Phase.SUCCEEDED
    assert sim.run_phase() is RunPhase.CANCELLED
    assert sim.state.stages[0].phase is StagePhase.PASSED


def test_a_cancelled_attempt_dispatches_no_further_task() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", "one two", attempts=3))))
    sim.ready()
    sim.cancel("a@web1")
    sim.finish("a@web1")
    assert (sim.phase("a@web1"), sim.run("a@web1").reason) == (Phase.CANCELLED, "cancelled before two")


def test_survivors_are_shown_and_cancel_may_be_asked_again() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    sim.cancel("a@web1")
    assert "it is being stopped" in refused(lambda: sim.cancel("a@web1")).message
    sim.cancel_step("a@web1", "survivors", "pid 311 root sleep 600")
    assert sim.run("a@web1").survivors == ("pid 311 root sleep 600",)
    before = len(sim.effects)
    sim.cancel("a@web1", by="bob")
    assert isinstance(sim.effects[before], CancelExecution)
    assert sim.run("a@web1").survivors == ()
    sim.cancel_step("a@web1", "survivors", "pid 311 root sleep 600")
    sim.cancel()
    assert isinstance(sim.effects[-1], CancelExecution)


def test_cancel_of_a_silent_unknown_waits_for_its_host() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    sim.lose("a@web1")
    sim.cancel()
    assert sim.phase("a@web1") is Phase.UNKNOWN
    assert sim.run_phase() is RunPhase.CANCELLING
    sim.started("a@web1")
    assert sim.phase("a@web1") is Phase.CANCELLING
    assert isinstance(sim.effects[-1], CancelExecution)
    sim.lose("a@web1")
    sim.vanish("a@web1")
    assert (sim.phase("a@web1"), sim.run("a@web1").reason) == (Phase.CANCELLED, "cancelled; rebooted since")
    assert sim.run_phase() is RunPhase.CANCELLED


def test_cancel_of_an_unknown_whose_host_knows_nothing_is_over_at_once() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    sim.vanish("a@web1")
    assert sim.run_phase() is RunPhase.HELD
    sim.cancel()
    assert sim.run_phase() is RunPhase.CANCELLED


def test_cancel_of_an_ended_run_is_refused() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.play()
    sim.advance(240)
    assert refused(sim.cancel).message == "deploy-api/42 succeeded 4m ago; nothing of it runs"
    assert why_not_cancel(sim.state, "s/a@web1") == "deploy-api/42 succeeded; nothing of it runs"


def test_nothing_else_is_let_in_while_a_run_is_being_cancelled() -> None:
    sim = failed_on("release@web3")
    sim.retry()
    sim.ready()
    sim.cancel(by="bob")
    for do in (sim.retry, lambda: sim.skip("release@web3"), lambda: sim.retry("release@web3")):
        assert refused(do).message == "bob is cancelling deploy-api/42; wait until it has ended"
    assert refused(sim.cancel).message == "bob is cancelling deploy-api/42 already"


def test_a_cancelled_run_starts_nothing_until_a_person_retries_it() -> None:
    sim = Simulator(WEB)
    sim.ready("release@web1")
    sim.cancel()
    sim.finish("release@web1", result=Result.CANCELLATION)
    sim.restart()
    sim.advance(3600)
    assert sim.prepares == {}
    assert "until a retry opens the run again" in refused(lambda: sim.skip("release@web1")).message
    sim.retry()
    assert [type(effect) for effect in sim.effects[-3:]] == [PrepareHost] * 3
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.cancelled_by == ""


def test_one_of_a_cancelled_run_is_retried_and_the_rest_waits_for_a_person() -> None:
    sim = Simulator(WEB)
    sim.cancel()
    sim.retry("release@web1")
    sim.play()
    assert sim.run_phase() is RunPhase.HELD
    assert sim.phases() == {
        "release@web1": "succeeded",
        "release@web2": "cancelled",
        "release@web3": "cancelled",
        "report@web1": "cancelled",
    }


def test_more_targets_than_an_event_may_name_become_several_events() -> None:
    sim = Simulator(plan_of(stage("s", job("a", " ".join(f"web{n}" for n in range(450))))))
    sim.ready()
    sim.cancel(*(f"a@web{n}" for n in range(450)))
    named = [event.payload for event in sim.events if event.type == "cancel_requested"]
    assert [len(getattr(payload, "job_runs")) for payload in named] == [200, 200, 50]  # noqa: B009
    assert len(sim.cancels) == 450
