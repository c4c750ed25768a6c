"""The longest path of a run: which job runs, one after the other, decided when it ended."""

from __future__ import annotations

import math
from bisect import bisect_right

from runners.model.state import JobRunState, RunState
from tui.view.facts import Place, places
from tui.view.safe_text import SafeText, safe

MOST_JOB_RUNS = 5_000
_AT_ONCE_S = 0.5
"""What starts that soon before the other ended is not counted as having waited for it."""


def longest_path(state: RunState) -> tuple[Place, ...]:
    """From the first to the last: each waited for the one before.

    The last one ended last. Before it comes whatever ended last before it began: of the jobs that it needs, of its own
    job where places are few, or of an earlier stage. Empty where nothing began, and for a run too large to look at
    again with every event.
    """
    if state.plan.job_run_count() > MOST_JOB_RUNS:
        return ()
    order = {stage.name: number for number, stage in enumerate(state.stages)}
    ran = [(one, *times) for one in places(state) if (times := _times(one.run)) is not None]
    if not ran:
        return ()
    ran.sort(key=lambda one: (one[2], -order[one[0].stage], one[0].run.number))
    ends = [end for _, _, end in ran]
    path = [ran[-1]]
    while True:
        here, start, _ = path[-1]
        before = bisect_right(ends, start + _AT_ONCE_S)
        found = next((ran[at] for at in range(before - 1, -1, -1)
                      if ran[at][1] < start and _may_wait_for(here, ran[at][0], order)), None)  # fmt: skip
        if found is None:
            return tuple(place for place, _, _ in reversed(path))
        path.append(found)


def _times(run: JobRunState) -> tuple[float, float] | None:
    """When it began and ended; a rollback is no part of what the run waited for."""
    forth = [one for one in run.attempts if one.started_at is not None and not one.rollback]
    if not forth:
        return None
    ended = forth[-1].ended_at
    return forth[0].started_at or 0.0, math.inf if ended is None else ended


def _may_wait_for(here: Place, other: Place, order: dict[str, int]) -> bool:
    if other.run.id == here.run.id:
        return False
    if order[other.stage] != order[here.stage]:
        return order[other.stage] < order[here.stage]
    return other.job.name in here.job.needs or other.job.name == here.job.name or other.run.host == here.run.host


def path_names(state: RunState, path: tuple[Place, ...]) -> tuple[SafeText, ...]:
    """``canary``, ``web4``, ``purge-cache``: the host of several, else the job, or the stage that has no other job."""
    several = {stage.name for stage in state.plan.stages if len(stage.jobs) > 1}
    return tuple(
        safe(one.run.host if len(one.job.hosts) > 1 else one.job.name if one.stage in several else one.stage)
        for one in path
    )
