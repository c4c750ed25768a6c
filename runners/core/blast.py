"""How far a run has reached: hosts it touched, hosts it did not, and how many job runs are in which phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runners.core.ready import counts_of
from runners.core.tasks import last_task
from runners.model.phases import FAILURES, Phase
from runners.model.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Blast:
    """Counts of hosts, and of job runs by phase."""

    hosts: int
    touched: int
    """Hosts on which a task was dispatched."""
    failed: int
    """Hosts with a job run that failed or timed out."""
    unknown: int
    done: int
    """Hosts whose job runs all succeeded or were skipped."""
    phases: Mapping[Phase, int]
    """Phases without job runs are left out."""

    @property
    def untouched(self) -> int:
        """Hosts on which nothing was dispatched."""
        return self.hosts - self.touched


def blast(state: RunState) -> Blast:
    """Count; a look at every job run."""
    every: set[str] = set()
    touched: set[str] = set()
    failed: set[str] = set()
    unknown: set[str] = set()
    open_: set[str] = set()
    for stage in state.stages:
        for job in stage.jobs:
            for run in job.runs:
                every.add(run.host)
                # An attempt starts with its first task, so only the very first moment has one without.
                if any(last_task(attempt) for attempt in run.attempts[:1]):
                    touched.add(run.host)
                if run.phase in FAILURES:
                    failed.add(run.host)
                elif run.phase is Phase.UNKNOWN:
                    unknown.add(run.host)
                if run.phase not in (Phase.SUCCEEDED, Phase.SKIPPED):
                    open_.add(run.host)
    return Blast(
        hosts=len(every),
        touched=len(touched),
        failed=len(failed),
        unknown=len(unknown),
        done=len(every) - len(open_),
        phases=counts_of(state),
    )
