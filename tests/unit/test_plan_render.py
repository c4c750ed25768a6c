"""What ``onduty plan`` prints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.model.definition import Concurrency, WhenBusy
from runners.model.plan import Plan
from runners.plan.build import build_plan
from runners.plan.digest import plan_digest
from runners.plan.render import describe_plan, jobs_in_order, plan_document
from tests.unit.spec_texts import accepted, inventory_of

TEXT = """\
version: 1
name: demo
owner: ops
params: {release: {}}
defaults: {timeout: 90s, on_failure: stop}
stages:
  - name: build
    jobs:
      test: {hosts: local, needs: [make], tasks: [{run: ./test.sh}], on_failure: continue}
      make:
        hosts: web
        retry: {attempts: 3, delay: 5s}
        runbook: make-fails
        tasks:
          - name: fetch
            run: |
              ./fetch.sh "$release"
              ./unpack.sh
            dir: /opt
            timeout: 1m
            runbook: fetch-fails
  - name: after
    jobs: {tell: {hosts: all, tasks: [{run: uptime}]}}
"""


def _plan() -> Plan:
    hosts = ", ".join(f"web{number}: " for number in range(1, 13))
    inventory = inventory_of(f"environment: lab\nhosts: {{{hosts}}}\ngroups: {{web: [web1, web2]}}\n")
    plan, problems = build_plan(
        accepted(TEXT), {"release": "2.4.1"}, inventory, definition_digest="sha256:0", folder="/srv"
    )
    assert problems == ()
    assert plan is not None
    return plan


def test_plan_is_told_in_the_order_it_would_run() -> None:
    assert list(describe_plan(_plan())) == [
        "demo  in lab  2 stages, 3 jobs, 15 job runs on 13 hosts",
        "  release=2.4.1",
        "stage build",
        "  job make on web1, web2",
        "    on failure stop, timeout 90s, up to 3 attempts, the second after 5s, runbook make-fails",
        "    1. fetch  (in /opt, timeout 1m, runbook fetch-fails)",
        '      ./fetch.sh "$release"',
        "      ./unpack.sh",
        "  job test on local, waits for make",
        "    on failure continue, timeout 90s",
        "    1. test.sh",
        "      ./test.sh",
        "stage after, after build",
        "  job tell on web1, web2, web3, web4, web5, web6, web7 and 5 more",
        "    on failure stop, timeout 90s",
        "    1. uptime",
        "      uptime",
    ]


def test_jobs_come_in_the_order_of_the_file_but_never_before_what_they_need() -> None:
    assert [job.name for job in jobs_in_order(_plan().stages[0])] == ["make", "test"]


def test_document_names_everything_and_says_null_where_nothing_applies() -> None:
    plan = _plan()
    document = plan_document(plan)
    assert document["plan_digest"] == plan_digest(plan)
    assert document["params"] == {"release": "2.4.1"}
    assert document["job_runs"] == 15
    assert document["hosts"][0] == {
        "name": "web1",
        "address": "web1",
        "port": None,
        "user": None,
        "labels": {},
        "vars": {},
    }
    assert document["hosts"][-1] == {
        "name": "local",
        "address": None,
        "port": None,
        "user": None,
        "labels": {},
        "vars": {},
    }
    assert document["stages"][0]["jobs"][1] == {
        "job": "test",
        "hosts": ["local"],
        "needs": ["make"],
        "timeout_s": 90.0,
        "retry": {"attempts": 1, "delay_s": 2.0, "backoff": 2.0, "max_delay_s": 60.0, "jitter": "full"},
        "on_failure": "continue",
        "runbook": None,
        "tasks": [
            {
                "name": "test.sh",
                "kind": "run",
                "part": "tasks",
                "command": "./test.sh",
                "shell": "sh",
                "sudo": None,
                "login": False,
                "limits": None,
                "log_limit_bytes": None,
                "does": "./test.sh",
                "http": None,
                "transfer": None,
                "wait_s": None,
                "dir": None,
                "env": {"release": "2.4.1"},
                "timeout_s": None,
                "repeatable": True,
                "runbook": None,
            }
        ],
        "rollback": [],
    }


@pytest.mark.parametrize(
    ("concurrency", "line"),
    [
        (Concurrency(group="web"), "  concurrency group web: one run at once, another one waits for its turn"),
        (
            Concurrency(group="web", limit=3, when_busy=WhenBusy.REFUSE),
            "  concurrency group web: 3 runs at once, another one is refused",
        ),
    ],
)
def test_plan_says_its_concurrency_group(concurrency: Concurrency, line: str) -> None:
    plan = replace(_plan(), concurrency=concurrency)
    assert list(describe_plan(plan))[2] == line
    assert plan_document(plan)["concurrency"] == {
        "group": "web",
        "limit": concurrency.limit,
        "when_busy": concurrency.when_busy.value,
    }
    assert plan_document(_plan())["concurrency"] is None
