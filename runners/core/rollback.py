"""Which job runs are rolled back, in which order, and what is left when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runners.core.index import PlanIndex, index_of
from runners.core.memo import Memo
from runners.model.parts import OnFailure
from runners.model.phases import BAD, Phase

if TYPE_CHECKING:
    from runners.model.plan import PlannedJob
    from runners.model.state import JobRunState, JobState, RunState

PREVIOUS = "ONDUTY_PREVIOUS_"
"""Prefix of the variables with the params of the last run that succeeded."""


def needs_previous(planned: PlannedJob) -> bool:
    """Whether its rollback says ``ONDUTY_PREVIOUS_…``, so that it is of no use without an earlier release."""
    return any(
        PREVIOUS in text for step in planned.rollback for text in (step.command, step.dir or "", *step.env.values())
    )


def lacks_previous(index: PlanIndex, planned: PlannedJob, run: JobRunState) -> bool:
    """Whether its rollback needs an earlier release and none is known."""
    return run.id not in index.previous and needs_previous(planned)


def is_left(planned: PlannedJob, run: JobRunState) -> bool:
    """Whether it did something, has a rollback, and is not rolled back."""
    return bool(run.first_dispatch and planned.rollback) and run.phase is not Phase.ROLLED_BACK


def can_be_rolled_back(index: PlanIndex, planned: PlannedJob, run: JobRunState) -> bool:
    """Whether a rollback that starts now takes it, at once or when what lives of it has ended."""
    return is_left(planned, run) and not run.answered and not lacks_previous(index, planned, run)


def _begun_of(job: JobState) -> tuple[JobRunState, ...]:
    return tuple(run for run in job.runs if run.first_dispatch)


_begun = Memo(_begun_of)


def _begun_jobs(state: RunState, *, with_rollback: bool) -> Iterator[tuple[PlannedJob, tuple[JobRunState, ...]]]:
    """Jobs that have a rollback, or have none, with their job runs that dispatched anything, in plan order."""
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            if bool(planned.rollback) is with_rollback:
                yield planned, _begun(job)


def waves(state: RunState) -> Iterator[tuple[PlannedJob, tuple[JobRunState, ...]]]:
    """Jobs in the order in which they are rolled back, one after the other, with all their job runs.

    Stages from the last to the first; inside a stage the job that dispatched first comes last.
    """
    for s in range(len(state.stages) - 1, -1, -1):
        begun: list[tuple[int, int]] = []
        for j, job in enumerate(state.stages[s].jobs):
            if runs := _begun(job):
                begun.append((min(run.first_dispatch for run in runs), j))
        for _, j in sorted(begun, reverse=True):
            yield state.plan.stages[s].jobs[j], state.stages[s].jobs[j].runs


def left(state: RunState) -> tuple[str, ...]:
    """Job runs that did something, have a rollback and are not rolled back, in plan order."""
    jobs = _begun_jobs(state, with_rollback=True)
    return tuple(run.id for planned, runs in jobs for run in runs if is_left(planned, run))


def without_rollback(state: RunState) -> tuple[str, ...]:
    """Job runs that did something and have no rollback, in plan order."""
    return tuple(run.id for _, runs in _begun_jobs(state, with_rollback=False) for run in runs)


def without_previous(state: RunState) -> tuple[str, ...]:
    """Job runs that did something and whose rollback needs an earlier release that is not known, in plan order."""
    index = index_of(state.plan)
    jobs = _begun_jobs(state, with_rollback=True)
    return tuple(
        run.id
        for planned, runs in jobs
        for run in runs
        if is_left(planned, run) and lacks_previous(index, planned, run)
    )


def takes_any(state: RunState) -> bool:
    """Whether a rollback would take anything now."""
    index = index_of(state.plan)
    jobs = _begun_jobs(state, with_rollback=True)
    return any(can_be_rolled_back(index, planned, run) for planned, runs in jobs for run in runs)


def takes(state: RunState) -> tuple[str, ...]:
    """Job runs that a rollback would take now, in the order in which it would."""
    index = index_of(state.plan)
    return tuple(run.id for planned, runs in waves(state) for run in runs if can_be_rolled_back(index, planned, run))


def is_wanted(state: RunState) -> bool:
    """Whether a job with ``on_failure: rollback`` failed, and anything can be rolled back."""
    if not state.stopping:
        return False
    asked = any(
        planned.on_failure is OnFailure.ROLLBACK and any(phase in state.stages[s].jobs[j].counts for phase in BAD)
        for s, stage in enumerate(state.plan.stages)
        for j, planned in enumerate(stage.jobs)
    )
    return asked and bool(takes(state))
