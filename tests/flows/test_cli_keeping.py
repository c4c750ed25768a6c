"""Retention as a person sets it and sees it: settings, a real controller, what status and doctor say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until

PIPELINE = """\
version: 1
name: nightly
stages: [{name: s, jobs: {job: {hosts: local, tasks: [{run: echo kept}]}}}]
"""


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Person]:
    with person_at(tmp_path / "person") as person:
        person.more_env = {"ONDUTY_SETTINGS": str(person.folder / "settings.yaml")}
        person.write("nightly.yaml", PIPELINE)
        yield person


def settle(person: Person, text: str) -> None:
    file = person.folder / "settings.yaml"
    file.write_text(text)
    file.chmod(0o600)


def ids(person: Person) -> list[str]:
    return [run["id"] for run in person.quick("runs", "--json").json()]


def test_old_runs_go_with_their_logs_and_the_rest_is_said(settled: Person) -> None:
    for _ in range(2):
        settled("run", "nightly.yaml")
    gone, stays = (settled.quick("show", f"nightly/{number}", "--json").json()["uid"] for number in (1, 2))
    assert "ended runs go after 90d, and the oldest beyond 20.0 GB" in settled.quick("controller", "status").out
    settle(settled, "retention: {age: 1s, size: never}\n")
    settled("controller", "restart")
    until(lambda: ids(settled) == ["nightly/2"], "the older run to go")
    runs = settled.home / "runs"
    until(lambda: not (runs / gone).exists(), "its folder to go")
    assert (runs / stays).is_dir()
    assert settled.quick("logs", "nightly/2").out == "kept\n"
    assert "there is no run nightly/1" in settled.quick("show", "nightly/1", code=2).err
    until(lambda: "not looked at yet" not in settled.quick("controller", "status").out, "its first look to end")
    status = settled.quick("controller", "status").out
    assert re.search(r"1 run, .* of logs and files \((just now|.+ ago)\); ended", status), status
    assert "ended runs go after 1s; 1 went since it started" in status
    found = {one["name"]: one for one in settled.quick("doctor", "--json", code=None).json()["findings"]}
    assert found["kept runs"]["level"] == "ok"
    assert found["space"]["level"] == "ok"


def test_without_room_a_run_is_refused_and_the_doctor_says_why(settled: Person) -> None:
    settle(settled, "retention: {free: 900000TB}\n")
    done = settled("run", "nightly.yaml", code=5)
    assert "are free where the controller keeps its state" in done.err
    assert "nothing was started, and runs that go on go on" in done.err
    assert ids(settled) == []
    found = {one["name"]: one for one in settled.quick("doctor", "--json", code=1).json()["findings"]}
    assert found["space"]["level"] == "bad"
    assert "no new run is started below" in settled.quick("controller", "status").out


def test_with_settings_that_cannot_be_read_nothing_goes(settled: Person) -> None:
    settle(settled, "retention: {age: 1 week}\n")
    settled("run", "nightly.yaml")
    assert "none goes by itself" in settled.quick("controller", "status").out
    said = settled.quick("lint", str(settled.folder / "settings.yaml"), code=2).out
    assert 'settings.yaml:1:18  retention.age: "1 week" is no duration; write one number and one unit' in said
