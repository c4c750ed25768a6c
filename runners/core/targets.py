"""Find the job runs that a person means by ``stage/job@host``, ``stage/job``, ``job@host`` or ``job``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.core.guards_unknown import why_not_reconcile
from runners.core.index import index_of
from runners.model.errors import NotFound
from runners.model.plan import PlannedJob
from runners.model.state import RunState


def resolve(state: RunState, words: Sequence[str], *, verb: str = "") -> tuple[str, ...]:
    """Ids of the job runs that ``words`` name, in the order of the words, each once.

    A job without a host means its job runs on all hosts; with ``verb`` (retry, skip, cancel or reconcile) those that
    the verb can be done to now, or all of them when there are none, so that the refusal says why. Raises ``NotFound``
    with every word that names nothing, or more than one job.
    """
    found: dict[str, None] = {}
    problems: list[str] = []
    for word in words:
        ids, problem = _one(state, word, verb)
        found.update(dict.fromkeys(ids))
        if problem:
            problems.append(problem)
    if problems:
        raise NotFound("; ".join(problems), hint=f"onduty show {state.name}")
    return tuple(found)


def _one(state: RunState, word: str, verb: str) -> tuple[tuple[str, ...], str]:
    if word in index_of(state.plan).places:
        return (word,), ""
    name, at, host = word.partition("@")
    jobs = [job for job in state.plan.jobs() if name in (job.id, job.name)]
    if not jobs:
        return (), f"{state.name} has no job {name}{_nearest(name, _job_names(state))}"
    with_host = [job for job in jobs if host in job.hosts] if at else jobs
    if not with_host:
        known = [known for job in jobs for known in job.hosts]
        return (), f"{name} does not run on {host}{_nearest(host, known)}"
    if len(with_host) > 1:
        names = ", ".join(job.id + (f"@{host}" if at else "") for job in with_host)
        return (), f"{word} may be {names}: say which"
    if at:
        return (f"{with_host[0].id}@{host}",), ""
    return _of_job(state, with_host[0], verb), ""


def _of_job(state: RunState, job: PlannedJob, verb: str) -> tuple[str, ...]:
    every = job.job_run_ids()
    match verb:
        case "retry":
            # An unknown one is left alone unless it is named with its host: vouching is for what one looked at.
            able = tuple(id_ for id_ in every if not why_not_retry(state, id_))
        case "skip":
            able = tuple(id_ for id_ in every if not why_not_skip(state, id_))
        case "reconcile":
            able = tuple(id_ for id_ in every if not why_not_reconcile(state, id_))
        case "cancel":
            able = tuple(id_ for id_ in every if not why_not_cancel(state, id_))
        case _:
            able = every
    return able or every


def _job_names(state: RunState) -> list[str]:
    return [name for job in state.plan.jobs() for name in (job.name, job.id)]


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, list(dict.fromkeys(known)), n=1)
    return f", did you mean {close[0]}?" if close else ""
