"""Retry: what is let in, what is refused and in which words."""

from __future__ import annotations

from runners.core.admit import admit
from runners.core.guards import targets_of_retry
from runners.model.events import RetryScheduled, RunReleased
from runners.model.intents import Retry
from runners.model.phases import Phase, RunPhase, StagePhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.unit.refusals import STOP, WEB, failed_on, refused


def test_retry_of_a_failed_job_run_turns_the_run_green() -> None:
    sim = failed_on("release@web3")
    assert sim.run_phase() is RunPhase.HELD
    sim.retry("release@web3")
    assert sim.said() == ["run_released", "retry_scheduled release@web3 attempt 2 by alice", "job_queued release@web3"]
    assert sim.state.stages[0].phase is StagePhase.RUNNING
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert [one.phase for one in sim.run("release@web3").attempts] == [Phase.FAILED, Phase.SUCCEEDED]


def test_second_press_of_retry_is_refused_and_says_who_was_first_and_when() -> None:
    sim = failed_on("release@web3")
    sim.retry("release@web3", by="alice")
    sim.ready()
    sim.advance(4)
    error = refused(lambda: sim.retry("release@web3", by="bob"))
    assert error.message == "alice retried release@web3 4s ago; attempt 2 is running"
    assert error.exit_code == 5
    assert error.hint == "onduty show deploy-api/42"


def test_a_retry_while_it_is_still_queued_is_refused_too() -> None:
    sim = failed_on("release@web3")
    sim.retry("release@web3", by="alice")
    assert refused(lambda: sim.retry("release@web3")).message == (
        "alice retried release@web3 0s ago; attempt 2 is queued"
    )


def test_a_stale_screen_is_refused_even_when_a_retry_would_be_possible_again() -> None:
    sim = failed_on("release@web3")
    sim.retry("release@web3", by="alice")
    sim.play(failing={"release@web3": 1})
    sim.advance(90)
    stale = Retry(id="x", targets=("rollout/release@web3",), seen_attempts={"rollout/release@web3": 1})
    assert refused(lambda: sim.ask(stale)).message == (
        "alice retried release@web3 1m 30s ago; you saw attempt 1 of release@web3, it is at attempt 2 now: look again"
    )
    fresh = Retry(id="y", targets=("rollout/release@web3",), seen_attempts={"rollout/release@web3": 2})
    assert sim.ask(fresh)


def test_the_same_intent_twice_takes_effect_once() -> None:
    sim = failed_on("release@web3")
    intent = Retry(id="01JX", targets=("rollout/release@web3",))
    assert sim.ask(intent)
    assert sim.ask(intent) == ()
    sim.play(failing={"release@web3": 1})
    assert sim.ask(intent) == (), "not even when it could be retried again"


def test_several_targets_are_all_or_nothing_and_every_reason_is_said() -> None:
    sim = failed_on("release@web3")
    error = refused(lambda: sim.retry("release@web3", "release@web1", "report@web1"))
    assert error.reasons == (
        "release@web1 succeeded; only what failed, was cancelled or is unknown can be retried",
        "report@web1 has not started yet, so there is nothing to retry",
    )
    assert error.hint == "onduty retry deploy-api/42 release@web3"
    assert sim.said() == []


def test_a_name_that_is_not_in_the_run_is_refused() -> None:
    sim = failed_on("release@web3")
    error = refused(lambda: sim.ask(Retry(id="x", targets=("rollout/release@web9",))))
    assert error.message == "deploy-api/42 has no job run rollout/release@web9"


def test_retry_without_targets_takes_what_failed_and_leaves_the_unknown_alone() -> None:
    sim = Simulator(WEB)
    sim.give_up("release@web2")
    sim.ready()
    sim.finish("release@web1", 1)
    sim.lose("release@web3")
    assert targets_of_retry(sim.state) == (
        ("rollout/release@web1", "rollout/release@web2"),
        ("rollout/release@web3",),
    )
    sim.retry()
    assert sim.phases() == {
        "release@web1": "queued",
        "release@web2": "queued",
        "release@web3": "unknown",
        "report@web1": "waiting",
    }


def test_retry_without_targets_when_nothing_failed_says_so() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.lose("release@web3")
    assert refused(sim.retry).reasons[0] == "nothing of deploy-api/42 failed or was left unreached"
    assert "release@web3 is unknown" in refused(sim.retry).reasons[1]


def test_two_people_who_retry_everything_at_once_start_it_once() -> None:
    sim = failed_on("release@web1", "release@web3")
    sim.retry(by="alice")
    error = refused(lambda: sim.retry(by="bob"))
    assert "alice retried release@web1 0s ago; attempt 2 is queued" in error.message


