"""Which task of a job run is where."""

from __future__ import annotations

from runners.model.phases import TaskPhase
from runners.model.state import AttemptState, JobRunState

IN_FLIGHT = frozenset({TaskPhase.DISPATCHED, TaskPhase.RUNNING, TaskPhase.UNKNOWN})
"""The host may have it: exactly one task of a live attempt, none of any other."""


def in_flight(run: JobRunState) -> int:
    """Number of the task that its host may have; 0: none."""
    if run.attempts:
        for n, task in enumerate(run.attempts[-1].tasks, start=1):
            if task.phase in IN_FLIGHT:
                return n
    return 0


def last_task(attempt: AttemptState) -> int:
    """Number of the last task that this attempt dispatched; 0: none."""
    for n in range(len(attempt.tasks), 0, -1):
        task = attempt.tasks[n - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return n
    return 0
