"""The documents that ``show --json`` and ``runs --json`` print, out of a state and its holds."""

from __future__ import annotations

from collections.abc import Sequence

from runners.core.blast import blast
from runners.core.guards import in_words
from runners.core.holds import hold_finder, waits_for_person_alone
from runners.core.index import index_of, short_name
from runners.core.next_steps import next_steps
from runners.core.outcome import stopped_by, warnings_of
from runners.core.outputs import outputs_of
from runners.core.ready import counts_of, runs_in
from runners.core.rollback import left
from runners.core.usage import usage_of
from runners.model import api
from runners.model.definition import Concurrency
from runners.model.holds import PERSON, Hold, HoldKind
from runners.model.phases import ENDED, FAILURES, RUN_ENDED, Phase, RunPhase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import AttemptState, JobRunState, RunbookLink, RunState, TaskState

_NO_TASK = TaskState()


def document(state: RunState, found: Sequence[Hold]) -> api.RunDocument:
    """The whole run as INTERFACE.md says it; ``found`` are its holds."""
    phase, hold = phase_now(state, found), hold_finder(state, found)
    return api.RunDocument(
        id=state.name,
        uid=state.uid,
        pipeline=state.plan.pipeline,
        phase=phase.value,
        result=state.result.value if state.result else None,
        environment=state.plan.environment,
        params=state.plan.params,
        by=state.by,
        created_at=api.rfc3339(state.created_at),
        started_at=api.rfc3339(state.started_at),
        ended_at=api.rfc3339(state.ended_at),
        definition_digest=state.plan.definition_digest,
        stages=tuple(
            api.StageDocument(
                name=stage.name,
                phase=_stage_phase(stage.phase, phase).value,
                started_at=api.rfc3339(stage.started_at),
                ended_at=api.rfc3339(stage.ended_at),
            )
            for stage in state.stages
        ),
        jobs=tuple(
            _job(state, state.plan.stages[place.stage].jobs[place.job], _run_at(state, id_), hold(id_))
            for id_, place in index_of(state.plan).places.items()
        ),
        holds=hold_documents(found),
        warnings=state.warnings if state.phase in RUN_ENDED else warnings_of(state),
        next=next_steps(state, found),
        notes=tuple(api.NoteDocument(at=api.rfc3339(note.at), by=note.by, text=note.text) for note in state.notes),
        left=left(state) if state.phase is RunPhase.ROLLBACK_INCOMPLETE else (),
        concurrency=_concurrency(state.plan.concurrency),
    )


def _concurrency(group: Concurrency | None) -> api.ConcurrencyDocument | None:
    if group is None:
        return None
    return api.ConcurrencyDocument(group=group.group, limit=group.limit, when_busy=group.when_busy.value)


def phase_now(state: RunState, found: Sequence[Hold]) -> RunPhase:
    """The phase that people are told: HELD too while it waits for nothing but a host's key or a secret."""
    return RunPhase.HELD if waits_for_person_alone(state, found) else state.phase


def _stage_phase(phase: StagePhase, run: RunPhase) -> StagePhase:
    return StagePhase.HELD if run is RunPhase.HELD and phase is StagePhase.RUNNING else phase


def _run_at(state: RunState, id_: str) -> JobRunState:
    s, j, h = index_of(state.plan).places[id_]
    return state.stages[s].jobs[j].runs[h]


def _job(state: RunState, planned: PlannedJob, run: JobRunState, hold: Hold | None) -> api.JobDocument:
    attempt = run.current
    specs = planned.steps(rollback=attempt is not None and attempt.rollback)
    tasks = attempt.tasks if attempt is not None else (_NO_TASK,) * len(specs)
    link = run.runbook
    used = usage_of(tasks)
    return api.JobDocument(
        stage=planned.stage,
        job=planned.name,
        host=run.host,
        matrix=None,
        phase=run.phase.value,
        result=run.result.value if run.result else None,
        attempt=run.attempt,
        exit_code=run.exit_code,
        signal=run.signal,
        reason=run.reason or _why_not_started(state, run) or None,
        hold=hold.text if hold else None,
        started_at=api.rfc3339(attempt.started_at if attempt else None),
        ended_at=api.rfc3339(_ended_at(run, attempt)),
        log_bytes=sum(task.log_bytes for task in tasks),
        tasks=tuple(
            api.TaskDocument(
                name=spec.name,
                kind=spec.kind.value,
                part=spec.part.value,
                phase=task.phase.value,
                attempt=task.attempt or run.attempt,
                key=task.key,
                exit_code=task.exit_code,
                started_at=api.rfc3339(task.started_at),
                ended_at=api.rfc3339(task.ended_at),
                host_started_at=api.rfc3339(task.host_started_at),
                host_ended_at=api.rfc3339(task.host_ended_at),
                log_bytes=task.log_bytes,
                files=task.files,
                log_cut="disk" if task.log_cut else "limit" if task.log_limited else None,
                limits_kept=task.limits_kept or None,
                host=task.host,
                cpu_s=task.cpu_s,
                memory_peak_bytes=task.memory_peak_bytes,
                memory_peak_of=task.memory_peak_of or None,
            )
            for spec, task in zip(specs, tasks, strict=True)
        ),
        runbook=_runbook(link),
        first_line=link.first_line or None if link else None,
        outputs=outputs_of(run),
        cpu_s=used.cpu_s,
        memory_peak_bytes=used.memory_peak_bytes,
        memory_peak_of=used.memory_peak_of or None,
    )


