"""Pausing a run, going on, and notes; and retrying part of a job."""

from __future__ import annotations

import pytest

from runners.core.admit import Refused
from runners.core.describe import document
from runners.core.holds import hold_of, holds
from runners.core.preview import preview
from runners.model.intents import Note, Pause, Retry
from runners.model.phases import Phase, RunPhase
from runners.model.preview import Marker
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator

NAME = "release@web1"


def two() -> Simulator:
    return Simulator(
        plan_of(
            stage("rollout", job("release", "web1 web2", "fetch restart", closing="tidy")), stage("after", job("purge"))
        )
    )


def test_a_paused_run_starts_no_attempt_and_what_runs_finishes_its_tasks() -> None:
    sim = two()
    sim.ready(NAME)
    sim.pause(by="bob", reason="lunch")
    assert not sim.prepares
    assert sim.phase("release@web2") is Phase.WAITING
    found = holds(sim.state, {})
    assert found[0].text == "paused by bob: lunch; nothing new starts until it is resumed"
    assert (hold_of(sim.state, found, "rollout/release@web2") or found[0]).text == "the run is paused"
    for _ in range(3):
        sim.finish(NAME)
    assert sim.phase(NAME) is Phase.SUCCEEDED
    assert sim.run_phase() is RunPhase.PAUSED
    assert document(sim.state, found).next[0] == "onduty resume deploy-api/42"
    sim.restart()
    sim.resume()
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_a_stage_that_a_pause_keeps_from_beginning_says_so() -> None:
    sim = Simulator(plan_of(stage("one", job("release")), stage("after", job("purge"))))
    sim.ready()
    sim.pause()
    sim.finish(NAME)
    found = holds(sim.state, {})
    assert [hold.text for hold in found if hold.what == "after"] == ["the run is paused"]
    assert hold_of(sim.state, found, "after/purge@web1") is not None


def test_pause_now_stops_between_two_tasks_and_the_time_does_not_count() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", "fetch restart", timeout_s=60.0))))
    sim.ready()
    sim.advance(10.0)
    sim.pause(now=True)
    sim.finish(NAME)
    assert sim.phase(NAME) is Phase.RUNNING
    assert not sim.starts
    (hold,) = [one for one in holds(sim.state, {}) if one.what == "rollout/release@web1"]
    assert hold.text == "paused before restart"
    sim.advance(1000.0)
    sim.restart()
    assert not sim.starts
    sim.resume()
    assert sim.run(NAME).attempts[-1].tasks[1].timeout_s == pytest.approx(50.0)
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_a_pause_between_tasks_can_be_cancelled_and_finally_runs() -> None:
    sim = two()
    sim.ready(NAME)
    sim.pause(now=True)
    sim.finish(NAME)
    sim.cancel()
    assert sim.run(NAME).attempts[-1].tasks[2].phase == "dispatched"
    sim.finish(NAME)
    assert sim.run_phase() is RunPhase.CANCELLED
    assert sim.run(NAME).reason == "cancelled before restart"


def test_a_failure_in_a_paused_run_runs_finally_and_backs_off_until_it_is_resumed() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", attempts=2, closing="tidy"))))
    sim.ready()
    sim.pause(now=True)
    sim.finish(NAME, 1)
    sim.finish(NAME)
    assert sim.phase(NAME) is Phase.BACKING_OFF
    sim.advance(100.0)
    assert sim.phase(NAME) is Phase.BACKING_OFF
    sim.resume()
    assert sim.phase(NAME) is Phase.QUEUED


def test_a_paused_run_does_not_end_under_what_a_person_retried() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2", on_failure="stop"))))
    sim.play({"release@web1": 1, "release@web2": 1})
    sim.retry("release@web1")
    sim.pause()
    sim.restart()
    assert sim.run_phase() is RunPhase.PAUSED
    sim.resume()
    sim.play()
    assert sim.phase("release@web1") is Phase.SUCCEEDED


def test_who_cannot_pause_or_resume_is_told_why() -> None:
    sim = two()
    with pytest.raises(Refused, match="deploy-api/42 is not paused; it is running"):
        sim.resume()
    sim.pause()
    sim.now_utc += 4.0
    with pytest.raises(Refused, match="alice paused deploy-api/42 4s ago already"):
        sim.pause(by="bob")
    sim.pause(now=True)
    sim.cancel()
    with pytest.raises(Refused, match="deploy-api/42 was cancelled; nothing of it runs"):
        sim.pause()


