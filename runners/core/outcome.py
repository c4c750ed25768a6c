"""How a run ended, in words: its result and its warnings."""

from __future__ import annotations

from runners.core.index import short_name
from runners.core.ready import runs_in
from runners.model.definition import OnFailure
from runners.model.phases import BAD, Phase, Result
from runners.model.state import JobRunState, RunState

_MOST_WARNINGS = 100
_LONGEST = 300


def failed_result(state: RunState) -> Result:
    """``failure`` before ``timeout`` before ``error``, over what failed."""
    results = {run.result for _, run in runs_in(state, *BAD)}
    for result in (Result.FAILURE, Result.TIMEOUT):
        if result in results:
            return result
    return Result.ERROR


def warnings_of(state: RunState) -> tuple[str, ...]:
    """What a reader must know although the run went on: tolerated failures and skips; at most 100 sentences."""
    found: list[str] = []
    left_out = 0
    for place, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT, Phase.SKIPPED):
        planned = state.plan.stages[place.stage].jobs[place.job]
        if run.phase is not Phase.SKIPPED and planned.on_failure is not OnFailure.CONTINUE:
            continue
        if len(found) < _MOST_WARNINGS:
            found.append(_warning(state, run)[:_LONGEST])
        else:
            left_out += 1
    if left_out:
        found.append(f"and {left_out} more")
    return tuple(found)


def _warning(state: RunState, run: JobRunState) -> str:
    name = short_name(state, run.id)
    if run.phase is Phase.SKIPPED:
        return f"{name} was skipped by {run.acted_by}" + (f": {run.reason}" if run.reason else "")
    return f"{name} {run.phase.value.replace('_', ' ')} and the run went on: {run.reason}"
