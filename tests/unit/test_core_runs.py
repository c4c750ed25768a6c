"""How a run goes by itself: order, failures, policies, limits of time. Transcripts."""

from __future__ import annotations

import pytest

from runners.core.decide import decide
from runners.core.decide_attempts import delay_s
from runners.core.observe import observe
from runners.model.definition import RetryPolicy
from runners.model.effects import ForgetExecution, ForgetWorkdirs, PrepareHost, ReleaseHost, StartExecution
from runners.model.events import JobFinished, JobSkipped, RetryScheduled, TaskDispatched
from runners.model.phases import FailureKind, Phase, Result, RunPhase, StagePhase, TaskPhase
from runners.testing.builders import UID, job, plan_of, stage, task
from runners.testing.simulator import Simulator, finished


def test_stages_run_in_order_and_the_next_starts_in_the_same_step() -> None:
    sim = Simulator(plan_of(stage("canary", job("release", "web1")), stage("after", job("report", "web2"))))
    assert sim.said() == ["run_started", "stage_started canary", "job_queued release@web1"]
    sim.ready()
    assert sim.said() == ["job_started release@web1", "task_dispatched release@web1 task 1"]
    sim.started("release@web1")
    sim.finish("release@web1")
    assert sim.said() == [
        "task_started release@web1 task 1",
        "task_finished release@web1 task 1",
        "job_finished release@web1 succeeded",
        "stage_finished canary passed",
        "stage_started after",
        "job_queued report@web2",
    ]
    sim.ready()
    sim.finish("report@web2")
    assert sim.said()[-2:] == ["stage_finished after passed", "run_finished succeeded"]
    assert sim.state.result is Result.SUCCESS
    assert sim.state.warnings == ()


def test_jobs_of_a_stage_and_hosts_of_a_job_start_together() -> None:
    sim = Simulator(plan_of(stage("all", job("a", "web1 web2"), job("b", "web1"))))
    assert [effect.job_run for effect in sim.effects] == ["all/a@web1", "all/a@web2", "all/b@web1"]
    assert all(isinstance(effect, PrepareHost) for effect in sim.effects)


def test_needs_wait_for_every_host_of_the_job() -> None:
    sim = Simulator(plan_of(stage("all", job("purge", "web1 web2"), job("report", "web1", needs="purge"))))
    sim.ready()
    sim.finish("purge@web1")
    assert sim.phase("report@web1") is Phase.WAITING
    sim.finish("purge@web2")
    assert sim.phase("report@web1") is Phase.QUEUED


def test_tasks_follow_each_other_on_one_host_without_another_place() -> None:
    sim = Simulator(plan_of(stage("s", job("release", "web3", "fetch restart"))))
    sim.ready()
    before = len(sim.effects)
    sim.finish("release@web3")
    assert sim.effects[before:] == [
        ForgetExecution(job_run="s/release@web3", host="web3", key=f"{UID}.1.1.1"),
        StartExecution(
            job_run="s/release@web3", host="web3", key=f"{UID}.1.1.2", attempt=1, task=2, workdir=f"{UID}.1.1"
        ),
    ]
    before = len(sim.effects)
    sim.finish("release@web3")
    assert sim.effects[before:] == [
        ForgetExecution(job_run="s/release@web3", host="web3", key=f"{UID}.1.1.2"),
        ReleaseHost(job_run="s/release@web3", host="web3", attempt=1),
        ForgetWorkdirs(job_run="s/release@web3", host="web3", workdirs=(f"{UID}.1.1",)),
    ]


def test_a_failure_holds_what_needs_it_and_nothing_else() -> None:
    plan = plan_of(
        stage("s", job("a", "web1"), job("b", "web2"), job("c", "web2", needs="b"), job("d", "web1", needs="a")),
        stage("t", job("e", "web1")),
    )
    sim = Simulator(plan)
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.run_phase() is RunPhase.RUNNING
    sim.play()
    assert sim.phases() == {
        "a@web1": "failed",
        "b@web2": "succeeded",
        "c@web2": "succeeded",
        "d@web1": "waiting",
        "e@web1": "waiting",
    }
    assert sim.said()[-1] == "run_held a@web1"
    assert [one.phase for one in sim.state.stages] == [StagePhase.HELD, StagePhase.WAITING]


def test_continue_counts_as_satisfied_and_ends_with_a_warning() -> None:
    plan = plan_of(
        stage("s", job("check", "web1", on_failure="continue"), job("next", "web1", needs="check")),
        stage("t", job("last", "web1")),
    )
    sim = Simulator(plan)
    sim.play(failing={"check@web1": 4})
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.warnings == ("check@web1 failed and the run went on: exit 4 in work",)
    assert sim.phase("last@web1") is Phase.SUCCEEDED


