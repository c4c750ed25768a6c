"""The pipeline screen: what one pipeline is, and the edges around its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runners.model.api import PipelineHistory, RunSummary
from runners.model.phases import RUN_ENDED
from runners.model.plan import Plan
from tui.view.cells import cut_path, wrap
from tui.view.durations import ago, count, duration
from tui.view.facts import parse_time
from tui.view.form_rows import not_repeatable
from tui.view.glyphs import RUN_PHASES, Glyphs
from tui.view.history import usual_words
from tui.view.layout import size_class
from tui.view.rows import BLANK, Row, Span, blank, label_row, spaced, text_row, title_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import Here
from tui.view.top_bar import environment_spans, line_spans, squeezed

PARTS = ("start", "plan", "definition", "history")
_LABEL = 10
_MARGINS = (2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineScene:
    """One pipeline on the screen."""

    here: Here
    name: str
    part: str = "start"
    """One of ``PARTS``."""
    file: str = ""
    """From the current folder; empty: it is known from runs alone."""
    pinned: str = ""
    """The run that pinned what is shown; empty: it is the file."""
    description: str = ""
    owner: str = ""
    environment: str | None = None
    last: RunSummary | None = None
    """Its newest run."""
    plan: Plan | None = None
    """Of what is filled in now."""
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Labels of fields that need a value."""
    wrong: tuple[str, ...] = ()
    """Labels of fields whose value cannot be used."""
    is_read: bool = True
    trouble: str = ""
    """Why it cannot be read; empty: it can."""
    history: PipelineHistory | None = None
    facts: Mapping[str, str] | None = None
    """What stands beside a part in the list of parts."""


def pipeline_bar(scene: PipelineScene, width: int, height: int, glyphs: Glyphs) -> Row:
    """``onduty › deploy-api › start  PRODUCTION``."""
    narrow = size_class(width, height).value in ("narrow", "tiny")
    crumb = Span(own(f" {glyphs.crumb} "), "faint")
    crumbs = [] if narrow else [Span(own("onduty"), "muted"), crumb]
    crumbs += [Span(safe(scene.name), "muted", cut="middle"), crumb, Span(own(scene.part), bold=True)]
    right = [*line_spans(scene.here), ("user", (Span(safe(scene.here.user)),) if scene.here.user else ())]
    return squeezed(crumbs, environment_spans(scene.environment), [], right, width)


def pipeline_headline(scene: PipelineScene) -> Row:
    """What keeps it from being started, else what starting it does."""
    if scene.trouble:
        return _bad(safe(scene.name), own(" cannot be read."))
    if not scene.is_read:
        return _plain(own("Reading"), own(f" {safe(scene.file or scene.name)}."))
    if scene.problems:
        return _bad(count(len(scene.problems), "problem"), own(": nothing can be started as it is."))
    if scene.part in ("definition", "history"):
        return _last(scene)
    if scene.wrong:
        verb = "has a value" if len(scene.wrong) == 1 else "have values"
        return _bad(_names(scene.wrong), own(f" {verb} that cannot be used."))
    if scene.missing:
        verb = "needs a value" if len(scene.missing) == 1 else "need values"
        return _plain(_names(scene.missing), own(f" {verb}."))
    if scene.plan is None:
        return _plain(own("Nothing was started."), own(""))
    once = not_repeatable(scene.plan)
    more = own(f", {count(once, 'task')} not repeatable" if once else "")
    return _plain(own("Not started yet:"), own(f" {runs_on(scene.plan)}{more}."))


def _last(scene: PipelineScene) -> Row:
    """What became of its newest run."""
    run = scene.last
    if run is None:
        return _plain(own("It has not run yet."), own(""))
    at = parse_time(run.ended_at) if run.phase in RUN_ENDED else parse_time(run.started_at)
    since = own(f" {ago(scene.here.now_utc - at)}") if at is not None else own("")
    word = RUN_PHASES.get(run.phase, RUN_PHASES["queued"]).word
    began = own(", begun") if at is not None and run.phase not in RUN_ENDED else own("")
    return _plain(safe(run.id), own(f" {word}{began}{since}{f', by {safe(run.by)}' if run.by else ''}."))


