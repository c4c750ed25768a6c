"""Runs that repeat others, wait for others, or bring a controller of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.person import Person, until

GROUPED = """\
version: 1
name: NAME
params: {gate: {default: ''}, say: {default: hello}}
concurrency: WHEN
stages:
  - name: one
    jobs:
      job:
        hosts: HOSTS
        tasks:
          - run: |
              until [ -z "$gate" ] || [ -e "$gate" ]; do sleep 0.05; done
              echo "$say"
              echo "said=$say" >>"$ONDUTY_OUTPUT"
"""


def text(name: str, when: str, hosts: str = "local") -> str:
    return GROUPED.replace("NAME", name).replace("WHEN", when).replace("HOSTS", hosts)


def runs_of(home: Person) -> list[dict[str, Any]]:
    """The list of runs, newest first."""
    runs: list[dict[str, Any]] = home.api("GET", "/v1/runs").json()
    return runs


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    resident.write("queues.yaml", text("queues", "{group: web}"))
    resident.write("refuses.yaml", text("refuses", "{group: web, when_busy: refuse}"))
    resident.write("free.yaml", text("free", "{group: free, limit: 9}"))
    return resident


def test_a_run_of_a_busy_group_waits_for_its_turn_and_says_for_whom(home: Person, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    holder = home.begin("queues.yaml", "-p", f"gate={gate}")
    name = home.document(holder)["id"]
    until(lambda: home.document(holder)["phase"] == "running")
    refused = home.quick("run", "refuses.yaml", code=5)
    me = home.document(holder)["by"]
    assert refused.err.splitlines() == [
        f"onduty: {name} ({me}, running) holds concurrency group web; nothing was started",
        f"  try: onduty wait {name}",
    ]
    waiting = home.start("run", "queues.yaml", "-p", "say=my turn")
    queued = until(lambda: next((run for run in runs_of(home) if run["phase"] == "queued"), None))
    hold = f"waits for {name} ({me}, running) in concurrency group web"
    assert queued["what"] == hold
    shown = home.document(queued["uid"])
    assert [(one["kind"], one["what"], one["text"]) for one in shown["holds"]] == [
        ("concurrency", queued["id"], hold),
    ]
    assert shown["concurrency"] == {"group": "web", "limit": 1, "when_busy": "queue"}
    given_up = home.begin("queues.yaml")
    home.quick("cancel", given_up)
    assert home.document(given_up)["phase"] == "cancelled"
    gate.touch()
    done = home.end(waiting)
    assert (done.code, done.out) == (0, "local job| my turn\n")
    assert f"{queued['id']}: {hold}" in done.err
    lines = home.quick("events", queued["uid"], "--json").out.splitlines()
    story = [json.loads(line)["type"] for line in lines]
    assert story.index("lock_taken") == 1
    assert story[-2:] == ["lock_released", "run_finished"]


def test_a_run_is_repeated_as_it_was_pinned_and_no_file_is_read(home: Person) -> None:
    home.write("once.yaml", text("once", "{group: once}", hosts="spare"))
    home.write("hosts.yaml", "hosts: {spare: {address: 192.0.2.1}, unused: {}}\n")
    first = home.begin("once.yaml", "-i", "hosts.yaml", "--limit", "spare", "-p", "say=as then")
    home.quick("cancel", first)
    home.write("once.yaml", "not: a pipeline")
    home.write("hosts.yaml", "hosts: {other: {}}\n")
    name = home.document(first)["id"]
    done = home.quick("run", "--again", name, "--detach", "--json")
    again = done.json()["uid"]
    assert done.err.splitlines() == [
        f"{done.json()['id']} repeats {name} with gate= say=as then on 1 host (spare) of hosts.yaml, as pinned then"
    ]
    home.quick("cancel", again)
    before, after = home.document(first), home.document(again)
    assert after["definition_digest"] == before["definition_digest"]
    assert after["params"] == {"gate": "", "say": "as then"}
    assert [job["host"] for job in after["jobs"]] == ["spare"]
    record = home.quick("record", again).out.splitlines()
    assert f"  {'inventory':<13}{home.work / 'hosts.yaml'}" in record


def test_params_of_a_repeated_run_can_be_others(home: Person) -> None:
    first = home.begin("free.yaml", "-p", "say=first")
    home.quick("wait", first)
    done = home("run", "--again", first, "-p", "say=second")
    assert done.out == "local job| second\n"
    last = runs_of(home)[0]["uid"]
    assert home.document(last)["jobs"][0]["outputs"] == {"said": "second"}
    wrong = home.quick("run", "--again", first, "-p", "said=x", code=2)
    assert wrong.err.splitlines()[0].endswith("1:1  params.said: unknown param; this pipeline has gate, say")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("free.yaml",), "free.yaml: --again repeats last with the text and the hosts that it pinned"),
        (("-i", "x.yaml"), "-i: --again repeats last with the text and the hosts that it pinned"),
        (("--limit", "all"), "--limit: --again repeats last with the text and the hosts that it pinned"),
        (("--own-controller",), "--own-controller: knows no earlier run that --again could repeat"),
    ],
)
def test_what_a_repeated_run_cannot_take_is_refused(home: Person, words: tuple[str, ...], line: str) -> None:
    done = home.quick("run", "--again", "last", *words, code=2)
    assert done.err.splitlines()[0] == f"onduty: {line}; nothing was started"


def test_a_controller_of_its_own_ends_with_the_command_and_leaves_what_it_kept(home: Person) -> None:
    count = len(runs_of(home))
    done = home("run", "free.yaml", "--own-controller", "-p", "say=from CI")
    assert done.out == "local job| from CI\n"
    last = done.err.splitlines()[-1]
    assert last.startswith("its controller has ended; what it kept: ONDUTY_HOME=")
    kept = Path(last.partition("ONDUTY_HOME=")[2].split()[0])
    assert kept.parent == home.home / "own"
    assert (kept / "onduty.sqlite").exists()
    assert not (kept / "controller.sock").exists()
    assert {(kept / name).stat().st_mode & 0o077 for name in (".", "onduty.sqlite", "controller.log")} == {0}
    assert [one for one in psutil.process_iter(["environ"]) if _home_of(one) == str(kept)] == []
    assert len(runs_of(home)) == count
    assert home.quick("run", "free.yaml", "--own-controller", "--detach", code=2).err.startswith("onduty: --detach: ")


def _home_of(process: psutil.Process) -> str:
    environ: dict[str, str] = process.info["environ"] or {}
    return environ.get("ONDUTY_HOME", "")


def test_what_cannot_be_planned_starts_no_controller_of_its_own(home: Person) -> None:
    home.write("broken.yaml", "version: 1\n")
    before = sorted((home.home / "own").glob("*")) if (home.home / "own").exists() else []
    assert "nothing was started" in home("run", "broken.yaml", "--own-controller", code=2).err
    assert sorted((home.home / "own").glob("*")) == before
