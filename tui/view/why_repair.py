"""What the why pane says of repair: a rollback of a job run, an untidy ``finally:``, and what people wrote down."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.tasks import waits_for_host
from runners.model.phases import Phase
from tui.keys.actions import key_of
from tui.view.durations import ago, clock, count_of, duration
from tui.view.facts import Place, failed_task, how_it_ended, is_due, reached, running_task, steps_of, untidy
from tui.view.holds import hold_for
from tui.view.rows import Span
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.view.why_words import Fact, text

MOST_NOTES = 3


def repair_facts(scene: RunScene, member: Place) -> Iterator[Fact]:
    """A job run that is rolled back, was, or could not be."""
    run, now_utc = member.run, scene.here.now_utc
    task = failed_task(member) or running_task(member)
    where = f" in {safe(task[1])}" if task else ""
    match run.phase:
        case Phase.ROLLING_BACK if waits_for_host(run):
            hold = hold_for(scene, member)
            yield "state", (Span(own("rolling back"), "back", bold=True),)
            yield "waits", text(safe(hold.text or hold.kind) if hold is not None else own("to be started"))
        case Phase.ROLLING_BACK:
            at = f", task {count_of(task[0], len(steps_of(member)))}" if task else ""
            yield "state", (Span(own("rolling back"), "back", bold=True), Span(own(f"{where}{at}")))
            if run.current is not None and run.current.started_at is not None:
                yield "since", text(own(duration(now_utc - run.current.started_at)))
        case Phase.ROLLED_BACK:
            at = (
                f" {clock(run.since, scene.here.zone, now_utc=now_utc)}, {ago(now_utc - run.since)}"
                if run.since
                else ""
            )
            yield "state", text(own(f"rolled back{at}"))
        case _:
            ended = f": {how_it_ended(run)}{where}" if reached(run) else ""
            yield "failed", (Span(own("rollback failed"), "fail", bold=True), Span(own(ended)))
            if run.reason and not (run.exit_code is not None and reached(run)):
                yield "because", text(safe(run.reason))
            again = f"{key_of('roll-back')} tries it again"
            yield "so", text(own(f"what it did on {safe(run.host)} is not taken back, or in part; {again}"))


def due_facts(scene: RunScene, member: Place) -> Iterator[Fact]:
    """A job run whose turn to be rolled back is still to come."""
    if is_due(scene.state, member.run):
        hold = hold_for(scene, member)
        yield "rollback", text(safe(hold.text) if hold is not None else own("when its turn comes: newest first"))
        yield "then", text(own(", ".join(safe(step.name) for step in member.job.rollback)))


def untidy_facts(member: Place) -> Iterator[Fact]:
    """``finally:`` tasks that did not pass: a warning, never a failure."""
    for name, task in untidy(member):
        why = f": {safe(task.reason)}" if task.reason else ""
        yield "warning", (Span(own(f"finally {safe(name)} {task.phase.value.replace('_', ' ')}{why}"), "warn"),)


def notes_of(scene: RunScene) -> Iterator[Fact]:
    """What people wrote down beside the run, newest first."""
    for number, note in enumerate(reversed(scene.state.notes[-MOST_NOTES:])):
        said = own(f"{safe(note.by)} {ago(scene.here.now_utc - note.at)}: {safe(note.text)}")
        yield "" if number else "noted", text(said)