def test_the_preview_of_a_pause_says_what_runs_on() -> None:
    sim = two()
    sim.ready(NAME)
    assert preview(sim.state, Pause(id="x")).scope == (
        "Nothing new starts until it is resumed; 1 job run finishes all its tasks."
    )
    assert preview(sim.state, Pause(id="x", now=True)).scope.endswith("1 job run stops after the task that runs now.")


def test_a_note_is_kept_with_its_author_also_when_the_run_has_ended() -> None:
    sim = two()
    sim.play()
    sim.ask(Note(id="n1", text=" asked the database team "), "bob")
    assert sim.ask(Note(id="n1", text="again"), "bob") == ()
    assert [(one.by, one.text) for one in document(sim.state, ()).notes] == [("bob", "asked the database team")]
    assert sim.run_phase() is RunPhase.SUCCEEDED
    with pytest.raises(Refused, match="an empty note says nothing"):
        sim.ask(Note(id="n2", text=" "))


def failed() -> Simulator:
    tasks = (task("fetch"), task("restart", repeatable=False), task("healthy"))
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", tasks, closing="tidy"))))
    sim.play({f"{NAME} restart": 1})
    assert sim.phase(NAME) is Phase.FAILED
    return sim


def steps(sim: Simulator) -> list[str]:
    return [one.phase.value for one in sim.run(NAME).attempts[-1].tasks]


def test_a_retry_from_a_task_keeps_what_passed_and_its_work_folder() -> None:
    sim = failed()
    intent = Retry(id="x", targets=(sim.run(NAME).id,), from_task="restart")
    foreseen = preview(sim.state, intent)
    assert [one.marker for one in foreseen.hosts[0].tasks] == [
        Marker.KEPT,
        Marker.NOT_REPEATABLE,
        Marker.RUN,
        Marker.RUN,
    ]
    assert foreseen.scope == (
        "The job from task restart on; what passed before it is kept, with its work folder, on web1, as attempt 2."
    )
    assert foreseen.warnings[0] == "restart ran on web1 before and is marked as not repeatable."
    sim.retry_from("restart", NAME)
    sim.ready()
    assert steps(sim) == ["kept", "dispatched", "waiting", "waiting"]
    (start,) = sim.starts.values()
    assert start.workdir.endswith(".1.1")
    sim.restart()
    sim.play()
    assert sim.phase(NAME) is Phase.SUCCEEDED


def test_a_retry_of_one_task_runs_it_and_finally_and_says_what_has_not_passed() -> None:
    sim = failed()
    sim.retry_task("restart", NAME)
    sim.ready()
    assert steps(sim) == ["kept", "dispatched", "not_run", "waiting"]
    sim.play()
    run = sim.run(NAME)
    assert (run.phase, run.reason) == (Phase.FAILED, "only restart was run; healthy has not passed")
    sim.retry_from("healthy", NAME)
    sim.play()
    assert sim.phase(NAME) is Phase.SUCCEEDED
    assert steps(sim) == ["kept", "kept", "succeeded", "succeeded"]


def test_one_task_that_passed_although_it_was_cancelled_leaves_the_job_cancelled() -> None:
    sim = failed()
    sim.retry_task("restart", NAME)
    sim.ready()
    sim.cancel(NAME)
    sim.finish(NAME)
    sim.finish(NAME)
    assert (sim.phase(NAME), sim.run(NAME).reason) == (Phase.CANCELLED, "cancelled after restart")


def test_a_retry_of_part_of_a_job_that_cannot_be_is_refused_with_its_reason() -> None:
    sim = failed()
    for task_name, why in (
        ("helthy", "release@web1 has no task helthy; it has fetch, restart, healthy, tidy"),
        ("healthy", "restart of release@web1 has not passed, and it comes before healthy: retry from restart"),
        ("tidy", "tidy of release@web1 runs at the end of every attempt by itself"),
    ):
        with pytest.raises(Refused, match=why):
            sim.retry_from(task_name, NAME)


def test_the_work_folder_of_a_run_that_ended_is_not_used_again() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", "fetch restart", on_failure="stop"))))
    sim.play({f"{NAME} restart": 1})
    assert sim.run_phase() is RunPhase.FAILED
    sim.now_utc += 5.0
    sim.retry_from("restart", NAME)
    sim.ready()
    (start,) = sim.starts.values()
    assert start.workdir.endswith(".1.2")
