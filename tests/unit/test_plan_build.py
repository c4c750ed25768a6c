"""From a definition, params and an inventory to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from runners.model.definition import Concurrency, OnFailure, RetryPolicy
from runners.model.inventory import Host, Inventory
from runners.model.plan import Plan
from runners.plan.build import build_plan, host_problems, repeat_plan
from runners.plan.digest import plan_bytes, plan_digest, text_digest
from runners.plan.params import resolve_params
from tests.unit.spec_texts import HEAD, STAGE, accepted, inventory_of, one_job, said, with_top

INVENTORY = inventory_of(
    "environment: staging\nhosts: {web1: {port: 2222}, web2: , db1: }\ngroups: {web: [web1, web2]}\n"
)


def _planned(text: str, given: Mapping[str, str] | None = None, inventory: Inventory | None = INVENTORY) -> Plan:
    plan, problems = build_plan(accepted(text), given or {}, inventory, definition_digest="sha256:0", folder="/srv")
    assert problems == ()
    assert plan is not None
    return plan


def _refused(text: str, given: Mapping[str, str] | None = None, inventory: Inventory | None = INVENTORY) -> list[str]:
    plan, problems = build_plan(accepted(text), given or {}, inventory, definition_digest="sha256:0", folder="/srv")
    assert plan is None
    return said(problems)


def test_job_runs_are_numbered_from_one_over_the_whole_plan() -> None:
    text = HEAD + STAGE + "      a: {hosts: web, tasks: [{run: x}]}\n      b: {hosts: local, tasks: [{run: x}]}\n"
    text += "  - name: two\n    jobs: {c: {hosts: all, tasks: [{run: x}]}}\n"
    plan = _planned(text)
    assert [(job.id, job.first_number, job.hosts) for job in plan.jobs()] == [
        ("one/a", 1, ("web1", "web2")),
        ("one/b", 3, ("local",)),
        ("two/c", 4, ("web1", "web2", "db1")),
    ]
    assert plan.job_run_count() == 6


def test_plan_holds_only_the_hosts_it_touches() -> None:
    plan = _planned(one_job("hosts: [web1, local]", "tasks: [{run: x}]"))
    assert plan.hosts == {"web1": Host(name="web1", port=2222), "local": Host(name="local")}


def test_pipeline_that_needs_no_inventory_is_planned_without_one() -> None:
    assert list(_planned(one_job("hosts: local", "tasks: [{run: x}]"), inventory=None).hosts) == ["local"]


def test_nearest_env_wins_and_params_arrive_beside_it() -> None:
    text = with_top("params: {p: {default: v}}", "env: {A: top, B: top, C: top}").replace(
        "tasks: [{run: x}]", "env: {B: job, C: job}, tasks: [{run: x, env: {C: task}}, {run: y}]"
    )
    plan = _planned(text)
    first, second = plan.jobs()[0].tasks
    assert plan.env_of(first, "local") == {"A": "top", "B": "job", "C": "task", "p": "v"}
    assert plan.env_of(second, "local") == {"A": "top", "B": "job", "C": "job", "p": "v"}


VARIED = inventory_of("defaults: {vars: {B: host, C: host, W: '1'}}\nhosts: {a: , b: {vars: {W: '2'}}}\n")


def test_variables_of_a_host_stand_over_the_pipeline_and_under_the_job() -> None:
    text = with_top("params: {p: {default: v}}", "env: {A: top, B: top}").replace(
        "{hosts: local, tasks: [{run: x}]}", "{hosts: all, env: {C: job}, tasks: [{run: x}]}"
    )
    plan = _planned(text, inventory=VARIED)
    (task,) = plan.jobs()[0].tasks
    assert plan.env_of(task, "a") == {"A": "top", "B": "host", "C": "job", "W": "1", "p": "v"}
    assert plan.env_of(task, "b") == {"A": "top", "B": "host", "C": "job", "W": "2", "p": "v"}


def test_variables_of_hosts_stand_once_in_the_plan_however_many_tasks_there_are() -> None:
    many = ", ".join("{run: x}" for _ in range(50))
    plan = _planned(one_job("hosts: all", f"tasks: [{many}]"), inventory=VARIED)
    assert plan_bytes(plan).count(b'"W"') == 2


def test_variable_of_a_host_that_is_the_name_of_a_param_is_refused() -> None:
    text = with_top("params: {W: {default: v}}").replace("hosts: local", "hosts: all")
    assert _refused(text, inventory=VARIED) == [
        'p.yaml:7:22  stages[0].jobs.build.hosts: a, b: the variable "W" is the name of a param too; '
        "one of them needs another"
    ]


def test_nearest_dir_wins() -> None:
    text = with_top("dir: /top").replace("tasks: [{run: x}]", "dir: /job, tasks: [{run: x, dir: /task}, {run: y}]")
    assert [task.dir for task in _planned(text).jobs()[0].tasks] == ["/task", "/job"]
    assert _planned(with_top("dir: /top")).jobs()[0].tasks[0].dir == "/top"
    assert _planned(with_top()).jobs()[0].tasks[0].dir is None


def test_job_beats_the_defaults() -> None:
    text = with_top("defaults: {timeout: 10m, retry: {attempts: 3}, on_failure: stop}")
    job = _planned(text).jobs()[0]
    assert (job.timeout_s, job.retry.attempts, job.on_failure) == (600, 3, OnFailure.STOP)
    own = text.replace("tasks:", "timeout: 5s, retry: {}, on_failure: hold, tasks:")
    job = _planned(own).jobs()[0]
    assert (job.timeout_s, job.retry, job.on_failure) == (5, RetryPolicy(), OnFailure.HOLD)


def test_environment_comes_from_the_pipeline_or_the_inventory() -> None:
    assert _planned(with_top()).environment == "staging"
    assert _planned(with_top("environment: staging")).environment == "staging"
    assert _planned(with_top("environment: production"), inventory=None).environment == "production"


def test_environment_that_differs_from_the_inventory_is_refused() -> None:
    assert _refused(with_top("environment: production")) == [
        'p.yaml:3:14  environment: this pipeline is for "production" and /srv/site/inventory.yaml is "staging"'
    ]


def test_every_pattern_that_means_nothing_is_named_with_its_place() -> None:
    text = (
        one_job("hosts: wep", "tasks: [{run: x}]")
        + "      other:\n        hosts: 'web[7]'\n        tasks: [{run: x}]\n"
    )
    assert _refused(text) == [
        'p.yaml:7:16  stages[0].jobs.build.hosts: no host or group "wep" in /srv/site/inventory.yaml, '
        'did you mean "web"?',
        'p.yaml:10:16  stages[0].jobs.other.hosts: "web[7]" is empty: "web" has 2 hosts, counted from web[0]',
    ]


def test_lint_with_an_inventory_asks_for_no_params() -> None:
    pipeline = accepted(with_top("params: {release: {}}", "environment: production").replace("local", "wep"))
    assert said(host_problems(pipeline, INVENTORY)) == [
        'p.yaml:4:14  environment: this pipeline is for "production" and /srv/site/inventory.yaml is "staging"',
        'p.yaml:8:22  stages[0].jobs.build.hosts: no host or group "wep" in /srv/site/inventory.yaml, '
        'did you mean "web"?',
    ]


LIMITED = (
    HEAD
    + STAGE
    + "      a: {hosts: web, tasks: [{run: x}]}\n"
    + "      b: {hosts: db1, tasks: [{run: x}]}\n"
    + "      c: {hosts: all, needs: [a, b], tasks: [{run: x}]}\n"
    + "  - name: two\n    jobs: {d: {hosts: local, tasks: [{run: x}]}}\n"
)


def _limited(limit: str) -> tuple[Plan | None, list[str]]:
    plan, problems = build_plan(
        accepted(LIMITED), {}, INVENTORY, definition_digest="sha256:0", folder="/srv", limit=limit
    )
    return plan, said(problems)


@pytest.mark.parametrize(
    ("limit", "jobs", "left_out"),
    [
        ("web1", [("one/a", 1, ("web1",), ()), ("one/c", 2, ("web1",), ("a",))], ("one/b", "two/d")),
        ("web1:local", [("one/a", 1, ("web1",), ()), ("one/c", 2, ("web1",), ("a",)), ("two/d", 3, ("local",), ())],
         ("one/b",)),
        ("!web", [("one/b", 1, ("db1",), ()), ("one/c", 2, ("db1",), ("b",)), ("two/d", 3, ("local",), ())],
         ("one/a",)),
        ("local", [("two/d", 1, ("local",), ())], ("one/a", "one/b", "one/c")),
    ],
)  # fmt: skip
def test_limit_leaves_out_the_hosts_outside_and_the_jobs_that_keep_none(
    limit: str, jobs: list[tuple[str, int, tuple[str, ...], tuple[str, ...]]], left_out: tuple[str, ...]
) -> None:
    plan, problems = _limited(limit)
    assert problems == []
    assert plan is not None
    assert [(job.id, job.first_number, job.hosts, job.needs) for job in plan.jobs()] == jobs
    assert (plan.limit, plan.left_out) == (limit, left_out)


def test_slices_of_a_job_are_taken_before_the_limit() -> None:
    pipeline = accepted(one_job("hosts: 'web[0]'", "tasks: [{run: x}]"))
    plan, problems = build_plan(pipeline, {}, INVENTORY, definition_digest="", folder="/srv", limit="web2")
    assert plan is None
    assert said(problems) == ['p.yaml:1:1  --limit: no job of this pipeline runs on "web2"']


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("wep", 'no host or group "wep" in /srv/site/inventory.yaml, did you mean "web"?'),
        ("web:!web", '"web:!web" leaves no host'),
        ("", 'a name is missing beside a ":" or ","'),
    ],
)
def test_limit_that_names_nothing_is_refused(limit: str, reason: str) -> None:
    assert _limited(limit) == (None, [f"p.yaml:1:1  --limit: {reason}"])


PARAMS = with_top(
    "params:",
    "  release: {pattern: '\\d+\\.\\d+'}",
    "  count: {type: integer, default: 3}",
    "  channel: {type: choice, choices: [stable, beta]}",
    "  wait: {type: duration, default: 10s}",
    "  force: {type: boolean, default: false}",
)


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (
            {},
            [
                "p.yaml:4:3  params.release: needs a value: -p release=…",
                "p.yaml:6:3  params.channel: needs a value: -p channel=stable|beta",
            ],
        ),
        (
            {"relase": "1", "release": "1.2", "channel": "beta"},
            ['p.yaml:1:1  params.relase: unknown param, did you mean "release"?'],
        ),
        (
            {"zzz": "1", "release": "1.2", "channel": "beta"},
            ["p.yaml:1:1  params.zzz: unknown param; this pipeline has release, count, channel, wait, force"],
        ),
        (
            {"release": "1.2.3", "channel": "bta", "count": "x", "wait": "10", "force": "yes"},
            [
                'p.yaml:4:3  params.release: "1.2.3" does not match the pattern \\d+\\.\\d+',
                'p.yaml:5:3  params.count: "x" is no whole number',
                'p.yaml:6:3  params.channel: "bta" is none of stable, beta, did you mean "beta"?',
                "p.yaml:7:3  params.wait: 10 has no unit; write 10s, or another of ms s m h d",
                'p.yaml:8:3  params.force: "yes" is neither true nor false',
            ],
        ),
        (
            {"release": "1.2\0", "channel": "\udc80"},
            [
                "p.yaml:4:3  params.release: holds a NUL, which no environment variable can",
                "p.yaml:6:3  params.channel: is not valid UTF-8",
            ],
        ),
        (
            {"release": "1" * 131072, "channel": "beta"},
            [
                "p.yaml:4:3  params.release: is 131,072 bytes long; "
                "with its name at most 128 KiB can be passed to a command"
            ],
        ),
        ({"release": "1.2\n", "channel": "beta"}, ['params.release: "1.2\\n" does not match the pattern']),
    ],
)
def test_given_values_are_checked_all_at_once(given: dict[str, str], lines: list[str]) -> None:
    problems = _refused(PARAMS, given)
    assert len(problems) == len(lines)
    for problem, line in zip(problems, lines, strict=True):
        assert line in problem


def test_values_are_passed_as_they_were_typed() -> None:
    hostile = "'; rm -rf / #\n$(x) `y` \\ \x1b[2J -n é"
    pipeline = accepted(with_top("params: {a: {}, n: {type: integer}}"))
    values, problems = resolve_params(pipeline, {"n": "007", "a": hostile})
    assert problems == ()
    assert values == {"a": hostile, "n": "007"}


def test_same_inputs_give_the_same_digest_and_any_change_another() -> None:
    text = one_job("hosts: web", "tasks: [{run: x}]")
    assert plan_digest(_planned(text)) == plan_digest(_planned(text))
    assert plan_digest(_planned(text)) != plan_digest(_planned(text.replace("run: x", "run: y")))
    assert text_digest("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text_digest("é") == text_digest("é".encode())


def test_plan_survives_its_stored_form() -> None:
    plan = _planned(with_top("params: {p: {default: v}}", "defaults: {retry: {attempts: 2}}"))
    assert msgspec.json.decode(plan_bytes(plan), type=Plan) == plan


def test_concurrency_is_pinned_with_the_plan() -> None:
    assert _planned(with_top("concurrency: web")).concurrency == Concurrency(group="web")


def test_a_run_is_planned_again_with_its_own_hosts_and_params_but_those_given_now() -> None:
    text = LIMITED.replace(STAGE, "params: {a: {default: '1'}, b: {default: '2'}}\n" + STAGE)
    earlier, _ = build_plan(
        accepted(text), {"b": "3"}, INVENTORY, definition_digest="sha256:0", folder="/srv", limit="web1"
    )
    assert earlier is not None
    again, problems = repeat_plan(accepted(text), {}, earlier, runbooks=("/pages",))
    assert problems == ()
    assert again == replace(earlier, runbooks=("/pages",))
    other, _ = repeat_plan(accepted(text), {"a": "x"}, earlier)
    assert other is not None
    assert other.params == {"a": "x", "b": "3"}
    assert other.jobs()[0].tasks[0].env == {"a": "x", "b": "3"}
    assert (other.limit, other.left_out, other.hosts) == (earlier.limit, earlier.left_out, earlier.hosts)
    nothing, problems = repeat_plan(accepted(text), {"c": "x"}, earlier)
    assert nothing is None
    assert said(problems) == ["p.yaml:1:1  params.c: unknown param; this pipeline has a, b"]
