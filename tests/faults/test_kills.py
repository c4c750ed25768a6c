"""``kill -9`` at random moments of a run on two real sshd's: nothing is lost and nothing runs twice.

``ONDUTY_SOAK=1 make faults`` makes more than the hundred random kills that the product claims.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
from functools import partial

import pytest

from tests.person import Person, until
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import check_ledger, check_logs, check_order, params_of, set_out

SOAK = bool(os.environ.get("ONDUTY_SOAK"))

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(180)]

LAST_SEQ = 150
"""About as many events as the story has."""


def keeps_nothing(host: Sshd) -> bool:
    """The host has no record of an execution any more."""
    return not list((host.home / ".local/state/onduty").rglob("*.[xl]"))


def moments(dice: random.Random, most: int) -> list[tuple[int, float]]:
    """Up to ``most`` moments of the run, in order: an event, and a little later than it in seconds.

    One is in its first half, because how many events there are depends on how fast hosts answer.
    """
    first, others = dice.randrange(1, LAST_SEQ // 2), dice.sample(range(1, LAST_SEQ), dice.randint(1, most) - 1)
    return [(seq, dice.random() * 0.05) for seq in sorted({first, *others})]


def at(person: Person, uid: str, moment: tuple[int, float], waiting: subprocess.Popen[bytes]) -> bool:
    """Return at that moment; False when the run was over before. ``waiting`` starts controllers that are missing."""
    seq, later_s = moment

    def there() -> str:
        if waiting.poll() is not None:
            return "over"
        answer = person.look(uid)
        return "there" if answer and answer["state"]["seq"] >= seq else ""

    if until(there, f"event {seq}, or the end") == "over":
        return False
    threading.Event().wait(later_s)
    return True


def check_end(person: Person, uid: str, web1: Sshd, web2: Sshd) -> None:
    """As if nothing had happened."""
    document = person.show(uid)
    assert (document["phase"], document["result"], document["warnings"]) == ("succeeded", "success", [])
    assert {job["attempt"] for job in document["jobs"]} == {1}
    check_ledger(document, web1, web2)
    check_order(web1, web2)
    check_logs(person, document, web1, web2)
    person.quick("events", uid, "--verify")
    for one in (web1, web2):
        until(partial(keeps_nothing, one), f"executions are removed from {one.name}")


@pytest.mark.parametrize("seed", range(44 if SOAK else 9))
def test_killed_controllers_lose_nothing_and_start_nothing_twice(person: Person, sshds: SshdFarm, seed: int) -> None:
    dice = random.Random(seed)
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    set_out(person, web1, web2)
    uid = person.begin("story.yaml", "-i", "inventory.yaml", *params_of(person, "pause=0.1"))
    waiting = person.start("wait", uid)
    killed = [person.kill_controller() for moment in moments(dice, 4) if at(person, uid, moment, waiting)]
    assert any(killed)
    print(f"\n{len(killed)} times killed")
    done = person.end(waiting, timeout_s=120)
    assert done.code == 0, done.err
    check_end(person, uid, web1, web2)


@pytest.mark.parametrize("seed", range(100, 103))
def test_killed_clients_take_nothing_with_them(person: Person, sshds: SshdFarm, seed: int) -> None:
    dice = random.Random(seed)
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    set_out(person, web1, web2)
    person("controller", "restart")
    front = person.start("run", "story.yaml", "-i", "inventory.yaml", *params_of(person, "pause=0.1"))
    assert front.stdout is not None
    assert front.stdout.readline()
    uid = person.quick("show", "last", "--json").json()["uid"]
    patient, impatient = person.start("wait", uid), person.start("wait", uid)
    for number, moment in enumerate(moments(dice, 3)):
        if at(person, uid, moment, patient):
            (front if number == 0 else impatient).kill()
            if dice.random() < 0.5:
                person.kill_controller()
    front.kill()
    assert person.end(patient, timeout_s=120).code == 0
    check_end(person, uid, web1, web2)


@pytest.mark.parametrize("seed", range(200, 203))
def test_links_that_break_while_controllers_die_lose_nothing(person: Person, sshds: SshdFarm, seed: int) -> None:
    dice = random.Random(seed)
    web1, web2 = sshds.start("web1"), sshds.start("web2")
    set_out(person, web1, web2)
    uid = person.begin("story.yaml", "-i", "inventory.yaml", *params_of(person, "pause=0.1"))
    waiting = person.start("wait", uid)
    for moment in moments(dice, 5):
        if at(person, uid, moment, waiting):
            what = dice.choice(("cut", "cut", "kill", "both"))
            if what in ("cut", "both"):
                dice.choice((web1, web2)).drop_connections()
            if what in ("kill", "both"):
                person.kill_controller()
    done = person.end(waiting, timeout_s=120)
    assert done.code == 0, done.err
    check_end(person, uid, web1, web2)
