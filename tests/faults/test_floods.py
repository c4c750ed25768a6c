"""More output than anybody reads: every line once, every byte there, and a controller that stays small.

``ONDUTY_SOAK=1 make faults`` makes the counts that the product claims: 20 hosts with 25 jobs of 2,000 lines each, one
line of 1 GB, and 1 GB of lines.
"""

from __future__ import annotations

import os

import psutil
import pytest

from runners.adapters.log_paths import log_paths
from tests.person import Person, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of, log_of

SOAK = bool(os.environ.get("ONDUTY_SOAK"))
HOSTS, JOBS, LINES = (20, 25, 2000) if SOAK else (6, 8, 500)
FLOOD_BYTES = 1_000_000_000 if SOAK else 60_000_000
MOST_CONTROLLER_BYTES = 300_000_000

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(1800 if SOAK else 300)]

MANY = """\
version: 1
name: many
params: {{lines: {{}}}}
stages:
  - name: s
    jobs:
{jobs}"""
_JOB = """\
      j{number}:
        hosts: all
        on_failure: continue
        tasks:
          - name: talk
            run: |
              echo "$ONDUTY_KEY" >>"$HOME/ledger"
              n=0
              while [ $n -lt $lines ]; do n=$((n + 1)); echo "{number}:$n"; done
              exit {code}
"""
FLOOD = """\
version: 1
name: flood
params: {bytes: {}}
stages:
  - name: s
    jobs:
      line:
        hosts: web1
        tasks:
          - name: one-line
            run: head -c "$bytes" /dev/zero | tr '\\0' x
      lines:
        hosts: web1
        tasks:
          - name: many-lines
            run: yes 'a line of a flood, as long as lines of logs are' | head -c "$bytes"
"""


def test_every_job_of_many_on_stock_sshds_ends_as_it_did_with_every_line_once(person: Person, sshds: SshdFarm) -> None:
    daemons = [sshds.start(f"web{number}") for number in range(1, HOSTS + 1)]
    jobs = "".join(_JOB.format(number=number, code=0 if number % 5 else 3) for number in range(1, JOBS + 1))
    person.write("many.yaml", MANY.format(jobs=jobs))
    person.write("inventory.yaml", inventory_of(*daemons))
    uid = person.begin("many.yaml", "-i", "inventory.yaml", "-p", f"lines={LINES}")
    until(lambda: person.document(uid)["phase"] not in ("queued", "running"), "the end of the run", patience_s=900.0)
    document = person.show(uid)
    assert len(document["jobs"]) == HOSTS * JOBS
    for job in document["jobs"]:
        number = int(job["job"][1:])
        verdict = (job["phase"], job["exit_code"], job["attempt"])
        assert verdict == (("succeeded", 0, 1) if number % 5 else ("failed", 3, 1)), job
        (task,) = job["tasks"]
        said = log_of(person, uid, task["key"]).decode().split()
        assert said == [f"{number}:{n}" for n in range(1, LINES + 1)], job
    for daemon in daemons:
        keys = (daemon.home / "ledger").read_text().split()
        assert len(keys) == len(set(keys)) == JOBS


def test_a_flood_of_lines_and_one_endless_line_arrive_whole_in_a_small_controller(
    person: Person, sshds: SshdFarm
) -> None:
    web1 = sshds.start("web1")
    person.write("flood.yaml", FLOOD)
    person.write("inventory.yaml", inventory_of(web1))
    uid = person.begin("flood.yaml", "-i", "inventory.yaml", "-p", f"bytes={FLOOD_BYTES}")
    controller = psutil.Process(person.pid)
    most_bytes = 0

    def is_over() -> bool:
        nonlocal most_bytes
        most_bytes = max(most_bytes, controller.memory_full_info().uss)
        return bool(person.document(uid)["phase"] not in ("queued", "running"))

    until(is_over, "the end of the run", patience_s=900.0)
    document = person.show(uid)
    assert document["phase"] == "succeeded"
    assert [job["log_bytes"] for job in document["jobs"]] == [FLOOD_BYTES, FLOOD_BYTES]
    keys = [task["key"] for job in document["jobs"] for task in job["tasks"]]
    assert [log_paths(person.home, uid, key)[0].stat().st_size for key in keys] == [FLOOD_BYTES, FLOOD_BYTES]
    assert most_bytes < MOST_CONTROLLER_BYTES
