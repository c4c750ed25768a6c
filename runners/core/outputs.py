"""What later jobs read of what earlier jobs wrote to ``$ONDUTY_OUTPUT``.

Earlier are the jobs of the stages before and those that a job needs, in its own stage, directly or not. Only what an
attempt wrote that succeeded counts. A task reads what was there when it was dispatched, so that its request is the
same one after a crash. In a rollback a job reads besides what its own job run wrote, whatever became of that: it is
what has to be taken back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runners.core.index import Place, index_of, place_of
from runners.model.events import OutputsRecorded
from runners.model.news import ExecutionFinished
from runners.model.outputs import MOST_OUTPUT_BYTES, size_of, too_large, variable_of
from runners.model.phases import Phase
from runners.model.state import AttemptState, JobRunState, JobState, RunState
from runners.model.wire import encode

_PIECE_CHARACTERS = 8_000
_EVENT_BYTES = 56_000
"""Under the 64 KiB that an event may have; JSON makes up to 6 bytes of a character."""


def recorded(run: JobRunState, task: int, news: ExecutionFinished) -> Iterator[OutputsRecorded]:
    """The events that say what a task of the current attempt wrote; none when it wrote nothing."""
    if not news.outputs and not news.output_problems:
        return
    values, problems = news.outputs, news.output_problems
    attempt = run.attempts[-1]
    total_bytes = size_of(values) + sum(size_of(one.outputs) for one in attempt.tasks)
    if values and total_bytes > MOST_OUTPUT_BYTES:
        values, problems = {}, (*problems, too_large(total_bytes))
    pieces = _pieces(values) or [{}]
    for n, piece in enumerate(pieces, start=1):
        yield OutputsRecorded(
            job_run=run.id,
            attempt=attempt.number,
            task=task,
            key=news.key,
            values=piece,
            problems=problems if n == len(pieces) else (),
        )


def _pieces(values: Mapping[str, str]) -> list[dict[str, str]]:
    pieces: list[dict[str, str]] = []
    room = 0
    for key, value in values.items():
        for start in range(0, len(value) or 1, _PIECE_CHARACTERS):
            text = value[start : start + _PIECE_CHARACTERS]
            size = len(encode(key)) + len(encode(text)) + 2
            if size > room or key in pieces[-1]:
                pieces.append({})
                room = _EVENT_BYTES
            pieces[-1][key] = text
            room -= size
    return pieces


def outputs_of(run: JobRunState) -> dict[str, str]:
    """What later jobs read of a job run: empty unless an attempt of it succeeded."""
    attempt = _forward(run)
    return _merged(attempt) if attempt is not None and attempt.phase is Phase.SUCCEEDED else {}


def _forward(run: JobRunState) -> AttemptState | None:
    """The last attempt that was no rollback. One that succeeded is not followed by another."""
    return next((attempt for attempt in reversed(run.attempts) if not attempt.rollback), None)


def _merged(attempt: AttemptState) -> dict[str, str]:
    """Of all its tasks, kept ones included; a later task's value wins."""
    return {key: value for task in attempt.tasks for key, value in task.outputs.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutputs:
    """What the job runs of one job wrote."""

    id: str
    """``build/image``."""
    name: str
    by_host: Mapping[str, Mapping[str, str]]
    """Hosts that wrote something, in host order."""
    common: Mapping[str, str | None]
    """Every key; None where hosts differ."""
    text: bytes
    """``by_host`` as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one task reads, in plan order."""

    jobs: tuple[JobOutputs, ...]
    any_earlier: bool
    """There are jobs before it, whether they wrote something or not."""


def seen_by(state: RunState, job_run: str, *, at_seq: int, rollback: bool = False) -> Seen:
    """What a task of ``job_run`` reads that was dispatched by the event with ``at_seq``."""
    place = place_of(state, job_run)
    earlier = list(_earlier(state, place))
    found = [
        outputs
        for s, j in earlier
        if state.stages[s].jobs[j].outputs and (outputs := _of_job(state, s, j, at_seq)).by_host
    ]
    if rollback:
        run = state.stages[place.stage].jobs[place.job].runs[place.host]
        attempt = _forward(run)
        own = _merged(attempt) if attempt is not None else {}
        if own:
            planned = state.plan.stages[place.stage].jobs[place.job]
            found.append(_gathered(planned.id, planned.name, {run.host: own}))
    return Seen(jobs=tuple(found), any_earlier=bool(earlier) or rollback)


def _earlier(state: RunState, place: Place) -> Iterator[tuple[int, int]]:
    """Stage and position of every job that this one comes after."""
    for s in range(place.stage):
        for j in range(len(state.plan.stages[s].jobs)):
            yield s, j
    needs = index_of(state.plan).needs[place.stage]
    needed: set[int] = set()
    ahead = list(needs[place.job])
    while ahead:
        j = ahead.pop()
        if j not in needed:
            needed.add(j)
            ahead.extend(needs[j])
    for j in sorted(needed):
        yield place.stage, j


_MOST_JOBS = 32
_known: OrderedDict[int, tuple[JobState, int, JobOutputs]] = OrderedDict()


def _of_job(state: RunState, s: int, j: int, at_seq: int) -> JobOutputs:
    job, planned = state.stages[s].jobs[j], state.plan.stages[s].jobs[j]
    # By identity, as in index_of: two hundred tasks that start at once read the same two hundred outputs. The entry
    # holds the state, so its id cannot be reused.
    held = _known.get(id(job))
    if held is not None and held[1] < at_seq:
        return held[2]
    by_host = {}
    for run in job.runs:
        attempt = _forward(run)
        if attempt is None or attempt.phase is not Phase.SUCCEEDED or attempt.ended_seq >= at_seq:
            continue
        if values := _merged(attempt):
            by_host[run.host] = values
    found = _gathered(planned.id, planned.name, by_host)
    newest = max((run.attempts[-1].ended_seq for run in job.runs if run.attempts), default=0)
    if newest < at_seq:
        _known[id(job)] = (job, newest, found)
        if len(_known) > _MOST_JOBS:
            _known.popitem(last=False)
    return found


def _gathered(id_: str, name: str, by_host: Mapping[str, Mapping[str, str]]) -> JobOutputs:
    common: dict[str, str | None] = {}
    for values in by_host.values():
        for key, value in values.items():
            common[key] = value if common.get(key, value) == value else None
    return JobOutputs(id=id_, name=name, by_host=by_host, common=common, text=encode(by_host))


def variables(seen: Seen, host: str) -> dict[str, str]:
    """``ONDUTY_OUT_<job>_<key>`` for a task on ``host``.

    The value of the same host, else the one on which all that wrote it agree; where they differ there is none. Jobs
    of one name in several stages count as one, and on the same host the later stage wins. Where the names of two jobs
    make one variable, it is set only when their values are the same.
    """
    by_name: dict[str, list[JobOutputs]] = {}
    for job in seen.jobs:
        by_name.setdefault(job.name, []).append(job)
    found: dict[str, str | None] = {}
    for name, jobs in by_name.items():
        for key in dict.fromkeys(key for job in jobs for key in job.common):
            variable, value = variable_of(name, key), _value(jobs, key, host)
            found[variable] = value if found.get(variable, value) == value else None
    return {variable: value for variable, value in found.items() if value is not None}


def _value(jobs: Sequence[JobOutputs], key: str, host: str) -> str | None:
    own = [job.by_host[host][key] for job in jobs if key in job.by_host.get(host, {})]
    if own:
        return own[-1]
    values = {job.common[key] for job in jobs if key in job.common}
    return values.pop() if len(values) == 1 else None


def as_json(seen: Seen) -> str | None:
    """Text of the file that ``$ONDUTY_OUTPUTS`` names: ``{"stage/job": {"host": {"key": "value"}}}``.

    None for a task that no job comes before.
    """
    if not seen.any_earlier:
        return None
    entries = (f"{encode(job.id).decode()}:{job.text.decode()}" for job in seen.jobs)
    return f"{{{','.join(entries)}}}"
