"""Whether a failure was seen in earlier runs, and what happened there next.

The same failure is one of the same job whose first bad line says the same; where either has none, one of the same task
that ended the same way. What says the same is for ``same`` to tell: a function that gives equal texts equal marks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.core.past import failures_of
from runners.core.pipeline_history import Earlier
from runners.model import api
from runners.model.past import Past, PastFailure, Then
from runners.model.state import RunState

Same = Callable[[str], str]

_GOT_PAST = (Then.PASSED, Then.SKIPPED, Then.ROLLED_BACK)
_DID_NOT_PASS = (Then.FAILED_AGAIN, Then.CANCELLED, Then.NOTHING, Then.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class _Found:
    run: Earlier
    failure: PastFailure


def seen(state: RunState, job_run: str, earlier: Sequence[Earlier], same: Same) -> api.Seen | None:
    """The last failure of a job run among ``earlier``, newest first; None when it did not fail, or never like this."""
    failure = _failure(state, job_run)
    if failure is None:
        return None
    mark = same(failure.first_line)
    found = [
        _Found(run, one)
        for run in earlier
        if (one := next((one for one in run.past.failures if _is_same(failure, mark, one, same)), None)) is not None
    ]
    if not found:
        return None
    last = found[0]
    past_it = next((one for one in found if one.failure.then is Then.PASSED), None) or next(
        (one for one in found if one.failure.then in _GOT_PAST), last
    )
    hosts = {one.failure.host if one.failure.hosts == 1 else "" for one in found}
    alone = next(iter(hosts)) if len(hosts) == 1 and len(found) > 1 else ""
    return api.Seen(
        times=len(found),
        of=len(earlier),
        run=last.run.line.id,
        uid=last.run.line.uid,
        host=last.failure.host,
        at=api.rfc3339(last.failure.at_utc),
        always_on=alone or None,
        fix=_fix(past_it, earlier),
    )


def _failure(state: RunState, job_run: str) -> PastFailure | None:
    """How a job run failed last; None when it has not."""
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            for run in job.runs:
                if run.id == job_run:
                    return max(failures_of(state, planned, run), key=lambda one: one.at_utc, default=None)
    return None


def _is_same(failure: PastFailure, mark: str, other: PastFailure, same: Same) -> bool:
    if failure.job != other.job:
        return False
    if failure.first_line and other.first_line:
        return mark == same(other.first_line)
    return _end(failure) == _end(other)


def _end(failure: PastFailure) -> tuple[object, ...]:
    return failure.task, failure.kind, failure.exit_code, failure.signal


def _fix(found: _Found, earlier: Sequence[Earlier]) -> api.Fix:
    line, past, failure = found.run.line, found.run.past, found.failure
    later = [run for run in earlier if run.number > found.run.number and run.line.environment == line.environment]
    good = next((run for run in reversed(later) if run.succeeded), None)
    noted = _noted(past, failure)
    return api.Fix(
        run=line.id,
        uid=line.uid,
        how=failure.then.value,
        by=failure.by,
        why=failure.why,
        shell_by=failure.shell_by,
        note=past.note if noted else "",
        note_by=past.note_by if noted else "",
        next_good=good.line.id if good is not None and failure.then in _DID_NOT_PASS else None,
    )


def _noted(past: Past, failure: PastFailure) -> bool:
    return bool(past.note) and past.note_at_utc >= failure.at_utc