def test_stop_lets_running_attempts_finish_all_their_tasks_and_starts_nothing_new() -> None:
    plan = plan_of(
        stage(
            "s",
            job("release", "web1 web2 web3", "fetch restart", on_failure="stop"),
            job("other", "web1", attempts=3),
            job("then", "web1", needs="other"),
        ),
        stage("t", job("last", "web1")),
    )
    sim = Simulator(plan)
    sim.ready("release@web1", "release@web2", "other@web1")
    sim.finish("other@web1", 1)
    assert sim.phase("other@web1") is Phase.BACKING_OFF
    sim.said()
    sim.finish("release@web1", 1)
    assert sim.said() == [
        "task_finished release@web1 task 1",
        "job_finished release@web1 failed: exit 1 in fetch",
        "job_finished other@web1 failed: exit 1 in work",
    ]
    assert sim.state.stopping
    assert sim.phase("release@web3") is Phase.WAITING
    assert sim.prepares == {}
    sim.finish("release@web2")
    assert sim.phase("release@web2") is Phase.RUNNING
    sim.finish("release@web2")
    assert sim.said()[-3:] == ["stage_finished s stopped", "stage_finished t stopped", "run_finished failed"]
    assert sim.state.result is Result.FAILURE


def test_the_strictest_failure_wins() -> None:
    sim = Simulator(
        plan_of(stage("s", job("a", "web1"), job("b", "web2", on_failure="stop"), job("c", "web3", "one two")))
    )
    sim.ready()
    sim.finish("b@web2", 1)
    sim.finish("a@web1", 1)
    sim.play()
    assert sim.run_phase() is RunPhase.FAILED


def test_the_policy_retries_after_growing_delays_and_then_gives_up() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", attempts=3, delay_s=2, backoff=3))))
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.phase("a@web1") is Phase.BACKING_OFF
    assert sim.run("a@web1").not_before == sim.now_utc + 2
    assert sim.run("a@web1").reason == "exit 1 in work"
    sim.advance(1.9)
    assert sim.phase("a@web1") is Phase.BACKING_OFF
    sim.advance(0.2)
    assert sim.phase("a@web1") is Phase.QUEUED
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.run("a@web1").not_before == pytest.approx(sim.now_utc + 6)
    assert "a" not in sim.advices, "only what failed finally gets a page"
    sim.advance(7)
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.phase("a@web1") is Phase.FAILED
    assert [one.number for one in sim.run("a@web1").attempts] == [1, 2, 3]
    assert sim.advices["s/a@web1"].key == f"{UID}.1.3.1"


def test_a_policy_retry_that_passes_leaves_no_trace_on_the_run() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", attempts=2))))
    sim.ready()
    sim.finish("a@web1", 1)
    sim.play()
    run = sim.run("a@web1")
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert (run.phase, run.reason, run.exit_code, run.attempt) == (Phase.SUCCEEDED, "", 0, 2)
    assert run.attempts[0].phase is Phase.FAILED


@pytest.mark.parametrize(("nth", "delay"), [(1, 2.0), (2, 4.0), (3, 8.0), (5, 20.0), (400, 20.0)])
def test_delays_double_up_to_the_limit(nth: int, delay: float) -> None:
    policy = RetryPolicy(attempts=500, delay_s=2, backoff=2, max_delay_s=20, full_jitter=False)
    assert delay_s(policy, nth, lambda: 0.3) == delay


@pytest.mark.parametrize(("thrown", "delay"), [(0.0, 0.0), (0.25, 1.0), (0.999, 3.996)])
def test_full_jitter_draws_evenly_from_zero(thrown: float, delay: float) -> None:
    policy = RetryPolicy(attempts=5, delay_s=2, backoff=2, max_delay_s=20, full_jitter=True)
    assert delay_s(policy, 2, lambda: thrown) == pytest.approx(delay)


def test_a_task_that_must_not_run_twice_stops_the_policy_once_it_was_dispatched() -> None:
    tasks = (task("fetch"), task("charge", repeatable=False), task("check"))
    sim = Simulator(plan_of(stage("s", job("a", "web1", tasks, attempts=5))))
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.phase("a@web1") is Phase.BACKING_OFF
    sim.advance(10)
    sim.ready()
    sim.finish("a@web1")
    sim.finish("a@web1")
    sim.finish("a@web1", 1)
    assert sim.phase("a@web1") is Phase.FAILED
    assert sim.run("a@web1").policy_left == 3


def test_a_task_gets_its_own_limit_or_what_is_left_of_the_attempt() -> None:
    tasks = (task("one", timeout_s=40.0), task("two", timeout_s=50.0), task("three"))
    sim = Simulator(plan_of(stage("s", job("a", "web1", tasks, timeout_s=60.0))))
    sim.advance(100)
    sim.ready()
    sim.advance(25)
    sim.finish("a@web1")
    sim.advance(5)
    sim.finish("a@web1")
    sent = [event.payload.timeout_s for event in sim.events if isinstance(event.payload, TaskDispatched)]
    assert sent == [40.0, 35.0, 30.0]


def test_without_limits_none_is_sent() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    assert [e.timeout_s for e in sim.effects if isinstance(e, StartExecution)] == [None]


