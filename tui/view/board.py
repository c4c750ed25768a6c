"""The list of runs, by how much each needs somebody (LOOK section 6, "Tables")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.model.phases import RUN_ENDED, Phase
from tui.keys.actions import key_of
from tui.view.board_find import found_runs
from tui.view.board_groups import Need, failing, grouped, unknown
from tui.view.cells import cells
from tui.view.durations import count_of, duration
from tui.view.facts import parse_time
from tui.view.glyphs import JOB_PHASES, RUN_PHASES, Glyphs, PhaseMark
from tui.view.holds import in_keys
from tui.view.layout import BoardColumns, board_columns
from tui.view.rows import BLANK, Column, Cut, Row, Span, blank, meter, place, text_row, title_row
from tui.view.run_rows import RunRows
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.api import RunSummary
    from tui.view.scene import BoardScene

MARGIN = 2
METER_CELLS = 12
ROOMY = 30
"""Cells of the column ``what`` under which the first bad line starts further left."""


def board_rows(scene: BoardScene, width: int, glyphs: Glyphs) -> RunRows:
    """The whole table, ``width`` cells wide with its own margins of two columns."""
    if not scene.summaries:
        sentence = f"No runs yet. {key_of('new-run')} starts one, onduty demo makes a fleet to play with."
        return _sentence(own(sentence if scene.loaded else "Reading the list of runs."))
    listed = {run.uid for run in found_runs(scene.summaries, scene.query)}
    if not listed:
        return _sentence(own(f"No run has {safe(scene.query)} in its line; {key_of('back')} shows all."))
    pen = _Pen(scene, width, glyphs)
    rows: list[Row] = [pen.heads()]
    items: list[str | None] = [None]
    groups = grouped(scene.summaries, now_utc=scene.here.now_utc, statuses=scene.statuses)
    for need, members in groups.items():
        runs = [run for run in members if run.uid in listed]
        if not runs:
            continue
        title = title_row(own(need.value), (own(str(len(runs))),), glyphs=glyphs)
        rows += [BLANK, Row(left=title.left, fill=title.fill, gap=title.gap, margins=(MARGIN, MARGIN))]
        items += [None, None]
        for run in runs:
            lines = pen.run(run, need)
            rows += lines
            items += [run.uid] * len(lines)
    return RunRows(rows=tuple(rows), items=tuple(items))


def _sentence(text: SafeText) -> RunRows:
    row = text_row(text)
    return RunRows(rows=(Row(left=row.left, margins=(MARGIN, MARGIN)),), items=(None,))


class _Pen:
    def __init__(self, scene: BoardScene, width: int, glyphs: Glyphs) -> None:
        self.now_utc = scene.here.now_utc
        self.width = width
        self.glyphs = glyphs
        self.at: BoardColumns = board_columns(width)

    def heads(self) -> Row:
        """Column heads, once."""

        def head(text: str) -> tuple[Span, ...]:
            return (Span(own(text), "faint"),)

        return self._row(
            state=head("state"),
            run=head("run"),
            environment=head("environment"),
            what=head("what"),
            hosts=head("hosts"),
            since=head("since"),
            who=head("who"),
        )

    def run(self, run: RunSummary, need: Need) -> tuple[Row, ...]:
        """One run: one row, and a second one for what failed or is unknown."""
        mark = _mark(run, need)
        quiet = need is Need.RECENT
        token = "muted" if quiet else "text"
        pipeline, _, number = run.id.rpartition("/")
        names = (Span(safe(pipeline), token, bold=not quiet, cut="middle"), Span(safe(f"/{number}"), "muted"))
        word_token = mark.word_token if not quiet or mark.token == "fail" else "muted"
        first = self._row(
            state=(
                Span(self.glyphs.of(mark.glyph), mark.token, bold=mark.bold),
                blank(1),
                Span(mark.word, word_token, bold=mark.bold and not quiet),
            ),
            run=names,
            environment=(_environment(run.environment, quiet=quiet),),
            what=self._what(run, need),
            hosts=(Span(count_of(run.hosts_done, run.hosts), token),) if run.hosts else (),
            since=(Span(self._since(run), token),),
            who=(Span(safe(run.by), "muted", cut="right"),),
        )
        second = self._second(run) if need is Need.BAD else None
        return (first, second) if second is not None else (first,)

    def _what(self, run: RunSummary, need: Need) -> tuple[Span, ...]:
        said = own("") if need is Need.RECENT and run.what == _mark(run, need).word else in_keys(run.what)
        cut: Cut = "words" if self.at.what_width >= ROOMY else "right"
        text = Span(said, "text" if need in (Need.BAD, Need.PERSON) else "muted", cut=cut)
        total = sum(run.counts.values())
        if need is not Need.RUNNING or not total or self.at.what_width < METER_CELLS + 12:
            return (text,)
        done = sum(run.counts.get(phase.value, 0) for phase in (Phase.SUCCEEDED, Phase.SKIPPED))
        number = () if run.what else (Span(count_of(done, total), "muted"),)
        return (*meter(done / total, METER_CELLS, "run", self.glyphs), blank(2), text, *number)

    def _second(self, run: RunSummary) -> Row | None:
        """The first bad line and the runbook's name."""
        page: tuple[Span, ...] = ()
        if run.runbook:
            page = (
                Span(own(key_of("runbook")), "acc", bold=True),
                blank(1),
                Span(safe(run.runbook), "muted", cut="middle"),
            )
        line = (Span(safe(run.first_line), "fail", cut="right"),) if run.first_line else ()
        if not page and not line:
            return None
        size = sum(cells(span.text) for span in page)
        inner = self.width - 2 * MARGIN
        what = self.at.what - MARGIN
        if self.at.what_width < ROOMY and line:
            what = self.at.run - MARGIN
        columns = [Column(what, line)] if line else []
        if page:
            at = max(what, self.at.since_end - MARGIN - size + 1) if line else what
            columns.append(Column(at, page, max(0, inner - at)))
        return Row(left=place(columns, inner, self.glyphs), margins=(MARGIN, MARGIN))

    def _since(self, run: RunSummary) -> SafeText:
        """How long it has lasted; of a run that is over, how long ago it ended."""
        times = (run.ended_at,) if run.phase in RUN_ENDED else (run.started_at, run.created_at)
        at = next((found for found in map(parse_time, times) if found is not None), None)
        return duration(self.now_utc - at) if at is not None else own("")

    def _row(
        self,
        *,
        state: Sequence[Span],
        run: Sequence[Span],
        environment: Sequence[Span],
        what: Sequence[Span],
        hosts: Sequence[Span],
        since: Sequence[Span],
        who: Sequence[Span],
    ) -> Row:
        at = self.at
        columns = [
            Column(at.state - MARGIN, tuple(state)),
            Column(at.run - MARGIN, tuple(run), at.environment - at.run - 1),
            Column(at.environment - MARGIN, tuple(environment)),
        ]
        if at.what_width >= 5:
            columns.append(Column(at.what - MARGIN, tuple(what), at.what_width))
        if at.hosts_end is not None:
            columns.append(Column(at.hosts_end - MARGIN, tuple(hosts), align="right"))
        columns.append(Column(at.since_end - MARGIN, tuple(since), align="right"))
        if at.who is not None:
            columns.append(Column(at.who - MARGIN, tuple(who), max(0, self.width - MARGIN - at.who)))
        shown = [column for column in columns if any(span.text for span in column.spans)]
        return Row(left=place(shown, max(0, self.width - 2 * MARGIN), self.glyphs), margins=(MARGIN, MARGIN))


def _mark(run: RunSummary, need: Need) -> PhaseMark:
    """Sign and word: what is worst in it, else its own phase."""
    if need is Need.BAD and failing(run):
        return RUN_PHASES["failed"]
    if need is Need.BAD and unknown(run):
        return JOB_PHASES["unknown"]
    if need is Need.PERSON:
        return RUN_PHASES["held"]
    return RUN_PHASES.get(run.phase, RUN_PHASES["queued"])


def _environment(name: str | None, *, quiet: bool) -> Span:
    """Upper case for production alone, never coloured."""
    if name and name.lower() == "production":
        return Span(own("PRODUCTION"), "muted" if quiet else "text")
    return Span(safe(name.lower() if name else ""), "muted", cut="right")
