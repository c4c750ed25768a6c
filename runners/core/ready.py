"""What is satisfied, what may start, what lives: questions about a state that several parts ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runners.core.index import Place, index_of
from runners.model.parts import OnFailure
from runners.model.phases import BAD, Phase, RunPhase, StagePhase

if TYPE_CHECKING:
    from runners.model.plan import PlannedJob
    from runners.model.state import JobRunState, JobState, RunState

MOVING = (Phase.QUEUED, Phase.RUNNING, Phase.BACKING_OFF, Phase.CANCELLING, Phase.ROLLING_BACK)
"""Goes on by itself. An UNKNOWN one does too while its host was not heard."""

STAGE_DONE = (StagePhase.PASSED, StagePhase.SKIPPED)


def satisfies(job: PlannedJob, phase: Phase) -> bool:
    """Whether a job run in this phase satisfies what needs its job."""
    return phase in (Phase.SUCCEEDED, Phase.SKIPPED) or (phase in BAD and job.on_failure is OnFailure.CONTINUE)


def is_satisfied(planned: PlannedJob, job: JobState) -> bool:
    """Whether every job run of the job satisfies."""
    counts = job.counts
    done = counts.get(Phase.SUCCEEDED, 0) + counts.get(Phase.SKIPPED, 0)
    if planned.on_failure is OnFailure.CONTINUE:
        done += counts.get(Phase.FAILED, 0) + counts.get(Phase.TIMED_OUT, 0)
    return done == len(job.runs)


def needs_satisfied(state: RunState, s: int, j: int) -> bool:
    """Whether every job of the stage that this one needs is satisfied."""
    stage, planned = state.stages[s], state.plan.stages[s]
    return all(is_satisfied(planned.jobs[n], stage.jobs[n]) for n in index_of(state.plan).needs[s][j])


def stage_is_satisfied(state: RunState, s: int) -> bool:
    """Whether every job of the stage is satisfied."""
    stage, planned = state.stages[s], state.plan.stages[s]
    # The last one first: jobs end about in the order of the plan, so it is the one that most often says no.
    return all(map(is_satisfied, reversed(planned.jobs), reversed(stage.jobs)))


def may_start(state: RunState) -> bool:
    """Whether attempts start that nobody asked for."""
    return state.phase is RunPhase.RUNNING and not state.stopping


def counts_of(state: RunState) -> Mapping[Phase, int]:
    """Job runs of the whole run by phase."""
    total: dict[Phase, int] = {}
    for stage in state.stages:
        for job in stage.jobs:
            for phase, count in job.counts.items():
                total[phase] = total.get(phase, 0) + count
    return total


def runs_in(state: RunState, *phases: Phase) -> Iterator[tuple[Place, JobRunState]]:
    """Every job run in one of these phases, in plan order; jobs without any are not walked."""
    for s, stage in enumerate(state.stages):
        for j, job in enumerate(stage.jobs):
            if any(phase in job.counts for phase in phases):
                for h, run in enumerate(job.runs):
                    if run.phase in phases:
                        yield Place(s, j, h), run


def is_moving(run: JobRunState) -> bool:
    """Whether it goes on without a person, as far as anyone knows."""
    return run.phase in MOVING or (run.phase is Phase.UNKNOWN and not run.answered)


def anything_moves(state: RunState) -> bool:
    """Whether any job run goes on without a person."""
    # As in ``stage_is_satisfied``: what waits for its host is at the end.
    if any(
        not job.counts.keys().isdisjoint(MOVING) for stage in reversed(state.stages) for job in reversed(stage.jobs)
    ):
        return True
    return any(not run.answered for _, run in runs_in(state, Phase.UNKNOWN))