def _ended_at(run: JobRunState, attempt: AttemptState | None) -> float | None:
    if run.phase not in ENDED:
        return None
    if attempt is not None and attempt.ended_at is not None and attempt.phase is run.phase:
        return attempt.ended_at
    return run.since


def _why_not_started(state: RunState, run: JobRunState) -> str:
    if state.phase is RunPhase.FAILED and run.phase is Phase.WAITING:
        return f"not started: {stopped_by(state)}"
    return ""


def _runbook(link: RunbookLink | None) -> api.RunbookDocument | None:
    if link is None or link.page is None:
        return None
    return api.RunbookDocument(id=link.page, section=link.section, score=link.score, why=link.why)


def hold_documents(found: Sequence[Hold]) -> tuple[api.HoldDocument, ...]:
    """Holds as they are printed and streamed."""
    return tuple(
        api.HoldDocument(kind=hold.kind.value, what=hold.what, text=hold.text, since=api.rfc3339(hold.since))
        for hold in found
    )


def summary(state: RunState, found: Sequence[Hold]) -> api.RunSummary:
    """One line of the list of runs; ``found`` are its holds."""
    reach = blast(state)
    failed = next((run for _, run in runs_in(state, *FAILURES)), None)
    link = failed.runbook if failed else None
    return api.RunSummary(
        id=state.name,
        uid=state.uid,
        pipeline=state.plan.pipeline,
        phase=phase_now(state, found).value,
        result=state.result.value if state.result else None,
        environment=state.plan.environment,
        by=state.by,
        created_at=api.rfc3339(state.created_at),
        started_at=api.rfc3339(state.started_at),
        ended_at=api.rfc3339(state.ended_at),
        counts={phase.value: count for phase, count in reach.phases.items()},
        hosts=reach.hosts,
        hosts_done=reach.done,
        what=_what(state, found),
        first_line=link.first_line if link else "",
        runbook=link.page if link else None,
    )


def _rollback(state: RunState) -> str:
    if state.phase is RunPhase.ROLLED_BACK:
        return f"rolled back by {state.rolled_back_by}"
    if state.phase is RunPhase.ROLLBACK_INCOMPLETE:
        rest = left(state) or tuple(run.id for _, run in runs_in(state, Phase.UNKNOWN))
        more = f", and {len(rest) - 1} more" if len(rest) > 1 else ""
        first = next(run for _, run in runs_in(state, *Phase) if run.id == rest[0])
        why = f": {first.reason}" if first.phase is Phase.ROLLBACK_FAILED else ""
        return f"not rolled back: {short_name(state, rest[0])}{why}{more}"
    done = counts_of(state).get(Phase.ROLLED_BACK, 0)
    return f"rolling back, {done} of {done + len(left(state))}"


def _what(state: RunState, found: Sequence[Hold]) -> str:
    """What matters most now: failed, unknown, waits for a person, progress."""
    if state.phase is RunPhase.CANCELLED:
        return f"cancelled by {state.cancelled_by}"
    if state.phase in (RunPhase.ROLLING_BACK, RunPhase.ROLLED_BACK, RunPhase.ROLLBACK_INCOMPLETE):
        return _rollback(state)
    failed = [run for _, run in runs_in(state, Phase.FAILED, Phase.TIMED_OUT)]
    if failed:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        reason = f": {failed[0].reason}" if failed[0].reason else ""
        return f"{short_name(state, failed[0].id)} {in_words(failed[0].phase)}{reason}{more}"
    unknown = [run for _, run in runs_in(state, Phase.UNKNOWN)]
    if unknown:
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        reason = f": {unknown[0].reason}" if unknown[0].reason else ""
        return f"{short_name(state, unknown[0].id)} is unknown{reason}{more}"
    if state.phase is RunPhase.QUEUED:
        return next((hold.text for hold in found if hold.kind is HoldKind.CONCURRENCY), "")
    for hold in found:
        if hold.kind in PERSON:
            return f"{short_name(state, hold.what)}: {hold.text}"
    if state.phase is RunPhase.SUCCEEDED:
        skipped = sum(1 for _ in runs_in(state, Phase.SKIPPED))
        return "passed" + (f", {skipped} skipped" if skipped else "")
    if state.phase is RunPhase.CANCELLING:
        return f"{state.cancelled_by} is cancelling it"
    for stage in state.stages:
        if stage.phase in (StagePhase.RUNNING, StagePhase.HELD):
            total = sum(len(job.runs) for job in stage.jobs)
            done = sum(job.counts.get(Phase.SUCCEEDED, 0) + job.counts.get(Phase.SKIPPED, 0) for job in stage.jobs)
            return f"{stage.name} {done} of {total}"
    return ""
