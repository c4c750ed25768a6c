"""The names people type for job runs, as job run ids. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from runners.model.errors import NotFound
from runners.model.state import RunState


def resolve(state: RunState, targets: Iterable[str]) -> tuple[str, ...]:
    """Ids for ``stage/job@host``, ``stage/job``, and ``job@host`` or ``job`` where the job's name is unique in the run.

    In the order asked, each once. Raises ``NotFound`` naming every word that is none, or that several jobs answer to.
    """
    found: dict[str, None] = {}
    problems: list[str] = []
    for target in targets:
        ids, problem = _resolve(state, target)
        found.update(dict.fromkeys(ids))
        if problem:
            problems.append(problem)
    if problems:
        raise NotFound("; ".join(problems) + "; nothing was done", hint=f"onduty show {state.name}")
    return tuple(found)


def _resolve(state: RunState, target: str) -> tuple[tuple[str, ...], str]:
    name, at, host = target.partition("@")
    jobs = [job for job in state.plan.jobs() if name in (job.id, job.name)]
    if not jobs:
        names = sorted({job.id for job in state.plan.jobs()} | {job.name for job in state.plan.jobs()})
        near = get_close_matches(name, names, n=1)
        return (), f"{state.name} has no job {name[:200]}" + (f", did you mean {near[0]}?" if near else "")
    if len(jobs) > 1:
        return (), f"{name} is ambiguous: {', '.join(job.id for job in jobs)}"
    (job,) = jobs
    if not at:
        return job.job_run_ids(), ""
    if host not in job.hosts:
        near = get_close_matches(host, job.hosts, n=1)
        return (), f"{job.id} does not run on {host[:200]}" + (f", did you mean {near[0]}?" if near else "")
    return (f"{job.id}@{host}",), ""
