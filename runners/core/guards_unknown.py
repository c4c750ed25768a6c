"""What is unknown of a run, and why a host is not asked about it now, in a sentence; empty when it can be."""

from __future__ import annotations

from runners.core.guards import in_words
from runners.core.index import index_of, job_run_of, short_name
from runners.core.ready import runs_in
from runners.model.phases import ENDED, RUN_ENDED, Phase
from runners.model.state import RunState


def unknown_of(state: RunState) -> tuple[str, ...]:
    """Ids of the job runs that are unknown and that a host could tell about, in plan order."""
    return () if state.phase in RUN_ENDED else tuple(run.id for _, run in runs_in(state, Phase.UNKNOWN))


def why_not_reconcile(state: RunState, target: str | None = None) -> str:
    """Why the host of this job run (None: of all that are unknown) is not asked now; empty when it can be."""
    if target is not None and target not in index_of(state.plan).places:
        return f"{state.name} has no job run {target}"
    if state.phase in RUN_ENDED:
        return f"{state.name} {in_words(state.phase)}; what its hosts say now changes nothing"
    if target is None:
        return "" if unknown_of(state) else f"nothing of {state.name} is unknown"
    run, name = job_run_of(state, target), short_name(state, target)
    if run.phase is Phase.UNKNOWN:
        return ""
    now = in_words(run.phase) if run.phase in ENDED else f"is {run.phase.value.replace('_', ' ')}"
    return f"{name} {now}; only what is unknown is asked about"
