"""What a run leaves for those that come after it: how long its parts took, what failed and what became of that.

Made once, when the run ends, and kept with its row, so that a question about earlier runs folds none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runners.core.percentiles import percentile
from runners.core.tasks import body_of
from runners.model.past import Past, PastFailure, Then, Took
from runners.model.phases import BAD, FAILURES, RUN_ENDED, Phase, RunPhase, StagePhase, TaskPhase
from runners.model.plan import PlannedJob
from runners.model.state import AttemptState, JobRunState, RunbookLink, RunState

MOST_FAILURES = 20
MOST_TEXT = 200
"""Characters of a note or a reason."""
MOST_PARAMS = 4000
"""Characters of all params together: lists of runs read this again and again."""

_ROLLED_BACK = (Phase.ROLLED_BACK, Phase.ROLLING_BACK, Phase.ROLLBACK_FAILED)
_BAD_TASKS = (TaskPhase.FAILED, TaskPhase.TIMED_OUT)


def past_of(state: RunState) -> Past:
    """What is to be known of a run by later ones, as it is now."""
    params = state.plan.params
    note = state.notes[-1] if state.notes else None
    return Past(
        definition_digest=state.plan.definition_digest,
        params=params if sum(len(name) + len(value) for name, value in params.items()) <= MOST_PARAMS else None,
        limit=state.plan.limit,
        stages={
            stage.name: round(stage.ended_at - stage.started_at, 3)
            for stage in state.stages
            if stage.phase is StagePhase.PASSED and stage.started_at is not None and stage.ended_at is not None
        },
        jobs=dict(_took(state)),
        failures=tuple(_alike(state)),
        note=note.text[:MOST_TEXT] if note else "",
        note_by=note.by if note else "",
        note_at_utc=note.at if note else 0.0,
    )


def _took(state: RunState) -> Iterator[tuple[str, Took]]:
    for planned, runs in _jobs(state):
        found = [
            attempt.ended_at - attempt.started_at
            for run in runs
            for attempt in run.attempts[-1:]
            if run.phase is Phase.SUCCEEDED
            and attempt.from_task == 1
            and not attempt.only_task
            and attempt.started_at is not None
            and attempt.ended_at is not None
        ]
        usual_s = percentile(found, 50)
        if usual_s is not None:
            yield planned.id, Took(usual_s=round(usual_s, 3), longest_s=round(max(found), 3))


def _jobs(state: RunState) -> Iterator[tuple[PlannedJob, tuple[JobRunState, ...]]]:
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            yield planned, job.runs


def _alike(state: RunState) -> list[PastFailure]:
    """Failures of one job that say the same and ended the same way are one; the first by time."""
    found: dict[PastFailure, PastFailure] = {}
    for planned, runs in _jobs(state):
        for run in runs:
            for failure in failures_of(state, planned, run):
                key = replace(failure, host="", attempt=0, at_utc=0.0, shell_by="")
                first = found.get(key)
                if first is None:
                    found[key] = failure
                elif failure.host != first.host or failure.at_utc < first.at_utc:
                    earlier = min(first, failure, key=lambda one: one.at_utc)
                    hosts = first.hosts + (failure.host != first.host)
                    found[key] = replace(earlier, hosts=hosts, shell_by=first.shell_by or failure.shell_by)
    return sorted(found.values(), key=lambda one: one.at_utc)[:MOST_FAILURES]


def failures_of(state: RunState, planned: PlannedJob, run: JobRunState) -> Iterator[PastFailure]:
    """Each time that a job run failed, oldest first, and what became of it."""
    for number, attempt in enumerate(run.attempts):
        if attempt.phase in FAILURES:
            then, by, why = _then(state, run, run.attempts[number + 1 :])
            task = next(
                (n for n, one in enumerate(attempt.tasks[: body_of(attempt)]) if one.phase in _BAD_TASKS),
                None,
            )
            link = attempt.runbook
            yield PastFailure(
                job=planned.id,
                host=run.host,
                task=planned.steps(rollback=attempt.rollback)[task].name if task is not None else "",
                attempt=attempt.number,
                exit_code=attempt.exit_code,
                signal=attempt.signal,
                kind=attempt.kind,
                reason=attempt.reason[:MOST_TEXT],
                first_line=_line(link),
                at_utc=attempt.ended_at or 0.0,
                then=then,
                by=by,
                why=why,
                shell_by=_shell_by(state, run, attempt.ended_at or 0.0),
            )
    last = run.attempts[-1] if run.attempts else None
    if run.phase in BAD and (last is None or last.ended_at != run.since):
        then, by, why = _then(state, run, ())
        yield PastFailure(
            job=planned.id,
            host=run.host,
            attempt=run.attempt,
            kind=run.kind,
            reason=run.reason[:MOST_TEXT],
            first_line=_line(run.runbook),
            at_utc=run.since or 0.0,
            then=then,
            by=by,
            why=why,
            shell_by=_shell_by(state, run, run.since or 0.0),
        )


def _line(link: RunbookLink | None) -> str:
    return link.first_line if link is not None else ""


def _shell_by(state: RunState, run: JobRunState, failed_utc: float) -> str:
    """Who was on the host after the failure and before an attempt passed."""
    passed = (attempt.ended_at for attempt in run.attempts if attempt.phase is Phase.SUCCEEDED and attempt.ended_at)
    until_utc = next((end for end in passed if end > failed_utc), float("inf"))
    mine = [shell.by for shell in state.shells if shell.host == run.host and failed_utc <= shell.at <= until_utc]
    return mine[-1] if mine else ""


def _then(state: RunState, run: JobRunState, later: tuple[AttemptState, ...]) -> tuple[Then, str, str]:
    """What became of a failed attempt, who saw to it and what that person said."""
    again = [attempt for attempt in later if not attempt.rollback]
    if any(attempt.phase is Phase.SUCCEEDED for attempt in again):
        return Then.PASSED, run.acted_by if run.acted == "retried" else "", ""
    if run.phase is Phase.SKIPPED:
        return Then.SKIPPED, run.acted_by, run.reason[:MOST_TEXT]
    if run.phase in _ROLLED_BACK or state.phase in (RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE):
        return Then.ROLLED_BACK, state.rolled_back_by, state.reason[:MOST_TEXT]
    if state.phase not in RUN_ENDED:
        return Then.OPEN, "", ""
    if run.phase is Phase.CANCELLED or state.phase is RunPhase.CANCELLED:
        return Then.CANCELLED, state.cancelled_by or run.acted_by, ""
    if state.phase is RunPhase.SUCCEEDED:
        return Then.CONTINUED, "", ""
    if again:
        return Then.FAILED_AGAIN, run.acted_by if run.acted == "retried" else "", ""
    return Then.NOTHING, "", ""
