"""Sign and words of one job run in the tree: what it is at, how it ended, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass

from runners.core.tasks import waits_for_host
from runners.model.api import HoldDocument
from runners.model.holds import HoldKind
from runners.model.phases import Phase
from runners.model.plan import PlannedJob
from tui.view.cells import LEAST_CELLS, cells
from tui.view.durations import duration
from tui.view.facts import WAITING, Place, failed_task, how_it_ended, is_due, reached, running_task, steps_of, untidy
from tui.view.glyphs import JOB_PHASES, RUN_PHASES, STAGE_PHASES, PhaseMark
from tui.view.holds import NEEDS_PERSON, hold_for, hold_words
from tui.view.rows import SHORT_CELLS, Span
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

NOTHING = own("")


@dataclass(frozen=True, slots=True)
class Word:
    """What stands beside a name. ``must`` is never cut, ``more`` is when it has to be."""

    must: SafeText
    token: str
    more: SafeText = NOTHING
    whole: bool = False
    """``more`` stands there whole or not at all."""
    less: SafeText = NOTHING
    """In place of ``more`` where that would be cut; empty: nothing shorter says it."""

    def spans(self, room: int = 1000) -> tuple[Span, ...]:
        more = self.more
        if self.less and cells(self.must) + cells(more) > room:
            more = self.less
        if self.must and cells(self.must) + (cells(more) if self.whole else min(cells(more), LEAST_CELLS)) > room:
            more = NOTHING
        both = (Span(self.must, self.token), Span(more, self.token, cut="right"))
        return tuple(span for span in both if span.text)


def wants_person(hold: HoldDocument | None) -> bool:
    """Whether only a person can end this wait."""
    return hold is not None and hold.kind in NEEDS_PERSON and hold.kind != HoldKind.PAUSED


def mark_of(scene: RunScene, member: Place) -> PhaseMark:
    """The sign of a job run: that of its phase, unless a person, a pause or its rollback is what it waits for."""
    run = member.run
    if is_due(scene.state, run):
        return JOB_PHASES["waiting"]
    if run.phase in WAITING and wants_person(hold_for(scene, member)):
        return STAGE_PHASES["held"]
    if run.phase is Phase.RUNNING and _stands(scene, member) is not None:
        return RUN_PHASES["paused"]
    return JOB_PHASES[run.phase.value]


def needs_words(scene: RunScene, planned: PlannedJob, hold: HoldDocument | None) -> SafeText:
    """What a waiting job needs: its hold; in a stage that has not begun, what the plan says."""
    if hold is not None and hold.kind != HoldKind.STAGE:
        return hold_words(hold, scene.state)
    return safe(f"needs {', '.join(planned.needs)}") if planned.needs else own("")


def word_of(scene: RunScene, member: Place, width: int, *, narrow: bool) -> Word:
    """What stands beside the name: the task, how it ended, or what it waits for."""
    run = member.run
    mark = mark_of(scene, member)
    hold = hold_for(scene, member)
    again = f" #{run.attempt}" if run.attempt > 1 else ""
    if is_due(scene.state, run):
        return Word(own("to roll back"), "muted")
    match run.phase:
        case Phase.RUNNING if (paused := _stands(scene, member)) is not None:
            before = paused.text.removeprefix("paused") if paused.kind == HoldKind.PAUSED else ""
            return Word(hold_words(paused, scene.state), "muted", safe(before))
        case Phase.RUNNING if hold is not None and hold.what == run.id:
            return Word(NOTHING, "run", hold_words(hold, scene.state))
        case Phase.RUNNING:
            task = running_task(member)
            if task is None:
                return Word(own("starting"), "run")
            less = safe(steps_of(member)[task[0] - 1].name + again)
            return Word(NOTHING, "run", safe(task[1] + again), less=less)
        case Phase.CANCELLING:
            step = run.cancel_step.upper() if run.cancel_step in ("term", "kill") else run.cancel_step
            return Word(own("cancelling"), "muted", safe(f": {step}") if step else NOTHING, whole=True)
        case Phase.FAILED | Phase.TIMED_OUT:
            where, less = _where(member, narrow=narrow), _where_in_short(member)
            return Word(how_it_ended(run), "fail", where, whole=cells(where) <= SHORT_CELLS, less=less)
        case Phase.ROLLBACK_FAILED:
            return Word(mark.word, "fail", _where(member, narrow=narrow))
        case Phase.ROLLING_BACK if waits_for_host(run):
            waits = own(f" {hold_words(hold, scene.state)}" if hold is not None else "")
            return Word(mark.word, "back", waits, whole=True)
        case Phase.ROLLING_BACK:
            task = running_task(member)
            return Word(mark.word, "back", safe(f" {task[1]}") if task else NOTHING, whole=True)
        case Phase.BACKING_OFF if run.not_before is not None:
            left = duration(run.not_before - scene.here.now_utc)
            return Word(own(f"retry in {left}"), "muted")
        case Phase.WAITING | Phase.QUEUED | Phase.BACKING_OFF:
            if hold is not None and hold.kind == HoldKind.STAGE and not run.attempts:
                return Word(needs_words(scene, member.job, hold), "muted")
            token = "warn" if wants_person(hold) else "muted"
            words = hold_words(hold, scene.state)
            room = width - 2 - 2 - 2 - LEAST_CELLS
            return Word(words if words and cells(words) <= room else JOB_PHASES[run.phase.value].word, token)
        case Phase.UNKNOWN:
            return Word(mark.word, "unk")
        case _:
            bad = untidy(member)
            also = f", finally {bad[0][0]} {JOB_PHASES[bad[0][1].phase.value].word}" if bad else ""
            return Word(mark.word, mark.word_token, safe(also))


def _where(member: Place, *, narrow: bool) -> SafeText:
    """`` restart``: the task it ended in; nothing where none was reached."""
    task = (failed_task(member) or running_task(member) or (0, ""))[:2] if reached(member.run) else (0, "")
    return safe((f" in {task[1]}" if narrow else f" {task[1]}") if task[1] else "")


def _where_in_short(member: Place) -> SafeText:
    """`` smoke`` for `` verify smoke``."""
    task = failed_task(member) or running_task(member) if reached(member.run) else None
    return safe(f" {steps_of(member)[task[0] - 1].name}") if task else NOTHING


def _stands(scene: RunScene, member: Place) -> HoldDocument | None:
    """The pause that keeps a live attempt between two tasks."""
    hold = hold_for(scene, member)
    return hold if hold is not None and hold.what == member.run.id and hold.kind == HoldKind.PAUSED else None
