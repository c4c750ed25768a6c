"""People who act at the same moment, and a controller that dies under what they asked for, on a real sshd."""

from __future__ import annotations

import getpass

import pytest

from tests.person import Person, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(180)]

GATED = """\
version: 1
name: gated
params: {gate: {}}
stages:
  - name: one
    jobs:
      job:
        hosts: web1
        tasks:
          - run: |
              echo "$ONDUTY_KEY" >>"$HOME/ran"
              [ "$ONDUTY_ATTEMPT" != 1 ]
              while ! [ -e "$gate" ]; do sleep 0.05; done
"""


def failed(person: Person, farm: SshdFarm) -> str:
    """A run whose only job failed; its second attempt waits for the gate."""
    web1 = farm.start("web1")
    person.write("gated.yaml", GATED)
    person.write("inventory.yaml", inventory_of(web1))
    person("run", "gated.yaml", "-i", "inventory.yaml", "-p", f"gate={person.work / 'gate'}", code=1)
    return str(person.show()["uid"])


def test_of_people_who_retry_at_the_same_moment_one_is_first(person: Person, sshds: SshdFarm) -> None:
    uid = failed(person, sshds)
    everybody = [person.start("retry", uid, "job@web1") for _ in range(4)]
    done = sorted((person.end(process) for process in everybody), key=lambda one: one.code)
    assert [one.code for one in done] == [0, 5, 5, 5]
    assert all(f"{getpass.getuser()} retried job@web1 " in one.err for one in done[1:])
    (person.work / "gate").touch()
    assert person("wait", uid).code == 0
    ran = (sshds.daemons["web1"].home / "ran").read_text().splitlines()
    assert ran == [f"{uid}.1.1.1", f"{uid}.1.2.1"]


def test_a_retry_survives_the_death_of_the_controller_that_took_it(person: Person, sshds: SshdFarm) -> None:
    uid = failed(person, sshds)
    retrying = person.start("retry", uid, "job")
    until(lambda: retrying.poll() is not None or _attempts(person, uid) != [1])
    person.kill_controller()
    assert person.end(retrying).code == 0
    (person.work / "gate").touch()
    assert person("wait", uid).code == 0
    ran = (sshds.daemons["web1"].home / "ran").read_text().splitlines()
    assert ran == [f"{uid}.1.1.1", f"{uid}.1.2.1"]


def test_a_cancel_survives_the_death_of_the_controller_that_took_it(person: Person, sshds: SshdFarm) -> None:
    uid = failed(person, sshds)
    person.quick("retry", uid)
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    person.quick("cancel", uid)
    person.kill_controller()
    assert person("wait", uid, code=3)
    assert person.document(uid)["jobs"][0]["phase"] == "cancelled"
    web1 = sshds.daemons["web1"]
    assert (web1.home / "ran").read_text().count("\n") == 2


def test_clients_that_meet_a_dying_controller_end_with_one_that_lives(person: Person, sshds: SshdFarm) -> None:
    failed(person, sshds)
    for _ in range(3):
        person.kill_controller()
        asking = [person.start("runs", "--json") for _ in range(3)]
        assert [len(person.end(process).json()) for process in asking] == [1, 1, 1]
        # One that lost the race may be about to find the lock taken.
        until(lambda: person.controllers() == [person.pid])


def _attempts(person: Person, uid: str) -> list[int]:
    seen = person.look(uid)
    return [job["attempt"] for job in seen["document"]["jobs"]] if seen else []
