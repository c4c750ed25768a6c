"""How a command is run: ``shell:``, ``login:`` and ``sudo:`` on tasks, jobs and in defaults."""

from __future__ import annotations

import pytest

from runners.model.definition import Shell
from runners.model.plan import Plan
from runners.plan.build import build_plan
from runners.plan.render import describe_plan, plan_document
from runners.spec.schema import pipeline_schema
from tests.unit.spec_texts import accepted, one_job, refused, with_top

AT = "stages[0].jobs.build"


def planned(text: str) -> Plan:
    """The plan of a pipeline on ``local``."""
    plan, problems = build_plan(accepted(text), {}, None, definition_digest="sha256:0", folder="/srv")
    assert problems == ()
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            one_job("hosts: local", "tasks: [{run: x, shell: zsh}]"),
            f'p.yaml:8:33  {AT}.tasks[0].shell: must be one of sh, bash, not "zsh", did you mean "sh"?',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "shell: basch"),
            f'p.yaml:9:16  {AT}.shell: must be one of sh, bash, not "basch", did you mean "bash"?',
        ),
        (with_top("defaults: {shell: [bash]}"), "p.yaml:3:12  defaults.shell: must be one of sh, bash, not a list"),
        (
            one_job("hosts: local", "tasks: [{run: x, login: yes}]"),
            f'p.yaml:8:33  {AT}.tasks[0].login: must be true or false, not "yes"',
        ),
        (
            with_top("defaults: {login: 'true'}"),
            'p.yaml:3:19  defaults.login: must be true or false without quotes, not "true"',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x, sudo: yes}]"),
            f"p.yaml:8:32  {AT}.tasks[0].sudo: YAML reads yes as true; quote it: 'yes'",
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "sudo: 'true'"),
            f'p.yaml:9:15  {AT}.sudo: must be true or false without quotes, or the name of a user, not "true"',
        ),
        (
            with_top("defaults: {sudo: 0}"),
            "p.yaml:3:18  defaults.sudo: must be true, false or the name of a user, not the number 0",
        ),
        (with_top("defaults: {sudo: -s}"), 'p.yaml:3:18  defaults.sudo: "-s" is no name of a user'),
        (with_top("defaults: {sudo: 'a b'}"), 'p.yaml:3:18  defaults.sudo: "a b" is no name of a user'),
        (
            with_top("defaults: {sudo: [root]}"),
            "p.yaml:3:12  defaults.sudo: must be text, not a list; write true, or the name of a user",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_place(text: str, line: str) -> None:
    assert refused(text) == [line]


def test_a_task_has_its_own_word_else_its_jobs_else_the_default() -> None:
    plan = planned(
        with_top("defaults: {shell: bash, login: true}").replace(
            "{hosts: local, tasks: [{run: x}]}",
            "{hosts: local, login: false, tasks: [{run: x}, {run: y, shell: sh}, {run: z, login: true}], "
            "verify: [{run: v}], finally: [{run: f}], rollback: [{run: r}]}",
        )
    )
    job = plan.jobs()[0]
    assert [(task.shell, task.login) for task in job.tasks] == [
        (Shell.BASH, False),
        (Shell.SH, False),
        (Shell.BASH, True),
        (Shell.BASH, False),
        (Shell.BASH, False),
    ]
    assert [(task.shell, task.login) for task in job.rollback] == [(Shell.BASH, False)] * 2


def test_sudo_is_root_a_user_or_nobody_and_the_nearest_word_counts() -> None:
    plan = planned(
        with_top("defaults: {sudo: true}").replace(
            "{hosts: local, tasks: [{run: x}]}",
            "{hosts: local, tasks: [{run: x}, {run: y, sudo: postgres}, {run: z, sudo: false}], rollback: [{run: r}]}",
        )
    )
    job = plan.jobs()[0]
    assert [task.sudo for task in job.tasks] == ["root", "postgres", ""]
    assert [task.sudo for task in job.rollback] == ["root"]
    assert job.sudo_users == ("postgres", "root")
    rows = [row.strip() for row in describe_plan(plan)]
    assert [row for row in rows if "sudo" in row] == [
        "1. x  (sudo as root)",
        "2. y  (sudo as postgres)",
        "1. r  (rollback, sudo as root)",
    ]
    assert [task["sudo"] for task in plan_document(plan)["stages"][0]["jobs"][0]["tasks"]] == ["root", "postgres", None]


def test_a_jobs_sudo_is_for_its_commands_and_for_nothing_else() -> None:
    text = one_job("hosts: local", "sudo: true", "shell: bash", "tasks: [{wait: 5s}, {run: x}]")
    job = planned(text).jobs()[0]
    assert [(task.sudo, task.manner) for task in job.tasks] == [("", ()), ("root", ("sudo as root", "bash"))]


def test_a_plan_tells_how_a_command_is_run_where_that_is_not_as_usual() -> None:
    text = one_job("hosts: local", "tasks: [{name: a, run: x}, {name: b, run: y, shell: bash, login: true}]")
    rows = [row.strip() for row in describe_plan(planned(text))]
    assert "1. a" in rows
    assert "2. b  (bash, login shell)" in rows
    tasks = plan_document(planned(text))["stages"][0]["jobs"][0]["tasks"]
    assert [(task["shell"], task["login"]) for task in tasks] == [("sh", False), ("bash", True)]


def test_the_schema_knows_the_words() -> None:
    parts = pipeline_schema()["$defs"]
    for model in ("TaskModel", "JobModel", "DefaultsModel"):
        assert parts[model]["properties"]["shell"]["enum"] == ["sh", "bash"]
        assert parts[model]["properties"]["login"]["type"] == "boolean"
        kinds = [form["type"] for form in parts[model]["properties"]["sudo"]["anyOf"]]
        assert kinds == ["boolean", "string"]
