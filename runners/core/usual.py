"""How long things usually take, and what is left of a live run by that: nothing is said that too few runs know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from runners.core.percentiles import percentile
from runners.model import api
from runners.model.phases import RunPhase, StagePhase

if TYPE_CHECKING:
    from runners.core.pipeline_history import Earlier
    from runners.model.state import RunState

MOST_RUNS = 10
LEAST_RUNS = 3
"""What fewer runs say is chance."""
_FAR_OVER = 2.0
_LEAST_OVER_S = 10.0


def usual_of(state: RunState, earlier: Iterable[Earlier]) -> api.Usual:
    """What earlier runs, newest first, say of one like this: same environment, same limit, succeeded."""
    plan = state.plan
    alike = list(
        islice(
            (
                run
                for run in earlier
                if run.succeeded and run.line.environment == plan.environment and run.past.limit == plan.limit
            ),
            MOST_RUNS,
        )
    )
    jobs: dict[str, api.UsualJob] = {}
    for job in plan.jobs():
        took = [run.past.jobs[job.id] for run in alike if job.id in run.past.jobs]
        usual_s = _median([one.usual_s for one in took])
        if usual_s is not None:
            jobs[job.id] = api.UsualJob(usual_s=usual_s, longest_s=max(one.longest_s for one in took))
    stages = {
        stage.name: _median([run.past.stages[stage.name] for run in alike if stage.name in run.past.stages])
        for stage in plan.stages
    }
    return api.Usual(
        runs=len(alike),
        run_s=_median([run.took_s for run in alike if run.took_s is not None]),
        stages={name: usual_s for name, usual_s in stages.items() if usual_s is not None},
        jobs=jobs,
    )


def _median(values: Sequence[float]) -> float | None:
    return percentile(values, 50) if len(values) >= LEAST_RUNS else None


def is_long(elapsed_s: float, usual: api.UsualJob) -> bool:
    """Whether an attempt takes far longer than it usually does, and longer than it ever did on any host."""
    over_s = elapsed_s - usual.usual_s
    return over_s >= _LEAST_OVER_S and elapsed_s >= _FAR_OVER * usual.usual_s and elapsed_s > usual.longest_s


def left_s(state: RunState, usual: api.Usual, now_utc: float) -> float | None:
    """Seconds until the run ends, if all goes on as it usually does.

    None when that is not known: a stage that is still to pass was not measured often enough, the one that runs takes
    longer than usual already, or the run does not go on by itself.
    """
    if state.phase is not RunPhase.RUNNING or state.stopping:
        return None
    left = 0.0
    for stage in state.stages:
        if stage.phase in (StagePhase.PASSED, StagePhase.SKIPPED):
            continue
        usual_s = usual.stages.get(stage.name)
        if usual_s is None:
            return None
        elapsed_s = now_utc - stage.started_at if stage.started_at is not None else 0.0
        if elapsed_s > usual_s:
            return None
        left += usual_s - max(0.0, elapsed_s)
    return left
