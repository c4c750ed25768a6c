"""``retry``, ``skip`` and ``cancel`` typed by people: accepted and durable, or refused with who was first."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from tests.person import Person, until

TWO = """\
version: 1
name: two
params: {mended: {default: /nowhere}, gate: {default: /}}
stages:
  - name: one
    jobs:
      left: {hosts: local, tasks: [{run: 'test -e "$mended"'}]}
      right: {hosts: local, tasks: [{run: 'test -e "$mended"'}]}
      slow: {hosts: local, tasks: [{run: 'while [ ! -e "$gate" ]; do sleep 0.05; done'}]}
  - name: two
    jobs:
      after: {hosts: local, tasks: [{run: 'true'}]}
"""

SLOW_SECOND = """\
version: 1
name: second
params: {gate: {}}
stages:
  - name: one
    jobs:
      left:
        hosts: local
        tasks: [{run: '[ "$ONDUTY_ATTEMPT" != 1 ]; while [ ! -e "$gate" ]; do sleep 0.05; done'}]
"""


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    resident.write("two.yaml", TWO)
    resident.write("second.yaml", SLOW_SECOND)
    return resident


def held(home: Person, *words: str) -> str:
    """A run of which ``left`` and ``right`` failed."""
    uid = home.begin("two.yaml", *words)
    home.quick("wait", uid, code=1)
    return uid


def phases(home: Person, uid: str) -> dict[str, str]:
    return {job["job"]: job["phase"] for job in home.document(uid)["jobs"]}


def refusals(home: Person, uid: str) -> list[str]:
    return [line for line in home.quick("events", uid).out.splitlines() if "  intent_refused  " in line]


def test_a_retry_of_all_that_failed_is_accepted_and_durable(home: Person, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    uid = held(home, "-p", f"mended={mended}")
    mended.touch()
    answer = home.quick("retry", uid, "--reason", "the disk was full", "--json").json()
    assert answer["accepted"] is True
    assert answer["targets"] == ["one/left@local", "one/right@local"]
    home.kill_controller()
    assert home("wait", uid).code == 0
    assert [job["attempt"] for job in home.document(uid)["jobs"]] == [2, 2, 1, 1]
    assert '"reason":"the disk was full"' in home.quick("events", uid).out


def test_two_retries_at_the_same_moment_start_one_attempt_and_the_second_hears_who_was_first(
    home: Person, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    uid = home.begin("second.yaml", "-p", f"gate={gate}")
    home.quick("wait", uid, code=1)
    both = [home.start("retry", uid, "left") for _ in range(2)]
    done = sorted((home.end(process) for process in both), key=lambda one: one.code)
    assert [one.code for one in done] == [0, 5]
    assert f"onduty: {getpass.getuser()} retried left@local " in done[1].err
    assert "  try: onduty " in done[1].err
    gate.touch()
    home.until_phase(uid, "succeeded")
    assert [job["attempt"] for job in home.document(uid)["jobs"]] == [2]
    assert len(refusals(home, uid)) == 1


def test_the_second_of_two_who_saw_the_same_failure_is_refused_also_when_the_first_retry_is_over(home: Person) -> None:
    uid = held(home)
    body = {"intent": "retry", "targets": ["left"], "seen_attempts": {"one/left@local": 1}}
    first = home.api("POST", f"/v1/runs/{uid}/intents", json={"id": "A" + uid, **body})
    assert first.status_code == 200
    until(lambda: home.document(uid)["phase"] == "held" and home.document(uid)["jobs"][0]["attempt"] == 2)
    again = home.api("POST", f"/v1/runs/{uid}/intents", json={"id": "A" + uid, **body})
    assert again.json() == first.json()
    second = home.api("POST", f"/v1/runs/{uid}/intents", json={"id": "B" + uid, **body})
    assert second.status_code == 409
    assert "retried left@local" in second.json()["detail"]
    assert home.document(uid)["jobs"][0]["attempt"] == 2


def test_a_job_without_a_host_means_those_that_it_can_be_done_to(home: Person) -> None:
    uid = held(home)
    assert home.quick("retry", uid, "one/left").out == "one/left@local will be retried\n"


def test_several_targets_are_all_or_nothing(home: Person) -> None:
    uid = held(home)
    done = home.quick("retry", uid, "left", "slow@local", code=5)
    assert "slow@local succeeded" in done.err
    assert f"  try: onduty retry two/{home.document(uid)['id'].split('/')[1]} left@local" in done.err
    assert [job["attempt"] for job in home.document(uid)["jobs"]] == [1, 1, 1, 0]
    wrong = home.quick("retry", uid, "left", "lefft", "left@web9", code=2)
    assert "no job lefft, did you mean left?" in wrong.err
    assert "left does not run on web9" in wrong.err
    assert phases(home, uid)["left"] == "failed"


def test_what_was_skipped_lets_the_rest_go_on_and_the_run_names_it(home: Person) -> None:
    uid = held(home)
    assert home.quick("skip", uid, "left", "right", "--reason", "being rebuilt").out == "2 job runs are skipped\n"
    done = home.quick("wait", uid)
    assert f"warning: left@local was skipped by {getpass.getuser()}: being rebuilt" in done.err
    assert phases(home, uid) == {"left": "skipped", "right": "skipped", "slow": "succeeded", "after": "succeeded"}
    late = home.quick("skip", uid, "left", code=5)
    assert "has succeeded; nothing waits for left@local" in late.err
    assert home.quick("skip", uid, code=2).err.startswith("onduty: the following arguments are required")


def test_what_runs_can_be_cancelled_and_not_skipped(home: Person, tmp_path: Path) -> None:
    uid = home.begin("two.yaml", "-p", f"gate={tmp_path / 'never'}")
    until(lambda: phases(home, uid)["slow"] == "running")
    done = home.quick("skip", uid, "slow", code=5)
    assert "slow@local is running; cancel it first, then skip it" in done.err
    step = next(line.removeprefix("  try: ") for line in done.err.splitlines() if line.startswith("  try: "))
    assert home.quick(*step.split()[1:]).out == "one/slow@local will be stopped\n"
    until(lambda: phases(home, uid)["slow"] == "cancelled", patience_s=60)
    assert not [one for one in home.processes() if "never" in " ".join(one.environ().get("gate", ""))]
    home.quick("wait", uid, code=1)


def test_a_whole_run_is_cancelled_once(home: Person, tmp_path: Path) -> None:
    uid = home.begin("two.yaml", "-p", f"gate={tmp_path / 'never'}")
    until(lambda: phases(home, uid)["slow"] == "running")
    name = home.document(uid)["id"]
    assert home.quick("cancel", uid, "--reason", "wrong one").out == f"{name} is being cancelled\n"
    again = home.quick("cancel", uid, code=5)
    # Which of the two depends on how fast its job ends.
    assert f"{getpass.getuser()} is cancelling {name} already" in again.err or "was cancelled" in again.err
    assert home.end(home.start("wait", uid)).code == 3
    assert "was cancelled" in home.quick("cancel", uid, code=5).err


def test_a_task_that_is_not_there_and_a_cut_option_are_refused_and_do_nothing(home: Person) -> None:
    uid = held(home)
    for option in ("--from", "--task"):
        said = home.quick("retry", uid, option, "restart", code=5).err
        assert "left@local has no task restart; it has task-1; right@local has no task restart" in said
    assert home.quick("retry", uid, "--tas", "x", code=2).err.startswith("onduty: unrecognized arguments")
    assert [job["attempt"] for job in home.document(uid)["jobs"]] == [1, 1, 1, 0]


def test_an_intent_goes_through_although_the_controller_is_restarted_below_it(home: Person) -> None:
    uid = held(home)
    home.kill_controller()
    assert home("skip", uid, "left").out == "one/left@local is skipped\n"
    assert phases(home, uid)["left"] == "skipped"
