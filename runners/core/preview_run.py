"""What a rollback, or a pause, would do to a run, in sentences. Part of ``preview``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.guards_run import names_of
from runners.core.index import index_of, job_run_of
from runners.core.ready import counts_of, runs_in
from runners.core.recover import ask_again
from runners.core.rollback import can_be_rolled_back, lacks_previous, takes, waves, without_previous, without_rollback
from runners.model.intents import Pause, Rollback
from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState


def takes_of(state: RunState, *, not_running: bool) -> tuple[str, ...]:
    """Job runs that a rollback takes, newest first. Unknown ones only when a person vouches for them."""
    if not not_running:
        known = takes(state)
        return tuple(id_ for id_ in known if job_run_of(state, id_).phase is not Phase.UNKNOWN)
    index = index_of(state.plan)
    return tuple(
        run.id
        for planned, runs in waves(state)
        for run in runs
        if can_be_rolled_back(index, planned, run)
        or (
            run.phase is Phase.UNKNOWN
            and run.first_dispatch
            and planned.rollback
            and not lacks_previous(index, planned, run)
        )
    )


def rollback_scope(state: RunState, targets: Sequence[str]) -> str:
    """One sentence."""
    if not targets:
        return ""
    jobs = len({target.rpartition("@")[0] for target in targets})
    hosts = len({job_run_of(state, target).host for target in targets})
    again = "What is left of the rollback" if state.phase is RunPhase.ROLLBACK_INCOMPLETE else "The whole run"
    one = f"{jobs} job" if jobs == 1 else f"{jobs} jobs, newest first,"
    where = "1 host" if hosts == 1 else f"{hosts} hosts"
    return f"{again} is taken back: {one} on {where}, each with its rollback and then verify."


def rollback_warnings(state: RunState, intent: Rollback, targets: Sequence[str]) -> Iterator[str]:
    """What to think of before going on: what is stopped, what a person vouches for, what a later run changed."""
    counts = counts_of(state)
    live = [run.id for _, run in runs_in(state, Phase.RUNNING, Phase.CANCELLING)]
    if live:
        yield f"What runs is stopped first, whole tree: {names_of(state, live)}."
    unstarted = sum(counts.get(phase, 0) for phase in (Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF))
    if unstarted:
        yield f"{unstarted} job {'run has' if unstarted == 1 else 'runs have'} not started, and will not."
    for target in targets:
        run = job_run_of(state, target)
        if run.phase is Phase.UNKNOWN:
            yield f"You vouch that attempt {run.attempt} is dead on {run.host}; its key is sealed there first."
    if intent.later and intent.despite_later:
        yield f"A later run changed the same hosts: {'; '.join(intent.later[:8])}."


def rollback_leaves(state: RunState, targets: Sequence[str]) -> Iterator[str]:
    """What is not rolled back, and why, by name."""
    if bare := without_rollback(state):
        yield f"No rollback, what it did stays: {names_of(state, bare)}."
    if unknown_before := without_previous(state):
        yield f"No earlier release known, so its rollback is not run: {names_of(state, unknown_before)}."
    unknown = [run.id for _, run in runs_in(state, Phase.UNKNOWN) if run.id not in targets]
    if unknown:
        yield f"Left alone, because nobody knows what became of it: {names_of(state, unknown)}."


def reconcile_scope(state: RunState, targets: Sequence[str]) -> str:
    """One sentence."""
    if not targets:
        return ""
    hosts = list(dict.fromkeys(job_run_of(state, target).host for target in targets))
    named = ", ".join(hosts[:8]) + (f" and {len(hosts) - 8} more" if len(hosts) > 8 else "")
    what = names_of(state, targets) if len(targets) == 1 else f"{len(targets)} job runs"
    return f"{named} {'is' if len(hosts) == 1 else 'are'} asked now what became of {what}; nothing there is changed."


def reconcile_warnings(state: RunState, targets: Sequence[str]) -> Iterator[str]:
    """What the answers may lead to."""
    unseen = [
        target
        for target in targets
        for effect in ask_again(state, (target,))
        if not effect.began and not job_run_of(state, target).cancel_asked
    ]
    if unseen:
        yield f"Dispatched, and perhaps never arrived: {names_of(state, unseen)}; what never arrived is started."


def pause_scope(state: RunState, intent: Pause) -> str:
    """One sentence."""
    running = counts_of(state).get(Phase.RUNNING, 0)
    if not running:
        return "Nothing new starts until it is resumed."
    what = "1 job run" if running == 1 else f"{running} job runs"
    end = "stop after the task that runs now" if intent.now else "finish all their tasks"
    end = end.replace("stop", "stops").replace("finish all their", "finishes all its") if running == 1 else end
    return f"Nothing new starts until it is resumed; {what} {end}."
