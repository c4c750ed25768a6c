"""What the rows of a timeline stand for: those of the jobs tree, and the tasks of the job run that is selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from runners.model.phases import ENDED, StagePhase, TaskPhase
from runners.model.state import JobRunState, StageState, TaskState
from tui.view.cells import cells
from tui.view.durations import count
from tui.view.facts import PASSED, Place, is_bad, task_name
from tui.view.glyphs import JOB_PHASES, TASK_PHASES, Glyphs, PhaseMark
from tui.view.job_rows import JobRows, has_begun
from tui.view.job_tree import JobTree, TreeLine, tree_lines
from tui.view.job_words import NOTHING, mark_of
from tui.view.rows import Span, blank, fit
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

_NAMED = 3
"""Hosts of a folded row that are named one by one."""


class Line(NamedTuple):
    """One row of a timeline; blank when it is neither of the tree nor a task."""

    tree: TreeLine | None = None
    """What it stands for; None: it cannot be selected."""
    task: SafeText = NOTHING
    """Name of the task; empty: it is none."""
    indent: int = 0
    phase: TaskPhase = TaskPhase.NOT_RUN
    """Of the task, in the newest attempt that has it."""
    done: tuple[TaskState, ...] = ()
    """Of a task: each time that it was dispatched, oldest first."""

    @property
    def kind(self) -> str:
        """stage, job, run, fold, task, or gap for a blank row."""
        if self.tree is None:
            return "task" if self.task else "gap"
        if self.tree.kind:
            return "fold"
        return "run" if self.tree.runs else "job" if "/" in self.tree.id else "stage"

    @property
    def stage(self) -> StageState | None:
        """The stage of a stage's row."""
        return self.tree.stage if self.tree is not None and self.kind == "stage" else None

    def members(self) -> Iterator[Place]:
        """The job runs of a job's, a job run's or a folded row."""
        if self.tree is None:
            return
        for planned, job in self.tree.jobs:
            for run in self.tree.runs or job.runs:
                yield Place(self.tree.stage.name, planned, run)

    def first(self) -> Place | None:
        """The first of them."""
        return next(self.members(), None)


GAP = Line()


def timeline_lines(scene: RunScene, room: int) -> tuple[Line, ...]:
    """All rows. Passed hosts of a job are one row only where ``room`` rows are not enough for every job run."""
    plan = scene.state.plan
    whole = plan.job_run_count() + sum(2 + len(stage.jobs) for stage in plan.stages)
    if whole <= room:
        each = {f"{job.id}@{kind}" for job in plan.jobs() for kind in ("passed", "rolled-back")}
        scene = replace(scene, opened=scene.opened | each)
    lines: list[Line] = []
    for kind, found in groupby(tree_lines(scene), key=_group):
        if kind is None:
            lines += [GAP for _ in found]
        else:
            lines += _with_tasks(
                scene, sorted((one for one in found if one is not None), key=lambda one: _order(scene, one))
            )
    return tuple(lines)


def _group(line: TreeLine | None) -> tuple[str, bool] | None:
    """Job runs of one job stand together."""
    return None if line is None else (line.id.partition("@")[0], bool(line.runs) and not line.kind)


def _order(scene: RunScene, line: TreeLine) -> tuple[bool, float, int]:
    """What failed first, then as they began."""
    if not line.runs or line.kind:
        return False, 0.0, 0
    run = line.runs[0]
    return not is_bad(scene.state, run), _began(run), run.number


def _began(run: JobRunState) -> float:
    return next((one.started_at for one in run.attempts if one.started_at is not None), float("inf"))


def tree_of(lines: Sequence[Line]) -> JobTree:
    """The same rows as what a selection is made in."""
    return JobTree([line.tree for line in lines])


def _with_tasks(scene: RunScene, found: Sequence[TreeLine]) -> Iterator[Line]:
    for one in found:
        yield Line(one, indent=one.indent)
        if one.id == scene.selected and one.runs and not one.kind:
            planned, _ = one.jobs[0]
            yield from _tasks(Place(one.stage.name, planned, one.runs[0]), one.indent + 2)


def _tasks(member: Place, indent: int) -> Iterator[Line]:
    for rollback in (False, True):
        attempts = [one for one in member.run.attempts if one.rollback is rollback]
        for at, spec in enumerate(member.job.steps(rollback=rollback) if attempts else ()):
            had = [(one.number, one.tasks[at]) for one in attempts if at < len(one.tasks)]
            done = tuple(task for number, task in had if task.key is not None and task.attempt == number)
            phase = had[-1][1].phase if had else TaskPhase.NOT_RUN
            if phase is TaskPhase.KEPT and done:
                phase = done[-1].phase
            yield Line(task=safe(task_name(spec)), indent=indent, phase=phase, done=done)


def task_mark(phase: TaskPhase) -> PhaseMark:
    """How the phase of a task looks."""
    return TASK_PHASES.get(phase.value, JOB_PHASES["waiting"])


@dataclass(frozen=True, slots=True)
class _Name:
    text: SafeText
    mark: PhaseMark
    token: str = "text"
    bold: bool = False
    more: SafeText = NOTHING
    """Behind the name: the attempt, how many hosts."""


def name_spans(scene: RunScene, line: Line, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    """Sign, name and what is behind it, in at most ``width`` cells; nothing for a blank row."""
    if line.kind == "gap":
        return ()
    one = _name(scene, line, glyphs)
    indent = 2 if line.kind == "job" else line.indent
    sign = Span(glyphs.of(one.mark.glyph), one.mark.token, bold=one.mark.bold)
    room = max(1, width - indent - 2 - (cells(one.more) + 1 if one.more else 0))
    name = fit((Span(one.text, one.token, one.bold, cut="middle"),), room, glyphs.cut)
    more = (blank(1), Span(one.more, "muted")) if one.more else ()
    return fit((blank(indent), sign, blank(1), *name, *more), width, glyphs.cut)


def _name(scene: RunScene, line: Line, glyphs: Glyphs) -> _Name:
    tree = line.tree
    if tree is None:
        mark = task_mark(line.phase)
        loud = mark.severity >= 4
        return _Name(line.task, mark, mark.token if loud else "text" if mark.severity == 2 else "muted", loud)
    if line.kind in ("stage", "job"):
        mark = JobRows(scene, 0, glyphs, False, 0).worst_mark(tree.stage, tree.jobs, whole=line.kind == "stage")
        if line.kind == "stage":
            waits = tree.stage.phase is StagePhase.WAITING
            return _Name(safe(tree.stage.name), mark, "muted" if waits else "text", not waits)
        planned, job = tree.jobs[0]
        goes_on = has_begun(job) and not job.counts.keys() <= ENDED
        return _Name(safe(planned.name), mark, "text" if goes_on else "muted", more=count(len(job.runs), "host"))
    planned, _ = tree.jobs[0]
    mark = mark_of(scene, Place(tree.stage.name, planned, tree.runs[0]))
    if tree.kind:
        few = len(tree.names) <= _NAMED
        text = own(" ".join(tree.names) if few else f"{tree.names[0]} {glyphs.cut} {tree.names[-1]}")
        return _Name(text, mark, "muted", more=NOTHING if few else count(len(tree.names), "host"))
    run = tree.runs[0]
    loud = is_bad(scene.state, run)
    quiet = run.phase in PASSED or not run.attempts or run.phase in ENDED
    again = own(f"#{run.attempt}" if run.attempt > 1 else "")
    return _Name(tree.names[0], mark, mark.token if loud else "muted" if quiet else "text", loud, again)
