"""What the rows of a timeline stand for: stages, jobs, hosts, and the tasks of the one that is selected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runners.model.phases import ENDED, Phase, StagePhase, TaskPhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, StageState, TaskState
from tui.view.cells import cells
from tui.view.durations import count
from tui.view.facts import (
    FOLDED,
    PASSED,
    Place,
    folds,
    hold_for,
    hold_words,
    is_bad,
    task_name,
    untidy,
)
from tui.view.glyphs import JOB_PHASES, STAGE_PHASES, TASK_PHASES, Glyphs, PhaseMark
from tui.view.job_tree import FOLD_FROM, Item, JobTree, without_common_suffix
from tui.view.job_words import NOTHING, mark_of, wants_person
from tui.view.rows import BLANK, Row, Span, blank, fit
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

STILL = ("waiting", "queued", "skipped", "cancelled", "to-roll-back")
"""Kinds of hosts that have nothing to show over time: always one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a timeline."""

    kind: str
    """stage, job, run, fold, task, or gap for a blank row."""
    item: Item | None = None
    """None: it cannot be selected."""
    indent: int = 0
    name: SafeText = NOTHING
    more: SafeText = NOTHING
    """Behind the name: the attempt, how many hosts."""
    mark: PhaseMark | None = None
    token: str = "text"
    bold: bool = False
    members: tuple[Place, ...] = ()
    stage: StageState | None = None
    tasks: tuple[tuple[int, TaskState], ...] = ()
    """Of a task's row: each time that it was dispatched, with the number of the attempt."""


GAP = Line(kind="gap")


