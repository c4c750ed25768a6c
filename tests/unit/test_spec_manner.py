"""How a command is run: ``shell:`` and ``login:`` on tasks, jobs and in defaults, checked, planned and shown."""

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
