"""A run of three stages and twelve jobs on two real hosts, and what must be true of it afterwards.

Every job appends a line to a ledger on its host, so that what ran twice or never is seen there and not in what onduty
says about itself. Two big logs are made of files that the test wrote.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.person import Person
from tests.ssh.sshd import Sshd

RANDOM_BYTES = 4 * 1024 * 1024
LONG_LINE_BYTES = 20 * 1024 * 1024

LEDGER = 'echo "$ONDUTY_KEY $ONDUTY_STAGE $(date +%s%N)" >>"$HOME/ledger"'
OVER = 'echo "over $ONDUTY_STAGE $(date +%s%N)" >>"$HOME/times"'

PIPELINE = f"""\
version: 1
name: story
environment: test
params:
  pause: {{default: '0', help: Seconds that every small job takes.}}
  meet: {{help: A folder where jobs that run at the same time meet.}}
  mended: {{default: ''}}
stages:
  - name: fetch
    jobs:
      random: &big {{hosts: web1, tasks: [{{name: write, run: '{LEDGER}; cat "$HOME/random"; {OVER}'}}]}}
      line: {{hosts: web2, tasks: [{{name: write, run: '{LEDGER}; cat "$HOME/line"; {OVER}'}}]}}
      here: &meets
        hosts: web1
        tasks:
          - name: meet
            run: |
              {LEDGER}
              : >"$meet/$ONDUTY_JOB"
              while ! [ -e "$meet/here" ] || ! [ -e "$meet/there" ]; do sleep 0.02; done
              {OVER}
      there: {{<<: *meets, hosts: web2}}
  - name: build
    jobs:
      both: &small
        hosts: all
        tasks:
          - {{name: first, run: '{LEDGER}; echo "$ONDUTY_HOST one"; sleep "$pause"'}}
          - {{name: second, run: '{LEDGER}; echo "$ONDUTY_HOST two" >&2; {OVER}'}}
      one: {{<<: *small, hosts: web1}}
      two: {{<<: *small, hosts: web2}}
      late: {{<<: *small, hosts: 'web1,web2', needs: [one, two]}}
      again: {{<<: *small, hosts: web2, needs: [late]}}
  - name: ship
    jobs:
      send: {{<<: *small, hosts: web2}}
      shaky:
        hosts: web1
        tasks:
          - name: try
            run: |
              {LEDGER}
              if [ -n "$mended" ] && ! [ -e "$mended" ]; then echo "bind: address already in use"; exit 7; fi
      last: {{<<: *small, hosts: all, needs: [send]}}
"""

SMALL = ("both", "one", "two", "late", "again", "send", "last")


def furnish(home: Path) -> None:
    """The files that the big logs are made of."""
    (home / "random").write_bytes(os.urandom(RANDOM_BYTES))
    (home / "line").write_bytes(b"0123456789abcdef" * (LONG_LINE_BYTES // 16))


def inventory_of(*daemons: Sshd) -> str:
    """An inventory of these hosts, in this order."""
    lines = ["hosts:"]
    for one in daemons:
        host = one.host
        lines.append(
            f"  {one.name}: {{address: {host.address}, port: {host.port}, user: {host.user}, "
            f"identity: {host.identity}, known_hosts: {host.known_hosts}}}"
        )
    return "\n".join(lines) + "\n"


def set_out(person: Person, *daemons: Sshd) -> None:
    """Everything that the run needs, in the folder of the person and on the hosts."""
    person.write("story.yaml", PIPELINE)
    person.write("inventory.yaml", inventory_of(*daemons))
    (person.work / "meet").mkdir()
    for one in daemons:
        furnish(one.home)


def params_of(person: Person, *more: str) -> list[str]:
    """``-p`` words for the run."""
    return ["-p", f"meet={person.work / 'meet'}", *(word for one in more for word in ("-p", one))]


def keys_in_ledgers(*daemons: Sshd) -> Counter[str]:
    """How often each execution wrote its line."""
    found: Counter[str] = Counter()
    for one in daemons:
        found.update(line.split()[0] for line in (one.home / "ledger").read_text().splitlines())
    return found


def check_ledger(document: Any, *daemons: Sshd, earlier: tuple[str, ...] = ()) -> None:
    """Every execution that the run tells of ran once, and nothing else ran. ``earlier``: keys of older attempts."""
    told = [task["key"] for job in document["jobs"] for task in job["tasks"] if task["key"]]
    assert keys_in_ledgers(*daemons) == Counter((*told, *earlier))


def check_order(*daemons: Sshd) -> None:
    """Whatever a stage does begins after all of the stage before is over."""
    begun: dict[str, list[int]] = {}
    over: dict[str, list[int]] = {}
    for one in daemons:
        for line in (one.home / "ledger").read_text().splitlines():
            _, stage, at = line.split()
            begun.setdefault(stage, []).append(int(at))
        for line in (one.home / "times").read_text().splitlines():
            _, stage, at = line.split()
            over.setdefault(stage, []).append(int(at))
    assert max(over["fetch"]) < min(begun["build"])
    assert max(over["build"]) < min(begun["ship"])


def check_logs(person: Person, document: Any, *daemons: Sshd) -> None:
    """Every byte of every log is what its job wrote."""
    homes = {one.name: one.home for one in daemons}
    uid = document["uid"]
    for job in document["jobs"]:
        for task in job["tasks"]:
            if job["job"] in ("random", "line"):
                wanted = (homes[job["host"]] / job["job"]).read_bytes()
            elif job["job"] in SMALL:
                wanted = f"{job['host']} {'one' if task['name'] == 'first' else 'two'}\n".encode()
            else:
                continue
            got = log_of(person, uid, task["key"])
            assert len(got) == task["log_bytes"] == len(wanted), (job["job"], task["name"])
            assert got == wanted


def log_of(person: Person, uid: str, key: str) -> bytes:
    """A whole log as the API reads it."""
    parts: list[bytes] = []
    offset = 0
    while data := person.api("GET", f"/v1/runs/{uid}/logs/{key}", params={"from": offset}).content:
        parts.append(data)
        offset += len(data)
    return b"".join(parts)
