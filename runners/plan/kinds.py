"""Templates of a planned run, filled for every host before anything starts: what cannot be filled or used is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runners.model.definition import Part, Pipeline, Task
from runners.model.kinds import TaskKind
from runners.model.plan import Plan, PlannedJob
from runners.model.problems import Problem
from runners.model.templates import Name, Scope, TemplateRefused, fill, names
from runners.plan.host_checks import listed
from runners.spec.durations import format_duration, parse_duration
from runners.spec.kind_fields import why_not_header, why_not_landing, why_not_path, why_not_url
from runners.spec.report import Part as PathPart
from runners.spec.report import key_path

_SECRET = "xxxxxx"  # noqa: S105  # where only the rest of the text is looked at


@dataclass(frozen=True, kw_only=True)
class TaskPlace:
    """A task and where it stands in the file."""

    task: Task
    path: tuple[PathPart, ...]

    def problem(self, pipeline: Pipeline, key: str, text: str) -> Problem:
        """A problem at the kind's key."""
        return Problem(
            file=pipeline.source,
            line=self.task.kind_line or 1,
            column=self.task.kind_column or 1,
            path=key_path((*self.path, *key.split("."))),
            text=text,
        )


@dataclass(frozen=True, kw_only=True)
class PlacedTask(TaskPlace):
    """A task of a job that is in the plan."""

    job: PlannedJob


def wait_s(task: Task, params: Mapping[str, str]) -> float:
    """How long a ``wait`` is; 0 for every other task."""
    if task.kind is not TaskKind.WAIT:
        return 0.0
    return parse_duration(fill(task.wait, lambda name: params[name.parts[1]]).strip())


def task_places(pipeline: Pipeline) -> Iterator[tuple[str, TaskPlace]]:
    """Every task with its job's id, ``verify`` of a rollback left out: it stands there once."""
    for index, stage in enumerate(pipeline.stages):
        for job in stage.jobs:
            numbers: dict[Part, int] = {}
            for task in (*job.tasks, *(task for task in job.rollback if task.part is Part.ROLLBACK)):
                at = numbers.get(task.part, 0)
                numbers[task.part] = at + 1
                path = ("stages", index, "jobs", job.name, task.part.value, at)
                yield f"{stage.name}/{job.name}", TaskPlace(task=task, path=path)


def placed_tasks(pipeline: Pipeline, plan: Plan) -> Iterator[PlacedTask]:
    """Every task of every job that is in the plan."""
    planned = {job.id: job for job in plan.jobs()}
    for job_id, found in task_places(pipeline):
        if job_id in planned:
            yield PlacedTask(job=planned[job_id], task=found.task, path=found.path)


def template_problems(pipeline: Pipeline, plan: Plan) -> tuple[Problem, ...]:
    """What cannot be filled on a host, or gives what cannot be used."""
    scopes = {host: plan.scope_of(host) for host in plan.hosts}
    found: list[Problem] = []
    for placed in placed_tasks(pipeline, plan):
        if placed.task.kind is TaskKind.WAIT:
            found.extend(_too_long(pipeline, placed, plan.params))
        for key, text, why_not in _texts(placed.task):
            for reason, hosts in _reasons(text, why_not, placed.job.hosts, scopes).items():
                where = "" if len(hosts) == len(placed.job.hosts) else f"on {listed(hosts)}: "
                found.append(placed.problem(pipeline, key, f"{where}{reason}"))
    return tuple(found)


def _texts(task: Task) -> Iterator[tuple[str, str, Callable[[str], str]]]:
    """Every text with templates: its key, the text, and what says whether the filled one can be used."""
    if task.http is not None:
        yield "http.url", task.http.url, why_not_url
        for name, value in task.http.headers.items():
            yield f"http.headers.{name}", value, why_not_header
        if task.http.body is not None:
            yield "http.body", task.http.body, lambda _: ""
    if task.transfer is not None:
        lands = why_not_landing if task.kind is TaskKind.DOWNLOAD else why_not_path
        yield f"{task.kind}.src", task.transfer.src, why_not_path
        yield f"{task.kind}.dest", task.transfer.dest, lands


def _reasons(
    text: str, why_not: Callable[[str], str], hosts: Sequence[str], scopes: Mapping[str, Scope]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    per_host = any(name.parts[0] == "host" for name in names(text))
    for host in hosts:
        scope = scopes[host].in_url() if why_not is why_not_url else scopes[host]
        if reason := _why_not(text, why_not, scope):
            found.setdefault(reason, []).append(host)
        if not per_host:
            return {reason: list(hosts) for reason in found}
    return found


def _why_not(text: str, why_not: Callable[[str], str], scope: Scope) -> str:
    def value_of(name: Name) -> str:
        return _SECRET if name.parts[0] == "secrets" else scope.value_of(name)

    try:
        return why_not(fill(text, value_of))
    except TemplateRefused as error:
        return str(error)


def _too_long(pipeline: Pipeline, placed: PlacedTask, params: Mapping[str, str]) -> Iterator[Problem]:
    limit_s = placed.job.timeout_s
    seconds = wait_s(placed.task, params)
    if limit_s is not None and seconds >= limit_s:
        text = f"{format_duration(seconds)} is not shorter than the timeout of {format_duration(limit_s)} of its job"
        yield placed.problem(pipeline, "wait", text)