def runs_on(plan: Plan) -> SafeText:
    """``15 job runs on 13 hosts``."""
    return own(f"{count(plan.job_run_count(), 'job run')} on {count(len(plan.hosts), 'host')}")


def _names(names: tuple[str, ...]) -> SafeText:
    shown = [safe(name) for name in names[:3]]
    rest = len(names) - len(shown)
    if rest:
        return own(f"{', '.join(shown)} and {rest} more")
    *first, last = shown
    return own(f"{', '.join(first)} and {last}" if first else last)


def _bad(subject: SafeText, sentence: SafeText) -> Row:
    left = (Span(subject, "fail", bold=True, cut="middle"), Span(sentence, cut="words"))
    return Row(left=left, bg="failbg", edge="fail", margins=_MARGINS)


def _plain(first: SafeText, rest: SafeText) -> Row:
    return Row(left=(Span(first, cut="middle"), Span(rest, "muted", cut="words")), margins=_MARGINS)


def about_rows(scene: PipelineScene, width: int, glyphs: Glyphs, *, active: bool) -> tuple[Row, ...]:
    """The parts to choose from, then what is known of the pipeline."""
    rows: list[Row] = []
    for number, part in enumerate(PARTS, 1):
        on = part == scene.part
        fact = safe((scene.facts or {}).get(part, ""))
        rows.append(
            Row(
                left=(
                    Span(own(str(number)), "acc", bold=True),
                    blank(1),
                    Span(own(part), "text" if on else "muted"),
                ),
                right=(Span(fact, "muted"),) if fact else (),
                bg="sel" if on else None,
                edge="acc" if on and active else None,
            )
        )
    rows += [BLANK, BLANK, title_row(own("this pipeline"), glyphs=glyphs)]
    rows += (
        [text_row(line, "text") for line in wrap(safe(scene.description), max(1, width))] if scene.description else []
    )
    rows += _facts(scene, width, glyphs)
    return tuple(rows)


def _facts(scene: PipelineScene, width: int, glyphs: Glyphs) -> list[Row]:
    room = max(5, width - _LABEL)
    facts: list[tuple[str, tuple[SafeText, ...]]] = []
    if scene.owner:
        facts.append(("owner", tuple(wrap(safe(scene.owner), room))))
    if scene.file:
        facts.append(("file", (cut_path(safe(scene.file), room, glyphs.cut),)))
    if scene.pinned:
        facts.append(("pinned", tuple(wrap(own(f"by {safe(scene.pinned)}"), room))))
    rows = [
        label_row(own("" if number else label), (Span(line),), label_width=_LABEL)
        for label, lines in facts
        for number, line in enumerate(lines)
    ]
    if scene.last is not None:
        rows.append(label_row(own("last run"), run_words(scene.last, scene.here, glyphs), label_width=_LABEL))
    if scene.history is not None and (times := usual_words(scene.history)):
        rows += [label_row(own("took"), times[:2], label_width=_LABEL)]
        rows += [label_row(own(""), times[3:], label_width=_LABEL)] if times[3:] else []
    return rows


def run_words(run: RunSummary, here: Here, glyphs: Glyphs) -> tuple[Span, ...]:
    """``✓ /41 passed 2h``: sign, number, word, and how long ago it ended, or for how long it has gone on."""
    mark = RUN_PHASES.get(run.phase, RUN_PHASES["queued"])
    number = run.id.rpartition("/")[2]
    times = (run.ended_at,) if run.phase in RUN_ENDED else (run.started_at, run.created_at)
    at = next((found for found in map(parse_time, times) if found is not None), None)
    age = (Span(duration(here.now_utc - at), "muted"),) if at is not None else ()
    return spaced(
        [
            (Span(glyphs.of(mark.glyph), mark.token, bold=mark.bold),),
            (Span(safe(f"/{number}")),),
            (Span(mark.word, mark.word_token),),
            age,
        ],
        1,
    )
