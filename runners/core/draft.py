"""A run state being changed by events: only what an event touches is copied, and folding many copies it once.

Used by ``reduce`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runners.core.copying import changed
from runners.core.index import Place, PlanIndex, index_of
from runners.core.moves import IllegalMove, check_move
from runners.model.phases import Phase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, RunState, StageState


class Draft:
    """Changes on top of a state that itself stays as it is."""

    __slots__ = ("_counts", "_runs", "_stages", "base", "index", "run")

    def __init__(self, base: RunState) -> None:
        self.base = base
        self.index: PlanIndex = index_of(base.plan)
        self.run: dict[str, Any] = {}
        """Changed fields of the run itself."""
        self._stages: dict[int, StageState] = {}
        """Stages whose own fields changed; their ``jobs`` are not looked at."""
        self._runs: dict[tuple[int, int], list[JobRunState]] = {}
        self._counts: dict[tuple[int, int], dict[Phase, int]] = {}

    def of_run(self, name: str) -> Any:
        """A field of the run as it is now."""
        return self.run[name] if name in self.run else getattr(self.base, name)

    def place(self, job_run: str) -> Place:
        """Where a job run stands; ``IllegalMove`` when the plan has none of that id."""
        place = self.index.places.get(job_run)
        if place is None:
            raise IllegalMove(f"{self.base.name} has no job run {job_run}")
        return place

    def job_run(self, place: Place) -> JobRunState:
        """The job run as it is now."""
        s, j, h = place
        runs = self._runs.get((s, j))
        return runs[h] if runs is not None else self.base.stages[s].jobs[j].runs[h]

    def planned(self, place: Place) -> PlannedJob:
        """The plan of its job."""
        return self.base.plan.stages[place.stage].jobs[place.job]

    def put(self, place: Place, new: JobRunState) -> None:
        """Replace a job run; ``IllegalMove`` when its phase may not change so."""
        s, j, h = place
        runs = self._runs.get((s, j))
        if runs is None:
            runs = self._runs[s, j] = list(self.base.stages[s].jobs[j].runs)
        old = runs[h]
        if old.phase is not new.phase:
            check_move(old.phase, new.phase)
            counts = self._counts.get((s, j))
            if counts is None:
                counts = self._counts[s, j] = dict(self.base.stages[s].jobs[j].counts)
            counts[old.phase] -= 1
            if not counts[old.phase]:
                del counts[old.phase]
            counts[new.phase] = counts.get(new.phase, 0) + 1
        runs[h] = new

    def counts(self, s: int, j: int) -> Mapping[Phase, int]:
        """Job runs of a job by phase, now."""
        counts = self._counts.get((s, j))
        return counts if counts is not None else self.base.stages[s].jobs[j].counts

    def stage(self, s: int) -> StageState:
        """A stage as it is now; its ``jobs`` may be old."""
        return self._stages.get(s) or self.base.stages[s]

    def move_stage(self, s: int, phase: StagePhase, **changes: Any) -> None:
        """Change a stage's phase; ``IllegalMove`` when it may not."""
        old = self.stage(s)
        check_move(old.phase, phase)
        self._stages[s] = changed(old, phase=phase, **changes)

    def done(self) -> RunState:
        """The state with every change in it."""
        if self._runs or self._stages:
            stages = list(self.base.stages)
            for s, stage in self._stages.items():
                stages[s] = stage
            touched: dict[int, list[JobState]] = {}
            for (s, j), runs in self._runs.items():
                jobs = touched.get(s)
                if jobs is None:
                    jobs = touched[s] = list(self.base.stages[s].jobs)
                jobs[j] = JobState(name=jobs[j].name, runs=tuple(runs), counts=self.counts(s, j))
            for s, jobs in touched.items():
                stages[s] = changed(stages[s], jobs=tuple(jobs))
            self.run["stages"] = tuple(stages)
        return changed(self.base, **self.run)