def timeline_lines(scene: RunScene, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """All rows. Passed hosts of a job are one row only where ``room`` rows are not enough for every job run."""
    whole = sum(2 + len(stage.jobs) + sum(len(job.runs) for job in stage.jobs) for stage in scene.state.stages)
    tree = _Tree(scene, glyphs, fold_all=whole > room)
    lines: list[Line] = []
    for planned, stage in zip(scene.state.plan.stages, scene.state.stages, strict=True):
        if lines:
            lines.append(GAP)
        lines += tree.stage(stage, planned.jobs)
    return tuple(lines)


def tree_of(lines: Sequence[Line], rows: Sequence[Row] = ()) -> JobTree:
    """The same rows as what a selection is made in."""
    return JobTree(rows=tuple(rows) or (BLANK,) * len(lines), items=tuple(line.item for line in lines))


def tree_rows(lines: Sequence[Line], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Sign and name of each row."""
    return tuple(BLANK if line.kind == "gap" else Row(left=name_spans(line, width, glyphs)) for line in lines)


def name_spans(line: Line, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    """Sign, name and what is behind it, in at most ``width`` cells."""
    if line.mark is None:
        return ()
    room = max(1, width - line.indent - 2 - (cells(line.more) + 1 if line.more else 0))
    name = fit((Span(line.name, line.token, line.bold, cut="middle"),), room, glyphs.cut)
    more = (blank(1), Span(line.more, "muted")) if line.more else ()
    return fit((blank(line.indent), Span(glyphs.of(line.mark.glyph), line.mark.token, bold=line.mark.bold), blank(1),
                *name, *more), width, glyphs.cut)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tree:
    scene: RunScene
    glyphs: Glyphs
    fold_all: bool

    def stage(self, stage: StageState, planned: Sequence[PlannedJob]) -> Iterator[Line]:
        members = tuple(
            Place(stage.name, job_plan, run)
            for job_plan, job in zip(planned, stage.jobs, strict=True)
            for run in job.runs
        )
        mark = self._worst(members)
        if stage.phase in (StagePhase.PASSED, StagePhase.SKIPPED) and mark.severity < 3 and mark.token != "back":
            mark = STAGE_PHASES[stage.phase.value]
        waits = stage.phase is StagePhase.WAITING
        yield Line(
            kind="stage",
            item=Item(stage.name, tuple(one.run.id for one in members)),
            name=safe(stage.name),
            mark=mark,
            token="muted" if waits else "text",
            bold=not waits,
            members=members,
            stage=stage,
        )
        if stage.name in self.scene.folded:
            return
        several = len(stage.jobs) > 1
        for job_plan, job in zip(planned, stage.jobs, strict=True):
            if several:
                yield from self._job(stage, job_plan, job)
            else:
                yield from self._hosts(stage, job_plan, job, 2)

    def _worst(self, members: Sequence[Place]) -> PhaseMark:
        marks = [mark_of(self.scene, member) for member in members]
        back = next((mark for mark in marks if mark.token == "back"), None)
        top = max(marks, key=lambda mark: mark.severity)
        return back if back is not None and top.severity < back.severity + 1 else top

    def _job(self, stage: StageState, planned: PlannedJob, job: JobState) -> Iterator[Line]:
        members = tuple(Place(stage.name, planned, run) for run in job.runs)
        if len(members) == 1:
            yield from self._run(members[0], 2, safe(job.name))
            return
        begun = any(run.attempts for run in job.runs)
        yield Line(
            kind="job",
            item=Item(planned.id, tuple(run.id for run in job.runs)),
            indent=2,
            name=safe(job.name),
            more=count(len(members), "host"),
            mark=self._worst(members),
            token="text" if begun else "muted",
            members=members,
        )
        if begun:
            yield from self._hosts(stage, planned, job, 4)

    def _hosts(self, stage: StageState, planned: PlannedJob, job: JobState, indent: int) -> Iterator[Line]:
        groups = {
            kind: [run for run in job.runs if self._may_fold(stage, planned, run, kind)]
            for kind in FOLDED
            if (self.fold_all or kind in STILL) and f"{planned.id}@{kind}" not in self.scene.opened
        }
        groups = {kind: self._alike(stage, planned, runs) for kind, runs in groups.items()}
        groups = {kind: runs for kind, runs in groups.items() if len(runs) >= FOLD_FROM}
        folded = {run.id for runs in groups.values() for run in runs}
        names = dict(zip([run.id for run in job.runs], without_common_suffix([safe(run.host) for run in job.runs]),
                         strict=True))  # fmt: skip
        single = [Place(stage.name, planned, run) for run in job.runs if run.id not in folded]
        single.sort(key=lambda one: (not is_bad(self.scene.state, one.run), one.run.phase is not Phase.UNKNOWN,
                                     _began(one.run), one.run.number))  # fmt: skip
        for member in single:
            yield from self._run(member, indent, names[member.run.id])
        for kind, runs in groups.items():
            members = tuple(Place(stage.name, planned, run) for run in runs)
            hosts = [names[run.id] for run in runs]
            short = " ".join(hosts) if len(hosts) <= 3 else f"{hosts[0]} {self.glyphs.cut} {hosts[-1]}"
            yield Line(
                kind="fold",
                item=Item(f"{planned.id}@{kind}", tuple(run.id for run in runs)),
                indent=indent,
                name=own(short),
                more=own("") if len(hosts) <= 3 else count(len(hosts), "host"),
                mark=mark_of(self.scene, members[0]),
                token="muted",
                members=members,
            )

    def _may_fold(self, stage: StageState, planned: PlannedJob, run: JobRunState, kind: str) -> bool:
        if not folds(self.scene.state, run, kind) or (kind in STILL and run.attempts and run.phase not in ENDED):
            return False
        member = Place(stage.name, planned, run)
        return not untidy(member) and not wants_person(hold_for(self.scene, member))

    def _alike(self, stage: StageState, planned: PlannedJob, runs: list[JobRunState]) -> list[JobRunState]:
        """Those that wait for the same as the first."""
        words = [hold_words(hold_for(self.scene, Place(stage.name, planned, run)), self.scene.state) for run in runs]
        return [run for run, word in zip(runs, words, strict=True) if run.phase in ENDED or word == words[0]]

    def _run(self, member: Place, indent: int, name: SafeText) -> Iterator[Line]:
        run = member.run
        mark = mark_of(self.scene, member)
        loud = is_bad(self.scene.state, run)
        quiet = run.phase in PASSED or not run.attempts or (run.phase in ENDED and not loud)
        token = mark.token if loud else "muted" if quiet else "text"
        yield Line(
            kind="run",
            item=Item(run.id, (run.id,)),
            indent=indent,
            name=name,
            more=own(f"#{run.attempt}" if run.attempt > 1 else ""),
            mark=mark,
            token=token,
            bold=loud,
            members=(member,),
        )
        if run.id == self.scene.selected and run.attempts:
            yield from _tasks(member, indent + 2)


def _tasks(member: Place, indent: int) -> Iterator[Line]:
    for rollback in (False, True):
        attempts = [one for one in member.run.attempts if one.rollback is rollback]
        if not attempts:
            continue
        for at, spec in enumerate(member.job.steps(rollback=rollback)):
            done = tuple(
                (one.number, one.tasks[at])
                for one in attempts
                if at < len(one.tasks) and one.tasks[at].key is not None and one.tasks[at].attempt == one.number
            )
            last = attempts[-1].tasks[at] if at < len(attempts[-1].tasks) else None
            phase = last.phase if last is not None else TaskPhase.NOT_RUN
            if last is not None and phase is TaskPhase.KEPT and done:
                phase = done[-1][1].phase
            mark = task_mark(phase)
            loud = mark.severity >= 4
            yield Line(
                kind="task",
                indent=indent,
                name=safe(task_name(spec)),
                mark=mark,
                token=mark.token if loud else "muted" if mark.severity != 2 else "text",
                bold=loud,
                members=(member,),
                tasks=done,
            )


def task_mark(phase: TaskPhase) -> PhaseMark:
    """How the phase of a task looks."""
    return TASK_PHASES.get(phase.value, JOB_PHASES["waiting"])


def _began(run: JobRunState) -> float:
    started = [one.started_at for one in run.attempts if one.started_at is not None]
    return started[0] if started else float("inf")
