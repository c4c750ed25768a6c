"""``kill -9`` of the controller in the middle of a rollback on two real sshd's: it completes, and nothing twice."""

from __future__ import annotations

import random
import threading

import pytest

from tests.person import Person
from tests.ssh.sshd import SshdFarm
from tests.ssh.undo import check_once, set_out, took_back, until_took_back, words

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(180)]


@pytest.mark.parametrize("seed", range(6))
def test_a_rollback_that_loses_its_controllers_completes_without_undoing_anything_twice(
    person: Person, sshds: SshdFarm, seed: int
) -> None:
    dice = random.Random(seed)
    set_out(person, sshds.start("web1"), sshds.start("web2"))
    (person.work / "mended").touch()
    person("run", *words(person, "pause=0.2"), code=1)
    uid = person.show()["uid"]
    person.quick("rollback", "undo/1")
    waiting = person.start("wait", uid)  # starts the controllers that are missing
    killed = 0
    for count in sorted(dice.sample(range(5), 2)):
        until_took_back(person, count)
        threading.Event().wait(dice.random() * 0.2)
        killed += person.kill_controller() is not None
    assert killed
    assert person.end(waiting, timeout_s=120).code == 1
    done = person.show(uid)
    assert (done["phase"], done["left"]) == ("rolled_back", [])
    back = took_back(person)
    assert back[:2] == [("purge", "web1"), ("slow", "web2")]
    assert sorted(back[2:4]) == [("release", "web1"), ("release", "web2")]
    assert back[4:] == [("schema", "web1")]
    check_once(person)
