"""What is usual, what changed, and what was seen before: nothing is claimed that too few runs know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runners.core import describe
from runners.core.changes import changes_of
from runners.core.past import past_of
from runners.core.pipeline_history import Earlier
from runners.core.seen import seen
from runners.core.usual import LEAST_RUNS, is_long, left_s, usual_of
from runners.model import api
from runners.model.inventory import Host
from runners.model.kinds import PinnedFile, PinnedSource
from runners.model.past import Then
from runners.model.plan import Plan
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator

PLAN = plan_of(stage("canary", job("release", "web1")), stage("rollout", job("release", "web2 web3")))


def of(sim: Simulator, number: int) -> Earlier:
    line = msgspec.structs.replace(describe.summary(sim.state, ()), id=f"deploy-api/{number}", uid=f"u{number}")
    return Earlier(number=number, line=line, past=past_of(sim.state))


def good(number: int, task_s: float = 10.0, plan: Plan = PLAN) -> Earlier:
    sim = Simulator(plan)
    for one in plan.jobs():
        for id_ in one.job_run_ids():
            sim.ready(id_)
            sim.started(id_)
        sim.advance(task_s)
        for id_ in one.job_run_ids():
            sim.finish(id_)
    return of(sim, number)


def bad(number: int, *names: str, line: str = "bind: address already in use", code: int = 1) -> Simulator:
    sim = Simulator(PLAN)
    for id_ in names:
        sim.ready(id_)
        sim.started(id_)
        sim.finish(id_, code)
        sim.advise(id_, first_line=line)
    return sim


def same(line: str) -> str:
    return line.rstrip("0123456789")


# ----- usual


def test_fewer_than_three_runs_say_nothing() -> None:
    state = Simulator(PLAN).state
    assert usual_of(state, [good(1), good(2)]) == api.Usual(runs=2)
    usual = usual_of(state, [good(3), good(2), good(1)])
    assert (usual.runs, usual.run_s, usual.stages) == (3, 20.0, {"canary": 10.0, "rollout": 10.0})
    assert usual.jobs["rollout/release"] == api.UsualJob(usual_s=10.0, longest_s=10.0)


def test_only_the_last_ten_that_succeeded_alike_count() -> None:
    state = Simulator(PLAN).state
    elsewhere = good(30, 500.0, replace(PLAN, environment="staging"))
    limited = good(29, 500.0, replace(PLAN, limit="web1"))
    failed = of(bad(28, "canary/release@web1"), 28)
    runs = [elsewhere, limited, failed, *(good(20 - n, 1.0) for n in range(10)), *(good(5, 900.0) for _ in range(9))]
    assert usual_of(state, runs).stages == {"canary": 1.0, "rollout": 1.0}


def test_what_is_left_is_the_rest_of_this_stage_and_all_of_those_to_come() -> None:
    sim = Simulator(PLAN)
    usual = usual_of(sim.state, [good(1), good(2), good(3)])
    sim.ready("canary/release@web1")
    sim.started("canary/release@web1")
    sim.advance(4.0)
    assert left_s(sim.state, usual, sim.now_utc) == 16.0
    sim.advance(7.0)
    assert left_s(sim.state, usual, sim.now_utc) is None
    sim.finish("canary/release@web1")
    assert left_s(sim.state, usual, sim.now_utc) == 10.0


def test_what_is_left_is_not_told_of_a_run_that_stands_or_has_a_stage_nobody_measured() -> None:
    sim = Simulator(PLAN)
    usual = usual_of(sim.state, [good(1), good(2), good(3)])
    assert left_s(sim.state, msgspec.structs.replace(usual, stages={"canary": 10.0}), sim.now_utc) is None
    sim.pause()
    assert left_s(sim.state, usual, sim.now_utc) is None


@given(elapsed_s=st.floats(0, 1e5), usual_s=st.floats(0, 1e4), more_s=st.floats(0, 1e4))
def test_nothing_is_far_over_that_took_as_long_before(elapsed_s: float, usual_s: float, more_s: float) -> None:
    usual = api.UsualJob(usual_s=usual_s, longest_s=usual_s + more_s)
    if is_long(elapsed_s, usual):
        assert elapsed_s > usual.longest_s
        assert elapsed_s >= 2 * usual_s
        assert elapsed_s - usual_s >= 10.0


def test_four_minutes_are_far_over_forty_seconds_and_a_second_job_of_five_seconds_is_not() -> None:
    assert is_long(240.0, api.UsualJob(usual_s=40.0, longest_s=55.0))
    assert not is_long(9.0, api.UsualJob(usual_s=1.0, longest_s=1.5))
    assert not is_long(240.0, api.UsualJob(usual_s=40.0, longest_s=300.0))
    assert LEAST_RUNS == 3


# ----- changes


def since(before: Plan, now: Plan, by: str | None = None) -> api.Changes:
    return changes_of(before, now, run="deploy-api/41", uid="u41", ended_at=None, by=by)


def test_two_equal_plans_have_no_changes() -> None:
    assert since(PLAN, PLAN) == api.Changes(run="deploy-api/41", uid="u41", ended_at=None)


def test_a_param_is_told_with_both_values_and_not_as_a_change_of_the_tasks_it_reaches() -> None:
    def plan(value: str) -> Plan:
        tasks = (task("fetch", env={"release": value}), task("restart", env={"release": value}))
        made = plan_of(stage("rollout", job("release", "web1", tasks)))
        return replace(made, params={"release": value}, definition_digest="sha256:" + value)

    found = since(plan("2.4.0"), plan("2.4.1"))
    assert found.params == (api.ParamChange(name="release", before="2.4.0", now="2.4.1"),)
    assert found.definition
    assert found.jobs == ()


def test_jobs_are_told_with_the_tasks_that_do_something_else() -> None:
    before = plan_of(stage("s", job("a", tasks="fetch restart", rollback="undo"), job("b"), job("gone")))
    changed = (task("fetch"), task("restart", command="./other.sh"), task("smoke"))
    now = plan_of(stage("s", job("a", "web1", changed, rollback="undo"), job("b", attempts=3), job("new")))
    assert since(before, now).jobs == (
        api.JobChange(job="s/a", how="changed", tasks=("restart", "smoke")),
        api.JobChange(job="s/b", how="changed"),
        api.JobChange(job="s/new", how="added"),
        api.JobChange(job="s/gone", how="removed"),
    )


def test_a_job_that_a_limit_left_out_is_not_gone() -> None:
    now = replace(plan_of(stage("s", job("a"))), left_out=("s/b",))
    assert since(plan_of(stage("s", job("a"), job("b"))), now).jobs == ()


def test_hosts_that_came_went_moved_or_got_other_variables() -> None:
    def plan(*hosts: Host) -> Plan:
        return replace(PLAN, hosts={host.name: host for host in hosts})

    before = plan(Host(name="web1"), Host(name="web2"), Host(name="web3", vars={"WEIGHT": "1"}))
    now = plan(Host(name="web2", address="10.0.0.9"), Host(name="web3", vars={"WEIGHT": "2"}), Host(name="web4"))
    found = since(before, now, by="bob")
    assert (found.hosts_added, found.hosts_gone, found.hosts_moved) == (("web4",), ("web1",), ("web2",))
    assert (found.hosts_set, found.by) == (("web3",), "bob")


def test_files_with_other_content_and_the_pipelines_own_environment() -> None:
    def plan(mark: str) -> Plan:
        source = PinnedSource(folder=False, files=(PinnedFile(path="", sha256=mark, size_bytes=1, mode=0o644),))
        return replace(PLAN, sources={"app.conf": source, f"{mark}.conf": source}, env={"APP": mark, "SAME": "1"})

    found = since(plan("a"), plan("b"))
    assert (found.files, found.env) == (("app.conf",), ("APP",))


# ----- seen


FAILED = "canary/release@web1"


def test_a_failure_is_the_same_when_its_first_bad_line_says_the_same() -> None:
    now = bad(9, FAILED, line="error, pid 77").state
    assert seen(now, FAILED, [good(8), of(bad(7, FAILED, line="another error"), 7)], same) is None
    found = seen(now, FAILED, [good(8), of(bad(7, FAILED, line="error, pid 12", code=3), 7)], same)
    assert found is not None
    assert (found.times, found.of, found.run, found.host) == (1, 2, "deploy-api/7", "web1")
    assert found.always_on is None


def test_without_a_line_the_same_task_with_the_same_exit_is_the_same() -> None:
    now = bad(9, FAILED, line="").state
    assert seen(now, FAILED, [of(bad(7, FAILED, line="", code=2), 7)], same) is None
    found = seen(now, FAILED, [of(bad(7, FAILED, line=""), 7), of(bad(6, FAILED), 6)], same)
    assert found is not None
    assert (found.times, found.always_on) == (2, "web1")


def test_the_same_line_in_another_job_is_another_failure() -> None:
    sim = Simulator(PLAN)
    for id_ in (FAILED,):
        sim.ready(id_)
        sim.finish(id_)
    sim.ready("rollout/release@web2")
    sim.finish("rollout/release@web2", 1)
    sim.advise("rollout/release@web2", first_line="bind: address already in use")
    assert seen(bad(9, FAILED).state, FAILED, [of(sim, 7)], same) is None


def test_what_did_not_fail_was_never_seen() -> None:
    assert seen(Simulator(PLAN).state, FAILED, [of(bad(7, FAILED), 7)], same) is None
    assert seen(Simulator(PLAN).state, "no/such@job", [of(bad(7, FAILED), 7)], same) is None


def fixed(*earlier: Earlier) -> api.Fix:
    found = seen(bad(9, FAILED).state, FAILED, earlier, same)
    assert found is not None
    assert found.fix is not None
    return found.fix


def retried(number: int) -> Earlier:
    sim = bad(number, FAILED)
    sim.retry(FAILED, by="bob")
    sim.ready(FAILED)
    sim.finish(FAILED)
    return of(sim, number)


def skipped(number: int) -> Earlier:
    sim = bad(number, FAILED)
    sim.skip(FAILED, by="carol", reason="it leaves tomorrow")
    return of(sim, number)


def test_what_helped_last_is_told_and_a_retry_that_passed_comes_first() -> None:
    fix = fixed(of(bad(8, FAILED), 8), skipped(7), retried(6))
    assert (fix.run, fix.how, fix.by) == ("deploy-api/6", "passed", "bob")
    fix = fixed(of(bad(8, FAILED), 8), skipped(7))
    assert (fix.run, fix.how, fix.by, fix.why) == ("deploy-api/7", "skipped", "carol", "it leaves tomorrow")


def test_where_nothing_helped_the_next_good_run_is_named() -> None:
    sim = bad(5, FAILED)
    sim.cancel(by="bob")
    fix = fixed(good(8), good(7), of(sim, 5))
    assert (fix.how, fix.by, fix.next_good) == ("cancelled", "bob", "deploy-api/7")
    still = fixed(good(8), of(bad(5, FAILED), 5))
    assert (still.how, still.next_good) == (Then.OPEN.value, None)


def test_a_note_counts_only_when_it_was_written_after_the_failure() -> None:
    run = retried(7)
    later = replace(run, past=replace(run.past, note="port was held by java", note_by="bob", note_at_utc=9e9))
    before = replace(run, past=replace(run.past, note="starting now", note_by="bob", note_at_utc=1.0))
    assert (fixed(later).note, fixed(later).note_by) == ("port was held by java", "bob")
    assert fixed(before).note == ""


names: st.SearchStrategy[Sequence[str]] = st.lists(
    st.sampled_from(["good", "bad", "retried", "skipped"]), min_size=1, max_size=6
)


@given(story=names)
def test_any_history_is_counted_once_for_each_run_and_told_without_an_exception(story: Sequence[str]) -> None:
    makers = {"good": good, "bad": lambda n: of(bad(n, FAILED), n), "retried": retried, "skipped": skipped}
    earlier = [makers[name](len(story) - number) for number, name in enumerate(story)]
    found = seen(bad(99, FAILED).state, FAILED, earlier, same)
    failures = [name for name in story if name != "good"]
    assert (found.times if found else 0) == len(failures)
    if found is not None and "retried" in failures:
        assert found.fix is not None
        assert found.fix.how == "passed"
