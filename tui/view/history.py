"""Earlier runs of a pipeline: how they usually go, then one row each (LOOK section 6, "Tables")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from runners.model.api import PastRun, PipelineHistory
from tui.keys.actions import key_of
from tui.view.cells import wrap
from tui.view.durations import clock, count, duration, share
from tui.view.facts import parse_time
from tui.view.glyphs import RUN_PHASES, Glyphs
from tui.view.rows import BLANK, Column, Row, Span, blank, label_row, meter, place, spaced, text_row
from tui.view.run_rows import RunRows
from tui.view.safe_text import own, safe
from tui.view.scene import Here
from tui.view.sparks import spark

_LABEL = 10
_BAR = 8
_SPARK = 16
STATE, RUN, WHEN, TOOK_END = 0, 12, 18, 38
_BAR_FROM, _WHO_FROM = 80, 60
"""With less there is no bar, and who started it is left out."""


def history_rows(history: PipelineHistory | None, here: Here, width: int, glyphs: Glyphs) -> RunRows:
    """The numbers, then the runs, newest first. None: it was not read yet."""
    if history is None:
        return _alone(own("Reading what ran before."))
    if not history.runs:
        key = key_of("new-run")
        return _alone(own(f"This pipeline has not run yet. {key} fills in what it needs and starts it."))
    rows = [*number_rows(history, width, glyphs), BLANK, _heads(width, glyphs)]
    items: list[str | None] = [None] * len(rows)
    usual = usual_params(history.runs)
    longest = max((run.duration_s or 0.0 for run in history.runs), default=0.0)
    for run in history.runs:
        lines = _run(run, usual, longest, here, width, glyphs)
        rows += lines
        items += [run.uid] * len(lines)
    return RunRows(rows=tuple(rows), items=tuple(items))


def _alone(text: str) -> RunRows:
    return RunRows(rows=(text_row(own(text)),), items=(None,))


def usual_words(history: PipelineHistory) -> tuple[Span, ...]:
    """``p50 1m 30s   p95 1m 37s``; nothing while none has succeeded."""
    times = [
        (Span(own(f"{name} "), "muted"), Span(duration(seconds), bold=True))
        for name, seconds in (("p50", history.p50_s), ("p95", history.p95_s))
        if seconds is not None
    ]
    return spaced(times, 3)


def number_rows(history: PipelineHistory, width: int, glyphs: Glyphs) -> list[Row]:
    """How many of the ended ones succeeded, how long those took, and how that went on."""
    rows: list[Row] = []
    if history.success_rate is not None:
        rate = share(history.success_rate * 100)
        bar = meter(history.success_rate, _BAR, "graph", glyphs)
        said = own(f"{history.succeeded} of {count(history.ended, 'run')} that ended")
        rows.append(_labelled("success", *bar, blank(2), Span(rate, bold=True), blank(2), Span(said, "muted")))
    if times := usual_words(history):
        rows.append(_labelled("took", *times, Span(own("   of those that succeeded"), "muted", cut="right")))
    series = [run.duration_s for run in reversed(history.runs) if run.duration_s is not None]
    if len(series) > 1:
        drawn = spark(series, min(_SPARK, max(1, len(series) + 1) // 2), top=max(series), glyphs=glyphs)
        least, most = duration(min(series)), duration(max(series))
        rows.append(
            _labelled(
                "each",
                Span(drawn, "graph"),
                blank(2),
                Span(own(f"{least} to {most}")),
                Span(own(", the newest at the right"), "muted", cut="right"),
            )
        )
    return rows


def _labelled(label: str, *value: Span) -> Row:
    return label_row(own(label), value, label_width=_LABEL)


def usual_params(runs: Sequence[PastRun]) -> dict[str, str]:
    """Of each param the value that more than half of these runs had; one that keeps changing has none."""
    found: dict[str, Counter[str]] = {}
    for run in runs:
        for name, value in run.params.items():
            found.setdefault(name, Counter())[value] += 1
    most = {name: values.most_common(1)[0] for name, values in found.items()}
    return {name: value for name, (value, times) in most.items() if times * 2 > len(runs)}


def _heads(width: int, glyphs: Glyphs) -> Row:
    def head(text: str) -> tuple[Span, ...]:
        return (Span(own(text), "faint"),)

    at_by, at_what = _places(width)
    columns = [Column(STATE, head("state")), Column(RUN, head("run")), Column(WHEN, head("when"))]
    columns.append(Column(TOOK_END, head("took"), align="right"))
    columns += [Column(at_by, head("by"))] if at_by else []
    columns.append(Column(at_what, head("what differs")))
    return Row(left=place(columns, width, glyphs))


def _places(width: int) -> tuple[int, int]:
    """Columns of who, 0: left out, and of what differs."""
    if width < _WHO_FROM:
        return 0, TOOK_END + 3
    by = TOOK_END + 3 + (_BAR + 2 if width >= _BAR_FROM else 0)
    return by, by + 9


def _run(run: PastRun, usual: Mapping[str, str], longest_s: float, here: Here, width: int, glyphs: Glyphs) -> list[Row]:
    mark = RUN_PHASES.get(run.phase, RUN_PHASES["queued"])
    at = parse_time(run.started_at) or parse_time(run.created_at)
    at_by, at_what = _places(width)
    columns = [
        Column(
            STATE,
            (Span(glyphs.of(mark.glyph), mark.token, bold=mark.bold), blank(1), Span(mark.word, mark.word_token)),
            RUN - 1,
        ),
        Column(RUN, (Span(safe(f"/{run.id.rpartition('/')[2]}")),), WHEN - RUN - 1),
    ]
    if at is not None:
        columns.append(Column(WHEN, (Span(clock(at, here.zone, now_utc=here.now_utc), "muted"),)))
    took_s = run.duration_s
    if took_s is not None:
        columns.append(Column(TOOK_END, (Span(duration(took_s)),), align="right"))
        if width >= _BAR_FROM and longest_s:
            columns.append(Column(TOOK_END + 3, meter(took_s / longest_s, _BAR, "graph", glyphs)))
    if at_by:
        columns.append(Column(at_by, (Span(safe(run.by), "muted", cut="right"),), at_what - at_by - 1))
    said = differences(run, usual)
    if said:
        columns.append(Column(at_what, (Span(safe(said), cut="right"),), max(0, width - at_what)))
    rows = [Row(left=place(columns, width, glyphs))]
    if run.failed:
        token = "fail" if run.result not in ("success", None) else "muted"
        line = wrap(safe(run.failed), max(1, width - RUN))[0]
        rows.append(Row(left=(blank(RUN), Span(line, token, cut="words"))))
    return rows


def differences(run: PastRun, usual: Mapping[str, str]) -> str:
    """``release=2.4.1  only web1``: values that are not the usual ones."""
    words = [f"{name}={value}" for name, value in run.params.items() if usual.get(name) != value]
    return "  ".join([*words, *([f"only {run.limit}"] if run.limit else [])])
