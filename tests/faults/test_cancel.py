"""Jobs that do not want to end: after a cancel nothing of them is left in time, and nobody else is touched.

What cannot be ended is named, and a pid that belongs to a stranger by now is never signalled: both need stand-ins and
are in ``tests/unit/test_supervisor.py``.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.person import Person, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(180)]

GRACE_S = 10.0
"""Between TERM and KILL."""
LEFT_S = 5.0
"""After the grace."""
BUSY_S = 5.0
"""What a machine that is busy with other tests may add."""

STUBBORN = "trap '' TERM HUP INT; echo $$ >>\"$HOME/pids\"; while :; do sleep 0.2; done"

TREES = {
    "ignores TERM": 'exec sh "$HOME/stubborn"',
    "double-forked into a session of its own": (
        '(setsid sh -c \'sh "$HOME/stubborn" </dev/null >/dev/null 2>&1 &\' &) ; sh "$HOME/stubborn"'
    ),
    "holds the output open": '(setsid sh "$HOME/stubborn" &) ; sh "$HOME/stubborn" & sh "$HOME/stubborn"',
    "a child with an empty environment": 'env -i HOME="$HOME" setsid sh "$HOME/stubborn" & sh "$HOME/stubborn"',
}
STARTED = {"ignores TERM": 1, "holds the output open": 3}
"""How many processes of each tree note their pid; 2 where nothing is said."""


@contextlib.contextmanager
def bystander(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user on the same host that is none of onduty's business."""
    process = subprocess.Popen(["sleep", "600"], cwd=home, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", TREES, ids=lambda how: how.replace(" ", "-"))
def test_nothing_of_a_cancelled_job_is_left_within_the_grace_and_five_seconds(
    person: Person, sshds: SshdFarm, how: str
) -> None:
    web1 = sshds.start("web1")
    (web1.home / "stubborn").write_text(STUBBORN)
    job = {"hosts": "web1", "tasks": [{"name": "work", "run": TREES[how]}]}
    stages = [{"name": "only", "jobs": {"work": job}}]
    person.write("stubborn.yaml", json.dumps({"version": 1, "name": "stubborn", "stages": stages}))
    person.write("inventory.yaml", inventory_of(web1))
    uid = person.begin("stubborn.yaml", "-i", "inventory.yaml")
    noted = web1.home / "pids"
    until(lambda: noted.exists() and noted.read_text().count("\n") == STARTED.get(how, 2), "the whole tree")
    tree = [psutil.Process(int(pid)) for pid in noted.read_text().split()]
    with bystander(web1.home) as stranger:
        person.quick("cancel", uid)
        since_s = time.monotonic()

        def gone() -> bool:
            # Nobody calls it cancelled while something of it lives.
            phase = person.document(uid)["jobs"][0]["phase"]
            left = [one for one in tree if alive(one)]
            assert phase == "cancelling" or not left, f"it is called {phase} and {left} live"
            return not left

        until(gone, "the end of the tree")
        assert time.monotonic() - since_s < GRACE_S + LEFT_S + BUSY_S
        assert person("wait", uid, code=3)
        assert stranger.poll() is None
    document = person.document(uid)
    assert (document["phase"], document["jobs"][0]["phase"]) == ("cancelled", "cancelled")
    events = [json.loads(line) for line in person("events", uid, "--json").out.splitlines()]
    steps = [event["payload"]["step"] for event in events if event["type"] == "cancel_step"]
    assert steps == ["term", "kill", "gone"]


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
