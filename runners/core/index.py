"""Where each job run of a plan stands, and what needs what: looked up by every event, so made once per plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runners.core.memo import Memo

if TYPE_CHECKING:
    from runners.model.plan import Plan, PlannedJob
    from runners.model.state import JobRunState, RunState


class Place(NamedTuple):
    """Position of a job run, each from 0."""

    stage: int
    job: int
    host: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIndex:
    """Lookups over one plan."""

    places: Mapping[str, Place]
    """By job run id, in plan order."""
    needs: tuple[tuple[tuple[int, ...], ...], ...]
    """By stage and job: positions of the jobs of the same stage that it needs."""
    needed_by: tuple[tuple[tuple[int, ...], ...], ...]
    """The other way round."""
    short_names: Mapping[str, str]
    """By job run id: ``release@web3`` where the job's name is unique in the run, else the id."""
    previous: Mapping[str, Mapping[str, str]]
    """By job run id: the params of the last run in which it succeeded; what never did is left out."""


def _build(plan: Plan) -> PlanIndex:
    previous = {id_: earlier.params for earlier in reversed(plan.previous) for id_ in earlier.job_runs}
    places: dict[str, Place] = {}
    short_names: dict[str, str] = {}
    needs: list[tuple[tuple[int, ...], ...]] = []
    needed_by: list[tuple[tuple[int, ...], ...]] = []
    uses = Counter(job.name for job in plan.jobs())
    for s, stage in enumerate(plan.stages):
        names = {job.name: j for j, job in enumerate(stage.jobs)}
        needs.append(tuple(tuple(names[name] for name in job.needs) for job in stage.jobs))
        needed_by.append(
            tuple(tuple(j for j, job in enumerate(stage.jobs) if other.name in job.needs) for other in stage.jobs)
        )
        for j, job in enumerate(stage.jobs):
            for h, (host, id_) in enumerate(zip(job.hosts, job.job_run_ids(), strict=True)):
                places[id_] = Place(s, j, h)
                short_names[id_] = f"{job.name}@{host}" if uses[job.name] == 1 else id_
    return PlanIndex(
        places=places, needs=tuple(needs), needed_by=tuple(needed_by), short_names=short_names, previous=previous
    )


_index = Memo(_build)


def index_of(plan: Plan) -> PlanIndex:
    """The index of this very plan object."""
    return _index(plan)


def place_of(state: RunState, job_run: str) -> Place:
    """Where a job run stands; ``KeyError`` when the run has none of that id."""
    return index_of(state.plan).places[job_run]


def job_run_of(state: RunState, job_run: str) -> JobRunState:
    """The state of a job run; ``KeyError`` when the run has none of that id."""
    s, j, h = place_of(state, job_run)
    return state.stages[s].jobs[j].runs[h]


def planned_job_of(state: RunState, job_run: str) -> PlannedJob:
    """The plan of a job run's job."""
    s, j, _ = place_of(state, job_run)
    return state.plan.stages[s].jobs[j]


def short_name(state: RunState, job_run: str) -> str:
    """``release@web3``, or the whole id where the job's name is not unique; what is not in the run, as it is."""
    return index_of(state.plan).short_names.get(job_run, job_run)
