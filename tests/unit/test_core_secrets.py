"""What a missing secret holds up, what it does not, and what it says meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runners.core.admit import Refused
from runners.core.describe import document, phase_now
from runners.core.holds import hold_of, holds
from runners.core.secrets import owed_logs
from runners.model.events import SecretGiven, SecretNeeded
from runners.model.intents import Give
from runners.model.news import ExecutionFinished, LogArrived
from runners.model.phases import Phase, Result, RunPhase
from runners.model.plan import Plan
from runners.model.secrets import SecretSource, SourceKind
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

NAME = "release@web1"
LOST = {"TOKEN": "was kept in memory only"}


def with_secret(plan: Plan) -> Plan:
    source = SecretSource(name="TOKEN", kind=SourceKind.ENV, variable="TOKEN")
    return replace(plan, secrets={"TOKEN": source})


def one(**options: Any) -> Simulator:
    made = job("release", "web1", "fetch restart", closing="tidy", **options)
    return Simulator(with_secret(plan_of(stage("rollout", made))))


def give(sim: Simulator, *names: str) -> None:
    sim.ask(Give(id=sim.intent_id(), names=names), "bob")


def test_a_missing_secret_holds_the_run_with_the_words_to_type() -> None:
    sim = one()
    sim.settle((SecretNeeded(secrets=LOST),))
    found = holds(sim.state, {})
    assert phase_now(sim.state, found) is RunPhase.HELD
    assert found[0].text == "TOKEN: was kept in memory only; onduty secret give deploy-api/42 TOKEN"
    waiting = hold_of(sim.state, found, "rollout/release@web1")
    assert waiting is not None
    assert waiting.text == "waits for the secret TOKEN"
    assert document(sim.state, found).next == ("onduty secret give deploy-api/42 TOKEN", "onduty cancel deploy-api/42")


def test_no_task_starts_while_a_secret_is_missing_and_the_time_does_not_count() -> None:
    sim = one(timeout_s=60.0)
    sim.ready()
    sim.settle((SecretNeeded(secrets=LOST),))
    sim.finish(NAME)
    assert sim.phase(NAME) is Phase.RUNNING
    assert len(sim.run(NAME).attempts[-1].tasks) == 3
    assert phase_now(sim.state, holds(sim.state, {})) is RunPhase.HELD
    sim.advance(1000.0)
    give(sim, "TOKEN")
    assert sim.state.secrets_needed == {}
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_what_runs_on_a_host_is_not_held_up_and_its_run_is_not_called_held() -> None:
    sim = one()
    sim.ready()
    sim.started(NAME)
    sim.settle((SecretNeeded(secrets=LOST),))
    found = holds(sim.state, {})
    assert phase_now(sim.state, found) is RunPhase.RUNNING
    assert [hold.what for hold in found] == ["deploy-api/42"]


def test_a_cancel_does_not_wait_for_a_secret() -> None:
    sim = one()
    sim.ready()
    sim.settle((SecretNeeded(secrets=LOST),))
    sim.finish(NAME)
    sim.cancel()
    # Its finally: task is dispatched; the engine says that it cannot be started.
    sim.finish(NAME, 1)
    assert sim.run_phase() is RunPhase.CANCELLED


def test_several_missing_secrets_are_given_one_by_one() -> None:
    sim = one()
    sim.plan = sim.state.plan
    sim.settle((SecretNeeded(secrets={"TOKEN": "gone", "KEY": "gone too"}),))
    sim.settle((SecretGiven(names=("TOKEN",)),))
    assert sim.state.secrets_needed == {"KEY": "gone too"}
    assert holds(sim.state, {})[0].text == "KEY: gone too; onduty secret give deploy-api/42 KEY"
    sim.restart()
    sim.settle((SecretGiven(names=("KEY",)),))
    assert sim.state.secrets_needed_at is None


def test_who_gives_a_secret_that_is_none_is_told_so() -> None:
    sim = one()
    with pytest.raises(Refused, match="deploy-api/42 has no secret TOKE; it has TOKEN"):
        give(sim, "TOKE")
    with pytest.raises(Refused, match="nothing of deploy-api/42 waits for a secret"):
        give(sim)
    plain = Simulator(plan_of(stage("rollout", job("release"))))
    with pytest.raises(Refused, match="deploy-api/42 has no secrets"):
        give(plain, "TOKEN")


def test_a_value_that_changed_can_be_given_at_any_time() -> None:
    sim = one()
    give(sim, "TOKEN")
    assert sim.state.intents


def test_a_log_that_was_left_on_its_host_is_owed_until_it_came_also_after_the_end() -> None:
    sim = Simulator(with_secret(plan_of(stage("rollout", job("release")))))
    sim.ready()
    key = sim.key(NAME)
    id_ = sim.id_of(NAME)
    sim.tell(ExecutionFinished(job_run=id_, key=key, result=Result.SUCCESS, exit_code=0, log_bytes=70, log_owed=True))
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert [owed.key for owed in owed_logs(sim.state)] == [key]
    assert document(sim.state, ()).next == ("onduty secret give deploy-api/42",)
    sim.restart()
    sim.tell(LogArrived(job_run=id_, attempt=1, key=key, log_bytes=66))
    assert not list(owed_logs(sim.state))
    assert sim.run(NAME).attempts[-1].tasks[0].log_bytes == 66
    assert not sim.tell(LogArrived(job_run=id_, attempt=1, key=key, log_bytes=66))
