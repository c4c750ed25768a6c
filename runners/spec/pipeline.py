"""Pipeline text to definition: every problem at once, or a ``Pipeline`` with every default filled in."""

from __future__ import annotations

from runners.model.definition import (
    Concurrency,
    Defaults,
    Job,
    OnFailure,
    Param,
    ParamType,
    Part,
    Pipeline,
    RetryPolicy,
    Shell,
    Stage,
    Task,
    WhenBusy,
)
from runners.model.limits import NO_LIMITS, Limits
from runners.model.problems import Problem
from runners.model.secrets import SecretSource, SourceKind
from runners.spec.kinds import http_of, kind_of, name_of, transfer_of
from runners.spec.lint import lint_pipeline, warn_pipeline
from runners.spec.models import (
    ConcurrencyModel,
    DefaultsModel,
    JobModel,
    LimitsModel,
    ParamModel,
    PipelineModel,
    RetryModel,
    SecretModel,
    TaskModel,
)
from runners.spec.nodes import Map, Node, Seq, read_tree
from runners.spec.report import Report, in_order
from runners.spec.translate import place, validate

_OWN_MAX_DELAY_S = 60.0


def read_pipeline(text: str | bytes, file: str) -> tuple[Pipeline | None, tuple[Problem, ...]]:
    """Read a pipeline; ``file`` is its name in messages and in ``Pipeline.source``.

    The pipeline is None exactly when a problem is an error. Problems are in the order of the text; warnings are given
    only for a pipeline without errors. Never raises for what stands in ``text``.
    """
    tree, found = read_tree(text, file)
    report = Report(file)
    report.problems.extend(found)
    if tree is None:
        return None, in_order(report.problems)
    lint_pipeline(tree, report)
    model: PipelineModel | None = validate(PipelineModel, tree, report)
    if model is None or report.problems:
        return None, in_order(report.problems)
    warn_pipeline(tree, report)
    return _pipeline(model, tree, file), in_order(report.problems)


def _pipeline(model: PipelineModel, tree: Map, file: str) -> Pipeline:
    environment_line, environment_column = place(tree, ("environment",)) if model.environment else (0, 0)
    stage_nodes = tree["stages"]
    assert isinstance(stage_nodes, Seq)
    stages = []
    for stage, node in zip(model.stages, stage_nodes, strict=True):
        assert isinstance(node, Map)
        jobs = node["jobs"]
        assert isinstance(jobs, Map)
        stages.append(
            Stage(
                name=stage.name,
                jobs=tuple(_job(name, job, jobs) for name, job in stage.jobs.items()),
                line=node.line,
            )
        )
    return Pipeline(
        name=model.name,
        stages=tuple(stages),
        description=model.description,
        owner=model.owner or "",
        environment=model.environment,
        environment_line=environment_line,
        environment_column=environment_column,
        params={name: _param(name, param, tree) for name, param in model.params.items()},
        secrets={name: _secret(name, secret) for name, secret in model.secrets.items()},
        env=dict(model.env),
        dir=model.dir,
        concurrency=_concurrency(model.concurrency),
        defaults=_defaults(model.defaults),
        source=file,
    )


def _param(name: str, model: ParamModel, tree: Map) -> Param:
    line, column = place(tree, ("params", name), of_key=True)
    return Param(
        name=name,
        type=ParamType(model.type),
        default=model.default,
        pattern=model.pattern,
        choices=tuple(model.choices or ()),
        help=model.help,
        line=line,
        column=column,
    )


def _secret(name: str, model: SecretModel) -> SecretSource:
    if model.file is not None:
        return SecretSource(name=name, kind=SourceKind.FILE, path=model.file)
    if model.command is not None:
        return SecretSource(name=name, kind=SourceKind.COMMAND, words=model.command)
    if model.env is not None:
        return SecretSource(name=name, kind=SourceKind.ENV, variable=model.env)
    return SecretSource(name=name, kind=SourceKind.PROMPT, text=model.prompt or "")


def _defaults(model: DefaultsModel) -> Defaults:
    return Defaults(
        timeout_s=model.timeout,
        retry=_retry(model.retry) or RetryPolicy(),
        on_failure=OnFailure(model.on_failure),
        shell=Shell(model.shell),
        login=model.login,
        sudo=model.sudo,
        limits=_limits(model.limits) or NO_LIMITS,
        log_limit_bytes=model.log_limit,
    )


