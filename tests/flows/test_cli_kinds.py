"""``http``, ``upload``, ``download`` and ``wait`` as a person types them: a real controller, killed with -9 too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.person import Person, until
from tests.web_server import WebServer, web_server


@pytest.fixture
def person(resident: Person) -> Person:
    """One person for all: runs end with their test, whatever became of the controller."""
    return resident


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


def pipeline(*tasks: str) -> str:
    lines = "".join(f"          - {task}\n" for task in tasks)
    return (
        "version: 1\nname: kinds\nstages:\n  - name: one\n    jobs:\n      job:\n        hosts: local\n        tasks:\n"
        + lines
    )


def task_of(person: Person, uid: str, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = person.document(uid)["jobs"][0]["tasks"][number - 1]
    return found


def events_of(person: Person, uid: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in person.quick("events", uid, "--json").out.splitlines()]


def test_a_server_that_comes_up_is_waited_for_and_a_wrong_answer_says_what_came(person: Person, web: WebServer) -> None:
    url = f"http://{{{{ host.address }}}}:{web.port}"
    person.write(
        "p.yaml",
        pipeline(
            f"http: {{url: '{url}/flap', within: 60s, every: 10ms}}",
            f"http: {{url: '{url}/status/204', from: host, status: 204}}",
            f"http: {{url: '{url}/status/302'}}",
        ),
    )
    failed = person("run", "p.yaml", code=1)
    assert "answered 302 Found, expected 200 to 299 in get-302" in failed.err
    assert f"GET http://localhost:{web.port}/flap -> 503 Service Unavailable" in failed.out
    assert "GET /status/302 302" in failed.out
    assert web.asked == ["GET /flap"] * 3 + ["GET /status/204", "GET /status/302"]


def test_a_post_is_sent_once_whatever_happens_to_the_controller(person: Person, web: WebServer) -> None:
    person.write("p.yaml", pipeline(f"http: {{url: 'http://127.0.0.1:{web.port}/hang', method: POST, body: x}}"))
    uid = person.begin("p.yaml")
    until(lambda: web.asked)
    person.kill_controller()
    web.let_go.set()
    said = person("wait", uid, code=1)
    job = person.document(uid)["jobs"][0]
    assert job["phase"] == "unknown"
    assert f"the controller ended while POST http://127.0.0.1:{web.port}/hang was under way" in said.out + said.err
    assert web.asked == ["POST /hang"]
    person.quick("retry", uid, code=5)
    person.quick("retry", uid, "job", "--not-running")
    assert person.quick("wait", uid).code == 0
    assert web.asked == ["POST /hang"] * 2


def test_a_get_goes_on_after_kill_9(person: Person, web: WebServer) -> None:
    person.write("p.yaml", pipeline(f"http: {{url: 'http://127.0.0.1:{web.port}/hang'}}"))
    uid = person.begin("p.yaml")
    until(lambda: web.asked)
    person.kill_controller()
    web.let_go.set()
    assert person("wait", uid).code == 0
    assert web.asked == ["GET /hang"] * 2


def test_a_wait_keeps_its_deadline_over_kill_9_and_cancel_ends_it(person: Person) -> None:
    person.write("p.yaml", pipeline("wait: 1h"))
    uid = person.begin("p.yaml")
    person.until_phase(uid, "running")
    hold = until(lambda: [hold for hold in person.document(uid)["holds"] if hold["kind"] == "wait"])[0]
    assert "wait-1h waits until " in hold["text"]
    person.kill_controller()
    person("show", uid)
    again = until(lambda: [hold for hold in person.document(uid)["holds"] if hold["kind"] == "wait"])[0]
    assert again["text"] == hold["text"]
    person.quick("cancel", uid)
    assert person.document(uid)["phase"] == "cancelled"


def test_a_wait_that_began_before_kill_9_passes_after_it_and_what_follows_runs_once(
    person: Person, tmp_path: Path
) -> None:
    witness = tmp_path / "after"
    person.write("p.yaml", pipeline("wait: 1s", f"run: echo after >> {witness}"))
    uid = person.begin("p.yaml")
    until(lambda: [hold for hold in person.document(uid)["holds"] if hold["kind"] == "wait"])
    person.kill_controller()
    assert person("wait", uid).code == 0
    assert witness.read_text() == "after\n"
    assert [event["type"] for event in events_of(person, uid)].count("task_dispatched") == 2


def test_files_go_there_and_come_back(person: Person, tmp_path: Path) -> None:
    there = tmp_path / "there"
    (person.work / "conf/sub").mkdir(parents=True)
    person.write("conf/a", "one\n")
    person.write("conf/sub/run.sh", "#!/bin/sh\n")
    (person.work / "conf/sub/run.sh").chmod(0o755)
    person.write(
        "p.yaml",
        pipeline(
            f"upload: {{src: conf, dest: {there}/}}",
            "upload: {src: conf/a, dest: named, mode: '0600'}",
            "run: cat named",
            f"download: {{src: {there}/conf, dest: back/}}",
        ),
    )
    done = person("run", "p.yaml")
    assert "one" in done.out
    assert (there / "conf/sub/run.sh").stat().st_mode & 0o777 == 0o755
    uid = person.show()["uid"]
    (place,) = task_of(person, uid, 4)["files"]
    assert Path(place) == person.home / "runs" / uid / "files/1.1/back/conf"
    assert (Path(place) / "a").read_text() == "one\n"
    assert (Path(place) / "sub/run.sh").stat().st_mode & 0o777 == 0o600


def test_what_is_not_there_is_refused_by_lint_plan_and_run_with_its_place(person: Person) -> None:
    person.write("p.yaml", pipeline("upload: {src: nothing, dest: /tmp/x}"))
    line = "p.yaml:9:13  stages[0].jobs.job.tasks[0].upload.src: nothing: No such file or directory"
    assert line in person("lint", "p.yaml", code=2).out
    for verb in ("plan", "run"):
        assert line in person(verb, "p.yaml", code=2).err


def test_a_source_that_changed_after_the_start_is_not_sent(person: Person, tmp_path: Path) -> None:
    person.write("a", "planned")
    gate, there = tmp_path / "gate", tmp_path / "there"
    person.write(
        "p.yaml", pipeline(f"run: until test -e {gate}; do sleep 0.05; done", f"upload: {{src: a, dest: {there}}}")
    )
    uid = person.begin("p.yaml")
    person.until_phase(uid, "running")
    person.write("a", "changed")
    gate.touch()
    person.quick("wait", uid, code=1)
    assert "a changed since the run was planned" in person.document(uid)["jobs"][0]["reason"]
    assert not there.exists()
