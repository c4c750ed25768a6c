"""``onduty reconcile`` against a real sshd that goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd

GATED = """\
version: 1
name: gated
stages:
  - name: only
    jobs:
      work:
        hosts: web1
        tasks:
          - name: work
            run: "echo $ONDUTY_KEY >>~/ran; until test -e ~/gate; do sleep 0.05; done; touch ~/over; exit 7"
"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


def go_away(sshd: Sshd) -> None:
    """Nobody answers there any more; what runs there runs on."""
    connections = sshd.connection_processes()
    sshd.stop()
    for process in connections:
        process.kill()


@pytest.mark.faults
def test_reconcile_says_silent_then_running_then_refuses_and_tells_the_true_exit_code(
    person: Person, sshds: SshdFarm
) -> None:
    sshd = sshds.start("web1")
    person.write("hosts.yaml", inventory_of(sshd))
    person.write("gated.yaml", GATED)
    uid = person.begin("gated.yaml", "-i", "hosts.yaml")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running", "running")
    refused = person.quick("reconcile", uid, code=5)
    assert "nothing of gated/1 is unknown" in refused.err
    assert "work@web1 is running" in person.quick("reconcile", uid, "work@web1", code=5).err

    go_away(sshd)
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "unknown", "unknown")
    assert "onduty reconcile gated/1" in person.document(uid)["next"]
    foreseen = person.quick("reconcile", uid, "--dry-run").out
    assert "web1 is asked now what became of work@web1" in foreseen
    silent = person.quick("reconcile", uid, code=1).out
    assert "only/work@web1: unknown still, web1 is silent (" in silent
    assert "the controller goes on asking" in silent

    sshd.start()
    answer = person.quick("reconcile", "last", "work", "--json", code=None)
    # The controller's own try may have come first: then there is nothing to ask any more.
    if answer.code == 0:
        (found,) = answer.json()["job_runs"]
        assert (found["job_run"], found["outcome"], found["answered"]) == ("only/work@web1", "running", True)
    else:
        assert answer.code == 5
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running", "running again")

    go_away(sshd)
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "unknown", "unknown again")
    (sshd.home / "gate").touch()
    until((sshd.home / "over").exists, "its end")
    sshd.start()
    ended = person.quick("reconcile", uid, code=None)
    assert ended.code in (0, 5)
    if ended.code == 0:
        assert "only/work@web1: failed, exit 7 in work" in ended.out
    job = person.until_phase(uid, "held")["jobs"][0]
    assert (job["phase"], job["exit_code"], job["attempt"]) == ("failed", 7, 1)
    assert (sshd.home / "ran").read_text().count("\n") == 1


def test_a_wait_that_is_too_short_says_that_nothing_was_heard(person: Person, sshds: SshdFarm) -> None:
    sshd = sshds.start("web1")
    person.write("hosts.yaml", inventory_of(sshd))
    person.write("gated.yaml", GATED)
    uid = person.begin("gated.yaml", "-i", "hosts.yaml")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running", "running")
    go_away(sshd)
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "unknown", "unknown")
    said = person.quick("reconcile", uid, "--timeout", "0s", code=6)
    assert "nothing was heard of web1 within 0s" in said.out
    assert "--timeout soon" in person.quick("reconcile", uid, "--timeout", "soon", code=2).err
