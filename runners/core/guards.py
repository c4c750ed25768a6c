"""Why something cannot be done now, in a sentence; empty when it can. Asked by ``admit``, before it by the screen."""

from __future__ import annotations

from runners.core.ages import age
from runners.core.index import Place, index_of, job_run_of, short_name
from runners.core.ready import STAGE_DONE, runs_in, satisfies
from runners.core.tasks import in_finally
from runners.model.phases import BAD, RUN_ENDED, Phase, RunPhase, StagePhase
from runners.model.state import JobRunState, RunState

NOT_RUNNING = "--not-running"


def who_acted(state: RunState, run: JobRunState, now_utc: float | None = None) -> str:
    """``alice retried release@web3 4s ago``; empty when nobody did anything to it."""
    if not run.acted_by or run.acted_at is None:
        return ""
    sentence = f"{run.acted_by} {run.acted} {short_name(state, run.id)}"
    return sentence if now_utc is None else f"{sentence} {age(now_utc - run.acted_at)} ago"


def why_not_retry(state: RunState, target: str, *, not_running: bool = False, now_utc: float | None = None) -> str:
    """Why this job run cannot be retried now; empty when it can.

    ``not_running``: the person vouches that an unknown one is dead. Whether what it needs stands in the way too is
    asked of all targets together, by ``why_in_vain``.
    """
    stopped = _why_not_at_all(state, target)
    if stopped:
        return stopped
    run, name = job_run_of(state, target), short_name(state, target)
    match run.phase:
        case Phase.FAILED | Phase.TIMED_OUT | Phase.CANCELLED | Phase.BACKING_OFF:
            return ""
        case Phase.UNKNOWN:
            return "" if not_running else _unknown(run, name)
        case Phase.WAITING if not run.retry_asked:
            return f"{name} has not started yet, so there is nothing to retry"
        case Phase.WAITING | Phase.QUEUED:
            now = "waits to start" if run.phase is Phase.WAITING else "is queued"
            return _after(who_acted(state, run, now_utc), f"{_attempt(run, name, run.next_attempt)} {now}")
        case Phase.RUNNING:
            return _after(who_acted(state, run, now_utc), f"{_attempt(run, name, run.attempt)} is running")
        case Phase.CANCELLING:
            return f"{who_acted(state, run, now_utc)}; wait until it is gone from {run.host}"
        case Phase.SUCCEEDED:
            return f"{name} succeeded; only what failed, was cancelled or is unknown can be retried"
        case Phase.SKIPPED:
            return _after(who_acted(state, run, now_utc), "what needs it goes on without it")


def why_in_vain(state: RunState, targets: frozenset[str], target: str) -> str:
    """Why a retry of ``target`` would start nothing: what it needs ended badly and is no target itself; else empty."""
    index = index_of(state.plan)
    s, j, _ = index.places[target]
    stages = range(s) if state.stages[s].phase in (StagePhase.WAITING, StagePhase.STOPPED) else range(0)
    for before in stages:
        if state.stages[before].phase not in STAGE_DONE:
            for other in range(len(state.stages[before].jobs)):
                found = _dead_end(state, before, other, targets)
                if found:
                    first = f"stage {state.stages[before].name} comes before {short_name(state, target)}"
                    return f"{first} and waits for {found}: retry or skip it too"
    seen: set[int] = set()
    todo = list(index.needs[s][j])
    while todo:
        need = todo.pop()
        if need not in seen:
            seen.add(need)
            todo += index.needs[s][need]
            found = _dead_end(state, s, need, targets)
            if found:
                return f"{short_name(state, target)} waits for {found}: retry or skip it too"
    return ""


def _dead_end(state: RunState, s: int, j: int, targets: frozenset[str]) -> str:
    """``purge@edge1, which failed``, for a job run that only a person can bring on."""
    planned = state.plan.stages[s].jobs[j]
    for run in state.stages[s].jobs[j].runs:
        ended = run.phase in BAD or run.phase is Phase.CANCELLED
        if ended and run.id not in targets and not satisfies(planned, run.phase):
            return f"{short_name(state, run.id)}, which {in_words(run.phase)}"
    return ""


