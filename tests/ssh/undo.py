"""A run that is taken back on two real hosts, and the ledger that tells what really ran, in which order.

Every step appends one line to the ledger: all hosts are this machine, so one file has the order over all of them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.person import Person, until
from tests.ssh.sshd import Sshd
from tests.ssh.story import inventory_of

LEDGER = 'echo "$ONDUTY_KEY $ONDUTY_JOB $ONDUTY_HOST $ONDUTY_TASK" >>"$ledger"'

PIPELINE = f"""\
version: 1
name: undo
params:
  ledger: {{help: A file that every step writes a line into.}}
  mended: {{help: A file without which purge cannot be taken back.}}
  pause: {{default: '0', help: Seconds that every step of a rollback takes.}}
stages:
  - name: prepare
    jobs:
      schema: &job
        hosts: web1
        tasks: [{{name: work, run: '{LEDGER}'}}]
        verify: [{{name: check, run: '{LEDGER}'}}]
        rollback: [{{name: back, run: '{LEDGER}; sleep "$pause"'}}]
        finally: [{{name: tidy, run: '{LEDGER}'}}]
      inform: {{hosts: web2, tasks: [{{name: work, run: '{LEDGER}'}}]}}
  - name: rollout
    jobs:
      release: {{<<: *job, hosts: all}}
      slow:
        <<: *job
        hosts: web2
        needs: [release]
        on_failure: continue
        tasks: [{{name: work, run: '{LEDGER}; sleep 600', timeout: 1s}}]
  - name: after
    jobs:
      purge:
        <<: *job
        tasks: [{{name: work, run: '{LEDGER}; exit 3'}}]
        rollback: [{{name: back, run: '{LEDGER}; test -e "$mended"'}}]
      never: {{<<: *job, needs: [purge]}}
"""


class Step(NamedTuple):
    """A line of the ledger."""

    key: str
    job: str
    host: str
    task: str


def set_out(person: Person, *daemons: Sshd) -> None:
    """The files of the run, in the folder of the person."""
    person.write("undo.yaml", PIPELINE)
    person.write("inventory.yaml", inventory_of(*daemons))


def words(person: Person, *more: str) -> list[str]:
    """What follows ``onduty run``."""
    params = [f"ledger={person.work / 'ledger'}", f"mended={person.work / 'mended'}", *more]
    return ["undo.yaml", "-i", "inventory.yaml", *(word for one in params for word in ("-p", one))]


def ledger(person: Person) -> list[Step]:
    """What ran, in order."""
    path: Path = person.work / "ledger"
    return [Step(*line.split()) for line in path.read_text().splitlines()]


def took_back(person: Person) -> list[tuple[str, str]]:
    """Job and host of every rollback that ran, in order."""
    return [(step.job, step.host) for step in ledger(person) if step.task == "back"]


def until_took_back(person: Person, count: int) -> None:
    """Wait for so many rollbacks."""
    until(lambda: len(took_back(person)) >= count, f"{count} rollbacks")


def check_once(person: Person) -> None:
    """No execution ran twice."""
    twice = [key for key, count in Counter(step.key for step in ledger(person)).items() if count > 1]
    assert twice == []
