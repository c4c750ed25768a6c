"""What follows while a run is rolled back: one job after the other, and the end. Part of ``decide``."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.outcome import rollback_warnings_of
from runners.core.ready import counts_of, runs_in
from runners.core.rollback import left, waves
from runners.model.events import JobQueued, Payload, RollbackFinished
from runners.model.phases import ENDED, Phase, Result, RunPhase
from runners.model.state import RunState

MOST_NAMED = 200
"""Job runs that one event names, so that it stays under 64 KiB."""


def next_of_rollback(state: RunState) -> Iterator[Payload]:
    """The next job's rollback once what lives has been stopped and the job before is through, or the end.

    An unknown job run holds up nothing but the end, and that only while its host is silent.
    """
    counts = counts_of(state)
    if any(counts.get(phase) for phase in (Phase.RUNNING, Phase.CANCELLING, Phase.ROLLING_BACK)):
        return
    for _, runs in waves(state):
        due = [run for run in runs if run.rollback_due and run.phase in ENDED]
        if due:
            yield from (JobQueued(job_run=run.id, attempt=run.next_attempt, rollback=True) for run in due)
            return
    if any(not run.answered for _, run in runs_in(state, Phase.UNKNOWN)):
        return
    rest = left(state)
    yield RollbackFinished(
        phase=RunPhase.ROLLBACK_INCOMPLETE if rest or counts.get(Phase.UNKNOWN) else RunPhase.ROLLED_BACK,
        result=Result.FAILURE,
        left=rest[:MOST_NAMED],
        warnings=rollback_warnings_of(state),
    )
