"""A run state being changed by events: only what they touch is copied, once for as many events as are folded.

Used by ``reduce`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from runners.core.index import Place, PlanIndex, index_of
from runners.core.moves import JOB_RUN_MOVES, IllegalMove, check_move
from runners.model.phases import Phase, RunPhase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, RunState, StageState


class Draft:
    """Changes on top of a state that itself stays as it is. Not to be used any more after ``done``."""

    __slots__ = ("_counts", "_outputs", "_runs", "_stages", "base", "index", "run", "seq")

    def __init__(self, base: RunState) -> None:
        self.base = base
        self.seq = base.seq
        """Of the event that is folded now."""
        self.index: PlanIndex = index_of(base.plan)
        self.run: dict[str, Any] = {}
        """Changed fields of the run itself."""
        self._stages: dict[int, StageState] = {}
        """Stages whose own fields changed; their ``jobs`` are not looked at."""
        self._runs: dict[tuple[int, int], list[JobRunState]] = {}
        self._counts: dict[tuple[int, int], dict[Phase, int]] = {}
        self._outputs: set[tuple[int, int]] = set()

    def of_run(self, name: str) -> Any:
        """A field of the run as it is now."""
        return self.run[name] if name in self.run else getattr(self.base, name)

    def place(self, job_run: str) -> Place:
        """Where a job run stands; ``IllegalMove`` when the plan has none of that id."""
        place = self.index.places.get(job_run)
        if place is None:
            raise IllegalMove(f"{self.base.name} has no job run {job_run}")
        return place

    def find(self, job_run: str) -> tuple[Place, JobRunState]:
        """Where a job run stands, and the job run as it is now; ``IllegalMove`` as ``place``. Most events begin so."""
        place = self.index.places.get(job_run) or self.place(job_run)
        s, j, h = place
        runs = self._runs.get((s, j))
        return place, runs[h] if runs is not None else self.base.stages[s].jobs[j].runs[h]

    def job_run(self, place: Place) -> JobRunState:
        """The job run as it is now."""
        s, j, h = place
        runs = self._runs.get((s, j))
        return runs[h] if runs is not None else self.base.stages[s].jobs[j].runs[h]

    def planned(self, place: Place) -> PlannedJob:
        """The plan of its job."""
        return self.base.plan.stages[place.stage].jobs[place.job]

    def change(self, place: Place, **changes: Any) -> None:
        """Change a job run; ``IllegalMove`` when its phase may not change so."""
        s, j, h = place
        runs = self._runs.get((s, j))
        if runs is None:
            runs = self._runs[s, j] = list(self.base.stages[s].jobs[j].runs)
        old = runs[h]
        new_phase: Phase | None = changes.get("phase")
        if new_phase is not None and new_phase is not old.phase:
            if new_phase not in JOB_RUN_MOVES[old.phase]:
                check_move(old.phase, new_phase)
            counts = self._counts.get((s, j))
            if counts is None:
                counts = self._counts[s, j] = dict(self.base.stages[s].jobs[j].counts)
            left = counts[old.phase] - 1
            if left:
                counts[old.phase] = left
            else:
                del counts[old.phase]
            counts[new_phase] = counts.get(new_phase, 0) + 1
        runs[h] = replace(old, **changes)

    def has_outputs(self, place: Place) -> None:
        """A task of that job wrote outputs; the job run is changed beside this."""
        self._outputs.add((place.stage, place.job))

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
        self._stages[s] = replace(old, phase=phase, **changes)

    def move_stages(self, old: StagePhase, new: StagePhase) -> None:
        """Change the phase of every stage that is in ``old``."""
        for s in range(len(self.base.stages)):
            if self.stage(s).phase is old:
                self.move_stage(s, new)

    def move_run(self, phase: RunPhase) -> None:
        """Change the run's phase; ``IllegalMove`` when it may not."""
        check_move(self.of_run("phase"), phase)
        self.run["phase"] = phase

    def done(self) -> RunState:
        """The state with every change in it."""
        if self._runs or self._stages:
            stages = list(self.base.stages)
            for s, stage in self._stages.items():
                stages[s] = stage
            for (s, j), runs in self._runs.items():
                stage = stages[s]
                job = JobState(
                    name=stage.jobs[j].name,
                    runs=tuple(runs),
                    counts=self.counts(s, j),
                    outputs=stage.jobs[j].outputs or (s, j) in self._outputs,
                )
                stages[s] = replace(stage, jobs=(*stage.jobs[:j], job, *stage.jobs[j + 1 :]))
            self.run["stages"] = tuple(stages)
        return replace(self.base, **self.run)
