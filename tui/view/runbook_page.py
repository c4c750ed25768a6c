"""A runbook on the whole screen: its outline, and one step with all that has to be known before it."""

from __future__ import annotations

import itertools
from datetime import date

from runbooks.fill import fill
from runbooks.page import Page, Section, Step
from runbooks.prose import plain_paragraphs
from tui.keys.actions import key_of
from tui.view.cells import cells, cut_path, pad, wrap
from tui.view.durations import count
from tui.view.facts import failed_task, how_it_ended, link_of, looked_at, reached, short_name
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, label_row, spaced, text_row, title_row, width_of
from tui.view.runbook_pane import fill_facts, match_words, reviewed, risk_span
from tui.view.safe_text import SafeText, own, safe, safe_lines
from tui.view.scene import RunScene

OVERVIEW = 0
"""Number of the first stop, before step 1: what the failure means."""
_LABEL = 10


def stops(page: Page) -> int:
    """How many stops there are: the overview and each step; ``current`` is below it."""
    return len(page.steps) + 1


def opening_stop(page: Page) -> int:
    """Where to open during a failure: the first step of Diagnosis, else the overview."""
    section = page.section(page.opening) if page.opening else None
    return section.steps[0].number if section is not None and section.steps else OVERVIEW


def outline_rows(page: Page, current: int, width: int, glyphs: Glyphs, *, today: date | None = None) -> tuple[Row, ...]:
    """The headings and steps of the page; ``current`` is the number of the step, from 1, or the overview, 0."""
    rows: list[Row] = [text_row(line) for line in wrap(safe(page.title), max(1, width))]
    rows.append(BLANK)
    here = next((section for section in page.sections if any(s.number == current for s in section.steps)), None)
    before_steps = True
    for section in page.sections:
        if section.steps or not before_steps:
            rows.append(BLANK)
        before_steps = before_steps and not section.steps
        overview = current == OVERVIEW and section is _overview(page)
        on = section is here or overview
        heading = Span(safe(section.name), "text" if on else "muted", bold=on, cut="right")
        rows.append(Row(left=(heading,), bg="sel" if overview else None, edge="acc" if overview else None))
        rows += [_outline_step(step, current, glyphs) for step in section.steps]
    rows += [BLANK, BLANK, title_row(own("this page"), glyphs=glyphs)]
    rows += _about(page, width, glyphs, today)
    return tuple(rows)


def outline_row_of(page: Page, current: int, width: int, glyphs: Glyphs) -> int:
    """The row of ``outline_rows`` that the current stop is in."""
    rows = outline_rows(page, current, width, glyphs)
    return next((index for index, row in enumerate(rows) if row.edge is not None), 0)


def _overview(page: Page) -> Section | None:
    return next((section for section in page.sections), None)


def _outline_step(step: Step, current: int, glyphs: Glyphs) -> Row:
    on = step.number == current
    return Row(
        left=(
            Span(glyphs.mark if on else glyphs.waiting, "acc" if on else "muted"),
            blank(1),
            Span(own(str(step.number)), "muted"),
            blank(1),
            Span(safe(step.name), "text" if on else "muted", cut="middle"),
        ),
        right=(risk_span(step),),
        bg="sel" if on else None,
        edge="acc" if on else None,
    )


def _about(page: Page, width: int, glyphs: Glyphs, today: date | None) -> list[Row]:
    facts: list[tuple[str, SafeText]] = []
    if page.owner:
        facts.append(("owner", safe(page.owner)))
    if page.last_reviewed is not None:
        said = reviewed(page, today).removeprefix("reviewed ") if today is not None else str(page.last_reviewed)
        facts.append(("reviewed", own(said)))
        due = page.review_due
        if due is not None and today is not None and due >= today:
            facts.append(("next", own(f"in {count((due - today).days, 'day')}")))
    if page.built_in:
        facts.append(("file", own("comes with onduty")))
    elif page.file:
        facts.append(("file", cut_path(safe(page.file), max(5, width - _LABEL), glyphs.cut)))
    rows: list[Row] = []
    for label, value in facts:
        for number, line in enumerate(wrap(value, max(5, width - _LABEL))):
            rows.append(label_row(own("" if number else label), (Span(line),), label_width=_LABEL))
    return rows


def page_title(scene: RunScene, page: Page, glyphs: Glyphs, *, focused: bool = False) -> Row:
    """The title of the right pane: ``why this page ──── match 0.94``."""
    member = looked_at(scene)
    link = link_of(member) if member is not None else None
    known = link is not None and link.page == page.id
    info = (Span(match_words(link.score), "muted"),) if link is not None and known else ()
    return title_row(own("why this page"), (), info, focused=focused, glyphs=glyphs)


