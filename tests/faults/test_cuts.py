"""Connections to five real sshd's are cut at random bytes while thirty jobs talk: the first promise, counted.

Nothing that a job said is lost or heard twice, no job runs twice, every verdict is the true one, and no look at the run
in between shows a success or a failure that has not happened. Witnesses are files that the jobs write on their hosts.

``make faults`` makes 40 cuts; ``ONDUTY_SOAK=1 make faults`` the 200 that the product claims.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from tests.faults.proxy import Scissors
from tests.faults.talkers import HOSTS, JOBS, Talkers, pipeline
from tests.person import Person, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of

SOAK = bool(os.environ.get("ONDUTY_SOAK"))
CUTS = 200 if SOAK else 40
PATIENCE_S = 240.0
"""For the next cut, and for the end: a host that was lost often is tried less often, up to 15 s apart."""

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(1800 if SOAK else 300)]


def until_cut(scissors: Scissors, talkers: Talkers) -> None:
    """Wait for the next cut, and go on looking."""
    made = scissors.made
    until(lambda: talkers.look() and scissors.made > made, "a cut", patience_s=PATIENCE_S)


def test_connections_cut_at_random_bytes_lose_nothing_double_nothing_and_mislead_nobody(
    person: Person, sshds: SshdFarm, capsys: pytest.CaptureFixture[str]
) -> None:
    scissors = Scissors(seed=2026, most=CUTS)
    with ExitStack() as links:
        daemons = {name: sshds.start(name) for name in (f"web{number}" for number in range(1, HOSTS + 1))}
        for name, daemon in daemons.items():
            daemon.stand_behind(links.enter_context(scissors.link(name, daemon.port)).port)
        person.write("talkers.yaml", pipeline())
        person.write("inventory.yaml", inventory_of(*daemons.values()))
        talkers = Talkers(person, person.begin("talkers.yaml", "-i", "inventory.yaml"), daemons)
        for number in range(1, JOBS + 1):
            # The places on each host spread the starts over the cuts, this spreads the ends; every host talks on.
            enough = CUTS if number > JOBS - HOSTS else (number - 1) * CUTS // (JOBS - HOSTS)
            while scissors.made < enough:
                until_cut(scissors, talkers)
            talkers.release(number)
        until(lambda: talkers.look()["phase"] != "running", "the end of the run", patience_s=PATIENCE_S)
        talkers.check_end(talkers.look())
        with capsys.disabled():
            print(
                f"\n{scissors.made} cuts, {JOBS} jobs, {talkers.said_bytes} bytes said and heard once, "
                f"{talkers.polls} looks without a false claim, jobs were seen {dict(talkers.seen)}"
            )
