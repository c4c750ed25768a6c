"""The tree of stages, jobs and hosts: what failed first, what passed folded, why each waiting thing waits.

Which lines there are is settled for the whole tree; a line is drawn when it is looked at, so that a run of a hundred
thousand job runs costs a screen what fits on it. Columns (LOOK section 6, "Jobs tree"): sign, name, word, time. The
word of a state is never cut; a name gives way to it, then the time goes. What a wait is for stands here when it fits
whole, and in the why pane at any length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from runners.core.memo import Memo
from runners.model.phases import StagePhase
from runners.model.plan import Plan, PlannedJob
from runners.model.state import JobRunState, JobState, StageState
from tui.view.cells import cells
from tui.view.census import census_of, plan_census_of
from tui.view.durations import count
from tui.view.facts import FOLDED, PASSED, REPAIR, Place, folds, untidy
from tui.view.glyphs import Glyphs
from tui.view.holds import hold_for, hold_words
from tui.view.host_names import without_common_suffix
from tui.view.job_rows import JobRows, Jobs, has_begun
from tui.view.job_words import mark_of, wants_person
from tui.view.rows import BLANK, DrawnRows, Row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

WORD_COLUMN = 11
"""Cells from the row's text edge to the state word of a job run (LOOK "Jobs tree": column 13 of the panel)."""
FOLD_FROM = 2
"""That many passed or waiting hosts of a job are one row."""
_WORD_ROOM = 15
"""Cells kept for word and time when long names ask for more."""


class Item(NamedTuple):
    """What one row stands for."""

    id: str
    """``stage``, ``stage/job``, ``stage/job@host``; a folded row has ``stage/job@`` and the kind."""
    members: tuple[str, ...]
    """Job runs that it stands for."""


class TreeLine(NamedTuple):
    """One row that is not drawn yet."""

    id: str
    stage: StageState
    jobs: Jobs
    """Of a stage's row all, else the one."""
    runs: Sequence[JobRunState] = ()
    """Of a job run's row the one, of a folded row those that it stands for."""
    indent: int = 0
    names: Sequence[SafeText] = ()
    """What ``runs`` are called here."""
    kind: str = ""
    """Of a folded row; as in ``FOLDED``."""


class JobTree:
    """Rows with what each stands for; None for a blank row."""

    def __init__(self, lines: Sequence[TreeLine | None] = (), pen: JobRows | None = None) -> None:
        self._lines = lines
        self._pen = pen
        self._index: dict[str, int] = {}
        self.rows = DrawnRows(len(lines), self._draw)

    @property
    def items(self) -> tuple[Item | None, ...]:
        """What every row stands for."""
        return tuple(self.item(row) for row in range(len(self._lines)))

    def item(self, row: int | None) -> Item | None:
        """What a row stands for; None for a blank one and for none."""
        line = self._lines[row] if row is not None and 0 <= row < len(self._lines) else None
        if line is None:
            return None
        if line.runs:
            return Item(line.id, tuple(run.id for run in line.runs))
        return Item(line.id, tuple(run.id for _, job in line.jobs for run in job.runs))

    def index_of(self, item_id: str) -> int | None:
        """The row of an item, or of the folded row it is in."""
        if not self._index:
            self._index = {line.id: row for row, line in reversed([*enumerate(self._lines)]) if line is not None}
        found = self._index.get(item_id)
        if found is not None or "@" not in item_id:
            return found
        job = item_id.partition("@")[0]
        for kind in FOLDED:
            row = self._index.get(f"{job}@{kind}")
            line = self._lines[row] if row is not None else None
            if line is not None and any(run.id == item_id for run in line.runs):
                return row
        return None

    def selectable(self) -> tuple[int, ...]:
        """Rows that can be selected."""
        return tuple(row for row, line in enumerate(self._lines) if line is not None)

    def _draw(self, row: int) -> Row:
        line, pen = self._lines[row], self._pen
        if line is None or pen is None:
            return BLANK
        planned, job = line.jobs[0]
        if line.kind:
            return pen.folded(line.stage, planned, line.runs, line.names, line.kind, line.indent)
        if line.runs:
            return pen.run(Place(line.stage.name, planned, line.runs[0]), line.indent, line.names[0])
        if "/" in line.id:
            return pen.job(line.stage, planned, job)
        return pen.stage(line.stage, line.jobs)


def job_tree(scene: RunScene, width: int, glyphs: Glyphs, *, narrow: bool = False) -> JobTree:
    """The whole tree for a pane whose text is ``width`` cells wide."""
    return JobTree(tree_lines(scene, narrow=narrow), JobRows(scene, width, glyphs, narrow, _word_column(scene, width)))


def tree_lines(scene: RunScene, *, narrow: bool = False) -> list[TreeLine | None]:
    """Every row of the tree, not drawn; None for a blank one."""
    lines: list[TreeLine | None] = []
    for planned_stage, stage in zip(scene.state.plan.stages, scene.state.stages, strict=True):
        if lines and not narrow:
            lines.append(None)
        jobs = list(zip(planned_stage.jobs, stage.jobs, strict=True))
        lines.append(TreeLine(stage.name, stage, jobs))
        if not _is_folded(scene, stage, narrow):
            for planned, job in jobs:
                lines += _job_lines(scene, stage, planned, job, several=len(jobs) > 1)
    return lines


