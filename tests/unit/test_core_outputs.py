"""What later jobs read of earlier ones: whose values, which attempts, and that a request stays the same one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runners.core.describe import document
from runners.core.index import job_run_of
from runners.core.reduce import fold
from runners.engine.request import build_request
from runners.model.events import OutputsRecorded
from runners.model.ids import parse_key
from runners.model.outputs import MOST_OUTPUT_BYTES, Outputs, variable_of
from runners.model.plan import PlannedStage
from runners.model.wire import encode
from runners.ports.transport import ExecutionRequest
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

EVENT_BYTES = 64 << 10


def sim_of(*stages: PlannedStage) -> Simulator:
    sim = Simulator(plan_of(*stages))
    sim.ready()
    return sim


def wrote(sim: Simulator, name: str, exit_code: int = 0, **values: str) -> None:
    """A task ends and has written these."""
    sim.finish(name, exit_code, outputs=Outputs(values=values))
    if sim.prepares:
        sim.ready()


def request_of(sim: Simulator, name: str) -> ExecutionRequest:
    """What the host of a job run is asked to run now."""
    key = sim.key(name)
    parts = parse_key(key)
    return build_request(
        sim.state, job_run=sim.id_of(name), key=key, attempt=parts.attempt, task=parts.task, timeout_s=None, workdir=""
    )


def read(sim: Simulator, name: str) -> dict[str, str]:
    """The variables of earlier jobs in what a job run has on its host."""
    return {key: value for key, value in request_of(sim, name).env.items() if key.startswith("ONDUTY_OUT_")}


def file_of(sim: Simulator, name: str) -> object:
    """What ``$ONDUTY_OUTPUTS`` holds; None when there is no such file."""
    text = request_of(sim, name).earlier
    return None if text is None else json.loads(text)


def test_a_later_job_reads_the_value_of_its_own_host() -> None:
    sim = sim_of(stage("build", job("image", "web1 web2")), stage("rollout", job("release", "web1 web2")))
    wrote(sim, "image@web1", tag="one")
    wrote(sim, "image@web2", tag="two")
    assert read(sim, "release@web1") == {"ONDUTY_OUT_image_tag": "one"}
    assert read(sim, "release@web2") == {"ONDUTY_OUT_image_tag": "two"}
    assert file_of(sim, "release@web1") == {"build/image": {"web1": {"tag": "one"}, "web2": {"tag": "two"}}}


def test_elsewhere_it_reads_the_only_value_or_the_common_one_and_none_where_hosts_differ() -> None:
    sim = sim_of(
        stage("build", job("image", "ci1"), job("probe", "web1 web2 web3")), stage("rollout", job("release", "db1"))
    )
    wrote(sim, "image@ci1", tag="2.4.1", empty="")
    wrote(sim, "probe@web1", kernel="6.1", leader="web1", cores="4")
    wrote(sim, "probe@web2", kernel="6.1", cores="8")
    wrote(sim, "probe@web3")
    assert read(sim, "release@db1") == {
        "ONDUTY_OUT_image_tag": "2.4.1",
        "ONDUTY_OUT_image_empty": "",
        "ONDUTY_OUT_probe_kernel": "6.1",
        "ONDUTY_OUT_probe_leader": "web1",
    }
    assert file_of(sim, "release@db1") == {
        "build/image": {"ci1": {"tag": "2.4.1", "empty": ""}},
        "build/probe": {
            "web1": {"kernel": "6.1", "leader": "web1", "cores": "4"},
            "web2": {"kernel": "6.1", "cores": "8"},
        },
    }


def test_a_job_reads_what_it_needs_also_indirectly_and_nothing_of_its_neighbours_or_itself() -> None:
    sim = sim_of(stage("s", job("a"), job("b", needs="a"), job("c", "web1", "one two", needs="b"), job("d")))
    assert file_of(sim, "a@web1") is None
    wrote(sim, "a@web1", x="1")
    wrote(sim, "d@web1", x="4")
    wrote(sim, "b@web1", x="2")
    assert read(sim, "c@web1") == {"ONDUTY_OUT_a_x": "1", "ONDUTY_OUT_b_x": "2"}
    wrote(sim, "c@web1", x="3")
    assert read(sim, "c@web1") == {"ONDUTY_OUT_a_x": "1", "ONDUTY_OUT_b_x": "2"}


def test_a_job_after_others_that_wrote_nothing_has_an_empty_file() -> None:
    sim = sim_of(stage("s", job("a")), stage("t", job("b")))
    wrote(sim, "a@web1")
    assert (read(sim, "b@web1"), file_of(sim, "b@web1")) == ({}, {})


def test_a_later_task_wins_over_an_earlier_one_of_its_attempt() -> None:
    sim = sim_of(stage("s", job("a", "web1", "one two", closing="clear")), stage("t", job("b")))
    wrote(sim, "a@web1", x="1", y="1")
    wrote(sim, "a@web1", x="2")
    assert read(sim, "a@web1") == {}
    wrote(sim, "a@web1", z="3")
    assert read(sim, "b@web1") == {"ONDUTY_OUT_a_x": "2", "ONDUTY_OUT_a_y": "1", "ONDUTY_OUT_a_z": "3"}


def test_only_an_attempt_that_succeeded_counts() -> None:
    sim = sim_of(
        stage("s", job("a", on_failure="continue"), job("b", attempts=2, delay_s=0), job("c")), stage("t", job("d"))
    )
    wrote(sim, "a@web1", 1, x="failed")
    wrote(sim, "b@web1", 1, x="first", y="first")
    sim.advance(1)
    sim.ready()
    wrote(sim, "b@web1", x="second")
    wrote(sim, "c@web1", 1, x="skipped")
    sim.skip("c@web1")
    sim.ready()
    assert read(sim, "d@web1") == {"ONDUTY_OUT_b_x": "second"}
    jobs = document(sim.state, ()).jobs
    assert [one.outputs for one in jobs] == [{}, {"x": "second"}, {}, {}]


def test_a_retry_from_a_task_keeps_what_the_tasks_before_it_wrote() -> None:
    sim = sim_of(stage("s", job("a", "web1", "one two")), stage("t", job("b")))
    wrote(sim, "a@web1", x="1")
    wrote(sim, "a@web1", 1, y="lost")
    sim.retry_from("two", "a@web1")
    sim.ready()
    wrote(sim, "a@web1", z="3")
    assert read(sim, "b@web1") == {"ONDUTY_OUT_a_x": "1", "ONDUTY_OUT_a_z": "3"}


def test_the_request_of_a_key_is_the_same_after_a_crash_whatever_was_written_meanwhile() -> None:
    sim = sim_of(stage("s", job("a", "web1 web2", on_failure="continue")), stage("t", job("b", "web1", "one two")))
    wrote(sim, "a@web1", x="1")
    wrote(sim, "a@web2", 1)
    before = request_of(sim, "b@web1")
    sim.retry("a@web2")
    sim.ready()
    wrote(sim, "a@web2", x="2", y="2")
    sim.restart()
    assert request_of(sim, "b@web1") == before
    assert before.env["ONDUTY_OUT_a_x"] == "1"
    wrote(sim, "b@web1")
    assert read(sim, "b@web1") == {"ONDUTY_OUT_a_x": "1", "ONDUTY_OUT_a_y": "2"}
    assert file_of(sim, "b@web1") == {"s/a": {"web1": {"x": "1"}, "web2": {"x": "2", "y": "2"}}}


def test_a_rollback_reads_what_its_own_job_run_wrote_also_when_it_failed_and_what_came_before() -> None:
    sim = sim_of(
        stage("s", job("image", "ci1")),
        stage("t", job("migrate", "db1 db2", "backup migrate", rollback="restore"), job("other", "db1")),
    )
    wrote(sim, "image@ci1", tag="7")
    wrote(sim, "migrate@db1", backup="/b/1")
    wrote(sim, "migrate@db2", backup="/b/2")
    wrote(sim, "migrate@db1", 1)
    wrote(sim, "migrate@db2")
    wrote(sim, "other@db1", x="1")
    sim.rollback()
    sim.ready()
    assert read(sim, "migrate@db1") == {"ONDUTY_OUT_image_tag": "7", "ONDUTY_OUT_migrate_backup": "/b/1"}
    assert read(sim, "migrate@db2") == {"ONDUTY_OUT_image_tag": "7", "ONDUTY_OUT_migrate_backup": "/b/2"}
    assert file_of(sim, "migrate@db1") == {"s/image": {"ci1": {"tag": "7"}}, "t/migrate": {"db1": {"backup": "/b/1"}}}
    wrote(sim, "migrate@db1", undone="yes")
    wrote(sim, "migrate@db2")
    assert document(sim.state, ()).jobs[1].outputs == {}


def test_jobs_of_one_name_in_several_stages_count_as_one_and_the_later_stage_wins_on_the_same_host() -> None:
    sim = sim_of(
        stage("canary", job("release", "web1")),
        stage("rollout", job("release", "web1 web2")),
        stage("after", job("report", "ci1 web1")),
    )
    wrote(sim, "canary/release@web1", version="2.4.0", at="canary")
    wrote(sim, "rollout/release@web1", version="2.4.1", at="rollout")
    wrote(sim, "rollout/release@web2", version="2.4.1", at="rollout")
    assert read(sim, "report@web1") == {
        "ONDUTY_OUT_release_version": "2.4.1",
        "ONDUTY_OUT_release_at": "rollout",
    }
    assert read(sim, "report@ci1") == {}
    assert file_of(sim, "report@ci1") == {
        "canary/release": {"web1": {"version": "2.4.0", "at": "canary"}},
        "rollout/release": {
            "web1": {"version": "2.4.1", "at": "rollout"},
            "web2": {"version": "2.4.1", "at": "rollout"},
        },
    }


def test_where_the_names_of_two_jobs_make_one_variable_it_is_set_only_when_they_agree() -> None:
    sim = sim_of(stage("s", job("build-api"), job("build.api"), job("build")), stage("t", job("use")))
    wrote(sim, "build-api@web1", tag="1", same="x")
    wrote(sim, "build.api@web1", tag="2", same="x", own="y")
    wrote(sim, "build@web1", api_own="z")
    assert read(sim, "use@web1") == {"ONDUTY_OUT_build_api_same": "x"}
    assert variable_of("build-api", "tag") == "ONDUTY_OUT_build_api_tag"


def test_an_attempt_has_one_share_for_all_its_tasks_and_what_does_not_fit_is_said() -> None:
    sim = sim_of(stage("s", job("a", "web1", "one two three")), stage("t", job("b")))
    wrote(sim, "a@web1", x="x" * 40_000)
    wrote(sim, "a@web1", y="y" * 30_000)
    sim.finish("a@web1", outputs=Outputs(values={"z": "1"}, problems=("line 2 of its outputs holds a NUL",)))
    sim.ready()
    assert set(read(sim, "b@web1")) == {"ONDUTY_OUT_a_x", "ONDUTY_OUT_a_z"}
    assert document(sim.state, ()).warnings == (
        "two of a@web1: its outputs are 70,006 bytes and an attempt may have 65,536; none was taken",
        "three of a@web1: line 2 of its outputs holds a NUL",
    )
    wrote(sim, "b@web1")
    assert len(sim.state.warnings) == 2


def test_late_outputs_of_an_attempt_that_a_person_went_past_change_nothing() -> None:
    sim = sim_of(stage("s", job("a")), stage("t", job("b")))
    old = sim.key("a@web1")
    sim.vanish("a@web1")
    sim.retry("a@web1", not_running=True)
    sim.ready()
    late = OutputsRecorded(job_run="s/a@web1", attempt=1, task=1, key=old, values={"x": "late"})
    sim.settle((late,))
    assert all(not task.outputs for attempt in sim.run("a@web1").attempts for task in attempt.tasks)


NASTY = st.text(alphabet=st.sampled_from(["\x01", '"', "\\", "é", "😀", "a", "\x7f"]), min_size=1, max_size=40)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), NASTY, max_size=12), st.integers(1, 4000))
def test_no_event_is_too_large_and_together_they_say_everything(values: dict[str, str], times: int) -> None:
    long = {key: value * times for key, value in values.items()}
    total = sum(len(key) + len(value.encode()) + 2 for key, value in long.items())
    sim = sim_of(stage("s", job("a")))
    sim.finish("a@web1", outputs=Outputs(values=long))
    said = [event.payload for event in sim.events if isinstance(event.payload, OutputsRecorded)]
    assert all(len(encode(payload)) < EVENT_BYTES for payload in said)
    wanted = long if total <= MOST_OUTPUT_BYTES else {}
    folded = job_run_of(fold(sim.plan, sim.events), "s/a@web1")
    assert folded.attempts[-1].tasks[0].outputs == wanted
    assert bool(folded.attempts[-1].tasks[0].output_problems) == (total > MOST_OUTPUT_BYTES)
