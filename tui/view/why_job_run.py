"""What is known of one job run, by phase, as label and value: the rows of the why pane."""

from __future__ import annotations

from collections.abc import Iterator

from runners.model.holds import HoldKind
from runners.model.phases import Phase
from tui.view.durations import ago, clock, count_of, duration
from tui.view.facts import Place, running_task, stage_before, steps_of, task_name
from tui.view.holds import NEEDS_PERSON, hold_for
from tui.view.rows import Span
from tui.view.safe_text import own, safe
from tui.view.why_failed import failed_facts, first_error
from tui.view.why_next import acted_facts, next_facts, next_of_waiting
from tui.view.why_outputs import output_facts
from tui.view.why_repair import due_facts, notes_of, repair_facts, untidy_facts
from tui.view.why_running import after_facts, backing_off_facts, cancelling_facts, done_facts, running_facts
from tui.view.why_usage import used_facts
from tui.view.why_words import Fact, Pane, names_in, text


def job_run_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """All that is known, by phase."""
    match member.run.phase:
        case Phase.FAILED | Phase.TIMED_OUT:
            yield from failed_facts(pane, member)
        case Phase.UNKNOWN:
            yield from _unknown(pane, member)
        case Phase.RUNNING:
            yield from running_facts(pane, member)
        case Phase.CANCELLING:
            yield from cancelling_facts(pane, member)
        case Phase.BACKING_OFF:
            yield from backing_off_facts(pane, member)
        case Phase.WAITING | Phase.QUEUED:
            yield from _waiting(pane, member)
        case Phase.SUCCEEDED:
            yield from _passed(pane, member)
        case Phase.CANCELLED | Phase.SKIPPED:
            yield from _ended(pane, member)
        case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.ROLLBACK_FAILED:
            yield from repair_facts(pane.scene, member)
            if member.run.phase is Phase.ROLLBACK_FAILED:
                yield from first_error(pane, member)
            yield from done_facts(pane, member, upto=len(steps_of(member)))
            yield from used_facts(member)
            yield from acted_facts(pane, member)
            yield from next_facts(pane, member)
    yield from output_facts(member, pane.room, pane.glyphs)
    yield from untidy_facts(member)
    yield from due_facts(pane.scene, member)
    yield from notes_of(pane.scene)


def _unknown(pane: Pane, member: Place) -> Iterator[Fact]:
    run = member.run
    yield "state", (Span(own("unknown"), "unk", bold=True), Span(own(", not failed")))
    task = running_task(member)
    if task:
        yield "in", text(own(f"{safe(task[1])}, attempt {run.attempt}"))
    if run.since is not None:
        at = clock(run.since, pane.scene.here.zone, now_utc=pane.now_utc)
        yield "lost", text(own(f"{at}, {ago(pane.now_utc - run.since)}"))
    if run.reason:
        yield "because", text(safe(run.reason))
    status = pane.scene.hosts.get(run.host)
    if status is not None and status.last_heard_s is not None:
        yield "last heard", text(ago(status.last_heard_s))
    if run.cancel_asked:
        by = f"{safe(run.acted_by)} asked to stop it; " if run.acted_by else ""
        yield "cancel", text(own(f"{by}it is stopped when {safe(run.host)} answers"))
    if run.answered:
        host = safe(run.host)
        yield "next", text(own(f"{host} does not know either: look there, then r retry or S skip it as dead"))
    else:
        yield "next", text(own(f"asked again when {safe(run.host)} answers; its disk knows"))
    yield "meanwhile", text(own("what depends on it waits"))


def _waiting(pane: Pane, member: Place) -> Iterator[Fact]:
    run = member.run
    hold = hold_for(pane.scene, member)
    before = stage_before(pane.scene.state, member.stage)
    person = hold is not None and hold.kind in NEEDS_PERSON and hold.kind != HoldKind.PAUSED
    if hold is not None:
        yield "waits", (Span(safe(hold.text or hold.kind), "warn" if person else "text"),)
    elif pane.scene.state.ended_at is not None:
        yield "state", text(own("not started, the run has ended"))
    elif before:
        yield "waits", text(own(f"stage {safe(before)} comes first"))
    else:
        yield "waits", text(own("to be started"))
    if member.job.needs:
        yield "needs", text(names_in(pane.room, member.job.needs))
    if run.since is not None and run.phase is Phase.QUEUED:
        yield "queued", text(ago(pane.now_utc - run.since))
    if run.retry_asked:
        yield "attempt", text(own(f"{run.next_attempt}"))
    yield from acted_facts(pane, member)
    yield "then", text(names_in(pane.room, [task_name(spec) for spec in steps_of(member)]))
    yield from next_of_waiting(pane, member)


def _passed(pane: Pane, member: Place) -> Iterator[Fact]:
    run = member.run
    attempt = run.current
    took = ""
    if attempt is not None and attempt.started_at is not None and attempt.ended_at is not None:
        took = f" in {duration(attempt.ended_at - attempt.started_at)}"
    yield "state", text(own(f"passed{took}"))
    if run.since is not None:
        at = clock(run.since, pane.scene.here.zone, now_utc=pane.now_utc)
        yield "at", text(own(f"{at}, {ago(pane.now_utc - run.since)}"))
    if run.attempt > 1:
        yield "attempt", text(own(str(run.attempt)))
    yield from done_facts(pane, member, upto=len(steps_of(member)))
    yield from used_facts(member)
    yield from acted_facts(pane, member)
    yield from after_facts(pane, member)


def _ended(pane: Pane, member: Place) -> Iterator[Fact]:
    run = member.run
    by = f" by {safe(run.acted_by)}" if run.acted_by else ""
    age = f", {ago(pane.now_utc - run.since)}" if run.since is not None else ""
    yield "state", text(own(f"{run.phase.value}{by}{age}"))
    if run.reason and run.reason != "cancelled":
        yield "because", text(safe(run.reason))
    task = running_task(member)
    if task and run.phase is Phase.CANCELLED:
        number, name = task
        yield "in", text(own(f"{safe(name)}, task {count_of(number, len(steps_of(member)))}"))
    if run.attempts:
        yield from used_facts(member)
    else:
        yield "ran", text(own("nothing was started"))
    if run.phase is Phase.SKIPPED:
        yield "counts as", text(own("satisfied; what needs it may start"))
    yield from next_facts(pane, member)
