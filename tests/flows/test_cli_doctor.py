"""``onduty doctor`` as a person types it: with a controller, without one, and with one that hangs."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import psutil

from tests.person import Person, until


def findings(said: Any) -> dict[str, Any]:
    return {one["name"]: one for one in said["findings"]}


def test_without_a_controller_it_starts_none_and_makes_no_folder(person: Person) -> None:
    done = person("doctor", "--json")
    found = findings(done.json())
    assert done.json()["ok"]
    assert found["controller"]["text"] == "none runs; any command that needs one starts it"
    assert "is not there yet" in found["state folder"]["text"]
    assert "database" not in found
    assert person.pid is None
    assert not person.home.exists()
    lines = person.quick("doctor").out.splitlines()
    assert all(line.split()[0] in ("ok", "warn", "bad") for line in lines)
    assert any(line.startswith("warn  agent") and "; do: " in line for line in lines)


def test_with_a_controller_it_says_which_one_and_that_what_it_stores_is_sound(person: Person) -> None:
    person("runs")
    found = findings(person.quick("doctor", "--json").json())
    assert f"pid {person.pid}, up " in found["controller"]["text"]
    assert found["database"]["text"].endswith(", sound")
    assert found["work"]["text"].startswith("0 runs go on, 0 hosts are connected")
    assert found["logout"]["level"] in ("ok", "warn")
    person.quick("controller", "stop")
    later = findings(person.quick("doctor", "--json").json())
    assert "not looked at" in later["database"]["text"]


def test_a_controller_that_hangs_is_bad_and_the_exit_code_says_so(person: Person) -> None:
    person("runs")
    pid = person.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "stopped")
        done = person.quick("doctor", "--json", code=1)
        found = findings(json.loads(done.out))
        assert (found["controller"]["level"], found["controller"]["fix"]) == ("bad", f"kill {pid}")
        assert f"pid {pid} owns {person.home} and does not answer" in found["controller"]["text"]
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_controller_that_could_not_start_leaves_its_last_words(person: Person) -> None:
    person("runs")
    person("controller", "stop")
    database = person.home / "onduty.sqlite"
    database.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    assert person("runs", code=None).code != 0
    found = findings(person.quick("doctor", "--json").json())
    assert found["last controller"]["level"] == "warn"
    assert "onduty.sqlite" in found["last controller"]["text"]
