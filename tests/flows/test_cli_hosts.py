"""``hosts`` and ``hosts trust`` on the loopback fleet: connections as they are, keys asked for at a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.terminal import Terminal
from tests.person import Person, fleet_at, person_at, until

ONE = """\
version: 1
name: one
params: {gate: {default: /}}
stages:
  - name: only
    jobs:
      job: {hosts: all, tasks: [{run: 'while [ ! -e "$gate" ]; do sleep 0.05; done'}]}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of two hosts."""
    folder = tmp_path_factory.mktemp("fleet") / "f"
    with fleet_at(folder, "web1", "web2"):
        yield folder


@pytest.fixture
def person(tmp_path: Path, fleet: Path) -> Iterator[Person]:
    """A person who knows nobody's key."""
    with person_at(tmp_path / "person") as one:
        one.write("one.yaml", ONE)
        hosts = json.loads((fleet / "fleet.json").read_text())["hosts"]
        lines = [f"  {name}: {{address: 127.0.0.1, port: {host['port']}}}" for name, host in hosts.items()]
        defaults = f"defaults: {{identity: {fleet / 'id'}, known_hosts: {one.work / 'known'}}}\n"
        one.write("hosts.yaml", defaults + "hosts:\n" + "\n".join(lines) + "\ngroups: {web: [web1, web2]}\n")
        yield one


def by_name(done: Any) -> dict[str, Any]:
    return {host["name"]: host for host in done.json()}


def test_a_person_is_asked_before_a_key_is_trusted_and_no_means_no(person: Person) -> None:
    asked = Terminal(person, "hosts", "trust", "web1", "-i", "hosts.yaml")
    shown = asked.read_until("trust web1? (y/N) ")
    assert "web1  ecdsa-sha2-nistp256  SHA256:" in shown
    asked.type("\n")
    asked.read_until("not trusted, nothing was written")
    assert asked.end() == 1
    for keys in ("\x04", "n\n"):
        asked = Terminal(person, "hosts", "trust", "web1", "-i", "hosts.yaml")
        asked.read_until("trust web1? (y/N) ")
        asked.type(keys)
        assert asked.end() == 1
    asked = Terminal(person, "hosts", "trust", "web1", "-i", "hosts.yaml")
    asked.read_until("trust web1? (y/N) ")
    asked.interrupt()
    assert asked.end() == 130
    assert not (person.work / "known").exists()
    asked = Terminal(person, "hosts", "trust", "web1", "-i", "hosts.yaml")
    asked.read_until("trust web1? (y/N) ")
    asked.type("y\n")
    asked.read_until("1 key written to ")
    assert asked.end() == 0
    assert (person.work / "known").read_text().count("\n") == 1
    assert (person.work / "known").stat().st_mode & 0o777 == 0o600


def test_one_host_that_does_not_answer_keeps_no_other_from_being_trusted(person: Person) -> None:
    hosts = (
        (person.work / "hosts.yaml").read_text().replace("groups:", "  gone: {address: 127.0.0.1, port: 1}\ngroups:")
    )
    person.write("hosts.yaml", hosts)
    done = person.quick("hosts", "trust", "all", "-i", "hosts.yaml", "--json", code=4)
    assert [entry["name"] for entry in done.json()] == ["web1", "web2"]
    assert "gone" in done.err
    assert "nobody was asked, there is no terminal: the keys above are trusted as they were shown" in done.err
    again = person.quick("hosts", "trust", "web", "-i", "hosts.yaml")
    assert again.out.count("was known in") == 2
    assert "nobody was asked" not in again.err


def test_hosts_tells_connections_as_they_are_and_which_runs_use_them(person: Person) -> None:
    person.quick("hosts", "trust", "web1", "-i", "hosts.yaml")
    gate = person.work / "gate"
    uid = person.begin("one.yaml", "-i", "hosts.yaml", "-p", f"gate={gate}")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    until(lambda: person.document(uid)["jobs"][1]["hold"])
    seen = by_name(person.quick("hosts", "-i", "hosts.yaml", "--json"))
    assert (seen["web1"]["phase"], seen["web1"]["runs"]) == ("connected", ["one/1"])
    assert seen["web2"]["phase"] == "host_key_unknown"
    assert seen["web2"]["fingerprint"].startswith("SHA256:")
    assert list(by_name(person.quick("hosts", "--json"))) == ["web1", "web2"]
    assert "onduty hosts trust web2" in person.quick("hosts", "web2").out
    person.quick("hosts", "trust", "web2")
    gate.touch()
    assert person.quick("wait", uid, "--through-holds").code == 0


def test_wait_returns_when_the_last_thing_to_wait_for_is_a_key(person: Person) -> None:
    uid = person.begin("one.yaml", "-i", "hosts.yaml")
    assert person.quick("wait", uid, code=4).err.splitlines()[0] == "one/1: held"
    following = person.start("events", uid, "--follow")
    person.quick("cancel", uid)
    assert person.quick("wait", uid, code=3)
    assert person.end(following).code == 0
