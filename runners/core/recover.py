"""What must be asked or done again after a restart: derived from the state alone, and safe to do twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runners.core.consequences import advise, cancel_effects, forget_workdirs, workdir_of
from runners.core.index import job_run_of
from runners.core.ready import runs_in
from runners.core.tasks import in_flight, waits_for_host
from runners.model.effects import AskExecution, Effect, ForgetExecution, PrepareHost, WakeAt
from runners.model.phases import FAILURES, LIVE, RUN_ENDED, Phase
from runners.model.state import JobRunState, RunState

RECENT_S = 60.0
"""A file is removed within moments of its verdict. What was left for longer is collected by its host in two weeks."""


def recover(state: RunState) -> tuple[Effect, ...]:
    """The effects that the engine performs after it folded ``state`` from disk, before anything else of this run.

    Follow it with ``settle(state, (), touched=None, …)``: a crash may have come between two rounds of a decision.
    """
    return tuple(_effects(state))


def _effects(state: RunState) -> Iterator[Effect]:
    for _, run in runs_in(state, *LIVE, *FAILURES, Phase.QUEUED, Phase.BACKING_OFF):
        match run.phase:
            case _ if waits_for_host(run):
                yield PrepareHost(job_run=run.id, host=run.host, attempt=run.next_attempt, fence=run.fence)
            case Phase.BACKING_OFF:
                yield WakeAt(job_run=run.id, attempt=run.next_attempt, at_utc=run.not_before or 0.0)
            case Phase.RUNNING | Phase.CANCELLING | Phase.UNKNOWN | Phase.ROLLING_BACK:
                yield from _ask(state, run)
                if run.cancel_asked and run.cancel_step:
                    yield from cancel_effects(run)
            case _ if run.runbook is None:
                yield advise(run, reached=_failed_in_attempt(run))
    yield from _forget_recent(state)
    if state.phase in RUN_ENDED:
        yield from forget_workdirs(state)


def _forget_recent(state: RunState) -> Iterator[ForgetExecution]:
    """Verdicts of the last moments: the controller may have died before it removed what their hosts keep of them."""
    for _, run in runs_in(state, *Phase):
        for task in (task for attempt in run.attempts for task in attempt.tasks):
            recent = (task.ended_at or 0.0) > state.last_event_at - RECENT_S
            if task.key is not None and recent and not task.log_owed:
                yield ForgetExecution(job_run=run.id, host=run.host, key=task.key)


def ask_again(state: RunState, targets: Sequence[str]) -> tuple[AskExecution, ...]:
    """A person wants to know what became of these job runs: those that are unknown still."""
    runs = (job_run_of(state, target) for target in targets)
    unknown = [run for run in runs if run.phase is Phase.UNKNOWN]
    return tuple(replace(effect, asked=True) for run in unknown for effect in _ask(state, run))


def _ask(state: RunState, run: JobRunState) -> Iterator[AskExecution]:
    n = in_flight(run)
    if not n:
        return
    task = run.attempts[-1].tasks[n - 1]
    assert task.key is not None
    answered = run.phase is Phase.UNKNOWN and run.answered
    yield AskExecution(
        job_run=run.id,
        host=run.host,
        key=task.key,
        attempt=run.attempt,
        task=n,
        timeout_s=task.timeout_s,
        workdir=workdir_of(state, run),
        began=task.began or answered,
        answered=answered,
    )


def _failed_in_attempt(run: JobRunState) -> bool:
    """Whether the failure is the current attempt's, not that of a host that was given up before the next one."""
    return run.current is not None and run.current.phase is run.phase and run.current.reason == run.reason
