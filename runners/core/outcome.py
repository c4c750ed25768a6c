"""How a run ended, in words: its result and its warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.guards import in_words
from runners.core.index import short_name
from runners.core.ready import runs_in
from runners.core.rollback import without_previous, without_rollback
from runners.core.tasks import body_of
from runners.model.definition import STOPPING, OnFailure, Part
from runners.model.limits import format_size
from runners.model.phases import BAD, Phase, Result, TaskPhase
from runners.model.state import JobRunState, RunState

_MOST_WARNINGS = 100
_LONGEST = 300
_MOST_HOSTS = 8
_ENDS = {TaskPhase.FAILED: "failed", TaskPhase.TIMED_OUT: "timed out", TaskPhase.CANCELLED: "was cancelled"}


def failed_result(state: RunState) -> Result:
    """``failure`` before ``timeout`` before ``error``, over what failed."""
    results = {run.result for _, run in runs_in(state, *BAD)}
    for result in (Result.FAILURE, Result.TIMEOUT):
        if result in results:
            return result
    return Result.ERROR


def stopped_by(state: RunState) -> str:
    """``release@web3 failed``: the first job run that made the run stop; empty when none did."""
    for place, run in runs_in(state, *BAD):
        if state.plan.stages[place.stage].jobs[place.job].on_failure in STOPPING:
            return f"{short_name(state, run.id)} {in_words(run.phase)}"
    return ""


def warnings_of(state: RunState) -> tuple[str, ...]:
    """What a reader must know although the run went on, at most 100 sentences: what was skipped or tolerated."""
    found: list[str] = []
    left_out = 0
    for sentence in (*_tolerated(state), *_left_untidy(state), *_outputs_left_out(state), *_logs_cut(state)):
        if len(found) < _MOST_WARNINGS:
            found.append(sentence[:_LONGEST])
        else:
            left_out += 1
    if left_out:
        found.append(f"and {left_out} more")
    return tuple(found)


def rollback_warnings_of(state: RunState) -> tuple[str, ...]:
    """What a rollback did not take back, by job; at most 100 sentences."""
    found: list[str] = []
    for ids, why in (
        (without_previous(state), "no earlier release known, so its rollback was not run"),
        (without_rollback(state), "has no rollback; what it did stays"),
    ):
        found += [f"{name}: {why}"[:_LONGEST] for name in _by_job(state, ids)]
    unknown = tuple(run.id for _, run in runs_in(state, Phase.UNKNOWN))
    found += [f"{name}: unknown, so it was left alone"[:_LONGEST] for name in _by_job(state, unknown)]
    more = len(found) - _MOST_WARNINGS
    return (*found[:_MOST_WARNINGS], *([f"and {more} more"] if more > 0 else []))


def _by_job(state: RunState, ids: Sequence[str]) -> Iterator[str]:
    """``release@web1, web2``: job runs with the hosts of one job together."""
    hosts: dict[str, list[str]] = {}
    for id_ in ids:
        job, _, host = short_name(state, id_).rpartition("@")
        hosts.setdefault(job, []).append(host)
    for job, names in hosts.items():
        more = f" and {len(names) - _MOST_HOSTS} more" if len(names) > _MOST_HOSTS else ""
        yield f"{job}@{', '.join(names[:_MOST_HOSTS])}{more}"


def _tolerated(state: RunState) -> Iterator[str]:
    for place, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT, Phase.SKIPPED):
        planned = state.plan.stages[place.stage].jobs[place.job]
        if run.phase is Phase.SKIPPED or planned.on_failure is OnFailure.CONTINUE:
            yield _warning(state, run)


def _left_untidy(state: RunState) -> Iterator[str]:
    """``finally:`` tasks of newest attempts that did not pass. Jobs without any are not walked."""
    for s, stage in enumerate(state.plan.stages):
        for j, planned in enumerate(stage.jobs):
            if planned.tasks[-1].part is not Part.FINALLY:
                continue
            for run in state.stages[s].jobs[j].runs:
                attempt = run.current
                if attempt is None or not attempt.closing:
                    continue
                first = body_of(attempt)
                for spec, task in zip(planned.tasks[first:], attempt.tasks[first:], strict=True):
                    if task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.CANCELLED):
                        why = f": {task.reason}" if task.reason else ""
                        yield f"finally {spec.name} of {short_name(state, run.id)} {_ENDS[task.phase]}{why}"


def _outputs_left_out(state: RunState) -> Iterator[str]:
    """What newest attempts wrote to ``$ONDUTY_OUTPUT`` and was not taken."""
    for s, stage in enumerate(state.stages):
        for j, job in enumerate(stage.jobs):
            if not job.outputs:
                continue
            planned = state.plan.stages[s].jobs[j]
            for run in job.runs:
                attempt = run.current
                specs = planned.steps(rollback=attempt is not None and attempt.rollback)
                for spec, task in zip(specs, attempt.tasks if attempt else (), strict=attempt is not None):
                    for problem in task.output_problems:
                        yield f"{spec.name} of {short_name(state, run.id)}: {problem}"


def _logs_cut(state: RunState) -> Iterator[str]:
    """Logs of newest attempts that came to their limit. Jobs without a limit are not walked."""
    for s, stage in enumerate(state.plan.stages):
        for j, planned in enumerate(stage.jobs):
            if all(task.log_limit_bytes is None for task in (*planned.tasks, *planned.rollback)):
                continue
            for run in state.stages[s].jobs[j].runs:
                attempt = run.current
                specs = planned.steps(rollback=attempt is not None and attempt.rollback)
                for spec, task in zip(specs, attempt.tasks if attempt else (), strict=attempt is not None):
                    if task.log_limited and spec.log_limit_bytes is not None:
                        limit = format_size(spec.log_limit_bytes)
                        yield f"the log of {spec.name} of {short_name(state, run.id)} is cut at its log_limit, {limit}"


def _warning(state: RunState, run: JobRunState) -> str:
    name = short_name(state, run.id)
    if run.phase is Phase.SKIPPED:
        return f"{name} was skipped by {run.acted_by}" + (f": {run.reason}" if run.reason else "")
    return f"{name} {run.phase.value.replace('_', ' ')} and the run went on: {run.reason}"
