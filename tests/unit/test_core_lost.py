"""Lost hosts, late news and restarts: it never says what it does not know, and nothing runs twice."""

from __future__ import annotations

from runners.core import recover as recovery
from runners.core.observe import observe
from runners.core.recover import recover
from runners.model.effects import (
    Advise,
    AskExecution,
    CancelExecution,
    ForgetExecution,
    ForgetWorkdirs,
    PrepareHost,
    StartExecution,
    WakeAt,
)
from runners.model.events import TaskDispatched
from runners.model.news import (
    AdviceGiven,
    BackoffPassed,
    CancelProgress,
    ExecutionStarted,
    ExecutionUncertain,
    HostGaveUp,
    HostReady,
    News,
)
from runners.model.phases import FailureKind, Phase, Result, RunPhase, TaskPhase
from runners.testing.builders import UID, job, plan_of, stage
from runners.testing.simulator import Simulator, finished

ONE = plan_of(stage("s", job("a", "web1", "one two", timeout_s=60.0), job("b", "web2", needs="a")))


def running() -> Simulator:
    sim = Simulator(ONE)
    sim.ready()
    sim.said()
    return sim


def test_losing_the_host_leaves_the_job_unknown_not_failed() -> None:
    sim = running()
    sim.lose("a@web1", "the link was cut")
    run = sim.run("a@web1")
    assert (run.phase, run.result, run.reason, run.answered) == (Phase.UNKNOWN, None, "the link was cut", False)
    assert run.attempts[0].tasks[0].phase is TaskPhase.UNKNOWN
    assert sim.run_phase() is RunPhase.RUNNING, "its host may answer any moment"
    assert sim.said() == ["contact_lost a@web1"]


def test_silence_again_is_no_news() -> None:
    sim = running()
    sim.lose("a@web1")
    sim.lose("a@web1")
    assert sim.said() == ["contact_lost a@web1"]


def test_a_host_that_answers_while_it_still_runs_is_running_again() -> None:
    sim = running()
    sim.lose("a@web1")
    sim.started("a@web1")
    assert sim.phase("a@web1") is Phase.RUNNING
    assert sim.run("a@web1").attempts[0].tasks[0].phase is TaskPhase.RUNNING
    assert sim.said() == ["contact_lost a@web1", "contact_regained a@web1"]


def test_a_verdict_after_silence_counts_and_the_job_goes_on() -> None:
    sim = running()
    sim.lose("a@web1")
    sim.finish("a@web1")
    assert sim.said() == ["contact_lost a@web1", "task_finished a@web1 task 1", "task_dispatched a@web1 task 2"]


def test_a_host_that_answers_without_a_result_holds_the_run_for_a_person() -> None:
    sim = running()
    sim.lose("a@web1")
    sim.vanish("a@web1", "rebooted since")
    assert (sim.phase("a@web1"), sim.run("a@web1").answered) == (Phase.UNKNOWN, True)
    assert sim.said()[-1] == "run_held a@web1"
    sim.lose("a@web1")
    assert sim.run("a@web1").answered, "silence later takes nothing back"


def test_a_result_that_turns_up_after_all_releases_the_run() -> None:
    sim = running()
    sim.vanish("a@web1")
    sim.finish("a@web1")
    assert sim.said()[-4:] == [
        "run_held a@web1",
        "task_finished a@web1 task 1",
        "run_released",
        "task_dispatched a@web1 task 2",
    ]


def test_unknown_is_never_retried_by_the_policy() -> None:
    sim = Simulator(plan_of(stage("s", job("a", attempts=5))))
    sim.ready()
    sim.vanish("a@web1")
    sim.advance(10_000)
    assert sim.phase("a@web1") is Phase.UNKNOWN
    assert sim.run("a@web1").policy_left == 4


def test_late_exit_of_an_earlier_attempt_does_not_fail_the_retry() -> None:
    sim = running()
    old = sim.key("a@web1")
    sim.lose("a@web1")
    sim.retry("a@web1", not_running=True)
    sim.ready()
    late = finished("s/a@web1", old, 1)
    assert sim.tell(late) == ()
    assert sim.phase("a@web1") is Phase.RUNNING
    assert sim.key("a@web1") == f"{UID}.1.2.1"


def test_every_kind_of_stale_news_changes_nothing() -> None:
    sim = running()
    key = sim.key("a@web1")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    stale: list[News] = [
        HostReady(job_run="s/a@web1", attempt=1),
        HostReady(job_run="s/a@web1", attempt=2),
        HostGaveUp(job_run="s/a@web1", attempt=1, kind=FailureKind.UNREACHABLE, reason="late"),
        ExecutionStarted(job_run="s/a@web1", key=key),
        finished("s/a@web1", key, 1),
        ExecutionUncertain(job_run="s/a@web1", key=key, reason="late", answered=True),
        CancelProgress(job_run="s/a@web1", key=key, step="gone"),
        BackoffPassed(job_run="s/a@web1", attempt=2),
        AdviceGiven(job_run="s/a@web1", attempt=1, page="port-in-use"),
        finished("no/such@host", key, 1),
    ]
    for news in stale:
        assert observe(sim.state, news, sim.now_utc) == ()


def test_the_same_verdict_twice_counts_once() -> None:
    sim = running()
    news = finished("s/a@web1", sim.key("a@web1"))
    assert sim.tell(news)
    assert sim.tell(news) == ()


