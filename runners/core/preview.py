"""What exactly would happen, before anybody says yes. It guesses nothing: it is what ``admit`` would let in now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.admit import Refused, admit
from runners.core.guards import in_words, targets_of_retry
from runners.core.guards_unknown import unknown_of
from runners.core.index import index_of, job_run_of, planned_job_of, short_name
from runners.core.preview_run import (
    pause_scope,
    reconcile_scope,
    reconcile_warnings,
    rollback_leaves,
    rollback_scope,
    rollback_warnings,
    takes_of,
)
from runners.core.ready import counts_of, runs_in
from runners.core.tasks import has_passed, in_flight, spares_finally
from runners.model.definition import STOPPING, Part
from runners.model.events import CancelRequested, JobFinished, JobSkipped, RetryScheduled
from runners.model.intents import Cancel, Intent, Pause, Reconcile, Resume, Retry, Rollback, Skip, name_of
from runners.model.phases import BAD, LIVE, RUN_ENDED, Phase, RunPhase
from runners.model.plan import PlannedJob, PlannedTask
from runners.model.preview import Marker, Preview, PreviewHost, PreviewTask
from runners.model.state import JobRunState, RunState

_MOST_NAMED = 8


def preview(state: RunState, intent: Intent, now_utc: float | None = None) -> Preview:
    """What ``intent`` would do to ``state``; ``refusal`` says why not. Raises nothing.

    ``now_utc`` is for ages in sentences; None takes the time of the last event.
    """
    refusal = ""
    payloads: Sequence[object] = ()
    try:
        payloads = admit(state, intent, "", state.last_event_at if now_utc is None else now_utc)
    except Refused as refused:
        refusal = refused.message
    if refusal:
        targets = tuple(t for t in _targets(state, intent) if t in index_of(state.plan).places)
    elif isinstance(intent, Rollback):
        targets = takes_of(state, not_running=intent.not_running)
    elif isinstance(intent, Reconcile):
        targets = _targets(state, intent)
    else:
        targets = tuple(_acted_on(state, payloads))
    untouched: tuple[str, ...] = ()
    match intent:
        case Retry():
            scope, warnings = _retry_scope(state, intent, targets), tuple(_retry_warnings(state, intent, targets))
        case Skip():
            scope, warnings = _skip_scope(state, targets), tuple(_skip_warnings(state, intent, targets))
        case Cancel():
            scope, warnings = _cancel_scope(state, targets), tuple(_cancel_warnings(state, targets))
        case Rollback():
            scope = rollback_scope(state, targets)
            untouched = tuple(rollback_leaves(state, targets))
            warnings = (*rollback_warnings(state, intent, targets), *untouched)
        case Pause():
            scope, warnings = pause_scope(state, intent), ()
        case Reconcile():
            scope, warnings = reconcile_scope(state, targets), tuple(reconcile_warnings(state, targets))
        case Resume():
            scope, warnings = "The run goes on.", ()
        case _:
            scope, warnings = "", ()
    return Preview(
        title=_title(state, intent, targets),
        scope=scope,
        hosts=tuple(_host(state, intent, job_run_of(state, target)) for target in targets),
        warnings=warnings,
        untouched=untouched,
        later=intent.later if isinstance(intent, Rollback) else (),
        refusal=refusal,
        targets=targets,
        seen_attempts=tuple((target, job_run_of(state, target).attempt) for target in targets),
    )


def _targets(state: RunState, intent: Intent) -> tuple[str, ...]:
    match intent:
        case Retry(targets=()):
            return targets_of_retry(state)[0]
        case Reconcile(targets=()):
            return unknown_of(state)
        case Retry() | Skip() | Cancel() | Reconcile():
            return tuple(dict.fromkeys(intent.targets))
        case Rollback():
            return takes_of(state, not_running=intent.not_running)
        case _:
            return ()


def _acted_on(state: RunState, payloads: Sequence[object]) -> list[str]:
    found: set[str] = set()
    for payload in payloads:
        match payload:
            case RetryScheduled(job_run=id_) | JobSkipped(job_run=id_) | JobFinished(job_run=id_):
                found.add(id_)
            case CancelRequested(whole_run=True):
                found.update(run.id for _, run in runs_in(state, *LIVE))
            case CancelRequested(job_runs=ids):
                found.update(ids)
    places = index_of(state.plan).places
    return sorted(found, key=lambda id_: places[id_])


def _title(state: RunState, intent: Intent, targets: Sequence[str]) -> str:
    if not getattr(intent, "targets", ()) and not isinstance(intent, Retry | Reconcile):
        return f"{name_of(intent)} {state.name}"
    if len(targets) == 1:
        return f"{name_of(intent)} {short_name(state, targets[0])}"
    return f"{name_of(intent)} {len(targets)} job runs"


def _host(state: RunState, intent: Intent, run: JobRunState) -> PreviewHost:
    planned = planned_job_of(state, run.id)
    tasks: tuple[PreviewTask, ...] = ()
    if isinstance(intent, Retry):
        tasks = tuple(_retried(state, intent, planned, run))
    elif isinstance(intent, Rollback):
        tasks = tuple(_shown(state, run, task) for task in planned.rollback)
    elif isinstance(intent, Cancel) and run.phase in LIVE and (n := in_flight(run)):
        steps = planned.steps(rollback=run.attempts[-1].rollback)
        left = [steps[n - 1], *(task for task in steps[n:] if task.part is Part.FINALLY)]
        first = Marker.RUN if spares_finally(run) else Marker.STOP
        tasks = tuple(_preview(state, run, task, Marker.RUN if at else first) for at, task in enumerate(left))
    attempt = run.next_attempt if isinstance(intent, Retry | Rollback) else run.attempt
    return PreviewHost(host=run.host, job_run=run.id, attempt=attempt, tasks=tasks)


def _shown(state: RunState, run: JobRunState, task: PlannedTask) -> PreviewTask:
    marker = Marker.RUN if task.repeatable else Marker.NOT_REPEATABLE
    return _preview(state, run, task, marker)


def _preview(state: RunState, run: JobRunState, task: PlannedTask, marker: Marker) -> PreviewTask:
    words = state.plan.words_of(task, run.host)
    return PreviewTask(name=task.name, command=words, marker=marker, manner=task.manner)


def _retried(state: RunState, intent: Retry, planned: PlannedJob, run: JobRunState) -> Iterator[PreviewTask]:
    names = [task.name for task in planned.tasks]
    first = names.index(intent.from_task) if intent.from_task in names else 0
    only = names.index(intent.task) if intent.task in names else None
    before = run.current.tasks if run.current is not None and not run.current.rollback else ()
    for n, task in enumerate(planned.tasks):
        left_out = n < first or (only is not None and n != only)
        if left_out and task.part is not Part.FINALLY:
            marker = Marker.KEPT if n < len(before) and has_passed(before[n]) else Marker.NOT_RUN
            yield _preview(state, run, task, marker)
        else:
            yield _shown(state, run, task)


def _names(state: RunState, ids: Sequence[str]) -> str:
    named = ", ".join(short_name(state, id_) for id_ in ids[:_MOST_NAMED])
    return f"{named} and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else named


def _hosts(state: RunState, ids: Sequence[str]) -> str:
    hosts = list(dict.fromkeys(job_run_of(state, id_).host for id_ in ids))
    named = ", ".join(hosts[:_MOST_NAMED])
    return f"{named} and {len(hosts) - _MOST_NAMED} more" if len(hosts) > _MOST_NAMED else named


def _retry_scope(state: RunState, intent: Retry, targets: Sequence[str]) -> str:
    if not targets:
        return ""
    if len(targets) == 1:
        run, job = job_run_of(state, targets[0]), planned_job_of(state, targets[0])
        count = len(job.tasks)
        tasks = "its one task" if count == 1 else f"all {count} tasks"
        if intent.from_task or intent.task:
            return f"{_part_of_job(intent)} on {run.host}, as attempt {run.next_attempt}."
        return f"The whole job again on {run.host}, {tasks}, as attempt {run.next_attempt}."
    what = "all that failed or was not reached" if not intent.targets else "the job runs named"
    if intent.from_task or intent.task:
        part = _part_of_job(intent)
        return f"{len(targets)} job runs, {what}: {part[0].lower()}{part[1:]} on {_hosts(state, targets)}."
    return f"{len(targets)} job runs, {what}: the whole job again on {_hosts(state, targets)}."


def _part_of_job(intent: Retry) -> str:
    if intent.task:
        return f"Task {intent.task} alone, and finally"
    return f"The job from task {intent.from_task} on; what passed before it is kept, with its work folder,"


def _retry_warnings(state: RunState, intent: Retry, targets: Sequence[str]) -> Iterator[str]:
    for target in targets[:_MOST_NAMED]:
        run, job = job_run_of(state, target), planned_job_of(state, target)
        again = {task.name for task in _retried(state, intent, job, run) if task.marker is Marker.NOT_REPEATABLE}
        ran = [
            spec.name
            for n, spec in enumerate(job.tasks)
            if spec.name in again
            and any(attempt.tasks[n].key is not None for attempt in run.attempts if not attempt.rollback)
        ]
        if ran:
            yield f"{', '.join(ran)} ran on {run.host} before and is marked as not repeatable."
        if run.phase is Phase.UNKNOWN and intent.not_running:
            yield f"You vouch that attempt {run.attempt} is dead on {run.host}; its key is sealed there first."
    if not intent.targets:
        left_alone = targets_of_retry(state)[1]
        unknown = [id_ for id_ in left_alone if job_run_of(state, id_).phase is Phase.UNKNOWN]
        cancelled = [id_ for id_ in left_alone if job_run_of(state, id_).phase is Phase.CANCELLED]
        if unknown:
            yield f"Left alone, because nobody knows what became of it: {_names(state, unknown)}."
        if cancelled:
            yield f"Left alone, because it was cancelled by itself: {_names(state, cancelled)}."
    if state.phase in RUN_ENDED and targets:
        yield f"{state.name} {in_words(state.phase)}; this opens it again, and what comes after runs too."
        if intent.from_task or intent.task:
            yield "Its work folders were removed when the run ended: it begins in an empty one."
    if state.phase is RunPhase.PAUSED and targets:
        yield f"{state.name} is paused: nothing starts until it is resumed."
    others = _other_stops(state, targets)
    if others:
        yield f"Nothing else starts: {_names(state, others)} failed too, and that stops the run."


def _other_stops(state: RunState, targets: Sequence[str]) -> list[str]:
    if not state.stopping:
        return []
    return [
        run.id
        for place, run in runs_in(state, *BAD)
        if run.id not in targets and state.plan.stages[place.stage].jobs[place.job].on_failure in STOPPING
    ]


def _skip_scope(state: RunState, targets: Sequence[str]) -> str:
    if not targets:
        return ""
    it = "It counts" if len(targets) == 1 else f"{len(targets)} job runs count"
    return f"{it} as satisfied on {_hosts(state, targets)} without passing; what needs it may start. Nothing is run."


def _skip_warnings(state: RunState, intent: Skip, targets: Sequence[str]) -> Iterator[str]:
    for target in targets[:_MOST_NAMED]:
        run = job_run_of(state, target)
        name = short_name(state, target)
        if run.phase is Phase.UNKNOWN and intent.not_running:
            yield f"You vouch that {name} is dead on {run.host}; nothing stops it there if it is not."
        elif run.phase in BAD and run.attempts:
            yield f"{name} {in_words(run.phase)}: {run.reason}; what it did until then stays."
        elif run.phase in BAD:
            yield f"{name} was never started: {run.reason}."
    if state.phase is RunPhase.FAILED and targets:
        yield f"{state.name} failed; this opens it again, and what comes after runs."
    others = _other_stops(state, targets)
    if others:
        yield f"Nothing else starts: {_names(state, others)} failed too, and that stops the run."


def _cancel_scope(state: RunState, targets: Sequence[str]) -> str:
    runs = [job_run_of(state, target) for target in targets]
    live = [run.id for run in runs if run.phase in (Phase.RUNNING, Phase.CANCELLING)]
    unstarted = [run for run in runs if run.phase in (Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF)]
    parts = []
    if live:
        parts.append(f"on {_hosts(state, live)} what runs is stopped, whole tree: TERM, 10 s, KILL")
    if unstarted:
        have = "run has" if len(unstarted) == 1 else "runs have"
        parts.append(f"{len(unstarted)} job {have} not started, and will not")
    if not parts:
        return "Nothing runs."
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _cancel_warnings(state: RunState, targets: Sequence[str]) -> Iterator[str]:
    for target in targets:
        run = job_run_of(state, target)
        if run.phase is Phase.UNKNOWN and not run.answered:
            yield f"{run.host} is silent: {short_name(state, target)} is stopped when it answers, and not before."
    counts = counts_of(state)
    done = counts.get(Phase.SUCCEEDED, 0)
    if done and targets:
        yield f"{done} job {'run' if done == 1 else 'runs'} passed already; cancelling takes nothing back."
