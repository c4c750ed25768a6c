"""How each line of the tree is drawn: sign, name, word and time in columns (LOOK section 6, "Jobs tree")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.core.rollback import is_left
from runners.model.holds import HoldKind
from runners.model.phases import ENDED, Phase, StagePhase
from runners.model.plan import PlannedJob
from runners.model.state import JobRunState, JobState, StageState
from tui.view.cells import LEAST_CELLS, cells, cut_middle
from tui.view.census import census_of
from tui.view.durations import count, duration
from tui.view.expected import job_spans, stage_spans
from tui.view.facts import PASSED, REPAIR, WAITING, Place, elapsed_s, is_bad, is_due, reached
from tui.view.glyphs import STAGE_PHASES, Glyphs, PhaseMark
from tui.view.holds import hold_for, hold_words
from tui.view.job_words import NOTHING, Word, mark_of, needs_words, word_of
from tui.view.rows import Column, Row, Span, blank, fit, place, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

Jobs = Sequence[tuple[PlannedJob, JobState]]
"""Jobs of one stage, each with its plan."""


@dataclass(frozen=True, slots=True)
class JobRows:
    """Draws lines of one tree."""

    scene: RunScene
    width: int
    glyphs: Glyphs
    narrow: bool
    word_at: int
    """Column of the state words."""

    def worst_mark(self, stage: StageState, jobs: Jobs, *, whole: bool = False) -> PhaseMark:
        """The sign of the worst member; that of the ``whole`` stage when nothing in it is worth a look."""
        marks = [
            mark_of(self.scene, Place(stage.name, planned, run))
            for planned, job in jobs
            for run in (job.runs if planned.id in self.scene.held_jobs else census_of(job).kinds)
        ]
        top = max(marks, key=lambda mark: mark.severity)
        if whole and stage.phase in (StagePhase.PASSED, StagePhase.SKIPPED) and top.severity < 3:
            back = [mark for mark in marks if mark.token == "back"]
            return back[0] if back else STAGE_PHASES[stage.phase.value]
        return top

    def _sign(self, mark: PhaseMark) -> Span:
        return Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold)

    def _mark(self, marked: bool) -> Span:
        return Span(self.glyphs.marked, "acc", bold=True) if marked else blank(1)

    def _row(self, columns: Sequence[Column]) -> Row:
        return Row(left=place([one for one in columns if width_of(one.spans)], self.width, self.glyphs))

    def stage(self, stage: StageState, jobs: Jobs) -> Row:
        """``▾ rollout  8 of 11``."""
        mark = self.worst_mark(stage, jobs, whole=True)
        done = sum(job.counts.get(phase, 0) for _, job in jobs for phase in PASSED)
        total = sum(len(job.runs) for _, job in jobs)
        waiting = stage.phase is StagePhase.WAITING
        several = total > 1
        end = self.scene.here.now_utc if stage.ended_at is None else stage.ended_at
        took = None if stage.started_at is None else end - stage.started_at
        hold = next(
            (hold for hold in self.scene.holds if hold.what == stage.name and hold.kind == HoldKind.STAGE), None
        )
        members_wait = any(phase in job.counts for _, job in jobs for phase in WAITING)
        words = hold_words(hold, self.scene.state) if members_wait else NOTHING
        live = took is not None and stage.ended_at is None
        usual = stage_spans(self.scene, stage)
        name = Span(safe(stage.name), "text", bold=True, cut="right")
        right = duration(took) if took is not None else words
        if self.narrow:
            where = own(f"{done} of {_jobs_or_hosts(jobs)}") if several and not waiting else _jobs_or_hosts(jobs)
            word = words if waiting and words else mark.word if waiting else STAGE_PHASES[stage.phase.value].word
            if self.scene.state.phase in REPAIR:
                where = _taken_back(jobs) or _jobs_or_hosts(jobs)
                word = mark.word if mark.token in ("back", "fail") else word
            token = "text" if live else "muted"
            shown = (Span(right, token),) if took is not None else ()
            return self._wide_row(0, mark, name, where, Word(word, "muted"), shown, usual)
        counted = own("" if waiting or not several else f"{done} of {total}")
        if self.scene.state.phase in REPAIR:
            counted = _taken_back(jobs)
        columns = [
            Column(0, (self._sign(mark),)),
            Column(2, (name,)),
            Column(4 + cells(name.text), (Span(counted, "muted"),)),
        ]
        left = 4 + cells(name.text) + (cells(counted) + 2 if counted else 0)
        time = self._time((Span(right, "text" if live else "muted"),), usual, left)
        return self._row([*columns, Column(self.width - 1, time, align="right")])

    def _time(self, time: tuple[Span, ...], usual: tuple[Span, ...], left: int) -> tuple[Span, ...]:
        """With how long it usually takes where the first ``left`` cells keep all that they have."""
        fits = left + width_of((*time, *usual)) <= self.width
        return (*time, *usual) if fits and width_of(time) else time

    def job(self, stage: StageState, planned: PlannedJob, job: JobState) -> Row:
        """A job of several hosts, above them."""
        mark = self.worst_mark(stage, [(planned, job)])
        done = sum(job.counts.get(phase, 0) for phase in PASSED)
        begun = has_begun(job)
        first = Place(stage.name, planned, job.runs[0])
        needs = (
            needs_words(self.scene, planned, hold_for(self.scene, first))
            if first.run.phase is Phase.WAITING
            else NOTHING
        )
        hosts = count(len(job.runs), "host")
        over = job.counts.keys() == {Phase.CANCELLED}
        name = Span(safe(job.name), "text" if begun else "muted", cut="right")
        if self.narrow:
            word = Word(mark.word if over else own(f"{done} passed") if begun else needs, "muted")
            return self._wide_row(2, mark, name, hosts, word)
        right = mark.word if over else own(f"{done} of {len(job.runs)}") if begun else needs or hosts
        columns = [
            Column(2, (self._sign(mark),)),
            Column(4, (name,)),
            Column(self.width - 1, (Span(right, "muted"),), align="right"),
        ]
        return self._row(columns)

    def folded(
        self,
        stage: StageState,
        planned: PlannedJob,
        runs: Sequence[JobRunState],
        hosts: Sequence[SafeText],
        kind: str,
        indent: int,
    ) -> Row:
        """Hosts that need no look of their own, on one row."""
        mark = mark_of(self.scene, Place(stage.name, planned, runs[0]))
        passed, ended = kind in ("passed", "rolled-back"), runs[0].phase in ENDED
        longest = max((elapsed_s(run, self.scene.here.now_utc) or 0.0 for run in runs), default=0.0)
        hold = hold_for(self.scene, Place(stage.name, planned, runs[0]))
        words = hold_words(hold, self.scene.state) if hold is None or hold.kind != HoldKind.STAGE else own("")
        right = duration(longest) if passed else mark.word if ended else words
        room = (max(22, self.width * 29 // 100) - 1 if self.narrow else self.width - cells(right) - 2) - indent - 2
        names = own(" ".join(hosts[:room]))
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
            return self._wide_row(indent, mark, span, counted, word, (Span(right, "muted"),) if passed else ())
        columns = [
            Column(indent, (self._sign(mark),)),
            Column(indent + 2, (span,)),
            Column(self.width - 1, (Span(right, "muted"),), align="right"),
        ]
        return self._row(columns)

    def run(self, member: Place, indent: int, name: SafeText) -> Row:
        """One job run."""
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
        marked = run.id in self.scene.marked
        time = (Span(right, "muted" if quiet else "text"),)
        usual = job_spans(self.scene, member)
        if self.narrow:
            by_job = cells(name) == cells(safe(member.job.name)) and name == member.job.name
            where = safe(run.host) if by_job else own(f"attempt {run.attempt}" if run.attempt > 1 else "")
            return self._wide_row(indent, mark, name_span, where, word, time, usual, marked=marked)
        if run.phase in WAITING:
            # What it waits for stands where others have their time, whole or not at all.
            fits = indent + 2 + min(cells(name), LEAST_CELLS) + 1 + cells(word.must) <= self.width
            word, time = Word(NOTHING, "muted"), (Span(word.must if fits else mark.word, word.token),)
        lead = [
            Column(indent - 1, (self._mark(marked), self._sign(mark))),
        ]
        left = max(indent + 2 + cells(name), self.word_at - 1) + 1 + width_of(word.spans()) + 2
        return self._row([*lead, *self._beside(indent + 2, name_span, word, self._time(time, usual, left))])

    def _beside(self, at: int, name: Span, word: Word, right: tuple[Span, ...]) -> list[Column]:
        """Name, word and time so that the word's first part is whole: the name gives way, then the time goes."""
        spans = word.spans()
        right_cells = width_of(right)
        least_name = min(cells(name.text), LEAST_CELLS)
        least_word = cells(word.must) or min(cells(word.more), LEAST_CELLS)
        least = at + least_name + (1 + least_word if spans else 0)
        timed = bool(right_cells) and least + 1 + right_cells <= self.width
        end = self.width - (right_cells + 1 if timed else 0)
        columns = [Column(at, (name,), max(0, end - at))]
        if spans:
            word_at = max(at + least_name + 1, min(self.word_at, end - least_word))
            short = cut_middle(name.text, word_at - at - 1, self.glyphs.cut)
            columns = [
                Column(at, (Span(short, name.token, name.bold),)),
                Column(word_at, fit(word.spans(end - word_at), end - word_at, self.glyphs.cut)),
            ]
        return [*columns, Column(self.width - 1, right, align="right")] if timed else columns

    def _wide_row(
        self,
        indent: int,
        mark: PhaseMark,
        name: Span,
        where: SafeText,
        word: Word,
        time: tuple[Span, ...] = (),
        usual: tuple[Span, ...] = (),
        *,
        marked: bool = False,
    ) -> Row:
        """The narrow class has the whole width: name, where, word and time in four columns."""
        second, third = max(22, self.width * 29 // 100), max(36, self.width * 52 // 100)
        columns = [
            Column(max(0, indent - 1), ((self._mark(marked),) if indent else ()) + (self._sign(mark),)),
            Column(indent + 2, (name,)),
            Column(second, (Span(where, "muted", cut="right"),)),
            Column(third, word.spans() or (blank(0),)),
            Column(self.width - 1, self._time(time, usual, third + width_of(word.spans()) + 2), align="right"),
        ]
        return self._row(columns)


def reached_or_live(run: JobRunState) -> bool:
    """Whether the time of the current attempt is the time of the phase that is shown."""
    return run.phase not in ENDED or run.phase is Phase.SKIPPED or reached(run)


def has_begun(job: JobState) -> bool:
    """Whether anything of a job was ever tried."""
    return census_of(job).begun


def _taken_back(jobs: Jobs) -> SafeText:
    """``2 of 5 back``; empty where nothing is to be taken back."""
    back = sum(job.counts.get(Phase.ROLLED_BACK, 0) for _, job in jobs)
    rest = sum(is_left(planned, run) for planned, job in jobs for run in job.runs)
    return own(f"{back} of {back + rest} back" if back + rest else "")


def _jobs_or_hosts(jobs: Jobs) -> SafeText:
    return count(len(jobs), "job") if len(jobs) > 1 else count(sum(len(job.runs) for _, job in jobs), "host")
