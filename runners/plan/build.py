"""Definition + params + inventory -> plan: everything settled that a run needs, or every problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeVar

from runners.model.definition import Job, Pipeline, Task
from runners.model.inventory import LOCAL, Host, Inventory
from runners.model.plan import Plan, PlannedJob, PlannedStage, PlannedTask
from runners.model.problems import Problem
from runners.plan.host_checks import unusable_hosts
from runners.plan.params import resolve_params
from runners.plan.patterns import hosts_of, limited
from runners.spec.report import in_order, key_path

T = TypeVar("T")


def build_plan(
    pipeline: Pipeline,
    given_params: Mapping[str, str],
    inventory: Inventory | None,
    *,
    definition_digest: str,
    folder: str,
    limit: str | None = None,
    runbooks: tuple[str, ...] = (),
) -> tuple[Plan | None, tuple[Problem, ...]]:
    """Plan a run; None exactly when there are problems.

    ``definition_digest`` is ``text_digest`` of the pipeline's text, ``folder`` the absolute folder of its file.
    ``inventory`` None: only ``local`` is known. ``limit`` is a pattern: hosts outside are left out, and jobs that keep
    none. ``runbooks`` are places of pages. ``local`` has to be named in it, unless it only says what to leave out.
    """
    problems: list[Problem] = []
    params, param_problems = resolve_params(pipeline, given_params)
    problems.extend(param_problems)
    resolved, more = _resolve(pipeline, inventory)
    problems.extend(more)
    if limit is not None and not more:
        resolved, reasons = limited(resolved, limit, inventory)
        problems.extend(_problem(pipeline, 1, 1, "--limit", reason) for reason in reasons)
    problems.extend(unusable_hosts(pipeline, resolved, inventory))
    if problems:
        return None, in_order(problems)
    stages: list[PlannedStage] = []
    number = 1
    for stage in pipeline.stages:
        kept = {job.name for job in stage.jobs if resolved[job.hosts]}
        jobs = []
        for job in stage.jobs:
            hosts = resolved[job.hosts]
            if hosts:
                jobs.append(_job(pipeline, stage.name, job, hosts, params, number, kept))
                number += len(hosts)
        if jobs:
            stages.append(PlannedStage(name=stage.name, jobs=tuple(jobs)))
    used = {host for stage in stages for job in stage.jobs for host in job.hosts}
    known = inventory.hosts if inventory else {}
    table = {name: replace(host, withheld={}) for name, host in known.items() if name in used}
    if LOCAL in used:
        table[LOCAL] = Host(name=LOCAL)
    plan = Plan(
        pipeline=pipeline.name,
        description=pipeline.description,
        owner=pipeline.owner,
        environment=pipeline.environment or (inventory.environment if inventory else None),
        definition_digest=definition_digest,
        params=params,
        env=dict(pipeline.env),
        hosts=table,
        stages=tuple(stages),
        limit=limit,
        left_out=tuple(
            f"{stage.name}/{job.name}" for stage in pipeline.stages for job in stage.jobs if not resolved[job.hosts]
        ),
        runbooks=runbooks,
        folder=folder,
    )
    return plan, ()


def host_problems(pipeline: Pipeline, inventory: Inventory | None) -> tuple[Problem, ...]:
    """What keeps the pipeline from running on this inventory, whatever its params are: for ``onduty lint -i``."""
    resolved, problems = _resolve(pipeline, inventory)
    return in_order([*problems, *unusable_hosts(pipeline, resolved, inventory)])


def _resolve(pipeline: Pipeline, inventory: Inventory | None) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """The hosts of every pattern."""
    problems = _environment(pipeline, inventory)
    answers: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for index, stage in enumerate(pipeline.stages):
        for job in stage.jobs:
            if job.hosts not in answers:
                answers[job.hosts] = hosts_of(job.hosts, inventory)
            path = key_path(("stages", index, "jobs", job.name, "hosts"))
            problems.extend(
                _problem(pipeline, job.hosts_line, job.hosts_column, path, reason) for reason in answers[job.hosts][1]
            )
    return {pattern: hosts for pattern, (hosts, _) in answers.items()}, problems


def _environment(pipeline: Pipeline, inventory: Inventory | None) -> list[Problem]:
    theirs = inventory.environment if inventory is not None else None
    ours = pipeline.environment
    if ours is None or theirs is None or ours == theirs:
        return []
    where = inventory.source if inventory is not None and inventory.source else "the inventory"
    text = f'this pipeline is for "{ours}" and {where} is "{theirs}"'
    return [_problem(pipeline, pipeline.environment_line, pipeline.environment_column, "environment", text)]


def _job(
    pipeline: Pipeline,
    stage: str,
    job: Job,
    hosts: tuple[str, ...],
    params: Mapping[str, str],
    number: int,
    kept: Set[str],
) -> PlannedJob:
    """``kept``: names of the jobs of the stage that no limit left out; what is not there cannot be waited for."""
    defaults = pipeline.defaults
    return PlannedJob(
        stage=stage,
        name=job.name,
        hosts=hosts,
        tasks=tuple(_task(pipeline, job, task, params) for task in job.tasks),
        rollback=tuple(_task(pipeline, job, task, params) for task in job.rollback),
        needs=tuple(name for name in job.needs if name in kept),
        timeout_s=defaults.timeout_s if job.timeout_s is None else job.timeout_s,
        retry=job.retry or defaults.retry,
        on_failure=job.on_failure or defaults.on_failure,
        runbook=job.runbook,
        first_number=number,
    )


def _task(pipeline: Pipeline, job: Job, task: Task, params: Mapping[str, str]) -> PlannedTask:
    return PlannedTask(
        name=task.name,
        command=task.run,
        shell=_first(task.shell, job.shell, pipeline.defaults.shell),
        login=_first(task.login, job.login, pipeline.defaults.login),
        env={**job.env, **task.env, **params},
        dir=task.dir or job.dir or pipeline.dir,
        timeout_s=task.timeout_s,
        repeatable=task.repeatable,
        part=task.part,
        runbook=task.runbook,
    )


def _first(own: T | None, jobs: T | None, default: T) -> T:
    """The task's word, else the job's, else the default."""
    if own is not None:
        return own
    return default if jobs is None else jobs


def _problem(pipeline: Pipeline, line: int, column: int, path: str, text: str) -> Problem:
    return Problem(file=pipeline.source, line=line or 1, column=column or 1, path=path, text=text)
