"""The tree of stages, jobs and hosts: what failed first, what passed folded, why each waiting thing waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runners.model.api import HoldDocument
from runners.model.phases import ENDED, Phase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, StageState
from tui.view.cells import cells
from tui.view.durations import duration
from tui.view.facts import WAITING, Place, elapsed_s, how_it_ended, running_task
from tui.view.glyphs import JOB_PHASES, STAGE_PHASES, Glyphs, PhaseMark
from tui.view.rows import BLANK, Column, Row, Span, place
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

WORD_COLUMN = 11
"""Cells from the row's text edge to the state word of a job run (LOOK "Jobs tree": column 13 of the panel)."""
FOLD_FROM = 2
"""That many passed or waiting hosts of a job are one row."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one row stands for."""

    id: str
    """``stage``, ``stage/job``, ``stage/job@host``; a folded row has ``stage/job@`` and the kind."""
    members: tuple[str, ...]
    """Job runs that it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTree:
    """Rows with what each stands for; None for a blank row."""

    rows: tuple[Row, ...]
    items: tuple[Item | None, ...]

    def index_of(self, item_id: str) -> int | None:
        """The row of an item, or of the folded row it is in."""
        for index, item in enumerate(self.items):
            if item is not None and item.id == item_id:
                return index
        for index, item in enumerate(self.items):
            if item is not None and item_id in item.members and "@" in item.id:
                return index
        return None

    def selectable(self) -> tuple[int, ...]:
        """Rows that can be selected."""
        return tuple(index for index, item in enumerate(self.items) if item is not None)


def job_tree(scene: RunScene, width: int, glyphs: Glyphs, *, narrow: bool = False) -> JobTree:
    """The whole tree for a pane whose text is ``width`` cells wide."""
    holds = {hold.what: hold for hold in scene.holds}
    pen = _Pen(scene, holds, width, glyphs, narrow)
    rows: list[Row] = []
    items: list[Item | None] = []
    for planned_stage, stage in zip(scene.state.plan.stages, scene.state.stages, strict=True):
        if rows and not narrow:
            rows.append(BLANK)
            items.append(None)
        for row, item in pen.stage(stage, planned_stage.jobs):
            rows.append(row)
            items.append(item)
    return JobTree(rows=tuple(rows), items=tuple(items))


Line = tuple[Row, Item]


@dataclass(frozen=True, slots=True)
class _Pen:
    scene: RunScene
    holds: Mapping[str, HoldDocument]
    width: int
    glyphs: Glyphs
    narrow: bool

    def stage(self, stage: StageState, planned: Sequence[PlannedJob]) -> Iterator[Line]:
        members = [
            Place(stage.name, job_plan, run)
            for job_plan, job in zip(planned, stage.jobs, strict=True)
            for run in job.runs
        ]
        yield self._stage_row(stage, members)
        if self._is_folded(stage, members):
            return
        for job_plan, job in zip(planned, stage.jobs, strict=True):
            if len(stage.jobs) > 1:
                yield from self._job(stage, job_plan, job)
            else:
                yield from self._hosts(stage, job_plan, job, indent=2)

    def _is_folded(self, stage: StageState, members: Sequence[Place]) -> bool:
        if stage.name in self.scene.folded:
            return True
        return self.narrow and stage.phase is StagePhase.PASSED and stage.name not in self.scene.opened

    def _stage_row(self, stage: StageState, members: Sequence[Place]) -> Line:
        mark = _worst_mark(stage, members)
        done = sum(1 for member in members if member.run.phase in (Phase.SUCCEEDED, Phase.SKIPPED))
        waiting = stage.phase is StagePhase.WAITING
        several = len(members) > 1
        count = own("" if waiting or not several else f"{done} of {len(members)}")
        took = None if stage.started_at is None else (stage.ended_at or self.scene.here.now_utc) - stage.started_at
        hold = self.holds.get(stage.name)
        right = duration(took) if took is not None else safe(hold.text) if hold else own("")
        live = took is not None and stage.ended_at is None
        name = Span(safe(stage.name), "text", bold=True, cut="right")
        item = Item(stage.name, tuple(member.run.id for member in members))
        if self.narrow:
            count = own(f"{done} of {len(members)}" if several and not waiting else _jobs_or_hosts(members))
            word = safe(hold.text) if hold and took is None else own(STAGE_PHASES[stage.phase.value].word)
            return self._wide_row(
                0, mark, name, count, Span(word, "muted"), right if took is not None else own("")
            ), item
        columns = [
            Column(0, (Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold),)),
            Column(2, (name,)),
            Column(4 + cells(name.text), (Span(count, "muted"),)),
            Column(self.width - 1, (Span(right, "text" if live else "muted"),), align="right"),
        ]
        return Row(left=place([one for one in columns if one.spans[0].text], self.width, self.glyphs)), item

    def _job(self, stage: StageState, planned: PlannedJob, job: JobState) -> Iterator[Line]:
        if len(job.runs) == 1:
            yield self._run_row(Place(stage.name, planned, job.runs[0]), indent=2, name=safe(job.name))
            return
        members = [Place(stage.name, planned, run) for run in job.runs]
        mark = _worst_mark(None, members)
        done = sum(1 for run in job.runs if run.phase in (Phase.SUCCEEDED, Phase.SKIPPED))
        begun = any(run.attempts for run in job.runs)
        hold = self.holds.get(planned.id)
        right = (
            own(f"{done} of {len(job.runs)}") if begun else safe(hold.text) if hold else own(f"{len(job.runs)} hosts")
        )
        item = Item(planned.id, tuple(run.id for run in job.runs))
        name = Span(safe(job.name), "text" if begun else "muted", cut="right")
        if self.narrow:
            yield self._wide_row(2, mark, name, own(f"{len(job.runs)} hosts"), Span(right, "muted"), own("")), item
        else:
            columns = [
                Column(2, (Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold),)),
                Column(4, (name,)),
                Column(self.width - 1, (Span(right, "muted"),), align="right"),
            ]
            yield Row(left=place(columns, self.width, self.glyphs)), item
        if begun and not all(run.phase in (Phase.SUCCEEDED, Phase.SKIPPED) for run in job.runs):
            yield from self._hosts(stage, planned, job, indent=4)

    def _hosts(self, stage: StageState, planned: PlannedJob, job: JobState, indent: int) -> Iterator[Line]:
        passed = [run for run in job.runs if run.phase is Phase.SUCCEEDED]
        waiting = [run for run in job.runs if run.phase is Phase.WAITING]
        fold_passed = len(passed) >= FOLD_FROM and f"{planned.id}@passed" not in self.scene.opened
        fold_waiting = len(waiting) >= FOLD_FROM and f"{planned.id}@waiting" not in self.scene.opened
        folded = {run.id for run in (passed if fold_passed else [])} | {
            run.id for run in (waiting if fold_waiting else [])
        }
        single = [run for run in job.runs if run.id not in folded]
        for run in sorted(single, key=lambda run: (-JOB_PHASES[run.phase.value].severity, run.number)):
            yield self._run_row(Place(stage.name, planned, run), indent, name=safe(run.host))
        if fold_passed:
            yield self._folded_row(planned, passed, "passed", indent)
        if fold_waiting:
            yield self._folded_row(planned, waiting, "waiting", indent)

    def _folded_row(self, planned: PlannedJob, runs: Sequence[JobRunState], kind: str, indent: int) -> Line:
        mark = JOB_PHASES[runs[0].phase.value]
        names = own(" ").join(safe(run.host) for run in runs)
        longest = max((elapsed_s(run, self.scene.here.now_utc) or 0.0 for run in runs), default=0.0)
        hold = next((self.holds[run.id] for run in runs if run.id in self.holds), self.holds.get(planned.id))
        right = duration(longest) if kind == "passed" else safe(hold.text) if hold else own("")
        if cells(names) > self.width - indent - 4 - cells(right):
            names = own(f"{safe(runs[0].host)} {self.glyphs.cut} {safe(runs[-1].host)}")
            right = right if kind == "passed" else own(f"{len(runs)} hosts")
        item = Item(f"{planned.id}@{kind}", tuple(run.id for run in runs))
        if self.narrow:
            word = mark.word if kind == "passed" else safe(hold.text) if hold else own("")
            took = right if kind == "passed" else own("")
            span = Span(names, "muted", cut="right")
            return self._wide_row(indent, mark, span, own(""), Span(word, "muted"), took), item
        columns = [
            Column(indent, (Span(self.glyphs.of(mark.glyph), mark.token),)),
            Column(indent + 2, (Span(names, "muted", cut="right"),)),
            Column(self.width - 1, (Span(right, "muted"),), align="right"),
        ]
        return Row(left=place([one for one in columns if one.spans[0].text], self.width, self.glyphs)), item

    def _run_row(self, member: Place, indent: int, name: SafeText) -> Line:
        run = member.run
        mark = JOB_PHASES[run.phase.value]
        word, word_token = self._word(member, mark)
        took = elapsed_s(run, self.scene.here.now_utc)
        right = duration(took) if took is not None else own("")
        if run.phase is Phase.UNKNOWN and run.since is not None:
            right = duration(self.scene.here.now_utc - run.since)
        quiet = run.phase in ENDED and run.phase not in (Phase.FAILED, Phase.TIMED_OUT) or run.phase in WAITING
        name_token = mark.token if mark.bold else "muted" if quiet else "text"
        name_span = Span(name, name_token, bold=mark.bold, cut="middle")
        marked = run.id in self.scene.marked
        sign = Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold)
        item = Item(run.id, (run.id,))
        if self.narrow:
            where = safe(run.host) if name != run.host else own(f"attempt {run.attempt}" if run.attempt > 1 else "")
            return self._wide_row(
                indent, mark, name_span, where, Span(word, word_token, mark.bold), right, marked
            ), item
        word_at = max(WORD_COLUMN, indent + 2 + min(cells(name), self.width - indent - 16) + 1)
        right_token = "muted" if quiet else mark.token if mark.bold else "text"
        columns = [
            Column(indent - 1, (Span(self.glyphs.marked if marked else own(""), "acc", bold=True),)),
            Column(indent, (sign,)),
            Column(indent + 2, (name_span,)),
            Column(word_at, (Span(word, word_token, cut="right"),)),
            Column(self.width - 1, (Span(right, right_token),), align="right"),
        ]
        return Row(left=place([one for one in columns if one.spans[0].text], self.width, self.glyphs)), item

    def _word(self, member: Place, mark: PhaseMark) -> tuple[SafeText, str]:
        """What stands beside the name: the task, how it ended, or what it waits for."""
        run = member.run
        hold = self.holds.get(run.id)
        if run.phase is Phase.RUNNING:
            task = running_task(member)
            again = f" #{run.attempt}" if run.attempt > 1 else ""
            return safe((task[1] if task else "starting") + again), "run"
        if run.phase is Phase.CANCELLING:
            step = run.cancel_step.upper() if run.cancel_step in ("term", "kill") else run.cancel_step
            return safe(f"cancelling: {step}" if step else "cancelling"), "muted"
        if run.phase is Phase.FAILED:
            task = running_task(member)
            words = how_it_ended(run)
            return safe(
                f"{words} {task[1]}" if task and self.narrow is False else f"{words} in {task[1]}" if task else words
            ), "fail"
        if run.phase is Phase.BACKING_OFF and run.not_before is not None:
            return own(f"retry in {duration(max(0.0, run.not_before - self.scene.here.now_utc))}"), "muted"
        if run.phase in WAITING:
            return safe(hold.text if hold else mark.word), "warn" if hold and hold.kind == "host_key" else "muted"
        return mark.word, mark.word_token

    def _wide_row(
        self,
        indent: int,
        mark: PhaseMark,
        name: Span,
        where: SafeText,
        word: Span,
        right: SafeText,
        marked: bool = False,
    ) -> Row:
        """The narrow class has the whole width: name, where, word and time in four columns."""
        second, third = max(22, self.width * 29 // 100), max(36, self.width * 52 // 100)
        columns = [
            Column(max(0, indent - 1), (Span(self.glyphs.marked if marked else own(""), "acc", bold=True),)),
            Column(indent, (Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold),)),
            Column(indent + 2, (name,)),
            Column(second, (Span(where, "muted", cut="right"),)),
            Column(third, (Span(word.text, word.token, word.bold, cut="right"),)),
            Column(self.width - 1, (Span(right, "muted"),), align="right"),
        ]
        return Row(left=place([one for one in columns if one.spans[0].text], self.width, self.glyphs))


def _worst_mark(stage: StageState | None, members: Sequence[Place]) -> PhaseMark:
    """The sign of the worst member; that of the stage itself when nothing in it is worth a look."""
    marks = [JOB_PHASES[member.run.phase.value] for member in members]
    top = max(marks, key=lambda mark: mark.severity)
    if stage is not None and stage.phase in (StagePhase.PASSED, StagePhase.SKIPPED) and top.severity < 4:
        return STAGE_PHASES[stage.phase.value]
    if top.severity == 1 and any(member.run.phase in ENDED for member in members):
        return JOB_PHASES["waiting"]
    return top


def _jobs_or_hosts(members: Sequence[Place]) -> SafeText:
    jobs = len({member.job.id for member in members})
    if jobs > 1:
        return own(f"{jobs} jobs")
    return own(f"{len(members)} host{'s' if len(members) > 1 else ''}")
