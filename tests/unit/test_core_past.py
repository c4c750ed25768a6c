"""What a run leaves for later ones, and the history that is made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.core import describe
from runners.core.admit import Refused
from runners.core.past import MOST_FAILURES, past_of
from runners.core.percentiles import percentile
from runners.core.pipeline_history import Earlier, history_of
from runners.model import api
from runners.model.intents import Shell
from runners.model.past import Past, Then
from runners.model.phases import RUN_ENDED, RunPhase
from runners.model.wire import decode, encode
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator


def passed(name: str, sim: Simulator, seconds: float) -> None:
    sim.ready(name)
    sim.started(name)
    sim.advance(seconds)
    sim.finish(name)


def failed(name: str, sim: Simulator, line: str = "error: boom", code: int = 1) -> None:
    sim.ready(name)
    sim.started(name)
    sim.finish(name, code)
    sim.advise(name, first_line=line)


def test_durations_of_stages_and_jobs_are_kept_and_the_median_host_is_the_usual_one() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2 web3"))))
    sim.ready("release@web1", "release@web2", "release@web3")
    for name in ("web1", "web2", "web3"):
        sim.started(f"release@{name}")
        sim.advance(10.0)
        sim.finish(f"release@{name}")
    past = past_of(sim.state)
    took = past.jobs["rollout/release"]
    assert (took.usual_s, took.longest_s) == (20.0, 30.0)
    assert past.stages == {"rollout": 30.0}
    assert past.failures == ()


def test_a_failure_that_was_retried_and_passed_says_who_retried_it() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2"))))
    passed("release@web2", sim, 1.0)
    failed("release@web1", sim)
    sim.retry("release@web1", by="bob")
    passed("release@web1", sim, 1.0)
    assert sim.run_phase() is RunPhase.SUCCEEDED
    (failure,) = past_of(sim.state).failures
    assert (failure.job, failure.host, failure.task, failure.reason) == (
        *("rollout/release", "web1", "work"),
        "exit 1 in work",
    )
    assert (failure.first_line, failure.then, failure.by) == ("error: boom", Then.PASSED, "bob")


def test_a_shell_on_its_host_between_a_failure_and_what_passed_is_kept_with_the_failure() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2"))))
    sim.ask(Shell(id="early", host="web1"), "dan")
    sim.advance(1.0)
    failed("release@web1", sim)
    failed("release@web2", sim)
    sim.advance(1.0)
    sim.ask(Shell(id="i1", host="web1"), "eve")
    assert sim.ask(Shell(id="i1", host="web1"), "eve") == ()
    with pytest.raises(Refused, match="web9 is no host of"):
        sim.ask(Shell(id="i2", host="web9"))
    for name in ("release@web1", "release@web2"):
        sim.retry(name, by="bob")
        passed(name, sim, 1.0)
    sim.advance(1.0)
    sim.ask(Shell(id="late", host="web2"), "fay")
    (failure,) = past_of(sim.state).failures
    assert (failure.hosts, failure.by, failure.shell_by) == (2, "bob", "eve")


def test_a_failure_that_the_policy_retried_names_nobody() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", attempts=2))))
    sim.ready("release@web1")
    sim.finish("release@web1", 1)
    sim.advance(60.0)
    passed("release@web1", sim, 1.0)
    (failure,) = past_of(sim.state).failures
    assert (failure.then, failure.by, failure.attempt) == (Then.PASSED, "", 1)


def test_a_skip_keeps_who_and_why() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1"))))
    failed("release@web1", sim)
    assert past_of(sim.state).failures[0].then is Then.OPEN
    sim.skip("release@web1", by="carol", reason="web1 leaves tomorrow")
    (failure,) = past_of(sim.state).failures
    assert (failure.then, failure.by, failure.why) == (Then.SKIPPED, "carol", "web1 leaves tomorrow")


def test_a_failure_that_the_run_goes_on_without_and_one_that_ends_it() -> None:
    def ended(on_failure: str) -> Then:
        sim = Simulator(plan_of(stage("rollout", job("release", "web1", on_failure=on_failure))))
        failed("release@web1", sim)
        assert sim.state.phase in RUN_ENDED
        return past_of(sim.state).failures[0].then

    assert ended("continue") is Then.CONTINUED
    assert ended("stop") is Then.NOTHING


def test_a_rolled_back_run_says_so_of_what_failed_in_it() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1", rollback="undo"))))
    failed("release@web1", sim)
    sim.rollback(by="bob")
    sim.ready("release@web1")
    sim.finish("release@web1")
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    (failure,) = past_of(sim.state).failures
    assert (failure.then, failure.by) == (Then.ROLLED_BACK, "bob")


def test_a_host_that_was_given_up_failed_without_a_task() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1"))))
    sim.give_up("release@web1")
    (failure,) = past_of(sim.state).failures
    assert (failure.task, failure.attempt) == ("", 0)
    assert failure.reason


def test_hosts_that_fail_alike_are_one_failure_and_what_differs_stays_apart() -> None:
    names = [f"web{number}" for number in range(1, 41)]
    sim = Simulator(plan_of(stage("rollout", job("release", " ".join(names)))))
    for name in names[:38]:
        failed(f"release@{name}", sim)
    failed("release@web39", sim, line="no space left on device")
    failed("release@web40", sim, code=2)
    found = past_of(sim.state).failures
    assert [(one.host, one.hosts) for one in found] == [("web1", 38), ("web39", 1), ("web40", 1)]


def test_what_is_kept_has_an_end_however_much_failed_and_however_long_the_params_are() -> None:
    names = [f"web{number}" for number in range(60)]
    plan = replace(plan_of(stage("rollout", job("release", " ".join(names)))), params={"notes": "x" * 9000})
    sim = Simulator(plan)
    for name in names:
        failed(f"release@{name}", sim, line=f"error on {name} " + "x" * 490)
    past = past_of(sim.state)
    assert len(past.failures) == MOST_FAILURES
    assert past.params is None
    assert len(encode(past)) < 32_000


@given(failing=st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)), attempts=st.integers(1, 3))
def test_any_past_reads_back_as_it_was_written(failing: dict[str, int], attempts: int) -> None:
    sim = Simulator(plan_of(stage("one", job("a", "h1 h2", attempts=attempts)), stage("two", job("b"), job("c"))))
    sim.play({f"{name}@{'h1' if name == 'a' else 'web1'}": times for name, times in failing.items() if times})
    past = past_of(sim.state)
    assert decode(encode(past), Past) == past
    assert all(one.hosts >= 1 and one.job for one in past.failures)


# ----- percentiles and history


@given(values=st.lists(st.floats(0, 1e6), min_size=1), percent=st.integers(1, 100))
def test_a_percentile_was_measured_and_enough_of_the_values_do_not_exceed_it(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 50) is None


def earlier(number: int, phase: RunPhase = RunPhase.SUCCEEDED, took_s: float | None = 60.0) -> Earlier:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1"))), number=number)
    line = describe.summary(sim.state, ())
    ended = api.rfc3339(1000.0 + took_s) if took_s is not None and phase in RUN_ENDED else None
    started = api.rfc3339(1000.0) if took_s is not None else None
    fields = {"phase": phase.value, "started_at": started, "ended_at": ended}
    document = {**decode(encode(line), dict), **fields}
    return Earlier(number=number, line=decode(encode(document), api.RunSummary), past=past_of(sim.state))


def test_a_cancelled_run_counts_neither_way_and_a_rolled_back_one_did_not_succeed() -> None:
    runs = [
        earlier(6, RunPhase.RUNNING),
        earlier(5, RunPhase.CANCELLED, 1.0),
        earlier(4, RunPhase.ROLLED_BACK, 500.0),
        earlier(3, RunPhase.FAILED, 5.0),
        earlier(2, took_s=80.0),
        earlier(1, took_s=40.0),
    ]
    history = history_of("deploy-api", runs, {}, 3)
    assert [run.id for run in history.runs] == ["deploy-api/6", "deploy-api/5", "deploy-api/4"]
    assert (history.ended, history.succeeded, history.success_rate) == (4, 2, 0.5)
    assert (history.p50_s, history.p95_s) == (40.0, 80.0)
    assert [run.duration_s for run in history.runs] == [None, 1.0, 500.0]


def test_a_pipeline_that_never_ran_has_an_empty_history_and_claims_nothing() -> None:
    history = history_of("deploy-api", [], {}, 20)
    assert history == api.PipelineHistory(pipeline="deploy-api")
    assert (history.success_rate, history.p50_s) == (None, None)


def test_the_first_failure_is_told_in_words_also_of_a_run_that_succeeded_in_the_end() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web1 web2 web3"))))
    failed("release@web2", sim)
    sim.advance(1.0)
    failed("release@web1", sim)
    past = past_of(sim.state)
    run = history_of("p", [replace(earlier(1), past=past)], {}, 1).runs[0]
    assert run.failed == "release@web2: exit 1 in work, and 1 more"
    assert run.first_line == "error: boom"
