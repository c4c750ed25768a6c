"""``onduty hosts --check`` on a real sshd: what a person reads, what a program reads, and no trace of it there."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


def test_hosts_are_looked_at_and_nothing_is_left_there(person: Person, sshds: SshdFarm) -> None:
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    person.write("hosts.yaml", inventory_of(web1, web2))
    done = person("hosts", "--check", "-i", "hosts.yaml", "--json", code=None)
    first, second = done.json()
    assert (first["name"], first["reached"], first["key_known"]) == ("web1", True, True)
    assert (first["key_type"], first["fingerprint"]) == ("ecdsa-sha2-nistp256", web1.fingerprint)
    assert first["user"] == getpass.getuser()
    assert first["connect_s"] > 0
    assert first["shell_start_s"] > 0
    assert abs(first["clock_offset_s"]) < 2
    assert first["state_free_bytes"] > 0
    assert first["home_free_bytes"] > 0
    assert first["sudo"] in ("root", "yes", "no", "none")
    assert first["tools"] in ("GNU", "busybox")
    assert first["executions"] == []
    # A loaded machine may be slow to start a shell: that is the one thing that may not be fine here.
    fine = all(one["phase"] == "ok" for one in (first, second))
    assert done.code == (0 if fine else 1)
    assert list(web1.home.iterdir()) == []

    web2.stop()
    for process in web2.connection_processes():
        process.kill()
    half = person.quick("hosts", "--check", "-i", "hosts.yaml", code=1).out
    assert half.splitlines()[0].split()[:3] == ["HOST", "STATE", "CONNECT"]
    assert "unreachable" in half
    only = person.quick("hosts", "web2", "--check", "-i", "hosts.yaml", code=4)
    assert "web2" in only.out


def test_a_key_that_is_not_on_record_is_shown_and_nothing_is_sent(person: Person, sshds: SshdFarm) -> None:
    web1 = sshds.start("web1")
    web1.known_hosts.write_text("")
    person.write("hosts.yaml", inventory_of(web1))
    (one,) = person("hosts", "--check", "-i", "hosts.yaml", "--json", code=4).json()
    assert (one["phase"], one["key_known"], one["fingerprint"]) == ("host_key_unknown", False, web1.fingerprint)
    said = person.quick("hosts", "--check", "-i", "hosts.yaml", code=4).out
    assert "not on record" in said
    assert "onduty hosts trust web1" in said
    assert "Accepted" not in web1.log


def test_what_somebody_runs_there_is_named_with_its_owner_and_since_when(person: Person, sshds: SshdFarm) -> None:
    web1 = sshds.start("web1")
    person.write("hosts.yaml", inventory_of(web1))
    person.write(
        "long.yaml",
        "version: 1\nname: long\nstages:\n  - name: s\n    jobs:\n      wait:\n        hosts: web1\n"
        "        tasks: [{run: 'until test -e ~/gate; do sleep 0.1; done'}]\n",
    )
    uid = person.begin("long.yaml", "-i", "hosts.yaml")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running", "running")
    (one,) = person.quick("hosts", "--check", "-i", "hosts.yaml", "--json", code=None).json()
    (there,) = one["executions"]
    assert there["label"] == f"{getpass.getuser()} long/1 s/wait@web1"
    assert there["ours"]
    said = person.quick("hosts", "--check", code=None).out
    assert f"web1 runs {getpass.getuser()} long/1 s/wait@web1, since " in said
    (web1.home / "gate").touch()
    person.until_phase(uid, "succeeded")


def test_no_host_at_all_is_an_input_that_cannot_be_used(person: Person) -> None:
    assert "no hosts to look at" in person("hosts", "--check", code=2).err