def test_a_page_is_linked_once_and_only_to_the_failure_it_is_about() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.play(failing={"a@web1": 1})
    advice = AdviceGiven(job_run="s/a@web1", attempt=1, page="port-in-use", task=1, first_line="error: in use")
    assert sim.tell(advice)
    assert sim.tell(advice) == ()
    link = sim.run("a@web1").attempts[0].runbook
    assert link is not None
    assert (link.page, link.first_line, link.task) == ("port-in-use", "error: in use", 1)
    assert sim.run("a@web1").runbook == link
    sim.retry("a@web1")
    assert sim.run("a@web1").runbook is None
    assert sim.run("a@web1").attempts[0].runbook == link, "the old attempt keeps its page"


# ----- restart


def test_after_a_restart_the_hosts_are_asked_before_anything_is_started() -> None:
    sim = running()
    sim.finish("a@web1")
    sim.advance(10)
    key = sim.key("a@web1")
    assert recover(sim.state) == (
        AskExecution(job_run="s/a@web1", host="web1", key=key, attempt=1, task=2, timeout_s=60.0, workdir=f"{UID}.1.1"),
        ForgetExecution(job_run="s/a@web1", host="web1", key=f"{UID}.1.1.1"),
    )
    sim.restart()
    assert not [effect for effect in sim.effects[-1:] if isinstance(effect, StartExecution)]
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    dispatched = [event.payload.key for event in sim.events if isinstance(event.payload, TaskDispatched)]
    assert len(dispatched) == len(set(dispatched)) == 3


def test_a_restart_owes_the_world_what_it_owed_before() -> None:
    plan = plan_of(
        stage(
            "s",
            job("queued", "web1"),
            job("backing", "web2", attempts=2),
            job("stopping", "web3"),
            job("failed", "web4"),
            job("lost", "web5"),
            job("linked", "web6"),
        )
    )
    sim = Simulator(plan)
    sim.ready("backing@web2", "stopping@web3", "failed@web4", "lost@web5", "linked@web6")
    sim.finish("backing@web2", 1)
    sim.finish("failed@web4", 1)
    sim.finish("linked@web6", 1)
    sim.advise("linked@web6", None)
    sim.lose("lost@web5")
    sim.cancel("stopping@web3", "lost@web5")
    wake = sim.wakes["s/backing@web2"]
    assert [type(effect) for effect in recover(sim.state)] == [
        PrepareHost,
        WakeAt,
        AskExecution,
        CancelExecution,
        Advise,
        AskExecution,
        CancelExecution,
        *[ForgetExecution] * 3,
    ]
    sim.restart()
    assert list(sim.prepares) == ["s/queued@web1"]
    assert sim.wakes == {"s/backing@web2": wake}
    assert list(sim.starts) == list(sim.cancels) == [sim.key("stopping@web3"), sim.key("lost@web5")]
    assert list(sim.advices) == ["s/failed@web4"]


def test_a_page_still_owed_after_a_restart_is_asked_for_with_the_task_that_failed() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1 web2", "one two"))))
    sim.give_up("a@web2")
    sim.play(failing={"a@web1 two": 1})
    asked = dict(sim.advices)
    sim.restart()
    assert sim.advices == asked
    assert (asked["s/a@web1"].task, asked["s/a@web2"].task) == (2, 0)


def test_files_of_verdicts_from_just_before_a_death_are_removed_and_older_ones_not_looked_for() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", "one two", attempts=2), job("b", "web2"))))
    sim.ready()
    sim.finish("a@web1")
    sim.advance(recovery.RECENT_S)
    sim.finish("a@web1", 1)
    sim.vanish("b@web2")
    forgotten = [effect.key for effect in recover(sim.state) if isinstance(effect, ForgetExecution)]
    assert forgotten == [f"{UID}.1.1.2"], "one is too old, and what has no verdict is not removed"


def test_an_ended_run_owes_only_its_files_and_folders() -> None:
    sim = running()
    sim.play()
    keys = [f"{UID}.1.1.1", f"{UID}.1.1.2", f"{UID}.2.1.1"]
    hosts = [("s/a@web1", "web1"), ("s/a@web1", "web1"), ("s/b@web2", "web2")]
    assert recover(sim.state) == (
        *(ForgetExecution(job_run=run, host=host, key=key) for (run, host), key in zip(hosts, keys, strict=True)),
        ForgetWorkdirs(job_run="s/a@web1", host="web1", workdirs=(f"{UID}.1.1",)),
        ForgetWorkdirs(job_run="s/b@web2", host="web2", workdirs=(f"{UID}.2.1",)),
    )


def test_a_silent_host_while_a_stop_is_under_way_keeps_the_run_open() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1", on_failure="stop"), job("b", "web2"))))
    sim.ready()
    sim.lose("b@web2")
    sim.finish("a@web1", 1)
    assert sim.run_phase() is RunPhase.RUNNING
    sim.vanish("b@web2")
    assert sim.run_phase() is RunPhase.HELD
    sim.skip("b@web2", not_running=True)
    assert sim.run_phase() is RunPhase.FAILED


def test_a_lost_host_during_cancel_is_told_again_when_it_answers() -> None:
    sim = running()
    sim.cancel("a@web1")
    sim.lose("a@web1")
    assert (sim.phase("a@web1"), sim.run("a@web1").cancel_asked) == (Phase.UNKNOWN, True)
    sim.cancel_step("a@web1", "term")
    assert (sim.phase("a@web1"), sim.run("a@web1").cancel_step) == (Phase.CANCELLING, "term")
    sim.finish("a@web1", result=Result.CANCELLATION)
    assert sim.phase("a@web1") is Phase.CANCELLED
