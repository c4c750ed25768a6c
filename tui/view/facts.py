"""Small questions about a run that several parts of the screen ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runners.model.phases import BAD, LIVE, Phase, TaskPhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, RunState, TaskState
from tui.view.safe_text import SafeText, own, safe

WAITING = frozenset({Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF})


@dataclass(frozen=True, slots=True)
class Place:
    """One job run with where it stands."""

    stage: str
    job: PlannedJob
    run: JobRunState


def places(state: RunState) -> Iterator[Place]:
    """Every job run, in plan order."""
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            for run in job.runs:
                yield Place(stage.name, planned, run)


def place_of(state: RunState, job_run: str) -> Place | None:
    """The job run of that id."""
    return next((place for place in places(state) if place.run.id == job_run), None)


def worst(state: RunState) -> Place | None:
    """What somebody should look at first: the earliest failure, else the earliest unknown, else what runs."""
    ranked = sorted(
        (place for place in places(state) if place.run.phase in BAD or place.run.phase in LIVE),
        key=lambda place: (_rank(place.run.phase), place.run.since or 0.0),
    )
    return ranked[0] if ranked else None


def _rank(phase: Phase) -> int:
    return 0 if phase in BAD else 1 if phase is Phase.UNKNOWN else 2


def running_task(place: Place) -> tuple[int, str] | None:
    """Number and name of the task that an attempt is at; None when none was dispatched."""
    attempt = place.run.current
    if attempt is None:
        return None
    for number in range(len(attempt.tasks), 0, -1):
        task = attempt.tasks[number - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return number, place.job.tasks[number - 1].name
    return None


def failed_task(place: Place) -> tuple[int, str, TaskState] | None:
    """Number, name and state of the task that ended the current attempt badly."""
    attempt = place.run.current
    for number, task in enumerate(attempt.tasks if attempt else (), 1):
        if task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.UNKNOWN, TaskPhase.CANCELLED):
            return number, place.job.tasks[number - 1].name, task
    return None


def elapsed_s(run: JobRunState, now_utc: float) -> float | None:
    """Seconds of the current attempt, or of what it waits for since; None when it has not begun."""
    attempt = run.current
    if attempt is None or attempt.started_at is None or run.phase in WAITING:
        return None
    return (attempt.ended_at or now_utc) - attempt.started_at


def short_name(place: Place) -> SafeText:
    """``release@web3``."""
    return safe(f"{place.job.name}@{place.run.host}")


def how_it_ended(run: JobRunState) -> SafeText:
    """``exit 1``, ``timed out``, ``killed by TERM``, ``unreachable``: the first words of the reason."""
    if run.phase is Phase.TIMED_OUT:
        return own("timed out")
    if run.exit_code is not None:
        return safe(f"exit {run.exit_code}")
    if run.signal is not None:
        return safe(f"killed by {run.signal}")
    return safe(run.kind.value.replace("_", " ")) if run.kind else own("failed")
