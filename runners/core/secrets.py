"""What waits for the secrets of a run, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from runners.core.draft import Draft
from runners.core.memo import Memo
from runners.core.reduce_attempts import with_attempt
from runners.core.reduce_jobs import took_effect
from runners.core.tasks import in_flight, is_live, waits_for_host
from runners.model.events import Event, LogFetched, SecretGiven, SecretNeeded
from runners.model.holds import Hold, HoldKind
from runners.model.phases import LIVE, Phase, TaskPhase
from runners.model.secrets import BY_CLIENT
from runners.model.state import AttemptState, JobRunState, JobState, RunState

MOST_WHY_CHARACTERS = 1000
_MOST_NAMED = 10


def secret_needed(draft: Draft, event: Event, payload: SecretNeeded) -> None:
    """Nothing more is started until they are given."""
    known = draft.of_run("secrets_needed")
    if not known:
        draft.run["secrets_needed_at"] = event.time
    draft.run["secrets_needed"] = {**known, **payload.secrets}


def secret_given(draft: Draft, event: Event, payload: SecretGiven) -> None:
    """Once none is missing, what stood still goes on, and the time it stood does not count."""
    before = draft.of_run("secrets_needed")
    left = {name: why for name, why in before.items() if name not in payload.names}
    draft.run["secrets_needed"] = left
    if payload.marks:
        draft.run["secret_marks"] = {**draft.of_run("secret_marks"), **payload.marks}
    if before and not left:
        draft.run["secrets_needed_at"] = None
        if not draft.of_run("pause_now"):
            stood_still(draft, event.time)
    took_effect(draft, payload.intent)


def log_fetched(draft: Draft, event: Event, payload: LogFetched) -> None:
    """The log whose verdict came first is here."""
    place, run = draft.find(payload.job_run)

    def with_log(attempt: AttemptState) -> AttemptState:
        # Also where a later attempt kept the task.
        if all(task.key != payload.key for task in attempt.tasks):
            return attempt
        tasks = tuple(
            replace(task, log_bytes=payload.log_bytes, log_owed=False) if task.key == payload.key else task
            for task in attempt.tasks
        )
        return replace(attempt, tasks=tasks)

    draft.change(place, attempts=tuple(map(with_log, run.attempts)))


def stood_still(draft: Draft, time: float) -> None:
    """Attempts that stood between two tasks: the time since their last one is no part of their limit."""
    for place in draft.index.places.values():
        run = draft.job_run(place)
        if run.phase is Phase.RUNNING and not in_flight(run):
            attempt = run.attempts[-1]
            stopped_at = max(task.ended_at or 0.0 for task in attempt.tasks) or time
            idle_s = attempt.idle_s + max(0.0, time - stopped_at)
            draft.change(place, attempts=with_attempt(run, replace(attempt, idle_s=idle_s)))


def waits_for_secret(state: RunState, run: JobRunState) -> bool:
    """Whether it could go on if the secrets of its run were known."""
    if not state.secrets_needed:
        return False
    if not is_live(run):
        return waits_for_host(run)
    n = in_flight(run)
    if not n:
        return run.phase is Phase.RUNNING
    return run.attempts[-1].tasks[n - 1].phase is TaskPhase.DISPATCHED


def wants_secrets(state: RunState) -> bool:
    """Whether something of it is on a host, or on its way there."""
    live = LIVE | {Phase.QUEUED}
    return any(job.counts.keys() & live for stage in state.stages for job in stage.jobs)


def secret_holds(state: RunState) -> Iterator[Hold]:
    """One hold for the run: what is missing, why, and what to type."""
    if state.secrets_needed:
        names = list(state.secrets_needed)
        whys = "; ".join(f"{name}: {why}" for name, why in list(state.secrets_needed.items())[:_MOST_NAMED])
        text = f"{whys}; {give_command(state.name, names)}"
        yield Hold(kind=HoldKind.SECRET, what=state.name, text=text, since=state.secrets_needed_at)


def give_command(run: str, names: list[str]) -> str:
    """What to type."""
    return f"onduty secret give {run}" + (f" {names[0]}" if len(names) == 1 else "")


def hold_of_waiting(state: RunState, run: JobRunState) -> Hold:
    """Of one job run."""
    names = list(state.secrets_needed)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    text = f"waits for {'the secret' if len(names) == 1 else 'the secrets'} {', '.join(names[:3])}{more}"
    return Hold(kind=HoldKind.SECRET, what=run.id, text=text, since=state.secrets_needed_at)


class OwedLog(NamedTuple):
    """A log that is still on its host."""

    job_run: str
    host: str
    attempt: int
    key: str


def owes_output(state: RunState) -> bool:
    """Whether a host has, or may have, output that was printed with the secrets of then and is not here yet."""
    runs = (run for stage in state.stages for job in stage.jobs for run in job.runs)
    return any(in_flight(run) or run.phase is Phase.UNKNOWN for run in runs) or any(owed_logs(state))


def _owed_by_run(run: JobRunState) -> Iterator[OwedLog]:
    for attempt in run.attempts:
        for task in attempt.tasks:
            if task.log_owed and task.key is not None:
                yield OwedLog(run.id, run.host, attempt.number, task.key)


def _owed_by(job: JobState) -> tuple[OwedLog, ...]:
    return tuple(owed for run in job.runs for owed in _owed_by_run(run))


_owed = Memo(_owed_by)


def owed_logs(state: RunState) -> Iterator[OwedLog]:
    """Of executions whose verdict came before their log could."""
    for stage in state.stages:
        for job in stage.jobs:
            yield from _owed(job)


def owed_log_of(run: JobRunState, key: str) -> OwedLog | None:
    """The log of one execution of ``run``; None when it is here."""
    return next((owed for owed in _owed_by_run(run) if owed.key == key), None)


def wanted_secrets(state: RunState) -> tuple[str, ...]:
    """What to give when nobody names any: all that it waits for, or that output left on a host waits for."""
    if state.secrets_needed:
        return tuple(state.secrets_needed)
    if next(owed_logs(state), None) is None:
        return ()
    # Whatever a person gave is lost, and the controller reads the rest by itself.
    known = state.plan.secrets
    return tuple(name for name, source in known.items() if source.kind in BY_CLIENT) or tuple(known)


def why_not_give(state: RunState, names: tuple[str, ...]) -> str:
    """Say why these secrets cannot be given; empty when they can."""
    if not state.plan.secrets:
        return f"{state.name} has no secrets"
    unknown = [name for name in names if name not in state.plan.secrets]
    if unknown:
        return f"{state.name} has no secret {unknown[0]}; it has {', '.join(state.plan.secrets)}"
    return "" if names else f"nothing of {state.name} waits for a secret"