def test_an_attempt_without_time_left_times_out_before_its_next_task() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", "one two", timeout_s=60.0, attempts=2))))
    sim.ready()
    sim.advance(61)
    sim.finish("a@web1")
    assert sim.phase("a@web1") is Phase.BACKING_OFF
    first = sim.run("a@web1").attempts[0]
    assert (first.phase, first.result, first.reason) == (Phase.TIMED_OUT, Result.TIMEOUT, "no time left for two")
    assert (first.exit_code, first.kind) == (None, FailureKind.TIMEOUT)
    sim.advance(10)
    sim.ready()
    sim.advance(61)
    sim.finish("a@web1")
    run = sim.run("a@web1")
    assert (run.phase, run.result, run.kind, run.exit_code) == (
        Phase.TIMED_OUT,
        Result.TIMEOUT,
        FailureKind.TIMEOUT,
        None,
    )
    assert sim.advices["s/a@web1"].task == 1


def test_a_task_that_ran_out_of_time_times_the_job_run_out() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", "one two"))))
    sim.ready()
    sim.finish("a@web1", result=Result.TIMEOUT)
    run = sim.run("a@web1")
    assert (run.phase, run.result, run.reason) == (Phase.TIMED_OUT, Result.TIMEOUT, "no end within its time in one")
    assert [one.phase for one in run.attempts[0].tasks] == [TaskPhase.TIMED_OUT, TaskPhase.NOT_RUN]


def test_our_own_fault_is_an_error() -> None:
    sim = Simulator(plan_of(stage("s", job("a", on_failure="stop"))))
    sim.ready()
    sim.finish("a@web1", result=Result.ERROR)
    assert (sim.run("a@web1").result, sim.state.result) == (Result.ERROR, Result.ERROR)


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.HOST_KEY, FailureKind.AUTH])
def test_a_host_that_was_never_reached_fails_without_using_an_attempt(kind: FailureKind) -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", attempts=3))))
    sim.give_up("a@web1", kind, "no answer within 2m")
    run = sim.run("a@web1")
    assert (run.phase, run.result, run.kind, run.attempt, run.next_attempt) == (
        Phase.FAILED,
        Result.ERROR,
        kind,
        0,
        1,
    )
    assert sim.run_phase() is RunPhase.HELD
    advice = sim.advices["s/a@web1"]
    assert (advice.attempt, advice.task, advice.key) == (0, 0, None)
    sim.advise("a@web1", "host-down")
    link = sim.run("a@web1").runbook
    assert link is not None
    assert link.page == "host-down"


def test_a_host_lost_before_the_second_attempt_leaves_the_first_as_it_was() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1"))))
    sim.ready()
    sim.finish("a@web1", 7)
    first = sim.run("a@web1").attempts[0]
    sim.retry("a@web1")
    sim.give_up("a@web1")
    run = sim.run("a@web1")
    assert run.attempts == (first,)
    assert (run.phase, run.exit_code, run.kind, run.next_attempt) == (Phase.FAILED, None, FailureKind.UNREACHABLE, 2)
    assert sim.advices["s/a@web1"].task == 0


def test_decide_is_at_rest_after_each_step() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1 web2")), stage("t", job("b"))))
    for _ in range(3):
        assert decide(sim.state, None, sim.now_utc, lambda: 0.5).events == ()
        assert decide(sim.state, frozenset(), sim.now_utc, lambda: 0.5).effects == ()
        sim.ready(next(iter(sim.prepares)))
        sim.finish(next(iter(sim.starts.values())).job_run)


def test_decide_names_what_to_do_beside_the_event_that_needs_it() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", attempts=2))))
    sim.ready()
    sim.finish("a@web1", 1)
    decision = decide(sim.state, frozenset(["s/a@web1"]), sim.now_utc + 100, lambda: 0.5)
    assert [type(event).__name__ for event in decision.events] == ["JobQueued"]
    assert [type(effect).__name__ for effect in decision.effects] == ["PrepareHost"]


def test_two_hundred_hosts_fail_together_and_the_hold_names_two_hundred_at_most() -> None:
    hosts = " ".join(f"web{n}" for n in range(300))
    sim = Simulator(plan_of(stage("s", job("a", hosts))))
    sim.play(failing={f"a@web{n}": 1 for n in range(300)})
    assert sim.run_phase() is RunPhase.HELD
    held = sim.events[-1].payload
    assert len(getattr(held, "waits_for")) == 200  # noqa: B009
    retried = [e for e in sim.events if isinstance(e.payload, RetryScheduled)]
    assert retried == []
    assert sum(isinstance(e.payload, JobFinished) for e in sim.events) == 300


def test_a_stop_in_the_same_step_as_a_skip_keeps_what_the_skip_freed_from_starting() -> None:
    plan = plan_of(stage("s", job("a", "web1", on_failure="stop"), job("b", "web2"), job("c", "web3", needs="b")))
    sim = Simulator(plan)
    sim.ready("a@web1")
    verdict = observe(sim.state, finished("s/a@web1", sim.key("a@web1"), 1), sim.now_utc)
    sim.settle((*verdict, JobSkipped(job_run="s/b@web2")))
    assert sim.phases() == {"a@web1": "failed", "b@web2": "skipped", "c@web3": "waiting"}
    assert sim.run_phase() is RunPhase.FAILED