def page_rows(scene: RunScene, page: Page, current: int, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Why this page (below ``page_title``), then the page from the current stop on: prose, commands, values and where
    they come from. What follows is there to be read; the keys are about the current step."""
    rows = _why_this_page(scene, page, width, glyphs)
    step = next((step for step in page.steps if step.number == current), None)
    if step is None:
        for one in itertools.takewhile(lambda section: not section.steps, page.sections):
            rows += [BLANK, title_row(safe(one.name), glyphs=glyphs), *_prose(one.prose, width)]
    for read in page.steps:
        if read.number >= max(current, 1):
            rows += [BLANK, *_step(scene, read, width, glyphs, current=read is step)]
            rows += _end_of_section(page, read, width)
    return tuple(rows)


def _end_of_section(page: Page, step: Step, width: int) -> list[Row]:
    """What its section says beside its steps, below the last of them."""
    section = page.section(step.section)
    last = section is not None and section.steps[-1] is step and section.prose
    return [BLANK, *_prose(section.prose, width)] if section is not None and last else []


def _why_this_page(scene: RunScene, page: Page, width: int, glyphs: Glyphs) -> list[Row]:
    member = looked_at(scene)
    link = link_of(member) if member is not None else None
    if member is None or link is None or link.page != page.id:
        return [text_row(own("It was opened by hand."))]
    rows = [_wide(line) for line in wrap(safe(link.why), max(1, width))]
    where = [short_name(member)]
    task = failed_task(member) if reached(member.run) else None
    if task is not None:
        where.append(own(f"{safe(task[1])}, {how_it_ended(member.run)}"))
    if link.line is not None:
        where.append(own(f"line {link.line + 1}"))
    if link.first_line:
        rows.append(
            Row(left=(Span(glyphs.mark, "fail"), blank(1), Span(safe(link.first_line), "fail", bold=True, cut="right")))
        )
    rows.append(text_row(own(", ".join(where))))
    return rows


def _step(scene: RunScene, step: Step, width: int, glyphs: Glyphs, *, current: bool) -> list[Row]:
    member = looked_at(scene)
    host = safe(member.run.host) if member is not None else own("the host")
    risk = (
        Span(own(f"changes {host}, asks"), "warn") if step.risk == "change" else Span(own(f"reads on {host}"), "muted")
    )
    name = own(f"{step.number} {safe(step.name)}")
    rows = [title_row(name, (), (risk,), focused=current, glyphs=glyphs), *_prose(step.prose, width)]
    filled = fill(step.command, fill_facts(scene, member)) if member is not None else None
    command = filled.text if filled is not None else step.command
    rows += [BLANK, *code_rows(command, width, glyphs, current=current)]
    if filled is None:
        return rows
    values: list[tuple[Span, ...]] = [
        (
            Span(own(f"{safe(value.name)} "), "muted"),
            Span(safe(value.value), cut="middle"),
            Span(own(f" from {safe(value.origin)}"), "muted"),
        )
        for value in filled.values
    ]
    if values or filled.missing:
        rows.append(BLANK)
    rows += _flowed(values, width)
    for missing in filled.missing:
        for number, line in enumerate(wrap(own(f"{safe(missing.name)} {safe(missing.why)}"), max(1, width - 2))):
            sign = Span(own("  ") if number else own(f"{glyphs.person} "), "warn", bold=True)
            rows.append(Row(left=(sign, Span(line))))
    return rows


def code_rows(command: str, width: int, glyphs: Glyphs, *, current: bool = True) -> tuple[Row, ...]:
    """A command on ``panel``, one blank row above and below; long lines wrap, so that all of it can be read.

    ``current``: it is the one that the keys are about.
    """
    inner = max(1, width - 4)
    lines = [piece for line in safe_lines(command) or [own("")] for piece in wrap(line, inner, indent=2)]
    keys: tuple[Span, ...] = (Span(own(key_of("copy")), "acc", bold=True), Span(own(" copy")))
    size = width_of(keys) + 2
    empty = Row(left=(Span(own(" " * width), bg="panel"),))
    rows = [empty]
    for number, line in enumerate(lines):
        text = Span(pad(own(f"  {line}"), width), bg="panel")
        if current and number == 0 and cells(line) + size + 4 < inner:
            text = Span(pad(own(f"  {line}"), width - size), bg="panel")
            ends = (*(Span(key.text, key.token, key.bold, "panel") for key in keys), Span(own("  "), bg="panel"))
            rows.append(Row(left=(text, *ends)))
        else:
            rows.append(Row(left=(text,)))
    return (*rows, empty)


def _prose(markdown: str, width: int) -> list[Row]:
    """Paragraphs as rows, a blank row between two of them unless both are items of a list."""
    rows: list[Row] = []
    item_before = False
    for paragraph in plain_paragraphs(markdown):
        item = paragraph.lstrip().startswith("- ") or paragraph.lstrip()[:2].rstrip(".").isdigit()
        if rows and not (item and item_before):
            rows.append(BLANK)
        for line in safe_lines(paragraph):
            indent = len(line) - len(line.lstrip()) + (2 if item else 0)
            rows += [_wide(piece) for piece in wrap(line, max(1, min(width, 88)), indent=indent)]
        item_before = item
    return rows


def _flowed(groups: list[tuple[Span, ...]], width: int) -> list[Row]:
    """Groups side by side, as many as fit on a row."""
    rows: list[Row] = []
    line: list[tuple[Span, ...]] = []
    used = 0
    for group in groups:
        size = sum(cells(span.text) for span in group)
        if line and used + 5 + size > width:
            rows.append(Row(left=spaced(line, 5)))
            line, used = [], 0
        used += size + (5 if line else 0)
        line.append(group)
    return [*rows, Row(left=spaced(line, 5))] if line else rows


def _wide(line: SafeText) -> Row:
    return Row(left=(Span(line, cut="right"),))
