"""The page and the first bad line of a failure: the facts for the advisor, and its answer as news."""

from __future__ import annotations

import logging

from runners.core.index import job_run_of, planned_job_of
from runners.model.effects import Advise
from runners.model.news import AdviceGiven
from runners.model.phases import FailureKind, Result
from runners.model.state import RunState
from runners.ports.failure_advisor import Advice, FailureAdvisor, FailureFacts
from runners.ports.log_store import LogStore

TAIL_BYTES = 64 * 1024
TAIL_LINES = 200
MAX_LINE_CHARACTERS = 512

log = logging.getLogger("onduty.engine")


async def advise(state: RunState, effect: Advise, *, logs: LogStore, advisor: FailureAdvisor) -> AdviceGiven:
    """Look at the end of the log and ask the advisor. Never raises: no advice is an answer too."""
    lines: list[str] = []
    first_index = 0
    try:
        if effect.key is not None:
            tail = await logs.tail(state.uid, effect.key, TAIL_BYTES)
            position = await logs.position(state.uid, effect.key)
            lines, first_index = tail_lines(tail, newlines=position.lines)
        told = lines or _told(state, effect)
        advice = advisor.advise(_facts(state, effect, told))
    except Exception:
        log.exception("run %s: no advice for %s", state.name, effect.job_run)
        advice = Advice(page=None)
    line = None if advice.first_line_index is None or not lines else first_index + advice.first_line_index
    return AdviceGiven(
        job_run=effect.job_run,
        attempt=effect.attempt,
        page=advice.page,
        section=advice.section,
        score=advice.score,
        why=advice.why[:MAX_LINE_CHARACTERS],
        first_line=advice.first_line[:MAX_LINE_CHARACTERS],
        task=effect.task,
        line=line,
    )


def _told(state: RunState, effect: Advise) -> list[str]:
    """Why a task never ran, where there is no log: what its host said is all that a page can know it by."""
    attempts = job_run_of(state, effect.job_run).attempts
    attempt = next((one for one in attempts if one.number == effect.attempt), None)
    task = attempt.tasks[effect.task - 1] if attempt is not None and effect.task else None
    return [task.reason] if task is not None and task.result is Result.ERROR and task.reason else []


def tail_lines(tail: bytes, *, newlines: int) -> tuple[list[str], int]:
    """The last lines of a log and the number, from 0, that the first of them has in the whole log.

    ``newlines`` counts those of the whole log; ``tail`` is its end. Only a newline ends a line.
    """
    if not tail:
        return [], 0
    lines = tail.split(b"\n")
    if tail.endswith(b"\n"):
        lines.pop()
        total = newlines
    else:
        total = newlines + 1
    lines = lines[-TAIL_LINES:]
    return [line.decode("utf-8", "replace") for line in lines], total - len(lines)


def _facts(state: RunState, effect: Advise, lines: list[str]) -> FailureFacts:
    job_run = job_run_of(state, effect.job_run)
    job = planned_job_of(state, effect.job_run)
    host = state.plan.hosts.get(job_run.host)
    attempt = next((one for one in job_run.attempts if one.number == effect.attempt), None)
    steps = job.steps(rollback=attempt is not None and attempt.rollback)
    task = steps[effect.task - 1] if effect.task else None
    # Without a task it is the job run that failed, its host given up; the attempt before ended of something else.
    source = attempt if task is not None and attempt is not None and attempt.kind is not None else job_run
    return FailureFacts(
        pipeline=state.plan.pipeline,
        stage=job.stage,
        job=job.name,
        host=job_run.host,
        task=task.name if task else "",
        kind=(source.kind or FailureKind.ERROR).value,
        exit_code=source.exit_code,
        signal=source.signal,
        labels=host.labels if host else {},
        explicit=(task.runbook if task else None) or job.runbook,
        runbooks=state.plan.runbooks,
        log_tail=lines,
    )
