"""The API over the socket as any program may call it: every answer is JSON, every error problem+json."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.person import Person

QUICK = """\
version: 1
name: quick
stages: [{name: one, jobs: {job: {hosts: local, tasks: [{run: echo hello}]}}}]
"""


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    resident.write("quick.yaml", QUICK)
    return resident


@pytest.fixture(scope="module")
def uid(home: Person) -> str:
    """A run that succeeded."""
    uid = home.begin("quick.yaml")
    home.until_phase(uid, "succeeded")
    return uid


def problem(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert set(said) >= {"type", "title", "detail", "hint"}
    return said


def test_hello_tells_versions_pid_and_who_asks(home: Person) -> None:
    said = home.api("GET", "/v1/hello", params={"version": "0.1.0"}).json()
    assert set(said) == {
        *("version", "protocol", "pid", "home", "user", "started_at", "capabilities"),
        *("hosts_at_once", "attempts_per_host"),
    }
    assert said["pid"] == home.pid
    assert said["home"] == str(home.home)


@pytest.mark.parametrize(
    ("method", "path", "status", "type_"),
    [
        ("GET", "/v1/runs/nobody", 404, "not_found"),
        ("GET", "/v1/find?ref=nobody/1", 404, "not_found"),
        ("GET", "/v1/runs/nobody/stream", 404, "not_found"),
        ("GET", "/v1/runs/nobody/definition", 404, "not_found"),
        ("GET", "/v1/runs?limit=many", 422, "input"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", "/v1/runs", 405, "not_found"),
        ("GET", "/v1/controller/stop", 405, "not_found"),
        ("POST", "/v1/runs", 422, "input"),
        ("POST", "/v1/hosts/trusted", 422, "input"),
        ("POST", "/v1/runs/nobody/intents", 422, "input"),
    ],
)
def test_errors_are_problem_json(home: Person, method: str, path: str, status: int, type_: str) -> None:
    answer = home.api(method, path)
    assert answer.status_code == status
    assert problem(answer)["type"] == type_


def test_the_history_of_a_pipeline_tells_its_runs_and_how_they_usually_go(home: Person, uid: str) -> None:
    said = home.api("GET", "/v1/pipelines/quick/history?limit=1").json()
    assert [(run["uid"], run["phase"], run["failed"]) for run in said["runs"]] == [(uid, "succeeded", None)]
    assert said["success_rate"] == 1.0
    assert said["p50_s"] == said["p95_s"] == said["runs"][0]["duration_s"]
    assert home.api("GET", "/v1/pipelines/quick/history?environment=production").json()["runs"] == []
    assert home.api("GET", "/v1/pipelines/nobody/history").json()["runs"] == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"id": 1}', b'{"id": "x", "intent": "retry", "targets": 3}', b"\xff"]
)
def test_bodies_that_do_not_fit_are_refused(home: Person, uid: str, body: bytes) -> None:
    said = problem(home.api("POST", f"/v1/runs/{uid}/intents", content=body))
    assert said["type"] == "input"
    assert said["exit_code"] == 2


def test_texts_with_problems_are_refused_with_all_of_them(home: Person) -> None:
    body = {"id": "01JD0000000000000000000001", "definition": "version: 2\nnam: x\n", "definition_path": "/x/p.yaml"}
    answer = home.api("POST", "/v1/runs", json=body)
    said = problem(answer)
    assert answer.status_code == 422
    assert len(said["problems"]) >= 2
    assert all(line.startswith("/x/p.yaml:") for line in said["problems"])


def test_intents_of_later_versions_are_refused_by_name(home: Person, uid: str) -> None:
    for intent in ("approve", "reject"):
        said = problem(home.api("POST", f"/v1/runs/{uid}/intents", json={"id": intent, "intent": intent}))
        assert said["detail"] == f"{intent}: comes with a later version; nothing was done"
    said = problem(home.api("POST", f"/v1/runs/{uid}/intents", json={"id": "x", "intent": "explode"}))
    assert said["detail"].startswith("explode: no such intent")


def test_a_shell_is_noted_beside_its_run_with_who_and_where(home: Person, uid: str) -> None:
    where = f"/v1/runs/{uid}/intents"
    said = home.api("POST", where, json={"id": "look", "intent": "shell", "host": "local"}).json()
    assert said["text"].startswith("a shell on local is noted beside ")
    last = json.loads(home.api("GET", f"/v1/runs/{uid}/stream", params={"follow": 0}).text.splitlines()[-1])
    assert (last["type"], last["payload"]["host"]) == ("shell_opened", "local")
    refused = problem(home.api("POST", where, json={"id": "no", "intent": "shell", "host": "web9"}))
    assert "web9 is no host of" in refused["detail"]


def test_a_preview_says_what_would_happen_and_does_nothing(home: Person, uid: str) -> None:
    before = home.api("GET", f"/v1/runs/{uid}").json()["state"]["seq"]
    body = {"id": "preview", "intent": "retry", "targets": ["job"]}
    said = home.api("POST", f"/v1/runs/{uid}/intents", params={"preview": "1"}, json=body).json()
    assert "job@local succeeded" in said["refusal"]
    assert home.api("GET", f"/v1/runs/{uid}").json()["state"]["seq"] == before


def test_a_stream_starts_after_the_seq_that_was_asked_for(home: Person, uid: str) -> None:
    answer = home.api("GET", f"/v1/runs/{uid}/stream", params={"after": 3, "follow": 0})
    assert answer.headers["content-type"] == "application/x-ndjson"
    seqs = [json.loads(line)["seq"] for line in answer.text.splitlines()]
    assert seqs == list(range(4, home.api("GET", f"/v1/runs/{uid}").json()["state"]["seq"] + 1))


def test_logs_are_read_by_offset_and_only_of_what_ran(home: Person, uid: str) -> None:
    key = home.document(uid)["jobs"][0]["tasks"][0]["key"]
    path = f"/v1/runs/{uid}/logs/{key}"
    assert home.api("GET", path, params={"from": 1, "bytes": 3}).content == b"ell"
    assert home.api("GET", path, params={"from": 6}).content == b""
    for wrong in ("..%2f..%2fonduty.sqlite", "%2e%2e", "x"):
        answer = home.api("GET", f"/v1/runs/{uid}/logs/{wrong}")
        assert answer.content == b"" or problem(answer)["type"] == "not_found"


def test_strange_offers_and_headers_change_nothing(home: Person, uid: str) -> None:
    assert home.api("GET", "/v1/hello", params={"auth_sock": "/etc/passwd"}).status_code == 200
    assert home.api("GET", "/v1/hello", params={"auth_sock": "a\x00b"}).status_code == 200
    assert home.api("GET", "/v1/hello", headers={"Host": "evil.example"}).json()["pid"] == home.pid
    assert home.api("GET", f"/v1/runs/{uid}/stream", params={"after": "-5", "follow": "0"}).status_code == 200
    assert home.api("GET", f"/v1/runs/{uid}/stream", params={"after": str(10**30), "follow": "0"}).status_code < 500


def test_readings_of_a_host_are_those_of_a_host_of_the_run(home: Person, uid: str) -> None:
    assert home.api("GET", f"/v1/runs/{uid}/hosts/local/readings").json() == []
    for wrong in ("db1", "..%2f..%2fonduty.sqlite"):
        assert problem(home.api("GET", f"/v1/runs/{uid}/hosts/{wrong}/readings"))["type"] == "not_found"
