"""What a host is asked to run: the task of the plan with the variables that depend on run, host and attempt. Pure."""

from __future__ import annotations

import hashlib

from runners.model.ids import parse_key
from runners.model.plan import PlannedJob
from runners.model.state import RunState
from runners.ports.transport import ExecutionRequest


def build_request(
    state: RunState, *, job_run: str, key: str, attempt: int, task: int, timeout_s: float | None, workdir: str
) -> ExecutionRequest:
    """The request of one task (numbered from 1) of one attempt. Raises ``LookupError`` when the plan has no such task."""
    job, host = planned(state, job_run)
    step = job.tasks[task - 1]
    env = dict(step.env)
    env.update(
        ONDUTY_RUN=state.name,
        ONDUTY_STAGE=job.stage,
        ONDUTY_JOB=job.name,
        ONDUTY_HOST=host,
        ONDUTY_ATTEMPT=str(attempt),
        ONDUTY_TASK=step.name,
        ONDUTY_KEY=key,
        TRACEPARENT=traceparent(key),
    )
    return ExecutionRequest(
        key=key,
        script=step.command,
        env=env,
        dir=step.dir,
        workdir=workdir,
        timeout_s=timeout_s,
        label=" ".join(f"{state.by} {state.name} {job_run}".split()),
    )


def planned(state: RunState, job_run: str) -> tuple[PlannedJob, str]:
    """The job of the plan and the host that ``stage/job@host`` names; ``LookupError`` when there is none."""
    identity, _, host = job_run.partition("@")
    for stage in state.plan.stages:
        for job in stage.jobs:
            if job.id == identity and host in job.hosts:
                return job, host
    raise LookupError(f"run {state.name} has no job run {job_run}")


def traceparent(key: str) -> str:
    """W3C Trace Context, version 00: the run is the trace, the execution is the span."""
    trace = hashlib.sha256(parse_key(key).uid.encode()).hexdigest()[:32]
    span = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"00-{trace}-{span}-01"
