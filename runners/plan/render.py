"""A plan as people and programs read it before anything starts.

Texts are as they were written, control characters included: whoever prints them makes them safe for a terminal.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from runners.model.definition import Concurrency, Part, WhenBusy
from runners.model.kinds import HttpCheck, TaskKind, Transfer
from runners.model.limits import Limits
from runners.model.plan import Plan, PlannedJob, PlannedStage, PlannedTask, words_of
from runners.plan.digest import plan_digest
from runners.spec.durations import format_duration

_INDENT = "  "
_PARTS = {Part.VERIFY: "verify", Part.FINALLY: "finally, whatever the result", Part.ROLLBACK: "rollback"}


class PlanPart(enum.Enum):
    """What one line of a described plan is about."""

    PLAN = "plan"
    FACT = "fact"
    """A param, a secret's source, a limit."""
    STAGE = "stage"
    JOB = "job"
    DETAIL = "detail"
    """Of a job: what follows from a failure, its time limit."""
    TASK = "task"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One line of a described plan."""

    part: PlanPart
    depth: int
    text: str
    repeatable: bool = True
    """False: it is a task that nothing repeats without a person."""

    def __str__(self) -> str:
        return f"{_INDENT * self.depth}{self.text}"


def describe_plan(plan: Plan) -> tuple[str, ...]:
    """One line each for what would run where, in the order it would: stages, jobs on their hosts, tasks, commands."""
    return tuple(str(line) for line in plan_lines(plan))


def plan_lines(plan: Plan) -> tuple[PlanLine, ...]:
    """The lines of ``describe_plan``, each with what it is about."""
    rows = [PlanLine(PlanPart.PLAN, 0, _headline(plan))]
    facts = [f"{name}={value}" for name, value in plan.params.items()]
    facts.extend(f"secret {name} from {source}" for name, source in plan.secrets.items())
    if plan.limit is not None:
        facts.append(f"limited to {plan.limit}; left out: {', '.join(plan.left_out) or 'no whole job'}")
    if plan.concurrency is not None:
        facts.append(_group(plan.concurrency))
    rows.extend(PlanLine(PlanPart.FACT, 1, fact) for fact in facts)
    previous: PlannedStage | None = None
    for stage in plan.stages:
        after = f", after {previous.name}" if previous else ""
        rows.append(PlanLine(PlanPart.STAGE, 0, f"stage {stage.name}{after}"))
        for job in jobs_in_order(stage):
            rows.extend(_job_rows(job))
        previous = stage
    return tuple(rows)


def jobs_in_order(stage: PlannedStage) -> tuple[PlannedJob, ...]:
    """Jobs in the order of the file, none before those it needs."""
    by_name = {job.name: job for job in stage.jobs}
    place = {name: index for index, name in enumerate(by_name)}
    sorter = TopologicalSorter({job.name: job.needs for job in stage.jobs})
    sorter.prepare()
    ordered: list[PlannedJob] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        ordered.extend(by_name[name] for name in ready)
        sorter.done(*ready)
    return tuple(ordered)


def plan_document(plan: Plan) -> dict[str, Any]:
    """For ``onduty plan --json``. Durations are seconds; what does not apply is null."""
    return {
        "pipeline": plan.pipeline,
        "description": plan.description,
        "owner": plan.owner or None,
        "environment": plan.environment,
        "definition_digest": plan.definition_digest,
        "plan_digest": plan_digest(plan),
        "params": dict(plan.params),
        "secrets": {name: str(source) for name, source in plan.secrets.items()},
        "env": dict(plan.env),
        "concurrency": None
        if plan.concurrency is None
        else {
            "group": plan.concurrency.group,
            "limit": plan.concurrency.limit,
            "when_busy": plan.concurrency.when_busy.value,
        },
        "limit": plan.limit,
        "left_out": list(plan.left_out),
        "job_runs": plan.job_run_count(),
        "hosts": [
            {
                "name": host.name,
                "address": None if host.name == "local" else host.target,
                "port": host.port,
                "user": host.user,
                "labels": dict(host.labels),
                "vars": dict(host.vars),
            }
            for host in plan.hosts.values()
        ],
        "stages": [
            {"name": stage.name, "jobs": [_job_document(job) for job in jobs_in_order(stage)]} for stage in plan.stages
        ],
    }


def _group(concurrency: Concurrency) -> str:
    at_once = "one run" if concurrency.limit == 1 else f"{concurrency.limit} runs"
    busy = "waits for its turn" if concurrency.when_busy is WhenBusy.QUEUE else "is refused"
    return f"concurrency group {concurrency.group}: {at_once} at once, another one {busy}"


def _job_document(job: PlannedJob) -> dict[str, Any]:
    return {
        "job": job.name,
        "hosts": list(job.hosts),
        "needs": list(job.needs),
        "timeout_s": job.timeout_s,
        "retry": {
            "attempts": job.retry.attempts,
            "delay_s": job.retry.delay_s,
            "backoff": job.retry.backoff,
            "max_delay_s": job.retry.max_delay_s,
            "jitter": "full" if job.retry.full_jitter else "none",
        },
        "on_failure": job.on_failure.value,
        "runbook": job.runbook,
        "tasks": [_task_document(task) for task in job.tasks],
        "rollback": [_task_document(task) for task in job.rollback],
    }


def _task_document(task: PlannedTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "kind": task.kind.value,
        "part": task.part.value,
        "command": task.command if task.kind is TaskKind.RUN else None,
        "shell": task.shell.value if task.kind is TaskKind.RUN else None,
        "sudo": task.sudo or None,
        "login": task.login if task.kind is TaskKind.RUN else None,
        "limits": _limits_document(task.limits) if task.limits else None,
        "log_limit_bytes": task.log_limit_bytes,
        "does": words_of(task),
        "http": None if task.http is None else _http_document(task.http),
        "transfer": None if task.transfer is None else _transfer_document(task.transfer),
        "wait_s": task.wait_s if task.kind is TaskKind.WAIT else None,
        "dir": task.dir,
        "env": dict(task.env),
        "timeout_s": task.timeout_s,
        "repeatable": task.repeatable,
        "runbook": task.runbook,
    }


def _limits_document(limits: Limits) -> dict[str, Any]:
    return {"cpu_percent": limits.cpu_percent, "memory_bytes": limits.memory_bytes, "nice": limits.nice}


def _http_document(check: HttpCheck) -> dict[str, Any]:
    return {
        "method": check.method,
        "url": check.url,
        "headers": dict(check.headers),
        "body": check.body,
        "status": list(check.status),
        "within_s": check.within_s,
        "every_s": check.every_s,
        "from": "host" if check.from_host else "controller",
    }


def _transfer_document(transfer: Transfer) -> dict[str, Any]:
    mode = None if transfer.mode is None else f"{transfer.mode:04o}"
    return {"src": transfer.src, "dest": transfer.dest, "mode": mode}


def plan_size(plan: Plan) -> str:
    """``2 stages, 3 jobs, 15 job runs on 13 hosts``."""
    return (
        f"{_count(len(plan.stages), 'stage')}, {_count(len(plan.jobs()), 'job')}, "
        f"{_count(plan.job_run_count(), 'job run')} on {_count(len(plan.hosts), 'host')}"
    )


def _headline(plan: Plan) -> str:
    where = [f"in {plan.environment}"] if plan.environment else []
    return "  ".join([plan.pipeline, *where, plan_size(plan)])


def _job_rows(job: PlannedJob) -> list[PlanLine]:
    where = ", ".join(job.hosts) if len(job.hosts) <= 8 else f"{', '.join(job.hosts[:7])} and {len(job.hosts) - 7} more"
    waits = f", waits for {', '.join(job.needs)}" if job.needs else ""
    rows = [
        PlanLine(PlanPart.JOB, 1, f"job {job.name} on {where}{waits}"),
        PlanLine(PlanPart.DETAIL, 2, ", ".join(_details(job))),
    ]
    rows.extend(_step_rows(job.tasks))
    if job.rollback:
        rows.append(PlanLine(PlanPart.DETAIL, 2, "when it is rolled back"))
        rows.extend(_step_rows(job.rollback))
    return rows


def _step_rows(steps: Sequence[PlannedTask]) -> list[PlanLine]:
    return [row for number, task in enumerate(steps, start=1) for row in _task_rows(number, task)]


def _details(job: PlannedJob) -> Sequence[str]:
    details = [f"on failure {job.on_failure.value}"]
    if job.timeout_s is not None:
        details.append(f"timeout {format_duration(job.timeout_s)}")
    if job.retry.attempts > 1:
        details.append(f"up to {job.retry.attempts} attempts, the second after {format_duration(job.retry.delay_s)}")
    if job.runbook:
        details.append(f"runbook {job.runbook}")
    return details


def _task_rows(number: int, task: PlannedTask) -> list[PlanLine]:
    extra = [_PARTS[task.part]] if task.part in _PARTS else []
    extra.extend(task.manner)
    if not task.repeatable:
        extra.append("not repeatable")
    if task.dir:
        extra.append(f"in {task.dir}")
    if task.timeout_s is not None:
        extra.append(f"timeout {format_duration(task.timeout_s)}")
    if task.runbook:
        extra.append(f"runbook {task.runbook}")
    shown = f"{number}. {task.name}" + (f"  ({', '.join(extra)})" if extra else "")
    commands = [PlanLine(PlanPart.COMMAND, 3, line) for line in words_of(task).rstrip("\n").split("\n")]
    return [PlanLine(PlanPart.TASK, 2, shown, task.repeatable), *commands]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
