"""What a host is asked to run: the task of the plan with the variables that depend on run, host and attempt. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from runners.core.index import index_of, job_run_of, planned_job_of
from runners.core.outputs import as_json, seen_by, variables
from runners.core.rollback import PREVIOUS
from runners.model.ids import parse_key
from runners.model.state import RunState
from runners.ports.transport import ExecutionRequest


def build_request(
    state: RunState,
    *,
    job_run: str,
    key: str,
    attempt: int,
    task: int,
    timeout_s: float | None,
    workdir: str,
    secrets: Mapping[str, str] | None = None,
) -> ExecutionRequest:
    """The request of one task (numbered from 1) of one attempt. ``LookupError`` when the plan has no such task."""
    job, run = planned_job_of(state, job_run), job_run_of(state, job_run)
    tried = next((one for one in run.attempts if one.number == attempt), None)
    rollback = tried is not None and tried.rollback
    step = job.steps(rollback=rollback)[task - 1]
    seen = seen_by(state, job_run, at_seq=tried.tasks[task - 1].dispatch_seq if tried else state.seq, rollback=rollback)
    env = state.plan.env_of(step, run.host)
    if rollback:
        before = index_of(state.plan).previous.get(job_run, {})
        env.update({f"{PREVIOUS}{name}": value for name, value in before.items()})
    env.update(secrets or {})
    env.update(variables(seen, run.host))
    env.update(
        ONDUTY_RUN=state.name,
        ONDUTY_STAGE=job.stage,
        ONDUTY_JOB=job.name,
        ONDUTY_HOST=run.host,
        ONDUTY_ATTEMPT=str(attempt),
        ONDUTY_TASK=step.name,
        ONDUTY_KEY=key,
        TRACEPARENT=traceparent(key),
    )
    return ExecutionRequest(
        key=key,
        script=step.command,
        shell=step.shell,
        login=step.login,
        sudo=step.sudo,
        sharers=job.sudo_users,
        env=env,
        dir=step.dir,
        workdir=workdir,
        timeout_s=timeout_s,
        limits=step.limits,
        log_limit_bytes=step.log_limit_bytes,
        label=" ".join(f"{state.by} {state.name} {job_run}".split()),
        earlier=as_json(seen),
    )


def traceparent(key: str) -> str:
    """W3C Trace Context, version 00: the run is the trace, the execution is the span."""
    trace = hashlib.sha256(parse_key(key).uid.encode()).hexdigest()[:32]
    span = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"00-{trace}-{span}-01"
