"""Two hosts behind a real sshd that goes away and comes back: one incident, one login when it returns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import LOOPBACK, Sshd, SshdFarm
from tests.ssh.test_reconcile_sshd import go_away

pytestmark = pytest.mark.sshd

GATED = """\
version: 1
name: gated
stages:
  - name: only
    jobs:
      work: {hosts: 'web1,web2', tasks: [{run: 'echo ran >>~/ran; until test -e ~/gate; do sleep 0.05; done'}]}
"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


@pytest.mark.faults
def test_hosts_behind_a_jump_host_fail_and_return_as_one(person: Person, sshds: SshdFarm) -> None:
    gate, *webs = (sshds.start(name) for name in ("gate", "web1", "web2"))
    person.write("hosts.yaml", inventory(gate, webs))
    person.write("gated.yaml", GATED)
    uid = person.begin("gated.yaml", "-i", "hosts.yaml")
    until(lambda: phases(person, uid) == ["running"] * 2, "running")
    assert gate.log.count("Accepted publickey") == 1

    go_away(gate)
    until(lambda: [status["behind"] for status in connections(person, webs)] == ["gate"] * 2, "one incident")
    until(lambda: phases(person, uid) == ["unknown"] * 2, "unknown")
    listed = person.quick("hosts", "-i", "hosts.yaml").out
    assert listed.count("behind gate") == 2
    assert listed.count("gate is not reached since") == 1
    assert "nothing listens on port" in listed
    assert len({status["behind_since"] for status in connections(person, webs)}) == 1

    gate.start()
    until(lambda: phases(person, uid) == ["running"] * 2, "running again")
    assert gate.log.count("Accepted publickey") == 2
    assert {status["behind"] for status in connections(person, webs)} == {""}
    for web in webs:
        (web.home / "gate").touch()
    until(lambda: person.document(uid)["phase"] == "succeeded", "the end")
    assert [(web.home / "ran").read_text() for web in webs] == ["ran\n"] * 2


def phases(person: Person, uid: str) -> list[str]:
    return [job["phase"] for job in person.document(uid)["jobs"]]


def connections(person: Person, webs: list[Sshd]) -> list[dict[str, Any]]:
    found = {status["name"]: status for status in person.api("GET", "/v1/hosts").json()}
    return [found[web.name] for web in webs]


def inventory(gate: Sshd, webs: list[Sshd]) -> str:
    """Two hosts with the gate before them."""
    lines = ["hosts:"]
    for one in (gate, *webs):
        jump = "" if one is gate else ", jump: gate"
        lines.append(
            f"  {one.name}: {{address: {LOOPBACK}, port: {one.port}, identity: {one.identity}, "
            f"known_hosts: {one.known_hosts}{jump}}}"
        )
    return "\n".join(lines) + "\n"
