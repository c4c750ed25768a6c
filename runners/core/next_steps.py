"""The commands to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from runners.core.guards import NOT_RUNNING, targets_of_retry
from runners.core.guards_run import why_not_rollback
from runners.core.guards_unknown import unknown_of
from runners.core.index import job_run_of, short_name
from runners.core.ready import runs_in
from runners.core.secrets import give_command, owed_logs
from runners.model.holds import Hold, HoldKind
from runners.model.phases import RUN_ENDED, Phase, RunPhase
from runners.model.state import RunState

_MOST = 3
"""Commands for single job runs; more would hide the first one."""


def next_steps(state: RunState, found: Sequence[Hold] = ()) -> tuple[str, ...]:
    """What a person can type about what failed, is unknown, was cancelled or waits for a key or a login.

    ``found`` are the holds of the run. Empty when nothing waits for anybody.
    """
    secrets = tuple(_secrets(state))
    if state.phase in (RunPhase.SUCCEEDED, RunPhase.CANCELLING, RunPhase.ROLLING_BACK, RunPhase.ROLLED_BACK):
        return secrets
    if state.phase is RunPhase.ROLLBACK_INCOMPLETE:
        return tuple(_rollback_again(state))
    retry, left_alone = targets_of_retry(state)
    keys = [hold.what.rpartition("@")[2] for hold in found if hold.kind is HoldKind.HOST_KEY and "@" in hold.what]
    steps = [*secrets]
    askers = dict.fromkeys(hold.login for hold in found if hold.kind is HoldKind.LOGIN and hold.login)
    steps += [f"onduty login {shlex.quote(asker)}" for asker in list(askers)[:_MOST]]
    steps += [f"onduty hosts trust {host}" for host in list(dict.fromkeys(keys))[:_MOST]]
    if len(retry) > 1:
        steps.append(f"onduty retry {state.name}")
    elif retry:
        steps.append(f"onduty retry {state.name} {short_name(state, retry[0])}")
    if any(not job_run_of(state, id_).answered for id_ in unknown_of(state)):
        steps.append(f"onduty reconcile {state.name}")
    for id_ in left_alone[:_MOST]:
        run = job_run_of(state, id_)
        if run.phase is Phase.CANCELLED:
            steps.append(f"onduty retry {state.name} {short_name(state, id_)}")
        elif run.answered:
            steps.append(f"onduty retry {state.name} {short_name(state, id_)} {NOT_RUNNING}")
    if state.phase is not RunPhase.CANCELLED:
        skippable = [id_ for id_ in (*retry, *left_alone) if job_run_of(state, id_).phase is not Phase.UNKNOWN]
        if skippable:
            steps.append(f"onduty skip {state.name} {' '.join(short_name(state, id_) for id_ in skippable[:_MOST])}")
    if state.phase is RunPhase.PAUSED:
        steps.insert(0, f"onduty resume {state.name}")
    if retry and not why_not_rollback(state):
        steps.append(f"onduty rollback {state.name}")
    failed = next((run for _, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT) if run.attempts), None)
    if failed is not None:
        steps.append(f"onduty logs {state.name} {short_name(state, failed.id)}")
    if steps and state.phase not in RUN_ENDED:
        steps.append(f"onduty cancel {state.name}")
    return tuple(steps)


def _secrets(state: RunState) -> Iterator[str]:
    if state.secrets_needed and state.phase not in RUN_ENDED:
        yield give_command(state.name, list(state.secrets_needed))
    elif any(True for _ in owed_logs(state)):
        yield f"onduty secret give {state.name}"


def _rollback_again(state: RunState) -> Iterator[str]:
    if not why_not_rollback(state):
        yield f"onduty rollback {state.name}"
    elif not why_not_rollback(state, not_running=True):
        yield f"onduty rollback {state.name} {NOT_RUNNING}"
    failed = next((run for _, run in runs_in(state, Phase.ROLLBACK_FAILED) if run.attempts), None)
    if failed is not None:
        yield f"onduty logs {state.name} {short_name(state, failed.id)}"
