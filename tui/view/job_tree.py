"""The tree of stages, jobs and hosts: what failed first, what passed folded, why each waiting thing waits.

Columns (LOOK section 6, "Jobs tree"): sign, name, word, time. The word of a state is never cut; a name gives way to it,
then the time goes. What a wait is for stands here when it fits whole, and in the why pane at any length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runners.core.rollback import is_left
from runners.model.holds import HoldKind
from runners.model.phases import ENDED, Phase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, StageState
from tui.view.cells import LEAST_CELLS, cells, cut_middle
from tui.view.durations import count, duration
from tui.view.facts import (
    FOLDED,
    PASSED,
    REPAIR,
    WAITING,
    Place,
    elapsed_s,
    folds,
    hold_for,
    hold_words,
    is_bad,
    is_due,
    reached,
    untidy,
)
from tui.view.glyphs import STAGE_PHASES, Glyphs, PhaseMark
from tui.view.job_words import NOTHING, Word, mark_of, needs_words, wants_person, word_of
from tui.view.rows import BLANK, Column, Row, Span, blank, fit, place, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

WORD_COLUMN = 11
"""Cells from the row's text edge to the state word of a job run (LOOK "Jobs tree": column 13 of the panel)."""
FOLD_FROM = 2
"""That many passed or waiting hosts of a job are one row."""
_WORD_ROOM = 15
"""Cells kept for word and time when long names ask for more."""


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
    pen = _Pen(scene, width, glyphs, narrow, _word_column(scene, width))
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


def jobs_info(scene: RunScene) -> SafeText:
    """The right end of the pane's title: ``12 hosts``, or how many are marked."""
    if scene.marked:
        return own(f"{len(scene.marked)} marked")
    return count(len({run.host for stage in scene.state.stages for job in stage.jobs for run in job.runs}), "host")


def _word_column(scene: RunScene, width: int) -> int:
    """One column for all words, so that they stand below each other; long names get what the words can spare."""
    longest = 0
    for stage in scene.state.stages:
        several = len(stage.jobs) > 1
        for job in stage.jobs:
            for run in job.runs:
                name, indent = (run.host, 4 if several else 2) if len(job.runs) > 1 or not several else (job.name, 2)
                longest = max(longest, indent + 3 + cells(safe(name)))
    return max(WORD_COLUMN, min(longest, width - _WORD_ROOM))


def without_common_suffix(names: Sequence[SafeText]) -> tuple[SafeText, ...]:
    """Hosts of one group without the end of their names that they share, from a dot on (LOOK section 7)."""
    if len(names) < 2 or any("." not in name for name in names):
        return tuple(names)
    parts = [name.split(".") for name in names]
    same = 0
    while all(len(one) > same + 1 and one[-1 - same] == parts[0][-1 - same] for one in parts):
        same += 1
    return tuple(safe(".".join(one[: len(one) - same])) for one in parts) if same else tuple(names)


Line = tuple[Row, Item]


