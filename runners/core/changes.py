"""What is different between two plans of one pipeline: what they do, with what, where and with which files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runners.model import api
from runners.model.inventory import Host
from runners.model.plan import Plan, PlannedJob, PlannedTask


def changes_of(before: Plan, now: Plan, *, run: str, uid: str, ended_at: str | None, by: str | None) -> api.Changes:
    """What changed since ``before``, the plan of ``run``. ``by`` started that one, when it was somebody else."""
    both = [name for name in now.hosts if name in before.hosts]
    return api.Changes(
        run=run,
        uid=uid,
        ended_at=ended_at,
        definition=before.definition_digest != now.definition_digest,
        jobs=tuple(_jobs(before, now)),
        params=tuple(
            api.ParamChange(name=name, before=before.params.get(name), now=now.params.get(name))
            for name in dict.fromkeys((*now.params, *before.params))
            if before.params.get(name) != now.params.get(name)
        ),
        env=tuple(name for name in dict.fromkeys((*now.env, *before.env)) if before.env.get(name) != now.env.get(name)),
        files=tuple(
            src for src, found in now.sources.items() if src in before.sources and before.sources[src] != found
        ),
        hosts_added=tuple(name for name in now.hosts if name not in before.hosts),
        hosts_gone=tuple(name for name in before.hosts if name not in now.hosts),
        hosts_moved=tuple(name for name in both if _way(before.hosts[name]) != _way(now.hosts[name])),
        hosts_set=tuple(name for name in both if before.hosts[name].vars != now.hosts[name].vars),
        by=by,
    )


def _way(host: Host) -> Host:
    return replace(host, vars={}, labels={})


def _jobs(before: Plan, now: Plan) -> Iterator[api.JobChange]:
    params = {*before.params, *now.params}
    old, new = ({job.id: job for job in plan.jobs()} for plan in (before, now))
    for id_, job in new.items():
        earlier = old.get(id_)
        if earlier is None:
            if id_ not in before.left_out:
                yield api.JobChange(job=id_, how="added")
            continue
        tasks = _tasks(earlier, job, params)
        if tasks or _manner(earlier) != _manner(job):
            yield api.JobChange(job=id_, how="changed", tasks=tasks)
    yield from (
        api.JobChange(job=id_, how="removed") for id_ in old if id_ not in new and id_ not in now.left_out
    )  # fmt: skip


def _tasks(before: PlannedJob, now: PlannedJob, params: set[str]) -> tuple[str, ...]:
    old, new = (
        {(task.part, task.name): _without(task, params) for task in (*job.tasks, *job.rollback)}
        for job in (before, now)
    )
    return tuple(
        dict.fromkeys(name for part, name in (*new, *old) if old.get((part, name)) != new.get((part, name)))
    )  # fmt: skip


def _without(task: PlannedTask, params: set[str]) -> PlannedTask:
    """Values of params are in the environment of every task, and are told as params."""
    return replace(task, env={name: value for name, value in task.env.items() if name not in params})


def _manner(job: PlannedJob) -> PlannedJob:
    """How a job is run, without what it does and where."""
    return replace(job, tasks=(), rollback=(), hosts=(), first_number=1)
