"""The routes over an engine that says what a test wants: what only a busy or broken controller shows."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from runners.controller.app import Routes
from runners.controller.credentials import Agents
from runners.core.describe import document
from runners.model import api
from runners.model.errors import ControllerUnreachable, NotFound
from runners.model.events import Event, RunHeld
from runners.model.metrics import HostReading
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

READINGS = (HostReading(at=1.0, cpu_percent=5.0), HostReading(at=3.0))
STATE = Simulator(plan_of(stage("one", job("release", "web1")))).state


class Records:
    """Stands where the engine's records stand."""

    broken: Exception | None = None

    async def state(self, uid: str) -> Any:
        if self.broken is not None:
            raise self.broken
        return STATE

    def describe(self, state: Any) -> api.RunDocument:
        return document(state, ())

    async def event_pieces(self, uid: str, after: int, *, follow: bool) -> AsyncIterator[list[Event] | None]:
        yield [
            Event(run=uid, seq=seq, time=0.0, actor="alice", payload=RunHeld(waits_for=()))
            for seq in (after + 1, after + 2)
        ]
        yield None


class Hosts:
    """Stands where the engine's hosts stand."""

    agent_changes = 0

    def credentials_changed(self) -> None:
        self.agent_changes += 1

    async def readings(self, uid: str, host: str) -> tuple[HostReading, ...]:
        if host != "web/1":
            raise NotFound(f"no host {host}")
        return READINGS

    async def follow(self, uid: str, host: str, sign_of_life_s: float) -> AsyncIterator[tuple[HostReading, ...] | None]:
        yield READINGS
        yield None


class Scripted:
    """Stands where the engine stands."""

    def __init__(self) -> None:
        self.records = Records()
        self.hosts = Hosts()

    async def status_changes(self, sign_of_life_s: float, *, run: str = "") -> AsyncIterator[api.Status]:
        if run:
            yield api.Status(at="now", runs=(api.RunStatus(uid=run),))
            return
        hosts = (api.HostStatus(name="web1", address="web1", phase="idle"),)
        yield api.Status(at="now", runs=(api.RunStatus(uid="U"), api.RunStatus(uid="V")), hosts=hosts, summaries=())


@pytest.fixture
def engine() -> Scripted:
    return Scripted()


@pytest.fixture
def agents() -> Agents:
    return Agents()


@pytest.fixture
def routes(engine: Scripted, agents: Agents) -> Routes:
    def hello(user: str) -> api.Hello:
        return api.Hello(version="0", protocol=1, pid=1, home="/", user=user, started_at="")

    return Routes(engine, hello=hello, agents=agents, stop=lambda: None)  # type: ignore[arg-type]


async def ask(routes: Routes, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=routes.app(), client=("alice", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://onduty") as client:
        return await client.get(path, **options)


async def test_a_slow_reader_is_told_where_to_go_on(routes: Routes) -> None:
    answer = await ask(routes, "/v1/runs/U/stream", params={"after": 7})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line.get("seq") for line in lines[:2]] == [8, 9]
    assert lines[2] == {"dropped": True, "after": 9}
    assert routes.open_streams == 0


async def test_a_bug_is_an_answer_too_and_says_that_runs_go_on(routes: Routes, engine: Scripted) -> None:
    engine.records.broken = KeyError("a secret thing")
    answer = await ask(routes, "/v1/runs/U")
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["exit_code"]) == (500, "bug", 70)
    assert "secret" not in answer.text


async def test_whoever_asks_a_controller_that_stops_is_sent_to_the_next_one(routes: Routes, engine: Scripted) -> None:
    routes.stopping = True
    answer = await ask(routes, "/v1/hello")
    assert (answer.status_code, answer.json()["type"]) == (503, ControllerUnreachable.kind)
    routes.stopping = False
    assert (await ask(routes, "/v1/hello")).status_code == 200
    assert routes.requests == 2


async def test_the_newest_agent_that_lives_counts_and_hosts_are_tried_again_when_it_changes(
    routes: Routes, engine: Scripted, agents: Agents, tmp_path: Path
) -> None:
    listening: list[socket.socket] = []
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        one = socket.socket(socket.AF_UNIX)
        one.bind(path)
        listening.append(one)
    for path in (paths[0], paths[0], paths[1], str(tmp_path / "gone")):
        await ask(routes, "/v1/hello", params={"auth_sock": path})
    assert engine.hosts.agent_changes == 2
    assert agents.current() == paths[1]
    os.unlink(paths[1])
    assert agents.current() == paths[0]
    for one in listening:
        one.close()


def test_a_file_that_is_no_socket_is_no_agent(tmp_path: Path) -> None:
    agents = Agents()
    (tmp_path / "file").write_text("")
    assert not agents.offer(str(tmp_path / "file"))
    assert not agents.offer("a\0b")
    assert agents.current() is None


async def test_who_follows_one_run_hears_its_status_alone(routes: Routes) -> None:
    line = json.loads((await ask(routes, "/v1/status/stream", params={"run": "V"})).text)
    assert [run["uid"] for run in line["runs"]] == ["V"]
    assert (line["hosts"], line["summaries"]) == ([], None)
    whole = json.loads((await ask(routes, "/v1/status/stream")).text)
    assert [run["uid"] for run in whole["runs"]] == ["U", "V"]
    assert [host["name"] for host in whole["hosts"]] == ["web1"]


async def test_a_brief_answer_is_the_whole_one_without_the_state(routes: Routes) -> None:
    whole = (await ask(routes, "/v1/runs/U")).json()
    brief = (await ask(routes, "/v1/runs/U", params={"brief": 1})).json()
    assert brief == {"document": whole["document"], "state": {"seq": whole["state"]["seq"]}}


async def test_readings_of_a_host_come_whole_or_one_by_one_with_a_sign_of_life(routes: Routes) -> None:
    whole = await ask(routes, "/v1/runs/U/hosts/web%2F1/readings")
    assert whole.json() == [{"at": 1.0, "cpu_percent": 5.0}, {"at": 3.0}]
    followed = await ask(routes, "/v1/runs/U/hosts/web%2F1/readings", params={"follow": 1})
    assert followed.text.splitlines() == ['{"at":1.0,"cpu_percent":5.0}', '{"at":3.0}', "{}"]
    assert routes.open_streams == 0
    unknown = await ask(routes, "/v1/runs/U/hosts/db1/readings", params={"follow": 1})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "not_found")
