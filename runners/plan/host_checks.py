"""What stands between pinned hosts and the jobs that would run there: hosts that cannot be used, and variables that
cannot be passed to the command that uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from runners.model.definition import Job, Pipeline
from runners.model.inventory import Host, Inventory
from runners.model.problems import Problem
from runners.spec.report import key_path, quoted

_USED = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_NAMED_HOSTS = 3


def unusable_hosts(
    pipeline: Pipeline, resolved: Mapping[str, Sequence[str]], inventory: Inventory | None
) -> list[Problem]:
    """A problem for each reason, at the ``hosts:`` or the command that it concerns."""
    if inventory is None:
        return []
    problems = []
    for index, stage in enumerate(pipeline.stages):
        for job in stage.jobs:
            hosts = [inventory.hosts[name] for name in resolved.get(job.hosts, ()) if name in inventory.hosts]
            path = ("stages", index, "jobs", job.name)
            for reason in _of_hosts(pipeline, hosts):
                place = (job.hosts_line or 1, job.hosts_column or 1)
                problems.append(_problem(pipeline, *place, key_path((*path, "hosts")), reason))
            for number, reason in _of_commands(pipeline, job, hosts):
                line = job.tasks[number].line or 1
                problems.append(_problem(pipeline, line, 1, key_path((*path, "tasks", number, "run")), reason))
    return problems


def _of_hosts(pipeline: Pipeline, hosts: Sequence[Host]) -> Iterator[str]:
    refused: dict[str, list[str]] = {}
    clashes: dict[str, list[str]] = {}
    for host in hosts:
        for reason in host.refused:
            refused.setdefault(reason, []).append(host.name)
        for name in pipeline.params:
            if name in host.vars or (name in host.withheld and not name.startswith("ansible_")):
                clashes.setdefault(name, []).append(host.name)
    for reason, names in refused.items():
        yield f"{listed(names)}: {reason}"
    for name, names in clashes.items():
        yield f"{listed(names)}: the variable {quoted(name)} is the name of a param too; one of them needs another"


def _of_commands(pipeline: Pipeline, job: Job, hosts: Sequence[Host]) -> Iterator[tuple[int, str]]:
    for number, task in enumerate(job.tasks):
        own = {*pipeline.params, *job.env, *task.env}
        used = [name for name in dict.fromkeys(_USED.findall(task.run)) if name not in own]
        found: dict[tuple[str, str], list[str]] = {}
        for host in hosts:
            for name in used:
                if name in host.withheld:
                    found.setdefault((name, host.withheld[name]), []).append(host.name)
        for (name, reason), names in found.items():
            yield number, f'"${name}" on {listed(names)} {reason}'


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: all of them while they are few."""
    if len(names) <= _NAMED_HOSTS:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED_HOSTS - 1])} and {len(names) - _NAMED_HOSTS + 1} more"


def _problem(pipeline: Pipeline, line: int, column: int, path: str, text: str) -> Problem:
    return Problem(file=pipeline.source, line=line, column=column, path=path, text=text)
