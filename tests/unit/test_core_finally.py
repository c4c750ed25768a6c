"""Verify and finally: what an attempt runs besides its tasks, in which order, and what it means."""

from __future__ import annotations

from typing import Any

import pytest

from runners.core.admit import Refused
from runners.core.holds import holds
from runners.core.preview import preview
from runners.model.intents import Cancel
from runners.model.phases import Phase, Result, RunPhase, TaskPhase
from runners.model.preview import Marker
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator

NAME = "release@web3"


def started(**fields: Any) -> Simulator:
    options: dict[str, Any] = {"verify": "smoke", "closing": "undrain tidy", **fields}
    sim = Simulator(plan_of(stage("rollout", job("release", "web3", "drain restart", **options))))
    sim.ready()
    return sim


def ran(sim: Simulator) -> list[str]:
    """Phases of the current attempt's steps, by name."""
    planned = sim.plan.jobs()[0]
    attempt = sim.run(NAME).attempts[-1]
    return [f"{spec.name} {now.phase.value}" for spec, now in zip(planned.tasks, attempt.tasks, strict=True)]


def test_verify_runs_after_the_tasks_and_finally_after_verify() -> None:
    sim = started()
    for _ in range(5):
        assert sim.phase(NAME) is Phase.RUNNING
        sim.finish(NAME)
    assert sim.phase(NAME) is Phase.SUCCEEDED
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert ran(sim) == [f"{name} succeeded" for name in ("drain", "restart", "smoke", "undrain", "tidy")]


def test_a_failed_task_goes_straight_to_finally_and_keeps_its_own_reason() -> None:
    sim = started()
    sim.finish(NAME, 3)
    assert ran(sim)[1:4] == ["restart not_run", "smoke not_run", "undrain dispatched"]
    sim.restart()
    sim.finish(NAME)
    sim.finish(NAME)
    run = sim.run(NAME)
    assert (run.phase, run.reason, run.exit_code) == (Phase.FAILED, "exit 3 in drain", 3)
    assert sim.advices[run.id].task == 1


def test_a_failed_verify_fails_the_attempt() -> None:
    sim = started()
    sim.finish(NAME)
    sim.finish(NAME)
    sim.finish(NAME, 1)
    sim.play()
    assert sim.run(NAME).reason == "exit 1 in smoke"


def test_a_failed_finally_is_a_warning_and_the_others_run_all_the_same() -> None:
    sim = started()
    for code in (0, 0, 0, 7, 0):
        sim.finish(NAME, code)
    assert sim.phase(NAME) is Phase.SUCCEEDED
    assert sim.state.warnings == ("finally undrain of release@web3 failed: exit 7",)


def test_finally_runs_when_the_time_is_over_between_two_tasks_and_has_a_limit_of_its_own() -> None:
    sim = started(timeout_s=30.0)
    sim.advance(40.0)
    sim.finish(NAME)
    assert ran(sim)[1:4] == ["restart not_run", "smoke not_run", "undrain dispatched"]
    assert sim.run(NAME).attempts[-1].tasks[3].timeout_s == 30.0
    sim.restart()
    sim.play()
    assert (sim.phase(NAME), sim.run(NAME).reason) == (Phase.TIMED_OUT, "no time left for restart")


def test_the_policy_retries_only_after_finally() -> None:
    sim = started(attempts=2, closing="undrain")
    sim.finish(NAME, 1)
    assert sim.phase(NAME) is Phase.RUNNING
    sim.finish(NAME)
    assert sim.phase(NAME) is Phase.BACKING_OFF
    assert sim.run(NAME).reason == "exit 1 in drain"
    assert sim.run(NAME).attempts[-1].exit_code == 1


def test_a_cancel_stops_the_task_and_finally_runs() -> None:
    sim = started()
    sim.cancel()
    assert len(sim.cancels) == 1
    sim.finish(NAME, result=Result.CANCELLATION)
    assert sim.phase(NAME) is Phase.CANCELLING
    assert sim.run_phase() is RunPhase.CANCELLING
    assert ran(sim)[3] == "undrain dispatched"
    assert sim.run(NAME).cancel_step == ""
    assert not sim.cancels
    sim.restart()
    assert not sim.cancels, "finally was not asked to stop"
    sim.finish(NAME)
    sim.finish(NAME)
    assert sim.phases() == {NAME: "cancelled"}
    assert sim.state.result is Result.CANCELLATION
    assert sim.run(NAME).reason == "cancelled in drain"


def test_a_cancel_spares_a_finally_that_runs_and_a_second_one_stops_it() -> None:
    sim = started()
    sim.finish(NAME, 1)
    sim.cancel(NAME)
    assert not sim.cancels
    (hold,) = [one for one in holds(sim.state, {}) if one.what == sim.run(NAME).id]
    assert hold.text == "finally runs; cancel again to stop it"
    seen = preview(sim.state, Cancel(id="x", targets=(sim.run(NAME).id,)))
    assert [(one.name, one.marker) for one in seen.hosts[0].tasks] == [
        ("undrain", Marker.STOP),
        ("tidy", Marker.RUN),
    ]
    sim.cancel(NAME, by="bob")
    assert len(sim.cancels) == 1
    sim.restart()
    assert len(sim.cancels) == 1
    with pytest.raises(Refused, match="it is being stopped"):
        sim.cancel(NAME)
    sim.finish(NAME, result=Result.CANCELLATION)
    assert ran(sim)[4] == "tidy dispatched"
    sim.finish(NAME)
    assert sim.phase(NAME) is Phase.CANCELLED


def test_after_an_unknown_that_a_person_went_past_finally_does_not_run() -> None:
    sim = started()
    sim.lose(NAME)
    sim.cancel()
    sim.vanish(NAME)
    assert sim.phase(NAME) is Phase.CANCELLED
    assert ran(sim)[3:] == ["undrain not_run", "tidy not_run"]
    assert sim.run_phase() is RunPhase.CANCELLED


def test_a_host_that_is_lost_in_finally_is_unknown_and_goes_on_when_it_answers() -> None:
    sim = started()
    sim.finish(NAME, 1)
    sim.lose(NAME)
    assert sim.phase(NAME) is Phase.UNKNOWN
    sim.finish(NAME)
    sim.finish(NAME)
    assert (sim.phase(NAME), sim.run(NAME).reason) == (Phase.FAILED, "exit 1 in drain")


def test_the_policy_holds_once_a_task_that_is_not_repeatable_was_dispatched() -> None:
    tasks = (task("fetch"), task("migrate", repeatable=False))
    sim = Simulator(plan_of(stage("rollout", job("release", "web3", tasks, attempts=3))))
    sim.ready()
    sim.finish(NAME, 1)
    assert sim.phase(NAME) is Phase.BACKING_OFF
    sim.advance(10.0)
    sim.ready()
    sim.finish(NAME)
    sim.finish(NAME, 1)
    assert sim.phase(NAME) is Phase.FAILED
    assert sim.run_phase() is RunPhase.HELD


def test_a_finally_of_an_attempt_that_was_retried_since_is_no_warning_any_more() -> None:
    sim = started(closing="undrain")
    sim.finish(NAME, 1)
    sim.finish(NAME, 1)
    sim.retry(NAME)
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert sim.state.warnings == ()
    assert [one.tasks[-1].phase for one in sim.run(NAME).attempts] == [TaskPhase.FAILED, TaskPhase.SUCCEEDED]