@dataclass(frozen=True, slots=True)
class _Pen:
    scene: RunScene
    width: int
    glyphs: Glyphs
    narrow: bool
    word_at: int

    def stage(self, stage: StageState, planned: Sequence[PlannedJob]) -> Iterator[Line]:
        members = [
            Place(stage.name, job_plan, run)
            for job_plan, job in zip(planned, stage.jobs, strict=True)
            for run in job.runs
        ]
        yield self._stage_row(stage, members)
        if self._is_folded(stage):
            return
        for job_plan, job in zip(planned, stage.jobs, strict=True):
            if len(stage.jobs) > 1:
                yield from self._job(stage, job_plan, job)
            else:
                yield from self._hosts(stage, job_plan, job, indent=2)

    def _is_folded(self, stage: StageState) -> bool:
        if stage.name in self.scene.folded:
            return True
        quiet = stage.phase in (StagePhase.PASSED, StagePhase.WAITING)
        return self.narrow and quiet and stage.name not in self.scene.opened

    def _worst_mark(self, stage: StageState | None, members: Sequence[Place]) -> PhaseMark:
        """The sign of the worst member; that of the stage itself when nothing in it is worth a look."""
        top = max((mark_of(self.scene, member) for member in members), key=lambda mark: mark.severity)
        if stage is not None and stage.phase in (StagePhase.PASSED, StagePhase.SKIPPED) and top.severity < 3:
            back = [mark for mark in (mark_of(self.scene, member) for member in members) if mark.token == "back"]
            return back[0] if back else STAGE_PHASES[stage.phase.value]
        return top

    def _sign(self, mark: PhaseMark) -> Span:
        return Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold)

    def _mark(self, marked: bool) -> Span:
        return Span(self.glyphs.marked, "acc", bold=True) if marked else blank(1)

    def _row(self, columns: Sequence[Column]) -> Row:
        return Row(left=place([one for one in columns if width_of(one.spans)], self.width, self.glyphs))

    def _stage_row(self, stage: StageState, members: Sequence[Place]) -> Line:
        mark = self._worst_mark(stage, members)
        done = sum(1 for member in members if member.run.phase in PASSED)
        waiting = stage.phase is StagePhase.WAITING
        several = len(members) > 1
        end = self.scene.here.now_utc if stage.ended_at is None else stage.ended_at
        took = None if stage.started_at is None else end - stage.started_at
        hold = next(
            (hold for hold in self.scene.holds if hold.what == stage.name and hold.kind == HoldKind.STAGE), None
        )
        members_wait = any(member.run.phase in WAITING for member in members)
        words = hold_words(hold, self.scene.state) if members_wait else NOTHING
        live = took is not None and stage.ended_at is None
        name = Span(safe(stage.name), "text", bold=True, cut="right")
        item = Item(stage.name, tuple(member.run.id for member in members))
        right = duration(took) if took is not None else words
        if self.narrow:
            where = own(f"{done} of {_jobs_or_hosts(members)}") if several and not waiting else _jobs_or_hosts(members)
            word = words if waiting and words else mark.word if waiting else STAGE_PHASES[stage.phase.value].word
            if self.scene.state.phase in REPAIR:
                where = _taken_back(members) or _jobs_or_hosts(members)
                word = mark.word if mark.token in ("back", "fail") else word
            token = "text" if live else "muted"
            return self._wide_row(0, mark, name, where, Word(word, "muted"), right if took is not None else own(""),
                                  right_token=token), item  # fmt: skip
        counted = own("" if waiting or not several else f"{done} of {len(members)}")
        if self.scene.state.phase in REPAIR:
            counted = _taken_back(members)
        columns = [
            Column(0, (self._sign(mark),)),
            Column(2, (name,)),
            Column(4 + cells(name.text), (Span(counted, "muted"),)),
            Column(self.width - 1, (Span(right, "text" if live else "muted"),), align="right"),
        ]
        return self._row(columns), item

    def _job(self, stage: StageState, planned: PlannedJob, job: JobState) -> Iterator[Line]:
        if len(job.runs) == 1:
            yield self._run_row(Place(stage.name, planned, job.runs[0]), indent=2, name=safe(job.name))
            return
        members = [Place(stage.name, planned, run) for run in job.runs]
        mark = self._worst_mark(None, members)
        done = sum(1 for run in job.runs if run.phase in PASSED)
        begun = any(run.attempts for run in job.runs)
        hold = hold_for(self.scene, members[0])
        needs = needs_words(self.scene, planned, hold) if job.runs[0].phase is Phase.WAITING else own("")
        hosts = count(len(job.runs), "host")
        over = all(run.phase is Phase.CANCELLED for run in job.runs)
        right = mark.word if over else own(f"{done} of {len(job.runs)}") if begun else needs or hosts
        item = Item(planned.id, tuple(run.id for run in job.runs))
        name = Span(safe(job.name), "text" if begun else "muted", cut="right")
        if self.narrow:
            word = Word(mark.word if over else own(f"{done} passed") if begun else needs, "muted")
            yield self._wide_row(2, mark, name, hosts, word, own("")), item
        else:
            columns = [
                Column(2, (self._sign(mark),)),
                Column(4, (name,)),
                Column(self.width - 1, (Span(right, "muted"),), align="right"),
            ]
            yield self._row(columns), item
        if begun and not all(run.phase in PASSED for run in job.runs):
            yield from self._hosts(stage, planned, job, indent=4)

    def _hosts(self, stage: StageState, planned: PlannedJob, job: JobState, indent: int) -> Iterator[Line]:
        groups = {kind: self._foldable(stage, planned, job, kind) for kind in FOLDED}
        kinds = [
            kind
            for kind, runs in groups.items()
            if len(runs) >= FOLD_FROM and f"{planned.id}@{kind}" not in self.scene.opened
        ]
        folded = {run.id for kind in kinds for run in groups[kind]}
        names = dict(zip([run.id for run in job.runs], without_common_suffix([safe(run.host) for run in job.runs]),
                         strict=True))  # fmt: skip
        single = [run for run in job.runs if run.id not in folded]
        rows = [Place(stage.name, planned, run) for run in single]
        for member in sorted(rows, key=lambda one: (-mark_of(self.scene, one).severity, one.run.number)):
            yield self._run_row(member, indent, name=names[member.run.id])
        for kind in kinds:
            runs = groups[kind]
            yield self._folded_row(stage, planned, runs, [names[run.id] for run in runs], kind, indent)

    def _foldable(self, stage: StageState, planned: PlannedJob, job: JobState, kind: str) -> list[JobRunState]:
        """Job runs of a kind that nobody has to look at one by one; queued ones with the same reason as the first."""
        runs = [run for run in job.runs if folds(self.scene.state, run, kind)]
        members = [Place(stage.name, planned, run) for run in runs]
        if kind in ("passed", "rolled-back"):
            return [one.run for one in members if not untidy(one)]
        if kind != "queued":
            return runs
        holds = [hold_for(self.scene, one) for one in members]
        words = [hold_words(hold, self.scene.state) for hold in holds]
        return [
            run
            for run, hold, word in zip(runs, holds, words, strict=True)
            if word == words[0] and not wants_person(hold)
        ]

    def _folded_row(
        self,
        stage: StageState,
        planned: PlannedJob,
        runs: Sequence[JobRunState],
        hosts: Sequence[SafeText],
        kind: str,
        indent: int,
    ) -> Line:
        mark = mark_of(self.scene, Place(stage.name, planned, runs[0]))
        passed, ended = kind in ("passed", "rolled-back"), runs[0].phase in ENDED
        item = Item(f"{planned.id}@{kind}", tuple(run.id for run in runs))
        longest = max((elapsed_s(run, self.scene.here.now_utc) or 0.0 for run in runs), default=0.0)
        hold = hold_for(self.scene, Place(stage.name, planned, runs[0]))
        words = hold_words(hold, self.scene.state) if hold is None or hold.kind != HoldKind.STAGE else own("")
        right = duration(longest) if passed else mark.word if ended else words
        room = (max(22, self.width * 29 // 100) - 1 if self.narrow else self.width - cells(right) - 2) - indent - 2
        names = own(" ".join(hosts))
        counted = own("")
        if cells(names) > room:
            names = own(f"{hosts[0]} {self.glyphs.cut} {hosts[-1]}")
            counted = count(len(runs), "host")
            if not self.narrow and not ended:
                several = own(f"{len(runs)} {words}")
                fits = cells(names) + cells(several) + 2 <= self.width - indent - 2
                right = several if kind == "queued" and words and fits else counted
        span = Span(names, "muted", cut="middle")
        if self.narrow:
            word = Word(mark.word if ended else words or mark.word, "muted")
            return self._wide_row(indent, mark, span, counted, word, right if passed else own("")), item
        columns = [
            Column(indent, (self._sign(mark),)),
            Column(indent + 2, (span,)),
            Column(self.width - 1, (Span(right, "muted"),), align="right"),
        ]
        return self._row(columns), item

    def _run_row(self, member: Place, indent: int, name: SafeText) -> Line:
        run = member.run
        mark = mark_of(self.scene, member)
        word = word_of(self.scene, member, self.width, narrow=self.narrow)
        took = elapsed_s(run, self.scene.here.now_utc)
        shown = took is not None and reached_or_live(run) and not is_due(self.scene.state, run)
        right = duration(took) if took is not None and shown else own("")
        if run.phase is Phase.UNKNOWN and run.since is not None:
            right = duration(self.scene.here.now_utc - run.since)
        quiet = (run.phase in ENDED and not is_bad(self.scene.state, run)) or run.phase in WAITING
        loud = is_bad(self.scene.state, run)
        name_span = Span(name, mark.token if loud else "muted" if quiet else "text", bold=loud, cut="middle")
        item = Item(run.id, (run.id,))
        marked = run.id in self.scene.marked
        right_token = "muted" if quiet else "text"
        if self.narrow:
            by_job = cells(name) == cells(safe(member.job.name)) and name == member.job.name
            where = safe(run.host) if by_job else own(f"attempt {run.attempt}" if run.attempt > 1 else "")
            return self._wide_row(indent, mark, name_span, where, word, right, marked, right_token), item
        if run.phase in WAITING:
            # What it waits for stands where others have their time, whole or not at all.
            fits = indent + 2 + min(cells(name), LEAST_CELLS) + 1 + cells(word.must) <= self.width
            word, right_span = Word(NOTHING, "muted"), Span(word.must if fits else mark.word, word.token)
        else:
            right_span = Span(right, right_token)
        lead = [
            Column(indent - 1, (self._mark(marked), self._sign(mark))),
        ]
        return self._row([*lead, *self._beside(indent + 2, name_span, word, right_span)]), item

    def _beside(self, at: int, name: Span, word: Word, right: Span) -> list[Column]:
        """Name, word and time so that the word's first part is whole: the name gives way, then the time goes."""
        spans = word.spans()
        least_name = min(cells(name.text), LEAST_CELLS)
        least_word = cells(word.must) or min(cells(word.more), LEAST_CELLS)
        least = at + least_name + (1 + least_word if spans else 0)
        timed = bool(right.text) and least + 1 + cells(right.text) <= self.width
        end = self.width - (cells(right.text) + 1 if timed else 0)
        columns = [Column(at, (name,), max(0, end - at))]
        if spans:
            word_at = max(at + least_name + 1, min(self.word_at, end - least_word))
            short = cut_middle(name.text, word_at - at - 1, self.glyphs.cut)
            columns = [
                Column(at, (Span(short, name.token, name.bold),)),
                Column(word_at, fit(word.spans(end - word_at), end - word_at, self.glyphs.cut)),
            ]
        return [*columns, Column(self.width - 1, (right,), align="right")] if timed else columns

    def _wide_row(
        self,
        indent: int,
        mark: PhaseMark,
        name: Span,
        where: SafeText,
        word: Word,
        right: SafeText,
        marked: bool = False,
        right_token: str = "muted",
    ) -> Row:
        """The narrow class has the whole width: name, where, word and time in four columns."""
        second, third = max(22, self.width * 29 // 100), max(36, self.width * 52 // 100)
        columns = [
            Column(max(0, indent - 1), ((self._mark(marked),) if indent else ()) + (self._sign(mark),)),
            Column(indent + 2, (name,)),
            Column(second, (Span(where, "muted", cut="right"),)),
            Column(third, word.spans() or (blank(0),)),
            Column(self.width - 1, (Span(right, right_token),), align="right"),
        ]
        return self._row(columns)


def reached_or_live(run: JobRunState) -> bool:
    """Whether the time of the current attempt is the time of the phase that is shown."""
    return run.phase not in ENDED or run.phase is Phase.SKIPPED or reached(run)


def _taken_back(members: Sequence[Place]) -> SafeText:
    """``2 of 5 back``; empty where nothing is to be taken back."""
    back = sum(one.run.phase is Phase.ROLLED_BACK for one in members)
    rest = sum(is_left(one.job, one.run) for one in members)
    return own(f"{back} of {back + rest} back" if back + rest else "")


def _jobs_or_hosts(members: Sequence[Place]) -> SafeText:
    jobs = len({member.job.id for member in members})
    return count(jobs, "job") if jobs > 1 else count(len(members), "host")
