"""Tiny plans for tests: ``plan_of(stage("rollout", job("release", "web1 web2", "fetch restart")))``."""

from __future__ import annotations

from dataclasses import replace

from runners.model.definition import OnFailure, Part, RetryPolicy
from runners.model.inventory import Host
from runners.model.plan import Plan, PlannedJob, PlannedStage, PlannedTask

UID = "01JD0000000000000000000042"


def task(name: str, **fields: object) -> PlannedTask:
    """A task whose command is ``./NAME.sh``."""
    return replace(PlannedTask(name=name, command=f"./{name}.sh"), **fields)  # type: ignore[arg-type]


def job(
    name: str,
    hosts: str = "web1",
    tasks: str | tuple[PlannedTask, ...] = "work",
    *,
    needs: str = "",
    on_failure: str = "hold",
    attempts: int = 1,
    delay_s: float = 2.0,
    backoff: float = 2.0,
    max_delay_s: float = 60.0,
    jitter: bool = False,
    timeout_s: float | None = None,
    runbook: str | None = None,
    verify: str = "",
    closing: str = "",
    rollback: str = "",
) -> PlannedJob:
    """A job; ``hosts``, ``tasks`` and ``needs`` are names with blanks between; no jitter, so that delays are exact.

    ``closing`` are its ``finally:`` tasks.
    """
    body = tuple(task(t) for t in tasks.split()) if isinstance(tasks, str) else tasks
    proof = tuple(task(t, part=Part.VERIFY) for t in verify.split())
    undo = tuple(task(t, part=Part.ROLLBACK) for t in rollback.split())
    return PlannedJob(
        stage="",
        name=name,
        hosts=tuple(hosts.split()),
        tasks=(*body, *proof, *(task(t, part=Part.FINALLY) for t in closing.split())),
        rollback=(*undo, *proof) if undo else (),
        needs=tuple(needs.split()),
        timeout_s=timeout_s,
        retry=RetryPolicy(
            attempts=attempts, delay_s=delay_s, backoff=backoff, max_delay_s=max_delay_s, full_jitter=jitter
        ),
        on_failure=OnFailure(on_failure),
        runbook=runbook,
    )


def stage(name: str, *jobs: PlannedJob) -> PlannedStage:
    """A stage; the jobs learn its name."""
    return PlannedStage(name=name, jobs=tuple(replace(planned, stage=name) for planned in jobs))


def plan_of(*stages: PlannedStage, pipeline: str = "deploy-api", environment: str | None = None) -> Plan:
    """A plan with job runs numbered over all stages, and a host record for each host named."""
    number = 1
    numbered: list[PlannedStage] = []
    for one in stages:
        jobs: list[PlannedJob] = []
        for planned in one.jobs:
            jobs.append(replace(planned, first_number=number))
            number += len(planned.hosts)
        numbered.append(PlannedStage(name=one.name, jobs=tuple(jobs)))
    names = dict.fromkeys(host for one in stages for planned in one.jobs for host in planned.hosts)
    return Plan(
        pipeline=pipeline,
        environment=environment,
        definition_digest="sha256:" + "0" * 64,
        hosts={name: Host(name=name) for name in names},
        stages=tuple(numbered),
    )