def test_retry_works_while_siblings_run() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.finish("release@web1", 1)
    assert sim.run_phase() is RunPhase.RUNNING
    sim.retry("release@web1")
    assert sim.phase("release@web1") is Phase.QUEUED
    assert sim.phase("release@web2") is Phase.RUNNING


def test_retry_while_backing_off_does_not_wait_any_longer() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", attempts=3, delay_s=60))))
    sim.ready()
    sim.finish("a@web1", 1)
    sim.retry("a@web1")
    assert sim.phase("a@web1") is Phase.QUEUED
    sim.advance(100)
    sim.ready()
    assert sim.run("a@web1").attempt == 2
    sim.finish("a@web1", 1)
    assert sim.phase("a@web1") is Phase.BACKING_OFF, "the policy has one left"


def test_retry_of_an_unknown_one_needs_the_word_and_seals_the_old_key_first() -> None:
    sim = Simulator(WEB)
    sim.ready()
    old = sim.key("release@web3")
    sim.lose("release@web3")
    error = refused(lambda: sim.retry("release@web3"))
    assert error.message == (
        "release@web3 is unknown: web3 was lost while it ran, and it may be running still; "
        "wait for web3, or say --not-running when you know that it is dead"
    )
    assert error.hint == "onduty retry deploy-api/42 release@web3 --not-running"
    sim.retry("release@web3", not_running=True)
    prepare = sim.prepares["rollout/release@web3"]
    assert (prepare.attempt, prepare.fence) == (2, (old,))
    assert sim.run("release@web3").attempts[0].phase is Phase.UNKNOWN
    sim.give_up("release@web3")
    sim.retry("release@web3")
    assert sim.prepares["rollout/release@web3"].fence == (old,), "it was not sealed yet"
    sim.ready("release@web3")
    assert sim.run("release@web3").fence == ()


def test_the_reason_a_person_gives_is_in_the_event() -> None:
    sim = failed_on("release@web3")
    events = admit(sim.state, Retry(id="x", reason="port freed"), "alice", sim.now_utc)
    assert isinstance(events[0], RunReleased)
    assert isinstance(events[1], RetryScheduled)
    assert (events[1].reason, events[1].by_policy) == ("port freed", False)


def test_a_tolerated_failure_can_be_retried_after_the_run_ended() -> None:
    plan = plan_of(stage("s", job("check", "web1", on_failure="continue")), stage("t", job("b")))
    sim = Simulator(plan)
    sim.play(failing={"check@web1": 1})
    assert sim.state.warnings
    sim.said()
    sim.retry()
    assert sim.said() == [
        "run_released",
        "retry_scheduled check@web1 attempt 2 by alice",
        "stage_started s",
        "job_queued check@web1",
    ]
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.warnings == ()


def test_a_retry_of_what_stopped_the_run_goes_on_with_everything() -> None:
    sim = Simulator(STOP)
    sim.ready("a@web1")
    sim.finish("a@web1", 1)
    assert sim.run_phase() is RunPhase.FAILED
    assert sim.phases() == {
        "a@web1": "failed",
        "a@web2": "waiting",
        "a@web3": "waiting",
        "b@web1": "waiting",
        "c@web1": "waiting",
    }
    sim.retry()
    assert not sim.state.stopping
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_a_retry_of_one_of_two_that_stopped_the_run_starts_nothing_else() -> None:
    sim = Simulator(STOP)
    sim.ready("a@web1", "a@web2")
    sim.finish("a@web1", 1)
    sim.finish("a@web2", 1)
    sim.retry("a@web1")
    sim.play()
    assert sim.phases()["a@web1"] == "succeeded"
    assert sim.phases()["a@web3"] == "waiting"
    assert sim.run_phase() is RunPhase.FAILED
    sim.retry("a@web2")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_a_stop_does_not_take_back_what_a_person_asked_for() -> None:
    sim = Simulator(STOP)
    sim.ready("a@web1", "a@web2")
    sim.finish("a@web1", 1)
    sim.retry("a@web1")
    sim.finish("a@web2", 1)
    assert sim.phase("a@web1") is Phase.QUEUED
    assert sim.phase("a@web3") is Phase.WAITING


def test_a_retry_that_would_start_nothing_is_refused() -> None:
    sim = Simulator(plan_of(stage("s", job("a"), job("b", needs="a")), stage("t", job("c", "web1 web2"))))
    sim.cancel("b@web1", "c@web2")
    sim.play(failing={"a@web1": 1})
    assert refused(lambda: sim.retry("b@web1")).message == "b@web1 waits for a@web1, which failed: retry or skip it too"
    assert (
        "stage s comes before c@web2 and waits for a@web1, which failed" in refused(lambda: sim.retry("c@web2")).message
    )
    sim.retry("a@web1", "b@web1", "c@web2")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