def _concurrency(model: ConcurrencyModel | None) -> Concurrency | None:
    if model is None:
        return None
    return Concurrency(group=model.group, limit=model.limit, when_busy=WhenBusy(model.when_busy))


def _retry(model: RetryModel | None) -> RetryPolicy | None:
    if model is None:
        return None
    return RetryPolicy(
        attempts=model.attempts,
        delay_s=model.delay,
        backoff=model.backoff,
        max_delay_s=max(_OWN_MAX_DELAY_S, model.delay) if model.max_delay is None else model.max_delay,
        full_jitter=model.jitter == "full",
    )


def _limits(model: LimitsModel | None) -> Limits | None:
    if model is None:
        return None
    return Limits(cpu_percent=model.cpu, memory_bytes=model.memory, nice=model.nice)


def _shell(word: str | None) -> Shell | None:
    return None if word is None else Shell(word)


def _job(name: str, model: JobModel, jobs: Map) -> Job:
    node = jobs[name]
    assert isinstance(node, Map)
    hosts_line, hosts_column = place(node, ("hosts",))
    tasks = _steps(
        node,
        (Part.TASKS, model.tasks),
        (Part.VERIFY, model.verify or []),
        (Part.FINALLY, model.finally_ or []),
    )
    rollback: tuple[Task, ...] = ()
    if model.rollback:
        rollback = _steps(node, (Part.ROLLBACK, model.rollback), (Part.VERIFY, model.verify or []))
    return Job(
        name=name,
        hosts=model.hosts,
        tasks=tasks,
        rollback=rollback,
        needs=tuple(model.needs),
        timeout_s=model.timeout,
        retry=_retry(model.retry),
        on_failure=None if model.on_failure is None else OnFailure(model.on_failure),
        shell=_shell(model.shell),
        login=model.login,
        sudo=model.sudo,
        limits=_limits(model.limits),
        log_limit_bytes=model.log_limit,
        env=dict(model.env),
        dir=model.dir,
        runbook=model.runbook,
        line=jobs.key_places[name][0],
        hosts_line=hosts_line,
        hosts_column=hosts_column,
    )


def _steps(node: Map, *parts: tuple[Part, list[TaskModel]]) -> tuple[Task, ...]:
    """What an attempt runs, in order. Names are given over all parts together: a log is found by them."""
    flat = [
        (part, model, task_node)
        for part, models in parts
        for model, task_node in zip(models, _nodes(node.get(part.value)), strict=False)
    ]
    names = _task_names([model for _, model, _ in flat])
    return tuple(
        _task(name, model, task_node, part) for name, (part, model, task_node) in zip(names, flat, strict=True)
    )


def _nodes(node: Node | None) -> list[Map]:
    return [item for item in node if isinstance(item, Map)] if isinstance(node, Seq) else []


def _task(name: str, model: TaskModel, node: Map, part: Part) -> Task:
    kind = kind_of(model)
    kind_line, kind_column = node.key_places[kind.value]
    http = None if model.http is None else http_of(model.http)
    return Task(
        name=name,
        kind=kind,
        run=model.run or "",
        http=http,
        transfer=transfer_of(model),
        wait=model.wait or "",
        shell=_shell(model.shell),
        login=model.login,
        sudo=model.sudo,
        limits=_limits(model.limits),
        log_limit_bytes=model.log_limit,
        timeout_s=model.timeout,
        env=dict(model.env),
        dir=model.dir,
        runbook=model.runbook,
        # What is no safe method is sent once, whatever anybody says (lint refuses the contrary).
        repeatable=model.repeatable and (http is None or http.repeats),
        part=part,
        line=node.line,
        kind_line=kind_line,
        kind_column=kind_column,
    )


def _task_names(tasks: list[TaskModel]) -> list[str]:
    """Given names stay; the others say what the task does, or ``task-2`` by place, and never the same twice."""
    taken = {task.name for task in tasks if task.name}
    names = []
    for number, task in enumerate(tasks, start=1):
        name = task.name
        if name is None:
            name = name_of(task) or f"task-{number}"
            if name in taken:
                name = f"{name[:50]}-{number}"
            while name in taken:
                name += "_"
            taken.add(name)
        names.append(name)
    return names
