"""Definition + params + inventory -> plan: everything settled that a run needs, or every problem at once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TypeVar

from runners.model.definition import Job, Pipeline, Task
from runners.model.inventory import LOCAL, Host, Inventory
from runners.model.kinds import TaskKind
from runners.model.limits import NO_LIMITS
from runners.model.plan import Plan, PlannedJob, PlannedStage, PlannedTask
from runners.model.problems import Problem
from runners.model.secrets import SecretSource, SourceKind
from runners.plan.host_checks import unusable_hosts
from runners.plan.kinds import template_problems, wait_s
from runners.plan.params import resolve_params
from runners.plan.patterns import hosts_of, limited
from runners.spec.report import in_order, key_path

T = TypeVar("T")

Where = tuple[str, str]
"""Names of a stage and of a job in it."""


def build_plan(
    pipeline: Pipeline,
    given_params: Mapping[str, str],
    inventory: Inventory | None,
    *,
    definition_digest: str,
    folder: str,
    inventory_path: str = "",
    limit: str | None = None,
    runbooks: tuple[str, ...] = (),
    home: str = "",
) -> tuple[Plan | None, tuple[Problem, ...]]:
    """Plan a run; None exactly when there are problems.

    ``definition_digest`` is ``text_digest`` of the pipeline's text, ``folder`` the absolute folder of its file.
    ``inventory`` None: only ``local`` is known; ``inventory_path`` is its file, noted for people and for the next run.
    ``limit`` is a pattern: hosts outside are left out, and jobs that keep none. ``local`` has to be named in it, unless
    it only says what to leave out. ``runbooks`` are places of pages, ``home`` is what ``~`` means in the path of a
    secret.
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
    where = {(stage.name, job.name): resolved[job.hosts] for stage in pipeline.stages for job in stage.jobs}
    used = {host for hosts in where.values() for host in hosts}
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
        secrets={name: _secret(source, folder, home) for name, source in pipeline.secrets.items()},
        env=dict(pipeline.env),
        hosts=table,
        stages=_stages(pipeline, params, where),
        limit=limit,
        left_out=tuple(f"{stage}/{job}" for (stage, job), hosts in where.items() if not hosts),
        concurrency=pipeline.concurrency,
        runbooks=runbooks,
        folder=folder,
        inventory_path=inventory_path,
    )
    problems.extend(template_problems(pipeline, plan))
    return (None, in_order(problems)) if problems else (plan, ())


def repeat_plan(
    pipeline: Pipeline, given_params: Mapping[str, str], earlier: Plan, *, runbooks: tuple[str, ...] = ()
) -> tuple[Plan | None, tuple[Problem, ...]]:
    """Plan an earlier run again; None exactly when there are problems.

    ``pipeline`` is the text that the earlier run pinned. Its hosts, how they are reached and what they are limited to
    are the earlier plan's, wherever its inventory came from; params are too, but those given now.
    """
    params, problems = resolve_params(pipeline, {**earlier.params, **given_params})
    if problems:
        return None, in_order(problems)
    where: dict[Where, tuple[str, ...]] = {
        (stage.name, job.name): () for stage in pipeline.stages for job in stage.jobs
    }
    where.update({(job.stage, job.name): job.hosts for job in earlier.jobs()})
    stages = _stages(pipeline, params, where)
    plan = replace(earlier, params=params, stages=stages, previous=(), runbooks=runbooks, sources={})
    found = template_problems(pipeline, plan)
    return (None, in_order(found)) if found else (plan, ())


def _stages(
    pipeline: Pipeline, params: Mapping[str, str], where: Mapping[Where, tuple[str, ...]]
) -> tuple[PlannedStage, ...]:
    """``where`` has the hosts of every job; one without any is left out."""
    stages: list[PlannedStage] = []
    number = 1
    for stage in pipeline.stages:
        kept = {job.name for job in stage.jobs if where[stage.name, job.name]}
        jobs = []
        for job in stage.jobs:
            hosts = where[stage.name, job.name]
            if hosts:
                jobs.append(_job(pipeline, stage.name, job, hosts, params, number, kept))
                number += len(hosts)
        if jobs:
            stages.append(PlannedStage(name=stage.name, jobs=tuple(jobs)))
    return tuple(stages)


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


def _secret(source: SecretSource, folder: str, home: str) -> SecretSource:
    match source.kind:
        case SourceKind.FILE:
            return replace(source, path=_whole_path(source.path, folder, home))
        case SourceKind.COMMAND:
            program, *rest = source.words
            # A program without a slash is looked for on PATH.
            program = _whole_path(program, folder, home) if "/" in program else program
            return replace(source, words=(program, *rest), folder=folder)
        case _:
            return source


def _whole_path(path: str, folder: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        return posixpath.join(home, path[2:])
    return posixpath.normpath(posixpath.join(folder, path))


def _task(pipeline: Pipeline, job: Job, task: Task, params: Mapping[str, str]) -> PlannedTask:
    command = task.kind is TaskKind.RUN
    return PlannedTask(
        name=task.name,
        kind=task.kind,
        command=task.run,
        http=task.http,
        transfer=task.transfer,
        wait_s=wait_s(task, params),
        shell=_first(task.shell, job.shell, pipeline.defaults.shell),
        login=_first(task.login, job.login, pipeline.defaults.login),
        # The account's own matter for whatever is not a command: a job may give the value for all its commands.
        sudo=_first(task.sudo, job.sudo, pipeline.defaults.sudo) if command else "",
        limits=_first(task.limits, job.limits, pipeline.defaults.limits) if command else NO_LIMITS,
        log_limit_bytes=_first(task.log_limit_bytes, job.log_limit_bytes, pipeline.defaults.log_limit_bytes)
        if command
        else None,
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
