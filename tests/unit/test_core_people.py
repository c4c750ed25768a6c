"""What people ask, whatever it is: later versions, refusals that are kept, guards in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.core.admit import refusal
from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.model.intents import Cancel, Intent, Skip
from runners.model.phases import Phase, RunPhase, StagePhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.unit.refusals import WEB, failed_on, refused


def test_an_intent_of_a_later_version_is_refused_by_name() -> None:
    class Rollback(Intent):
        pass

    sim = Simulator(WEB)
    error = refused(lambda: sim.ask(Rollback(id="x")))
    assert error.message == "rollback comes with a later version"
    assert refusal(Rollback(id="x"), error).intent == "rollback"


def test_a_refusal_becomes_an_event_that_names_the_targets() -> None:
    sim = failed_on("release@web3")
    intent = Skip(id="x", targets=("rollout/release@web1",))
    error = refused(lambda: sim.ask(intent))
    fact = refusal(intent, error)
    assert (fact.intent, fact.targets, fact.why) == ("skip", intent.targets, error.message)
    assert refusal(Cancel(id="y"), error).targets == ()


@pytest.mark.parametrize(
    ("guard", "running", "failed", "succeeded"),
    [
        (
            why_not_retry,
            "attempt 1 of release@web2 is running",
            "",
            "release@web1 succeeded; only what failed, was cancelled or is unknown can be retried",
        ),
        (
            why_not_skip,
            "release@web2 is running; cancel it first, then skip it",
            "",
            "release@web1 succeeded; there is nothing to skip",
        ),
        (why_not_cancel, "", "release@web3 failed; nothing of it runs", "release@web1 succeeded; nothing of it runs"),
    ],
)
def test_guards_say_why_in_one_sentence(guard: Callable[..., str], running: str, failed: str, succeeded: str) -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.finish("release@web1")
    sim.finish("release@web1")
    sim.finish("release@web3", 1)
    assert guard(sim.state, "rollout/release@web2") == running
    assert guard(sim.state, "rollout/release@web3") == failed
    assert guard(sim.state, "rollout/release@web1") == succeeded


def test_a_retry_in_a_passed_stage_and_in_a_later_one_both_start() -> None:
    sim = Simulator(plan_of(stage("s", job("x", on_failure="continue")), stage("t", job("y", "web1 web2"))))
    sim.give_up("x@web1")
    sim.give_up("y@web1")
    sim.retry()
    assert sim.phases() == {"x@web1": "queued", "y@web1": "queued", "y@web2": "queued"}
    assert [one.phase for one in sim.state.stages] == [StagePhase.RUNNING, StagePhase.RUNNING]
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_the_last_failure_that_stopped_the_run_taken_back_lets_the_others_start() -> None:
    for take_back in (Simulator.skip, Simulator.retry):
        sim = Simulator(plan_of(stage("s", job("a", "web1 web2 web3", on_failure="stop"), job("long"))))
        sim.ready("a@web1", "long@web1")
        sim.finish("a@web1", 1)
        assert sim.phases() == {
            "a@web1": "failed",
            "a@web2": "waiting",
            "a@web3": "waiting",
            "long@web1": "running",
        }
        take_back(sim, "a@web1")
        assert (sim.phase("a@web2"), sim.phase("a@web3")) == (Phase.QUEUED, Phase.QUEUED)