def why_not_skip(state: RunState, target: str, *, not_running: bool = False, now_utc: float | None = None) -> str:
    """Why this job run cannot be skipped now; empty when it can."""
    stopped = _why_not_at_all(state, target)
    if stopped:
        return stopped
    run, name = job_run_of(state, target), short_name(state, target)
    if state.phase is RunPhase.SUCCEEDED:
        return f"{state.name} has succeeded; nothing waits for {name}"
    if state.phase is RunPhase.CANCELLED:
        return f"{state.name} was cancelled; nothing waits for {name} until a retry opens the run again"
    match run.phase:
        case Phase.FAILED | Phase.TIMED_OUT | Phase.CANCELLED:
            return ""
        case Phase.WAITING | Phase.QUEUED | Phase.BACKING_OFF:
            return f"{state.name} has ended; {name} was not started" if state.phase is RunPhase.FAILED else ""
        case Phase.UNKNOWN:
            return "" if not_running else _unknown(run, name)
        case Phase.RUNNING:
            return f"{name} is running; cancel it first, then skip it"
        case Phase.CANCELLING:
            return f"{who_acted(state, run, now_utc)}; wait until it is gone from {run.host}"
        case Phase.SUCCEEDED:
            return f"{name} succeeded; there is nothing to skip"
        case Phase.SKIPPED:
            return who_acted(state, run, now_utc)


def why_not_cancel(state: RunState, target: str | None = None, *, now_utc: float | None = None) -> str:
    """Why this job run (None: the whole run) cannot be cancelled now; empty when it can."""
    if state.phase in RUN_ENDED:
        ended = f" {age(now_utc - state.ended_at)} ago" if now_utc is not None and state.ended_at is not None else ""
        return f"{state.name} {in_words(state.phase)}{ended}; nothing of it runs"
    if target is None:
        if state.phase is RunPhase.CANCELLING and not any(
            _may_cancel_again(run) for _, run in runs_in(state, Phase.CANCELLING)
        ):
            return f"{state.cancelled_by} is cancelling {state.name} already"
        return ""
    if target not in index_of(state.plan).places:
        return f"{state.name} has no job run {target}"
    run, name = job_run_of(state, target), short_name(state, target)
    match run.phase:
        case Phase.SUCCEEDED | Phase.FAILED | Phase.TIMED_OUT | Phase.CANCELLED | Phase.SKIPPED:
            return _after(who_acted(state, run, now_utc), f"{name} {in_words(run.phase)}; nothing of it runs")
        case Phase.CANCELLING if _may_cancel_again(run):
            return ""
        case Phase.CANCELLING:
            return _after(who_acted(state, run, now_utc), "it is being stopped")
        case Phase.UNKNOWN if run.cancel_asked:
            return _after(who_acted(state, run, now_utc), f"it is stopped as soon as {run.host} answers")
        case _:
            return ""


def _may_cancel_again(run: JobRunState) -> bool:
    """Something outlived KILL, or a ``finally:`` task runs that the first cancel left alone."""
    return run.cancel_step == "survivors" or (in_finally(run) and not run.cancel_step)


def targets_of_retry(state: RunState) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a retry without targets takes, and what it names and leaves alone, both in plan order.

    It takes what failed, timed out or was never reached; in a cancelled run also what was cancelled with it. It leaves
    alone what is unknown and what a person cancelled by itself.
    """
    takes: list[str] = []
    leaves: list[str] = []
    for _, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT, Phase.CANCELLED, Phase.UNKNOWN):
        if run.phase in BAD or (run.phase is Phase.CANCELLED and state.phase is RunPhase.CANCELLED):
            takes.append(run.id)
        else:
            leaves.append(run.id)
    return tuple(takes), tuple(leaves)


def in_words(phase: Phase | RunPhase) -> str:
    """``was cancelled``, ``timed out``: a phase that is over, as the end of a sentence."""
    match phase:
        case Phase.CANCELLED | RunPhase.CANCELLED | Phase.SKIPPED:
            return f"was {phase.value}"
        case _:
            return phase.value.replace("_", " ")


def waits_for(state: RunState, place: Place) -> tuple[str, ...]:
    """Names of the jobs of its stage that a job still needs."""
    s, j, _ = place
    planned = state.plan.stages[s].jobs
    return tuple(
        planned[n].name
        for n in index_of(state.plan).needs[s][j]
        if not all(satisfies(planned[n], phase) for phase in state.stages[s].jobs[n].counts)
    )


def _why_not_at_all(state: RunState, target: str) -> str:
    if target not in index_of(state.plan).places:
        return f"{state.name} has no job run {target}"
    if state.phase is RunPhase.CANCELLING:
        return f"{state.cancelled_by} is cancelling {state.name}; wait until it has ended"
    return ""


def _after(who: str, what: str) -> str:
    return f"{who}; {what}" if who else what


def _attempt(run: JobRunState, name: str, attempt: int) -> str:
    return f"attempt {attempt}" if run.acted_by else f"attempt {attempt} of {name}"


def _unknown(run: JobRunState, name: str) -> str:
    if run.answered:
        return (
            f"{name} is unknown: {run.host} has neither its process nor its result ({run.reason}); "
            f"look there, and say {NOT_RUNNING} when you know that it is dead"
        )
    return (
        f"{name} is unknown: {run.host} was lost while it ran, and it may be running still; "
        f"wait for {run.host}, or say {NOT_RUNNING} when you know that it is dead"
    )