def jobs_info(scene: RunScene) -> SafeText:
    """The right end of the pane's title: ``12 hosts``, or how many are marked."""
    if scene.marked:
        return own(f"{len(scene.marked)} marked")
    return count(len(plan_census_of(scene.state.plan).hosts), "host")


class _Names(NamedTuple):
    """What job runs are called in the tree of one plan."""

    of_hosts: Mapping[str, tuple[SafeText, ...]]
    """By job id: its hosts, in order."""
    longest: int
    """Cells of the longest name with its indent and sign."""


def _names_in(plan: Plan) -> _Names:
    shown: dict[tuple[str, ...], tuple[SafeText, ...]] = {}
    of_hosts: dict[str, tuple[SafeText, ...]] = {}
    wide: dict[tuple[str, ...], int] = {}
    longest = 0
    for stage in plan.stages:
        several = len(stage.jobs) > 1
        for job in stage.jobs:
            hosts = tuple(job.hosts)
            if hosts not in shown:
                whole = [safe(host) for host in hosts]
                shown[hosts] = without_common_suffix(whole)
                wide[hosts] = max(cells(name) for name in whole)
            of_hosts[job.id] = shown[hosts]
            by_host = len(hosts) > 1 or not several
            room = wide[hosts] + (4 if several else 2) if by_host else cells(safe(job.name)) + 2
            longest = max(longest, room + 3)
    return _Names(of_hosts, longest)


_names = Memo(_names_in)


def _word_column(scene: RunScene, width: int) -> int:
    """One column for all words, so that they stand below each other; long names get what the words can spare."""
    return max(WORD_COLUMN, min(_names(scene.state.plan).longest, width - _WORD_ROOM))


def _is_folded(scene: RunScene, stage: StageState, narrow: bool) -> bool:
    if stage.name in scene.folded:
        return True
    quiet = stage.phase in (StagePhase.PASSED, StagePhase.WAITING)
    return narrow and quiet and stage.name not in scene.opened


def _job_lines(
    scene: RunScene, stage: StageState, planned: PlannedJob, job: JobState, *, several: bool
) -> Iterator[TreeLine]:
    jobs = ((planned, job),)
    if not several:
        yield from _host_lines(scene, stage, jobs, indent=2)
    elif len(job.runs) == 1:
        yield TreeLine(job.runs[0].id, stage, jobs, job.runs, 2, (safe(job.name),))
    else:
        yield TreeLine(planned.id, stage, jobs)
        if has_begun(job) and not job.counts.keys() <= PASSED:
            yield from _host_lines(scene, stage, jobs, indent=4)


def _host_lines(scene: RunScene, stage: StageState, jobs: Jobs, indent: int) -> Iterator[TreeLine]:
    planned, job = jobs[0]
    names = dict(zip((run.id for run in job.runs), _names(scene.state.plan).of_hosts[planned.id], strict=True))
    groups = {kind: _foldable(scene, stage, planned, job, kind) for kind in FOLDED}
    kinds = [
        kind for kind, runs in groups.items() if len(runs) >= FOLD_FROM and f"{planned.id}@{kind}" not in scene.opened
    ]
    folded = {run.id for kind in kinds for run in groups[kind]}
    for run in _worst_first(scene, stage, planned, job):
        if run.id not in folded:
            yield TreeLine(run.id, stage, jobs, (run,), indent, (names[run.id],))
    for kind in kinds:
        runs = groups[kind]
        called = [names[run.id] for run in runs]
        yield TreeLine(f"{planned.id}@{kind}", stage, jobs, runs, indent, called, kind)


def _worst_first(scene: RunScene, stage: StageState, planned: PlannedJob, job: JobState) -> Sequence[JobRunState]:
    """Job runs by severity, then in the order of the inventory."""

    def severity(run: JobRunState) -> int:
        return -mark_of(scene, Place(stage.name, planned, run)).severity

    if planned.id in scene.held_jobs or scene.state.phase in REPAIR:
        return sorted(job.runs, key=lambda run: (severity(run), run.number))
    # Nothing but its phase tells one from the other, and a sort keeps the order of equals.
    by_phase = {run.phase: severity(run) for run in census_of(job).kinds}
    return sorted(job.runs, key=lambda run: by_phase[run.phase]) if len(by_phase) > 1 else job.runs


def _foldable(
    scene: RunScene, stage: StageState, planned: PlannedJob, job: JobState, kind: str
) -> Sequence[JobRunState]:
    """Job runs of a kind that nobody has to look at one by one; queued ones with the same reason as the first."""
    runs = _of_kind(scene, job, kind)
    if not runs:
        return ()
    if kind in ("passed", "rolled-back"):
        return [run for run in runs if not untidy(Place(stage.name, planned, run))]
    if kind != "queued":
        return runs
    if planned.id not in scene.held_jobs:
        return () if wants_person(hold_for(scene, Place(stage.name, planned, runs[0]))) else runs
    holds = [hold_for(scene, Place(stage.name, planned, run)) for run in runs]
    words = [hold_words(hold, scene.state) for hold in holds]
    return [
        run for run, hold, word in zip(runs, holds, words, strict=True) if word == words[0] and not wants_person(hold)
    ]


def _of_kind(scene: RunScene, job: JobState, kind: str) -> Sequence[JobRunState]:
    phase = FOLDED[kind]
    if scene.state.phase in REPAIR:
        return [run for run in job.runs if folds(scene.state, run, kind)]
    return () if phase is None else census_of(job).by_phase.get(phase, ())
