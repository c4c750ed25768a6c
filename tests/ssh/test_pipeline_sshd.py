"""A whole run on two real sshd's, as a person types it: order, parallelism, documents, exit codes, every byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import (
    check_ledger,
    check_logs,
    check_order,
    inventory_of,
    keys_in_ledgers,
    params_of,
    set_out,
)

pytestmark = pytest.mark.sshd

ONE = """\
version: 1
name: one
params: {gate: {default: /}}
stages:
  - name: only
    jobs:
      job:
        hosts: web1
        tasks: [{run: 'echo "$ONDUTY_KEY" >>"$HOME/ran"; while ! [ -e "$gate" ]; do sleep 0.05; done'}]
"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


def forget(daemon: Sshd) -> None:
    """Nobody knows the host's key."""
    lines = daemon.known_hosts.read_text().splitlines(keepends=True)
    daemon.known_hosts.write_text("".join(line for line in lines if f":{daemon.port} " not in line))


def test_three_stages_and_twelve_jobs_on_two_hosts(person: Person, sshds: SshdFarm) -> None:
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    set_out(person, web1, web2)
    mended = person.work / "mended"

    failed = person("run", "story.yaml", "-i", "inventory.yaml", *params_of(person, f"mended={mended}"), code=1)
    uid = person.show()["uid"]
    assert "ship/shaky@web1: failed, exit 7 in try" in failed.err
    lines = failed.out.splitlines()
    assert "web2 both| web2 one" in lines
    assert lines.index("web2 again| web2 one") > lines.index("web1 late| web1 two")
    assert sum(len(line) for line in lines if line.startswith("web2 line| ")) > 20 * 1024 * 1024

    held = person.show()
    assert (held["phase"], [one["phase"] for one in held["stages"]]) == ("held", ["passed", "passed", "held"])
    assert len({(job["stage"], job["job"]) for job in held["jobs"]}) == 12
    shaky = next(job for job in held["jobs"] if job["job"] == "shaky")
    assert (shaky["phase"], shaky["exit_code"], shaky["reason"]) == ("failed", 7, "exit 7 in try")
    assert shaky["runbook"]["id"] == "port-in-use"
    assert {job["phase"] for job in held["jobs"] if job is not shaky} == {"succeeded"}
    check_order(web1, web2)

    mended.touch()
    person.quick(*held["next"][0].split()[1:])
    assert person("wait", uid).code == 0
    done = person.show(uid)
    assert (done["phase"], done["result"]) == ("succeeded", "success")
    assert [job["attempt"] for job in done["jobs"] if job["job"] == "shaky"] == [2]
    check_ledger(done, web1, web2, earlier=(shaky["tasks"][0]["key"],))
    check_logs(person, done, web1, web2)
    raw = person("logs", uid, "random", "--raw")
    assert raw.raw == (web1.home / "random").read_bytes()
    refused = person.quick("retry", uid, "random", code=5)
    assert "random@web1 succeeded" in refused.err
    person.quick("run", "story.yaml", "-i", "inventory.yaml", code=2)
    person.quick("events", uid, "--verify")


def test_a_cancelled_run_ends_with_3_and_leaves_nothing_on_its_host(person: Person, sshds: SshdFarm) -> None:
    web1 = sshds.start("web1")
    person.write("one.yaml", ONE)
    person.write("inventory.yaml", inventory_of(web1))
    person("controller", "restart")
    uid = person.begin("one.yaml", "-i", "inventory.yaml", "-p", f"gate={person.work / 'never'}")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    person.quick("cancel", uid)
    assert person.quick("wait", uid, code=3)
    assert (web1.home / "ran").read_text().count("\n") == 1
    assert [one["kind"] for one in person.document(uid)["holds"]] == []


def test_a_changed_host_key_is_refused_with_both_fingerprints_and_nothing_is_sent(
    person: Person, sshds: SshdFarm
) -> None:
    web1 = sshds.start("web1")
    known = web1.fingerprint
    web1.show_another_key()
    person.write("one.yaml", ONE)
    person.write("inventory.yaml", inventory_of(web1))
    done = person("run", "one.yaml", "-i", "inventory.yaml", code=4)
    assert known in done.err
    assert web1.fingerprint in done.err
    assert "nothing was sent" in done.err
    job = person.show()["jobs"][0]
    assert (job["phase"], job["result"], job["attempt"]) == ("failed", "error", 0)
    assert not (web1.home / "ran").exists()
    assert not (web1.home / ".local").exists()
    assert "Accepted" not in web1.log
    trust = person.quick("hosts", "trust", "web1", "-i", "inventory.yaml", code=4)
    assert known in trust.err
    assert web1.fingerprint in trust.err
    assert "ssh-keygen -R" in trust.err


def test_an_unknown_host_key_is_a_hold_until_somebody_trusts_it(person: Person, sshds: SshdFarm) -> None:
    web1 = sshds.start("web1")
    forget(web1)
    person.write("one.yaml", ONE)
    person.write("inventory.yaml", inventory_of(web1))
    done = person("run", "one.yaml", "-i", "inventory.yaml", code=4)
    assert web1.fingerprint in done.err
    assert "  next: onduty hosts trust web1" in done.err
    held = person.show()
    assert (held["phase"], held["stages"][0]["phase"], held["jobs"][0]["phase"]) == ("held", "held", "queued")
    assert [hold["kind"] for hold in held["holds"]] == ["host_key"]
    assert web1.fingerprint in held["jobs"][0]["hold"]
    assert person.quick("runs", "--json").json()[0]["phase"] == "held"
    assert person.quick("wait", held["uid"], code=4)
    assert person.quick("wait", held["uid"], "--through-holds", "--timeout", "100ms", code=6)
    assert "Accepted" not in web1.log

    elsewhere = person.folder / "elsewhere"
    elsewhere.mkdir()
    trusting = person.end(person.start(*held["next"][0].split()[1:], cwd=elsewhere))
    assert trusting.code == 0
    assert web1.fingerprint in trusting.err
    assert person.quick("wait", held["uid"], "--through-holds").code == 0
    assert (web1.home / "ran").read_text().count("\n") == 1


def test_a_key_that_one_host_waits_for_holds_up_nobody_else(person: Person, sshds: SshdFarm) -> None:
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    forget(web2)
    gate = person.work / "gate"
    person.write("both.yaml", ONE.replace("hosts: web1", "hosts: 'web1,web2'"))
    person.write("inventory.yaml", inventory_of(web1, web2))
    person("controller", "restart")
    uid = person.begin("both.yaml", "-i", "inventory.yaml", "-p", f"gate={gate}")
    until(lambda: [hold["kind"] for hold in person.document(uid)["holds"]] == ["host_key"])
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    assert person.document(uid)["phase"] == "running"
    waiting = person.start("wait", uid)
    gate.touch()
    assert person.end(waiting).code == 1
    assert person.document(uid)["phase"] == "held"
    person.quick("hosts", "trust", "web2")
    assert person.quick("wait", uid, "--through-holds").code == 0
    assert not (web1.home / "ledger").exists()


def test_the_ledger_would_show_a_second_start(person: Person, sshds: SshdFarm) -> None:
    web1 = sshds.start("web1")
    (web1.home / "ledger").write_text("a s 1\na s 2\n")
    assert keys_in_ledgers(web1)["a"] == 2
