"""Small questions about a run that several parts of the screen ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from runners.core.index import index_of
from runners.core.tasks import body_of, waits_for_host
from runners.model.parts import Part
from runners.model.phases import ENDED, FAILURES, LIVE, FailureKind, Phase, RunPhase, StagePhase, TaskPhase
from tui.view.census import census_of, plan_census_of
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.plan import PlannedJob, PlannedTask
    from runners.model.state import JobRunState, JobState, RunbookLink, RunState, TaskState
    from tui.view.scene import RunScene

WAITING = frozenset({Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF})
DUE = "to-roll-back"
FOLDED: Mapping[str, Phase | None] = {
    "passed": Phase.SUCCEEDED,
    DUE: None,
    "rolled-back": Phase.ROLLED_BACK,
    "skipped": Phase.SKIPPED,
    "cancelled": Phase.CANCELLED,
    "queued": Phase.QUEUED,
    "waiting": Phase.WAITING,
}
"""What a folded row of the tree stands for, by the word in its id: a phase, or what ``is_due``."""
PASSED = frozenset({Phase.SUCCEEDED, Phase.SKIPPED})
REPAIR = frozenset({RunPhase.ROLLING_BACK, RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE})
_STAGE_DONE = (StagePhase.PASSED, StagePhase.SKIPPED)


class Place(Struct, frozen=True):
    """One job run with where it stands."""

    stage: str
    job: PlannedJob
    run: JobRunState


def places(state: RunState, *phases: Phase) -> Iterator[Place]:
    """Every job run, or every one in these phases, in plan order; jobs without any of them are not walked."""
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            yield from _places_in(stage.name, planned, job, phases)


def _places_in(stage: str, planned: PlannedJob, job: JobState, phases: tuple[Phase, ...]) -> Iterator[Place]:
    if not phases:
        for run in job.runs:
            yield Place(stage, planned, run)
        return
    by_phase = census_of(job).by_phase
    found = [by_phase[phase] for phase in phases if phase in by_phase]
    if len(found) == 1:
        for run in found[0]:
            yield Place(stage, planned, run)
    elif found:
        for run in job.runs:
            if run.phase in phases:
                yield Place(stage, planned, run)


def place_of(state: RunState, job_run: str) -> Place | None:
    """The job run of that id."""
    found = index_of(state.plan).places.get(job_run)
    return _place_at(state, found) if found is not None else None


def places_on(state: RunState, host: str) -> Iterator[Place]:
    """Every job run on a host, in plan order."""
    for found in plan_census_of(state.plan).on_host.get(host, ()):
        yield _place_at(state, found)


def _place_at(state: RunState, found: tuple[int, int, int]) -> Place:
    s, j, h = found
    stage = state.stages[s]
    return Place(stage.name, state.plan.stages[s].jobs[j], stage.jobs[j].runs[h])


def under(state: RunState, selected: str, *phases: Phase) -> tuple[Place, ...]:
    """The job runs of a stage, a job or a job run; of a folded row those it may stand for; empty for anything else.

    ``phases``: only those that are in one of them.
    """
    if not selected:
        return ()
    whole, at, host = selected.partition("@")
    if at and host in FOLDED:
        found = tuple(one for one in _of_job(state, whole, phases) if folds(state, one.run, host))
        if found:
            return found
    if at:
        one = place_of(state, selected)
        return (one,) if one is not None and (not phases or one.run.phase in phases) else ()
    if "/" in selected:
        return tuple(_of_job(state, selected, phases))
    return tuple(
        one
        for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True)
        if stage.name == selected
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True)
        for one in _places_in(stage.name, planned, job, phases)
    )


def _of_job(state: RunState, job_id: str, phases: tuple[Phase, ...]) -> Iterator[Place]:
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            if planned.id == job_id:
                yield from _places_in(stage.name, planned, job, phases)


def is_due(state: RunState, run: JobRunState) -> bool:
    """Whether its turn to be rolled back is still to come."""
    return state.phase is RunPhase.ROLLING_BACK and run.rollback_due and run.phase in ENDED


def folds(state: RunState, run: JobRunState, kind: str) -> bool:
    """Whether a row of hosts that were put together may stand for this one."""
    due = is_due(state, run)
    return due if kind == DUE else not due and run.phase is FOLDED[kind]


def worst(state: RunState) -> Place | None:
    """What somebody should look at first: the earliest failure, else the earliest unknown, else what runs."""
    for phases in (tuple(FAILURES), (Phase.UNKNOWN,), tuple(LIVE - FAILURES - {Phase.UNKNOWN})):
        found = [one for one in places(state, *phases) if one.run.phase in LIVE or is_bad(state, one.run)]
        if found:
            return min(found, key=lambda one: one.run.since or 0.0)
    return None


def looked_at(scene: RunScene) -> Place | None:
    """The job run that the panes beside the list are about: the selected one, else the worst of what is selected."""
    if not scene.selected:
        return worst(scene.state)
    if (one := place_of(scene.state, scene.selected)) is not None:
        return one
    bad = [
        one
        for one in under(scene.state, scene.selected, *FAILURES, *LIVE)
        if one.run.phase in LIVE or is_bad(scene.state, one.run)
    ]
    if bad:
        return min(bad, key=lambda one: (_rank(one.run.phase), one.run.since or 0.0))
    members = under(scene.state, scene.selected)
    return members[0] if len(members) == 1 else None if members else worst(scene.state)


def is_bad(state: RunState, run: JobRunState) -> bool:
    """Whether it failed, or its rollback did, and nothing is about to be done about it."""
    return run.phase in FAILURES and not is_due(state, run)


def _rank(phase: Phase) -> int:
    return 0 if phase in FAILURES else 1 if phase is Phase.UNKNOWN else 2


def link_of(place: Place) -> RunbookLink | None:
    """The page and first bad line of the failure it ended with."""
    attempt = place.run.current
    return place.run.runbook or (attempt.runbook if attempt is not None and place.run.phase in FAILURES else None)


def steps_of(place: Place) -> tuple[PlannedTask, ...]:
    """The steps of the current attempt: those of the rollback, when it is one."""
    attempt = place.run.current
    return place.job.steps(rollback=attempt is not None and attempt.rollback)


def task_name(spec: PlannedTask) -> str:
    """``restart``; ``verify smoke`` and ``finally cleanup`` where it is no plain task."""
    return f"{spec.part.value} {spec.name}" if spec.part in (Part.VERIFY, Part.FINALLY) else spec.name


def running_task(place: Place) -> tuple[int, str] | None:
    """Number and name of the task that an attempt is at; None when none was dispatched."""
    attempt = place.run.current
    if attempt is None:
        return None
    for number in range(len(attempt.tasks), 0, -1):
        task = attempt.tasks[number - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return number, task_name(steps_of(place)[number - 1])
    return None


def failed_task(place: Place) -> tuple[int, str, TaskState] | None:
    """Number, name and state of the task that ended the current attempt badly; not one of ``finally:``."""
    attempt = place.run.current
    for number, task in enumerate(attempt.tasks[: body_of(attempt)] if attempt else (), 1):
        if task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.UNKNOWN, TaskPhase.CANCELLED):
            return number, task_name(steps_of(place)[number - 1]), task
    return None


def untidy(place: Place) -> tuple[tuple[str, TaskState], ...]:
    """``finally:`` tasks of the current attempt that did not pass: a warning, never a failure."""
    attempt = place.run.current
    if attempt is None or not attempt.closing:
        return ()
    first = body_of(attempt)
    return tuple(
        (spec.name, task)
        for spec, task in zip(steps_of(place)[first:], attempt.tasks[first:], strict=True)
        if task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.CANCELLED)
    )


def elapsed_s(run: JobRunState, now_utc: float) -> float | None:
    """Seconds of the current attempt; None when it has not begun or the next one waits."""
    attempt = run.current
    if attempt is None or attempt.started_at is None or run.phase in WAITING or waits_for_host(run):
        return None
    return (now_utc if attempt.ended_at is None else attempt.ended_at) - attempt.started_at


def short_name(place: Place) -> SafeText:
    """``release@web3``."""
    return safe(f"{place.job.name}@{place.run.host}")


def subject(place: Place) -> SafeText:
    """Who a sentence is about: the host where the job has several, else ``report@edge1``."""
    return safe(place.run.host) if len(place.job.hosts) > 1 else short_name(place)


def reached(run: JobRunState) -> bool:
    """Whether the end of the job run is one of its current attempt; False when its host was given up before.

    The phases alone do not say it: a retry whose host was given up has failed, like the attempt before it.
    """
    attempt = run.current
    return attempt is not None and attempt.ended_at is not None and attempt.ended_at == run.since


def how_it_ended(run: JobRunState) -> SafeText:
    """``exit 1``, ``timed out``, ``killed by TERM``, ``unreachable``: the first words of the reason."""
    if run.phase is Phase.TIMED_OUT:
        return own("timed out")
    if run.exit_code is not None:
        return own(f"exit {run.exit_code}")
    if run.signal is not None:
        return safe(f"killed by {run.signal}")
    if run.kind is FailureKind.UNREACHABLE:
        return own("not reached")
    if run.kind is FailureKind.AUTH:
        return own("login refused")
    return own(run.kind.value.replace("_", " ")) if run.kind else own("failed")


def ended_badly(place: Place) -> tuple[str, SafeText] | None:
    """The task that failed in a live attempt, and how; its ``finally:`` tasks may still be at it."""
    task = failed_task(place)
    if task is None or task[2].phase not in (TaskPhase.FAILED, TaskPhase.TIMED_OUT):
        return None
    name, state = task[1], task[2]
    if state.phase is TaskPhase.TIMED_OUT:
        return name, own("timed out")
    if state.exit_code is not None:
        return name, own(f"exit {state.exit_code}")
    return name, safe(f"killed by {state.signal}" if state.signal else state.reason or "failed")


def stage_before(state: RunState, stage: str) -> str:
    """Name of the last stage before ``stage`` that has not passed; empty when there is none."""
    found = ""
    for one in state.stages:
        if one.name == stage:
            break
        if one.phase not in _STAGE_DONE:
            found = one.name
    return found


def parse_time(text: str | None) -> float | None:
    """UTC seconds of a document's RFC 3339 time; None for None and for what is no time."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def listed(names: Sequence[str], most: int = 2, *, of: int = 0) -> SafeText:
    """``web6``, ``web6 and web7``, ``web6, web7 and 3 more``; ``of``: how many they are where not all are given."""
    many = max(of, len(names))
    shown = [safe(name) for name in names[: most + 1]]
    if many > most:
        return own(f"{', '.join(shown[:most])} and {many - most} more")
    return own(f"{', '.join(shown[:-1])} and {shown[-1]}") if len(shown) > 1 else own("".join(shown))
