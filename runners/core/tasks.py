"""Which task of a job run is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.model.phases import LIVE, Phase, TaskPhase

if TYPE_CHECKING:
    from runners.model.state import AttemptState, JobRunState, TaskState

IN_FLIGHT = frozenset({TaskPhase.DISPATCHED, TaskPhase.RUNNING, TaskPhase.UNKNOWN})
"""The host may have it: exactly one task of a live attempt, none of any other."""


def in_flight(run: JobRunState) -> int:
    """Number of the task that its host may have; 0: none, also when a person went past an attempt that is unknown."""
    if run.attempts and run.attempts[-1].phase is Phase.RUNNING:
        for n, task in enumerate(run.attempts[-1].tasks, start=1):
            if task.phase in IN_FLIGHT:
                return n
    return 0


def body_of(attempt: AttemptState) -> int:
    """How many of its steps come before ``finally:``: those that decide how it ends."""
    return len(attempt.tasks) - attempt.closing


def last_task(attempt: AttemptState) -> int:
    """Number of the last task before ``finally:`` that this attempt dispatched; 0: none."""
    for n in range(body_of(attempt), 0, -1):
        task = attempt.tasks[n - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return n
    return 0


def in_finally(run: JobRunState) -> bool:
    """Whether its host has a ``finally:`` task."""
    n = in_flight(run)
    return bool(n) and n > body_of(run.attempts[-1])


def spares_finally(run: JobRunState) -> bool:
    """Whether a cancel asked now leaves what is on the host alone: the first one never stops a ``finally:`` task."""
    return in_finally(run) and not run.cancel_asked


def is_live(run: JobRunState) -> bool:
    """Whether an attempt of it is on its host, or may be: a rollback that waits for its host is not."""
    return run.phase in LIVE and bool(run.attempts) and run.attempts[-1].phase is Phase.RUNNING


def waits_for_host(run: JobRunState) -> bool:
    """Whether its next attempt starts as soon as its host and a place are there."""
    return run.phase is Phase.QUEUED or (run.phase is Phase.ROLLING_BACK and not is_live(run))


def has_passed(task: TaskState) -> bool:
    """Whether a later attempt may go on after it."""
    return task.phase in (TaskPhase.SUCCEEDED, TaskPhase.KEPT)
