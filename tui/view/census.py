"""What many parts of the screen ask of every job run of a run, worked out once for each job that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from runners.core.memo import Memo
from runners.core.tasks import waits_for_host

if TYPE_CHECKING:
    from runners.model.phases import Phase
    from runners.model.plan import Plan
    from runners.model.state import JobRunState, JobState


class JobCensus(Struct, frozen=True):
    """The job runs of one job."""

    by_phase: Mapping[Phase, tuple[JobRunState, ...]]
    """In host order; phases without any are left out."""
    kinds: tuple[JobRunState, ...]
    """One of each kind that looks different: by phase, and by what a rollback has still to do with it."""
    acted: tuple[JobRunState, ...]
    """Those that a person did something to."""
    begun: bool
    """Anything of it was ever tried."""


class PlanCensus(Struct, frozen=True):
    """What does not change while a run lives."""

    hosts: tuple[str, ...]
    """Every host once, in the order of the plan."""
    members: Mapping[str, tuple[str, ...]]
    """Job run ids by ``stage`` and by ``stage/job``."""
    on_host: Mapping[str, tuple[tuple[int, int, int], ...]]
    """Positions of job runs by host: stage, job, host, each from 0."""


def _job(job: JobState) -> JobCensus:
    by_phase: dict[Phase, list[JobRunState]] = {}
    kinds: dict[tuple[Phase, bool, bool], JobRunState] = {}
    for run in job.runs:
        kinds.setdefault((run.phase, run.rollback_due, waits_for_host(run)), run)
        by_phase.setdefault(run.phase, []).append(run)
    return JobCensus(
        by_phase={phase: tuple(runs) for phase, runs in by_phase.items()},
        kinds=tuple(kinds.values()),
        begun=any(run.attempts for run in job.runs),
        acted=tuple(run for run in job.runs if run.acted_by and run.acted_at is not None),
    )


def _plan(plan: Plan) -> PlanCensus:
    members: dict[str, tuple[str, ...]] = {}
    on_host: dict[str, list[tuple[int, int, int]]] = {}
    for s, stage in enumerate(plan.stages):
        for j, job in enumerate(stage.jobs):
            members[job.id] = job.job_run_ids()
            for h, host in enumerate(job.hosts):
                on_host.setdefault(host, []).append((s, j, h))
        members[stage.name] = tuple(id_ for job in stage.jobs for id_ in members[job.id])
    return PlanCensus(
        hosts=tuple(on_host), members=members, on_host={host: tuple(found) for host, found in on_host.items()}
    )


census_of = Memo(_job)
plan_census_of = Memo(_plan)
