"""Skip: what is let in, what is refused and in which words."""

from __future__ import annotations

from runners.model.phases import Phase, Result, RunPhase, StagePhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.unit.refusals import STOP, WEB, failed_on, refused


def test_skip_satisfies_what_needs_it_and_the_run_names_it() -> None:
    sim = failed_on("release@web3")
    sim.skip("release@web3", by="bob", reason="false alarm")
    assert sim.said() == [
        "job_skipped release@web3",
        "run_released",
        "stage_finished rollout passed",
        "stage_started after",
        "job_queued report@web1",
    ]
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.warnings == ("release@web3 was skipped by bob: false alarm",)
    assert sim.run("release@web3").result is Result.SKIP


def test_a_stage_in_which_everything_was_skipped_is_skipped() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1 web2")), stage("t", job("b"))))
    sim.skip("a@web1", "a@web2")
    assert sim.state.stages[0].phase is StagePhase.SKIPPED
    assert sim.phase("b@web1") is Phase.QUEUED


def test_skip_is_refused_while_something_lives() -> None:
    sim = Simulator(WEB)
    sim.ready()
    error = refused(lambda: sim.skip("release@web3"))
    assert error.message == "release@web3 is running; cancel it first, then skip it"
    assert error.hint == "onduty cancel deploy-api/42 release@web3"


def test_skip_of_an_unknown_one_needs_the_word() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.vanish("release@web3")
    assert "rebooted since" in refused(lambda: sim.skip("release@web3")).message
    sim.skip("release@web3", not_running=True)
    assert sim.phase("release@web3") is Phase.SKIPPED


def test_skip_before_it_starts_calls_its_host_off() -> None:
    sim = Simulator(WEB)
    sim.skip("release@web3", "report@web1")
    assert set(sim.prepares) == {"rollout/release@web1", "rollout/release@web2"}
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.stages[1].phase is StagePhase.SKIPPED


def test_skip_of_what_stopped_the_run_opens_it_again() -> None:
    sim = Simulator(STOP)
    sim.play(failing={"a@web1": 1})
    assert sim.run_phase() is RunPhase.FAILED
    assert "was not started" in refused(lambda: sim.skip("c@web1")).message
    sim.skip("a@web1")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_skip_again_says_who_did_it() -> None:
    sim = failed_on("release@web1", "release@web3")
    sim.skip("release@web3", by="bob")
    sim.advance(12 * 60)
    assert refused(lambda: sim.skip("release@web3")).message == "bob skipped release@web3 12m ago"
    assert refused(lambda: sim.retry("release@web3")).message == (
        "bob skipped release@web3 12m ago; what needs it goes on without it"
    )
