"""``run`` and ``wait`` in front of a person: the lines, the ends, the exit codes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.flows.pipelines import WAITS
from tests.person import Person, until

STORY = """\
version: 1
name: story
params: {fails: {default: ''}}
stages:
  - name: build
    jobs:
      compile:
        hosts: local
        tasks:
          - {name: words, run: 'echo one; echo two >&2; printf "no newline"'}
          - {name: more, run: 'echo three; if [ -n "$fails" ]; then echo "bind: address already in use"; exit 7; fi'}
  - name: ship
    jobs:
      send: {hosts: local, tasks: [{run: echo sent}]}
"""

TOLERATED = """\
version: 1
name: tolerated
stages:
  - name: one
    jobs:
      shaky: {hosts: local, on_failure: continue, tasks: [{run: exit 3}]}
      good: {hosts: local, tasks: [{run: 'true'}]}
"""

STOPS = """\
version: 1
name: stops
stages:
  - name: one
    jobs:
      bad: {hosts: local, on_failure: stop, tasks: [{run: exit 9}]}
"""


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    for name, text in (("waits", WAITS), ("story", STORY), ("tolerated", TOLERATED), ("stops", STOPS)):
        resident.write(f"{name}.yaml", text)
    return resident


def running(home: Person, tmp_path: Path) -> tuple[str, Path]:
    """A run whose job waits until the file is there."""
    gate = tmp_path / "gate"
    uid = home.begin("waits.yaml", "-p", f"gate={gate}")
    until(lambda: home.document(uid)["jobs"][0]["phase"] == "running")
    return uid, gate


def test_a_run_in_front_prints_every_line_with_host_and_job_and_ends_with_0(home: Person) -> None:
    done = home("run", "story.yaml")
    assert done.out.splitlines() == [
        "local compile| one",
        "local compile| two",
        "local compile| no newline",
        "local compile| three",
        "local send| sent",
    ]
    assert done.err.splitlines()[0].endswith(" started")
    assert done.err.splitlines()[-1].endswith(": succeeded")


def test_a_failed_job_holds_the_run_says_the_next_commands_and_ends_with_1(home: Person) -> None:
    done = home.quick("run", "story.yaml", "-p", "fails=yes", code=1)
    assert "build/compile@local: failed, exit 7 in more" in done.err
    assert "sent" not in done.out
    steps = [line.removeprefix("  next: ") for line in done.err.splitlines() if line.startswith("  next: ")]
    assert [step.split()[1] for step in steps] == ["retry", "skip", "logs", "cancel"]
    for step in steps:
        assert home.quick(*step.split()[1:], code=None).code in (0, 5), step


def test_tolerated_failures_end_with_0_and_a_warning(home: Person) -> None:
    done = home.quick("run", "tolerated.yaml")
    assert "warning: shaky@local failed and the run went on" in done.err


def test_a_run_that_stops_ends_with_1(home: Person) -> None:
    assert home.quick("run", "stops.yaml", code=1).err.splitlines()[-4].endswith(": failed")


def test_problems_of_the_texts_end_with_2_and_start_nothing(home: Person) -> None:
    before = home.api("GET", "/v1/runs").json()
    wrong = STORY.replace("hosts: local", "hosts: nowhere", 1).replace("hosts: local, tasks", "hosts: there, tasks")
    home.write("wrong.yaml", wrong)
    done = home.quick("run", "wrong.yaml", code=2)
    assert [line.split(":")[1] for line in done.err.splitlines()[:2]] == ["8", "14"]
    assert "nothing was started" in done.err
    assert home.quick("run", "waits.yaml", code=2).err.count("gate") >= 1
    assert home.quick("run", "missing.yaml", code=2).err.startswith("onduty: missing.yaml: No such file")
    assert home.quick("run", code=2).err.startswith("onduty: run: which pipeline?")
    assert home.api("GET", "/v1/runs").json() == before


def test_a_cancelled_run_ends_with_3_for_everybody_who_waits(home: Person, tmp_path: Path) -> None:
    uid, _ = running(home, tmp_path)
    waiting = home.start("wait", uid)
    home.quick("cancel", uid, "--reason", "wrong release")
    assert home.end(waiting).code == 3
    assert home.quick("wait", uid, code=3).err.splitlines()[0].endswith(": cancelled")


def test_wait_gives_up_after_its_timeout_with_6_and_the_run_goes_on(home: Person, tmp_path: Path) -> None:
    uid, gate = running(home, tmp_path)
    assert home.quick("wait", uid, "--timeout", "100ms", code=6).err.splitlines()[0].endswith(": running")
    assert home.quick("wait", uid, "--timeout", "soon", code=2).err.startswith("onduty: --timeout soon: ")
    gate.touch()
    assert home.quick("wait", uid, "--timeout", "1m", "--json").json()["phase"] == "succeeded"


def test_wait_returns_at_a_hold_and_goes_through_it_when_told_to(home: Person) -> None:
    uid = home.begin("story.yaml", "-p", "fails=yes")
    assert home.quick("wait", uid, code=1).err.splitlines()[0].endswith(": held")
    through = home.start("wait", uid, "--through-holds")
    assert home.quick("wait", uid, "--through-holds", "--timeout", "200ms", code=6).err.splitlines()[0].endswith("held")
    home.quick("skip", uid, "compile")
    done = home.end(through)
    assert done.code == 0
    assert "warning: compile@local was skipped by " in done.err


def test_ctrl_c_detaches_with_130_and_the_run_goes_on(home: Person, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    front = home.start("run", "waits.yaml", "-p", f"gate={gate}")
    assert front.stdout is not None
    assert front.stdout.readline() == b"local job| begun\n"
    front.send_signal(signal.SIGINT)
    done = home.end(front)
    assert done.code == 130
    name = done.err.split()[0]
    assert f"detached; {name} goes on: onduty show {name}" in done.err
    assert home.quick("show", name, "--json").json()["phase"] == "running"
    waiting = home.start("wait", name)
    uid = home.quick("show", name, "--json").json()["uid"]
    until(lambda: psutil.Process(waiting.pid).net_connections("unix"), "a line to the controller")
    # Until it is heard: one that comes while Python is in a callback that may not raise is dropped.
    while waiting.poll() is None:
        waiting.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            waiting.wait(5)
    assert home.end(waiting).code == 130
    gate.touch()
    assert home.quick("wait", uid).code == 0


def test_a_reader_that_leaves_detaches_and_leaves_no_complaint(home: Person, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    front = home.start("run", "waits.yaml", "-p", f"gate={gate}")
    assert front.stdout is not None
    assert front.stdout.readline() == b"local job| begun\n"
    front.stdout.close()
    gate.touch()
    assert front.stderr is not None
    err = front.stderr.read().decode()
    assert front.wait(60) == 130
    assert "detached; " in err
    assert "Broken" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [("show",), ("events", "--json"), ("logs",), ("--help",)], ids=" ".join)
def test_output_into_a_closed_pipe_is_no_error(home: Person, words: tuple[str, ...]) -> None:
    if words != ("--help",):
        uid = home.begin("story.yaml")
        home.until_phase(uid, "succeeded")
        words = (words[0], uid, *words[1:])
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    process = home.start(*words, stdout=write_fd)
    os.close(write_fd)
    done = home.end(process)
    assert (done.code, done.err) == (0, "")


def test_a_full_disk_below_the_output_is_said_in_a_sentence(home: Person) -> None:
    with open("/dev/full", "wb") as full:
        done = home.end(home.start("runs", "--json", stdout=full))
    assert done.code == 1
    assert "the output cannot be written (No space left on device)" in done.err


def test_run_prints_one_object_with_detach_and_the_run_without(home: Person) -> None:
    started = home.quick("run", "story.yaml", "--detach", "--json").json()
    assert set(started) == {"id", "uid"}
    name = f"story/{int(started['id'].split('/')[1]) + 1}"
    assert home.quick("run", "story.yaml", "--detach").out == f"{name} started; onduty wait {name}\n"
    document = home.quick("run", "story.yaml", "--json").json()
    assert document["phase"] == "succeeded"
    assert document["pipeline"] == "story"


def test_the_same_request_twice_starts_one_run(home: Person) -> None:
    body = {"id": "01JD0000000000000000000000", "definition": TOLERATED, "definition_path": "/x/tolerated.yaml"}
    answers = [home.api("POST", "/v1/runs", json=body).json() for _ in range(2)]
    assert answers[0] == answers[1]


def test_a_detached_run_needs_no_folder_that_stays(home: Person, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "p.yaml").write_text(TOLERATED)
    uid = home.end(home.start("run", "p.yaml", "--detach", "--json", cwd=gone, start_new_session=True)).json()["uid"]
    (gone / "p.yaml").unlink()
    gone.rmdir()
    assert home.quick("wait", uid).code == 0
