"""What uploads send, pinned by content when a run is planned. Reading files is the caller's: ``pin`` is an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from runners.model.definition import Pipeline
from runners.model.kinds import PinnedSource, TaskKind
from runners.model.plan import Plan
from runners.model.problems import Problem
from runners.model.templates import names
from runners.plan.kinds import PlacedTask, placed_tasks, task_places
from runners.spec.report import in_order

Pin = Callable[[str, str], PinnedSource]
"""Folder and ``src`` to what is there. Raises ``SourceRefused``."""


class SourceRefused(Exception):
    """What an upload names cannot be sent, in one sentence."""


def pin_sources(pipeline: Pipeline, plan: Plan, pin: Pin) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan with its sources; None exactly when there are problems, all of them at once."""
    found: dict[str, PinnedSource] = {}
    refused: dict[str, str] = {}
    problems: list[Problem] = []
    for placed in placed_tasks(pipeline, plan):
        for src in _sources(placed, plan):
            if src not in found and src not in refused:
                try:
                    found[src] = pin(plan.folder, src)
                except SourceRefused as reason:
                    refused[src] = str(reason)
            if src in refused:
                problems.append(placed.problem(pipeline, "upload.src", refused[src]))
    if problems:
        return None, in_order(problems)
    return (replace(plan, sources=found) if found else plan), ()


def source_problems(pipeline: Pipeline, why_not: Callable[[str], str]) -> tuple[Problem, ...]:
    """What is wrong with every ``src`` that needs no host and no param, for ``onduty lint``.

    ``why_not`` says in a sentence why a path cannot be sent; empty when it can.
    """
    found = []
    for _, place in task_places(pipeline):
        transfer = place.task.transfer
        if place.task.kind is not TaskKind.UPLOAD or transfer is None or names(transfer.src):
            continue
        if reason := why_not(transfer.src):
            found.append(place.problem(pipeline, "upload.src", reason))
    return in_order(found)


def _sources(placed: PlacedTask, plan: Plan) -> Iterator[str]:
    if placed.task.kind is TaskKind.UPLOAD and placed.task.transfer is not None:
        src = placed.task.transfer.src
        yield from dict.fromkeys(plan.scope_of(host).fill(src) for host in placed.job.hosts)
