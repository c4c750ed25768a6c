"""Repair from the command line, on this machine: rollback to the release before, pause, notes, part of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.person import Person

RELEASE = """\
version: 1
name: NAME
env: {AT: FOLDER}
params:
  release: {default: '1.0'}
  verdict: {default: '0'}
stages:
  - name: rollout
    jobs:
      release:
        hosts: local
        tasks:
          - {name: fetch, run: 'echo "$release" > "$ONDUTY_WORKDIR/fetched"'}
          - {name: activate, run: 'cp "$ONDUTY_WORKDIR/fetched" "$AT/active"; exit $verdict', repeatable: false}
        verify:
          - {name: smoke, run: 'test -s "$AT/active"'}
        rollback:
          - {name: back, run: 'echo "$ONDUTY_PREVIOUS_release" > "$AT/active"'}
        finally:
          - {name: tidy, run: 'echo tidy >> "$AT/tidied"'}
"""


@pytest.fixture
def person(resident: Person) -> Person:
    """One person for all: each test has a pipeline and a folder of its own."""
    if resident.pid is None:
        resident("controller", "restart")
    return resident


def release_of(person: Person, name: str, folder: Path, text: str = RELEASE) -> str:
    """The file of the pipeline ``name``, which keeps what it does in ``folder``."""
    return person.write(f"{name}.yaml", text.replace("NAME", name).replace("FOLDER", str(folder)))


def shown(person: Person, run: str) -> Any:
    return person.quick("show", run, "--json").json()


def test_a_run_is_taken_back_to_the_release_before_it(person: Person, tmp_path: Path) -> None:
    path = release_of(person, "release", tmp_path)
    active = tmp_path / "active"
    person.quick("run", path, "-p", "release=1.0")
    assert active.read_text() == "1.0\n"
    first = shown(person, "release/1")
    assert [(task["name"], task["part"]) for task in first["jobs"][0]["tasks"]] == [
        ("fetch", "tasks"),
        ("activate", "tasks"),
        ("smoke", "verify"),
        ("tidy", "finally"),
    ]
    said = person.quick("rollback", "release/1", code=5).err
    assert "no earlier release is known for release@local" in said
    person.quick("run", path, "-p", "release=2.0", "-p", "verdict=3", code=1)
    assert active.read_text() == "2.0\n"
    assert (tmp_path / "tidied").read_text() == "tidy\ntidy\n"
    held = shown(person, "release/2")
    assert held["phase"] == "held"
    assert "onduty rollback release/2" in held["next"]
    foreseen = person.quick("rollback", "release/2", "--dry-run").out
    assert foreseen.splitlines()[:4] == [
        "rollback release/2",
        "  The whole run is taken back: 1 job on 1 host, each with its rollback and then verify.",
        "  rollout/release@local, attempt 2",
        "    back",
    ]
    assert person.document(held["uid"])["phase"] == "held"
    person.quick("note", "release/2", "errors doubled")
    assert "release/2 is being rolled back" in person.quick("rollback", "release/2", "--reason", "errors").out
    back = person.until_phase(held["uid"], "rolled_back")
    assert active.read_text() == "1.0\n"
    assert [(task["name"], task["part"]) for task in back["jobs"][0]["tasks"]] == [
        ("back", "rollback"),
        ("smoke", "verify"),
    ]
    assert [note["text"] for note in back["notes"]] == ["errors doubled"]
    person.quick("wait", "release/2", code=1)
    # What was rolled back is no release to go back to.
    person.quick("run", path, "-p", "release=3.0")
    person.quick("rollback", "release/3")
    person.until_phase(shown(person, "release/3")["uid"], "rolled_back")
    assert active.read_text() == "1.0\n"


def test_a_later_run_on_the_same_hosts_stands_in_the_way_of_a_rollback(person: Person, tmp_path: Path) -> None:
    path = release_of(person, "later", tmp_path)
    for release in ("1.0", "2.0", "3.0"):
        person.quick("run", path, "-p", f"release={release}")
    done = person.quick("rollback", "later/2", code=5)
    assert "a later run changed the same hosts: later/3 on local" in done.err
    assert "--despite-later" in done.err
    assert "A later run changed" in person.quick("rollback", "later/2", "--dry-run", "--despite-later").out
    person.quick("rollback", "later/2", "--despite-later")
    person.until_phase(shown(person, "later/2")["uid"], "rolled_back")
    assert (tmp_path / "active").read_text() == "1.0\n"


def test_a_job_goes_on_from_a_task_with_the_work_folder_of_before(person: Person, tmp_path: Path) -> None:
    path = release_of(person, "again", tmp_path, RELEASE.replace("exit $verdict", 'test -e "$AT/fixed"'))
    person.quick("run", path, code=1)
    held = shown(person, "last")
    assert held["jobs"][0]["reason"] == "exit 1 in activate"
    assert "has no task activat" in person.quick("retry", "last", "--from", "activat", code=5).err
    (tmp_path / "fixed").touch()
    person.quick("retry", "last", "release@local", "--from", "activate")
    done = person.until_phase(held["uid"], "succeeded")
    assert [task["phase"] for task in done["jobs"][0]["tasks"]] == ["kept", "succeeded", "succeeded", "succeeded"]


def test_a_paused_run_waits_until_it_is_resumed(person: Person, tmp_path: Path) -> None:
    text = """\
version: 1
name: NAME
env: {AT: FOLDER}
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks:
          - {name: first, run: 'until test -e "$AT/go"; do sleep 0.05; done'}
          - {name: second, run: 'touch "$AT/second"'}
"""
    uid = person.begin(release_of(person, "two", tmp_path, text))
    person.until_phase(uid, "running")
    assert "what runs stops between two tasks" in person.quick("pause", "two/1", "--now", "--reason", "wait").out
    (tmp_path / "go").touch()
    assert person.until_phase(uid, "paused")["holds"][0]["kind"] == "paused"
    assert "already" in person.quick("pause", "two/1", "--now", code=5).err
    assert not (tmp_path / "second").exists()
    person.quick("resume", "two/1")
    person.until_phase(uid, "succeeded")
