"""Retry, skip and cancel: what is let in, what is refused and in which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.core.admit import Refused, admit, refusal
from runners.core.guards import targets_of_retry, why_not_cancel, why_not_retry, why_not_skip
from runners.model.effects import CancelExecution, PrepareHost
from runners.model.events import RetryScheduled, RunReleased
from runners.model.intents import Cancel, Intent, Retry, Skip
from runners.model.phases import Phase, Result, RunPhase, StagePhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

WEB = plan_of(
    stage("rollout", job("release", "web1 web2 web3", "fetch restart")), stage("after", job("report", "web1"))
)


def failed_on(*names: str) -> Simulator:
    sim = Simulator(WEB)
    sim.play(failing={f"{name} restart": 1 for name in names})
    sim.said()
    return sim


def refused(do: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value


# ----- retry


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


STOP = plan_of(
    stage("s", job("a", "web1 web2 web3", on_failure="stop"), job("b", "web1", needs="a")), stage("t", job("c"))
)


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


# ----- skip


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


# ----- cancel


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


# ----- both


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
