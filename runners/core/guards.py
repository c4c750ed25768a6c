"""Why something cannot be done now, in a sentence; empty when it can. Asked by ``admit``, before it by the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.core.ages import age
from runners.core.index import Place, index_of, job_run_of, planned_job_of, short_name
from runners.core.ready import STAGE_DONE, runs_in, satisfies
from runners.core.tasks import has_passed, in_finally
from runners.model.parts import Part
from runners.model.phases import BAD, ENDED, RUN_ENDED, Phase, RunPhase, StagePhase

if TYPE_CHECKING:
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
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.ROLLBACK_FAILED:
            return _rolled_back(state, run, name)


def why_not_task(state: RunState, target: str, *, from_task: str = "", task: str = "") -> str:
    """Why a retry of this job run cannot begin at ``from_task``, or be of ``task`` alone; empty when it can.

    Whether it can be retried at all is asked before, by ``why_not_retry``.
    """
    if not from_task and not task:
        return ""
    if from_task and task:
        return "say from which task, or which one task: not both"
    run, name, steps = job_run_of(state, target), short_name(state, target), planned_job_of(state, target).tasks
    names = [step.name for step in steps]
    wanted = from_task or task
    if wanted not in names:
        return f"{name} has no task {wanted}; it has {', '.join(names)}"
    number = names.index(wanted) + 1
    if steps[number - 1].part is Part.FINALLY:
        return f"{wanted} of {name} runs at the end of every attempt by itself; retry a task before it"
    attempt = run.current
    if attempt is None:
        return f"nothing of {name} has run yet, so there is nothing to go on with; retry the whole job"
    before = attempt.tasks[: number - 1] if from_task else ()
    stuck = next((at for at, one in enumerate(before) if not has_passed(one)), None)
    if stuck is not None:
        return f"{names[stuck]} of {name} has not passed, and it comes before {wanted}: retry from {names[stuck]}"
    return ""


def scope_of_retry(state: RunState, target: str, *, from_task: str = "", task: str = "") -> tuple[int, int]:
    """First task and only task of a retry, as ``RetryScheduled`` has them."""
    names = [step.name for step in planned_job_of(state, target).tasks]
    return (names.index(from_task) + 1 if from_task else 1), (names.index(task) + 1 if task else 0)


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
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.ROLLBACK_FAILED:
            return _rolled_back(state, run, name)


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
        if state.phase is RunPhase.ROLLING_BACK and not _rollback_goes_on(state):
            return f"the rollback of {state.name} is being stopped already"
        return ""
    if target not in index_of(state.plan).places:
        return f"{state.name} has no job run {target}"
    run, name = job_run_of(state, target), short_name(state, target)
    match run.phase:
        case _ if run.phase in ENDED:
            return _after(who_acted(state, run, now_utc), f"{name} {in_words(run.phase)}; nothing of it runs")
        case Phase.CANCELLING if _may_cancel_again(run):
            return ""
        case Phase.CANCELLING:
            return _after(who_acted(state, run, now_utc), "it is being stopped")
        case Phase.ROLLING_BACK if run.cancel_asked and run.cancel_step != "survivors":
            return _after(who_acted(state, run, now_utc), "its rollback is being stopped")
        case Phase.UNKNOWN if run.cancel_asked:
            return _after(who_acted(state, run, now_utc), f"it is stopped as soon as {run.host} answers")
        case _:
            return ""


def _rollback_goes_on(state: RunState) -> bool:
    """Whether there is something of a rollback that a cancel would stop."""
    if any(run.rollback_due and run.phase in ENDED for stage in state.stages for job in stage.jobs for run in job.runs):
        return True
    live = (Phase.RUNNING, Phase.CANCELLING, Phase.ROLLING_BACK)
    return any(not run.cancel_asked or _may_cancel_again(run) for _, run in runs_in(state, *live))


def _rolled_back(state: RunState, run: JobRunState, name: str) -> str:
    if run.phase is Phase.ROLLBACK_FAILED:
        return f"the rollback of {name} failed; onduty rollback {state.name} tries it again"
    now = "is being rolled back" if run.phase is Phase.ROLLING_BACK else "was rolled back; start a new run"
    return f"{name} {now}"


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
        case Phase.ROLLED_BACK | RunPhase.ROLLED_BACK:
            return "was rolled back"
        case RunPhase.ROLLBACK_INCOMPLETE:
            return "was rolled back in part"
        case Phase.ROLLBACK_FAILED:
            return "could not be rolled back"
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
    if state.phase is RunPhase.ROLLING_BACK:
        return f"{state.name} is being rolled back, asked by {state.rolled_back_by}; wait until it has ended"
    if state.phase is RunPhase.ROLLED_BACK:
        return f"{state.name} was rolled back by {state.rolled_back_by}; start a new run"
    if state.phase is RunPhase.ROLLBACK_INCOMPLETE:
        return f"{state.name} was rolled back in part; onduty rollback {state.name} takes what is left"
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
