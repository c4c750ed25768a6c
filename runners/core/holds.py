"""Why each waiting thing waits, as a typed reason: the answer to "what is it waiting for" on every screen.

Only the controller calls this, because hosts and free places are known to it alone; screens are sent the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from runners.core.groups import turn_hold, waits_for_turn
from runners.core.guards import NOT_RUNNING, in_words, waits_for
from runners.core.index import Place, place_of
from runners.core.outcome import stopped_by
from runners.core.ready import STAGE_DONE, runs_in, satisfies
from runners.core.secrets import hold_of_waiting, secret_holds, waits_for_secret
from runners.core.tasks import in_flight, waits_for_host
from runners.model.definition import STOPPING
from runners.model.holds import Hold, HoldKind
from runners.model.kinds import TaskKind
from runners.model.phases import BAD, ENDED, RUN_ENDED, Phase, RunPhase, StagePhase, TaskPhase
from runners.model.plan import PlannedTask
from runners.model.state import JobRunState, RunState

_QUEUE = frozenset({HoldKind.HOST, HoldKind.HOST_KEY, HoldKind.LOGIN, HoldKind.SECRET, HoldKind.CAPACITY})
_PASSES = frozenset({HoldKind.HOST, HoldKind.CAPACITY, HoldKind.BACKOFF, HoldKind.CANCEL, HoldKind.WAIT})
"""Kinds that end by themselves, sooner or later."""
_AT_REST = frozenset({Phase.SUCCEEDED, Phase.SKIPPED, Phase.ROLLED_BACK})
"""Phases in which a job run waits for nothing, unless its rollback is to come."""
_STEPS = {
    "": "finally runs; cancel again to stop it",
    "asked": "asked to stop",
    "term": "TERM was sent",
    "kill": "KILL was sent",
    "gone": "its processes are gone",
}


def holds(state: RunState, host_holds: Mapping[str, Hold]) -> tuple[Hold, ...]:
    """Every hold of the run, in plan order; none once it has ended.

    ``host_holds`` says of queued job runs, by id, what their host or place makes them wait for, and of a run that waits
    for its turn, by its name, whom it waits for. Job runs of one job
    that share a reason are one hold with ``stage/job`` as its ``what``; stages that have not begun are one hold each.
    """
    if state.phase in RUN_ENDED:
        return ()
    return tuple(_holds(state, host_holds))


def waits_for_person_alone(state: RunState, found: Sequence[Hold]) -> bool:
    """Whether nothing lives and nothing can start before somebody trusts a host's key, logs in or gives a secret.

    ``found`` are the run's holds. Such a run is held for whoever looks, although no event says so: what hosts show is
    status.
    """
    if state.phase not in (RunPhase.QUEUED, RunPhase.RUNNING):
        return False
    kinds = {hold.kind for hold in found}
    if not kinds & {HoldKind.HOST_KEY, HoldKind.LOGIN, HoldKind.SECRET} or kinds & _PASSES:
        return False
    silent = any(not run.answered for _, run in runs_in(state, Phase.UNKNOWN))
    return not silent and all(waits_for_secret(state, run) for _, run in runs_in(state, Phase.RUNNING))


def _holds(state: RunState, host_holds: Mapping[str, Hold]) -> Iterator[Hold]:
    rolling_back, paused = state.phase is RunPhase.ROLLING_BACK, state.phase is RunPhase.PAUSED
    if paused:
        why = f": {state.reason}" if state.reason else ""
        text = f"paused by {state.paused_by}{why}; nothing new starts until it is resumed"
        yield Hold(kind=HoldKind.PAUSED, what=state.name, text=text, since=state.paused_at)
    yield from secret_holds(state)
    if waits_for_turn(state):
        yield host_holds.get(state.name) or turn_hold(state, ())
    # A pause keeps a passed stage from being opened again for what a person retried.
    begun = (StagePhase.RUNNING, StagePhase.HELD, *([StagePhase.PASSED] if paused else []))
    for s, stage in enumerate(state.stages):
        quiet = _AT_REST if stage.phase in begun else _AT_REST | {Phase.WAITING}
        for j, job in enumerate(stage.jobs):
            if job.counts.keys() <= quiet and not rolling_back:
                continue
            queued: list[Hold] = []
            waiting: list[JobRunState] = []
            for h, run in enumerate(job.runs):
                if waits_for_host(run):
                    queued.append(_queue_hold(state, run, host_holds))
                elif run.phase is Phase.WAITING:
                    waiting.append(run)
                else:
                    if run.phase is Phase.UNKNOWN and (login := host_holds.get(run.id)) is not None:
                        # Somebody can do something about the silence.
                        yield replace(login, since=login.since if login.since is not None else run.since)
                    yield from _of_run(state, Place(s, j, h), run)
            job_id = state.plan.stages[s].jobs[j].id
            yield from _grouped(job_id, queued)
            if rolling_back and any(run.rollback_due and run.phase in ENDED for run in job.runs):
                text = "is rolled back when its turn comes: newest first"
                yield Hold(kind=HoldKind.ROLLBACK, what=job_id, text=text, since=state.last_event_at)
            if waiting and stage.phase in begun:
                since = min((run.since for run in waiting if run.since is not None), default=stage.started_at)
                yield Hold(kind=HoldKind.NEEDS, what=job_id, text=_why_waiting(state, Place(s, j, 0)), since=since)
        first = _stage_before(state, s)
        if (first or paused) and not rolling_back and stage.phase in (StagePhase.WAITING, StagePhase.STOPPED):
            text = f"stage {first} comes first" if first else "the run is paused"
            yield Hold(kind=HoldKind.STAGE, what=stage.name, text=text, since=state.started_at)


def _of_run(state: RunState, place: Place, run: JobRunState) -> Iterator[Hold]:
    match run.phase:
        case Phase.FAILED | Phase.TIMED_OUT | Phase.CANCELLED:
            planned = state.plan.stages[place.stage].jobs[place.job]
            ends_run = state.phase in (RunPhase.CANCELLING, RunPhase.ROLLING_BACK) or (
                run.phase in BAD and planned.on_failure in STOPPING and state.phase is not RunPhase.HELD
            )
            if not ends_run and not satisfies(planned, run.phase):
                text = f"{in_words(run.phase)}; retry, skip or cancel"
                yield Hold(kind=HoldKind.FAILED, what=run.id, text=text, since=run.since)
        case Phase.UNKNOWN:
            yield Hold(kind=HoldKind.UNKNOWN, what=run.id, text=_unknown(state, place, run), since=run.since)
        case Phase.BACKING_OFF:
            text = f"attempt {run.next_attempt} waits for its time, after {run.reason or 'a failure'}"
            yield Hold(kind=HoldKind.BACKOFF, what=run.id, text=text, since=run.since, until=run.not_before)
        case Phase.RUNNING if state.pause_now and not in_flight(run):
            attempt = run.attempts[-1]
            n = next((n for n, task in enumerate(attempt.tasks) if task.phase is TaskPhase.WAITING), 0)
            text = f"paused before {state.plan.stages[place.stage].jobs[place.job].tasks[n].name}"
            yield Hold(kind=HoldKind.PAUSED, what=run.id, text=text, since=state.paused_at)
        case Phase.RUNNING | Phase.ROLLING_BACK if waits_for_secret(state, run):
            yield hold_of_waiting(state, run)
        case Phase.RUNNING | Phase.ROLLING_BACK if not run.cancel_asked and (waited := _wait(state, place, run)):
            yield waited
        case Phase.CANCELLING | Phase.ROLLING_BACK if run.cancel_asked:
            text = _STEPS.get(run.cancel_step, "is being stopped")
            if run.survivors:
                text = f"survived KILL: {', '.join(run.survivors)}; end them on {run.host}, then cancel again"
            yield Hold(kind=HoldKind.CANCEL, what=run.id, text=text, since=run.since)
        case _:
            return


def _wait(state: RunState, place: Place, run: JobRunState) -> Hold | None:
    """The hold of a job run that does nothing but wait; None while it does something."""
    spec = _task_in_flight(state, place, run)
    if spec is None or spec.kind is not TaskKind.WAIT:
        return None
    task = run.attempts[-1].tasks[in_flight(run) - 1]
    since = task.dispatched_at or task.started_at or 0.0
    until = since + spec.wait_s
    text = f"{spec.name} waits until {datetime.fromtimestamp(until, UTC):%H:%M:%S} UTC"
    return Hold(kind=HoldKind.WAIT, what=run.id, text=text, since=since, until=until)


def _task_in_flight(state: RunState, place: Place, run: JobRunState) -> PlannedTask | None:
    n = in_flight(run)
    if not n:
        return None
    return state.plan.stages[place.stage].jobs[place.job].steps(rollback=run.attempts[-1].rollback)[n - 1]


def _unknown(state: RunState, place: Place, run: JobRunState) -> str:
    why = f" ({run.reason})" if run.reason else ""
    spec = _task_in_flight(state, place, run)
    if run.answered and spec is not None and spec.kind is not TaskKind.RUN:
        return f"{run.reason}; look what became of it, then retry or skip it with {NOT_RUNNING}"
    if run.answered:
        return (
            f"{run.host} has neither its process nor its result{why}; "
            f"look there, then retry or skip it with {NOT_RUNNING}"
        )
    then = "; it is stopped when the host answers" if run.cancel_asked else ""
    return f"{run.host} is silent{why}; it may be running still{then}"


def _queue_hold(state: RunState, run: JobRunState, host_holds: Mapping[str, Hold]) -> Hold:
    known = host_holds.get(run.id)
    if known is None and state.secrets_needed:
        return hold_of_waiting(state, run)
    if known is not None:
        return replace(known, what=run.id, since=known.since if known.since is not None else run.since)
    return Hold(kind=HoldKind.HOST, what=run.id, text=f"{run.host} is being prepared", since=run.since)


def _grouped(job_id: str, queued: Sequence[Hold]) -> Iterator[Hold]:
    """The largest group that shares its words as one hold, the rest one by one."""
    groups: dict[tuple[HoldKind, str, float | None], list[Hold]] = {}
    for hold in queued:
        groups.setdefault((hold.kind, hold.text, hold.until), []).append(hold)
    largest = max(groups.values(), key=len, default=[])
    for group in groups.values():
        if group is largest and len(group) > 1:
            since = min((hold.since for hold in group if hold.since is not None), default=None)
            yield replace(group[0], what=job_id, since=since)
        else:
            yield from group


def _why_waiting(state: RunState, place: Place) -> str:
    needs = waits_for(state, place)
    if needs:
        return f"needs {', '.join(needs)}"
    if state.phase is RunPhase.PAUSED:
        return "the run is paused"
    if state.stopping:
        return f"nothing new starts: {stopped_by(state)}"
    return "starts next"


def _stage_before(state: RunState, s: int) -> str:
    return next((stage.name for stage in state.stages[:s] if stage.phase not in STAGE_DONE), "")


def hold_of(state: RunState, found: Sequence[Hold], job_run: str) -> Hold | None:
    """The hold among ``found`` that a job run waits for; None when it does not wait."""
    return hold_finder(state, found)(job_run)


def hold_finder(state: RunState, found: Sequence[Hold]) -> Callable[[str], Hold | None]:
    """``hold_of`` for whoever asks about many job runs."""
    by_what: dict[str, list[Hold]] = {}
    for hold in found:
        by_what.setdefault(hold.what, []).append(hold)

    def find(job_run: str) -> Hold | None:
        s, j, h = place_of(state, job_run)
        own = by_what.get(job_run)
        if own:
            return own[0]
        phase = state.stages[s].jobs[j].runs[h].phase
        shared = by_what.get(state.plan.stages[s].jobs[j].id, ())
        for hold in reversed(shared):
            if (phase is Phase.WAITING and hold.kind is HoldKind.NEEDS) or (
                phase in (Phase.QUEUED, Phase.ROLLING_BACK) and hold.kind in _QUEUE
            ):
                return hold
        if phase is not Phase.WAITING:
            return None
        return next((hold for hold in by_what.get(state.stages[s].name, ()) if hold.kind is HoldKind.STAGE), None)

    return find
