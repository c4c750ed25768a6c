"""A host that cannot be heard for a while: nobody claims to know, then the truth is told, and nothing ran twice.

``ONDUTY_SOAK=1 make faults`` keeps the partition up for the 300 seconds that the product claims.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from runners.adapters.ssh_handshake import KEEPALIVE_COUNT_MAX, KEEPALIVE_INTERVAL_S
from runners.engine.limits import Limits
from tests.faults.proxy import Proxy, Way
from tests.person import Person, until
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import inventory_of, log_of

SOAK = bool(os.environ.get("ONDUTY_SOAK"))
PARTITION_S = 300.0 if SOAK else 0.0
"""At the least: it lasts until onduty has noticed."""
NOTICED_S = KEEPALIVE_INTERVAL_S * (KEEPALIVE_COUNT_MAX + 1) + Limits().silent_s
"""After so long a host that says nothing makes its jobs unknown."""
BUSY_S = 10.0
"""What a machine that is busy with other tests may add."""

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(600 if SOAK else 180)]

GATED = """\
version: 1
name: gated
stages:
  - name: only
    jobs:
      work:
        hosts: web1
        tasks:
          - name: first
            run: |
              echo "begun $ONDUTY_KEY" >>"$HOME/ledger"
              echo begun
              until test -e ~/gate; do sleep 0.05; done
              echo ended
              echo "over $ONDUTY_KEY $(date +%s.%N)" >>"$HOME/ledger"
              test ! -e ~/fail || exit 7
          - {name: second, run: 'echo "begun $ONDUTY_KEY" >>"$HOME/ledger"; echo second'}
"""


@contextlib.contextmanager
def gated(person: Person, sshds: SshdFarm) -> Iterator[tuple[Sshd, Proxy, str]]:
    """A host behind a link and a run whose first task waits there for ``~/gate``."""
    web1 = sshds.start("web1")
    with Proxy(web1.port) as link:
        web1.stand_behind(link.port)
        person.write("inventory.yaml", inventory_of(web1))
        person.write("gated.yaml", GATED)
        uid = person.begin("gated.yaml", "-i", "inventory.yaml")
        until(lambda: job(person, uid)["phase"] == "running", "running")
        until(lambda: ledger(web1) == [["begun", f"{uid}.1.1.1"]], "the first task")
        yield web1, link, uid


def job(person: Person, uid: str) -> Any:
    return person.document(uid)["jobs"][0]


def ledger(web1: Sshd) -> list[list[str]]:
    path = web1.home / "ledger"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def until_unknown(person: Person, uid: str) -> None:
    """Until the job is unknown; before that it is called running and nothing else."""

    def seen() -> bool:
        phase = job(person, uid)["phase"]
        assert phase in ("running", "unknown"), f"nobody can know that it is {phase}"
        return bool(phase == "unknown")

    until(seen, "unknown")


def logs(person: Person, uid: str) -> list[bytes]:
    """What onduty heard of both tasks."""
    return [log_of(person, uid, f"{uid}.1.1.{task}") for task in (1, 2)]


def begun(web1: Sshd) -> list[str]:
    """Keys of the executions that began, in order."""
    return [words[1] for words in ledger(web1) if words[0] == "begun"]


def test_a_job_that_ends_while_its_host_is_cut_off_is_unknown_in_time_and_then_what_it_really_was(
    person: Person, sshds: SshdFarm
) -> None:
    with gated(person, sshds) as (web1, link, uid):
        (web1.home / "fail").touch()
        link.stall()
        since_s = time.monotonic()
        (web1.home / "gate").touch()
        over = until(lambda: next((words for words in ledger(web1) if words[0] == "over"), None), "its end")
        until_unknown(person, uid)
        took_s = time.monotonic() - since_s
        assert took_s < NOTICED_S + BUSY_S
        silent = person.document(uid)
        assert (silent["phase"], [hold["kind"] for hold in silent["holds"]]) == ("running", ["unknown"])
        assert "web1 is silent" in silent["holds"][0]["text"]

        def still_unknown() -> bool:
            assert (job(person, uid)["phase"], job(person, uid)["result"]) == ("unknown", None)
            return time.monotonic() - since_s >= PARTITION_S

        until(still_unknown, "the end of the partition", patience_s=PARTITION_S + 60)
        link.heal()
        assert person("wait", uid, code=1).code == 1
        found = job(person, uid)
        assert (found["phase"], found["exit_code"], found["attempt"]) == ("failed", 7, 1)
        assert abs(ended_on_host(person, uid) - float(over[2])) < 1.0
        shown = datetime.fromisoformat(found["tasks"][0]["host_ended_at"]).timestamp()
        assert abs(shown - float(over[2])) < 1.0
        assert begun(web1) == [f"{uid}.1.1.1"]
        assert logs(person, uid)[0] == b"begun\nended\n"


@pytest.mark.parametrize("way", Way)
def test_a_link_that_loses_one_direction_starts_nothing_twice(person: Person, sshds: SshdFarm, way: Way) -> None:
    with gated(person, sshds) as (web1, link, uid):
        # To the host: the order to start the second task stays in the link, and arrives late, beside a new session.
        # From the host: nobody hears that the first one ended.
        link.stall(way)
        (web1.home / "gate").touch()
        until_unknown(person, uid)
        link.heal()
        assert person("wait", uid).code == 0
        assert begun(web1) == [f"{uid}.1.1.1", f"{uid}.1.1.2"]
        assert job(person, uid)["attempt"] == 1
        assert logs(person, uid) == [b"begun\nended\n", b"second\n"]
        types = [json.loads(line)["type"] for line in person("events", uid, "--json").out.splitlines()]
        assert (types.count("contact_lost"), types.count("task_dispatched")) == (1, 2)


def test_a_link_with_a_delay_of_400_ms_each_way_starts_nothing_twice_and_loses_nobody(
    person: Person, sshds: SshdFarm
) -> None:
    web1 = sshds.start("web1")
    with Proxy(web1.port) as link:
        link.delay_s = 0.4
        web1.stand_behind(link.port)
        (web1.home / "gate").touch()
        person.write("inventory.yaml", inventory_of(web1))
        person.write("gated.yaml", GATED)
        uid = person.begin("gated.yaml", "-i", "inventory.yaml")
        assert person("wait", uid).code == 0
        assert begun(web1) == [f"{uid}.1.1.1", f"{uid}.1.1.2"]
        assert (job(person, uid)["attempt"], link.connections) == (1, 1)
        assert logs(person, uid) == [b"begun\nended\n", b"second\n"]


def test_a_job_whose_sshd_is_gone_is_unknown_and_then_has_the_exit_status_it_really_had(
    person: Person, sshds: SshdFarm
) -> None:
    with gated(person, sshds) as (web1, _, uid):
        (web1.home / "fail").touch()
        connections = web1.connection_processes()
        web1.stop()
        for process in connections:
            process.kill()
        until_unknown(person, uid)
        assert job(person, uid)["result"] is None
        (web1.home / "gate").touch()
        web1.start()
        assert person("wait", uid, code=1).code == 1
        found = job(person, uid)
        assert (found["phase"], found["exit_code"], found["attempt"]) == ("failed", 7, 1)
        assert logs(person, uid)[0] == b"begun\nended\n"


def ended_on_host(person: Person, uid: str) -> float:
    """When the first task ended, by the clock of its host: as the event keeps it."""
    events = (json.loads(line) for line in person("events", uid, "--json").out.splitlines())
    return float(next(event["payload"]["host_ended_at"] for event in events if event["type"] == "task_finished"))
