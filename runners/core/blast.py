"""How far a run has reached: hosts it touched, hosts it did not, and how many job runs are in which phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from runners.core.memo import Memo
from runners.core.ready import counts_of
from runners.core.tasks import last_task
from runners.model.phases import FAILURES, Phase
from runners.model.state import JobState, RunState


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


class _Reach(NamedTuple):
    """Hosts of one job."""

    every: frozenset[str]
    touched: frozenset[str]
    failed: frozenset[str]
    unknown: frozenset[str]
    open: frozenset[str]


def _reach_of(job: JobState) -> _Reach:
    # An attempt starts with its first task, so only the very first moment has one without.
    touched = (run.host for run in job.runs if any(last_task(attempt) for attempt in run.attempts[:1]))
    return _Reach(
        every=frozenset(run.host for run in job.runs),
        touched=frozenset(touched),
        failed=frozenset(run.host for run in job.runs if run.phase in FAILURES),
        unknown=frozenset(run.host for run in job.runs if run.phase is Phase.UNKNOWN),
        open=frozenset(run.host for run in job.runs if run.phase not in (Phase.SUCCEEDED, Phase.SKIPPED)),
    )


_reach = Memo(_reach_of)


def blast(state: RunState) -> Blast:
    """Count; only jobs that changed since the last count are walked."""
    reach = [_reach(job) for stage in state.stages for job in stage.jobs]
    every: frozenset[str] = frozenset().union(*(one.every for one in reach))
    open_: frozenset[str] = frozenset().union(*(one.open for one in reach))
    return Blast(
        hosts=len(every),
        touched=len(frozenset().union(*(one.touched for one in reach))),
        failed=len(frozenset().union(*(one.failed for one in reach))),
        unknown=len(frozenset().union(*(one.unknown for one in reach))),
        done=len(every) - len(open_),
        phases=counts_of(state),
    )
