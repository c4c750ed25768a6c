"""The steps of the page beside a failure, filled with this failure's values (LOOK section 6, "Runbook steps")."""

from __future__ import annotations

from datetime import date

from runbooks.fill import FilledCommand, FillFacts, fill
from runbooks.page import Page, Step
from runners.model.phases import FAILURES, Phase
from tui.keys.actions import key_of
from tui.view.cells import cells, cut_right, wrap
from tui.view.durations import count
from tui.view.facts import Place, ended_badly, failed_task, link_of, looked_at, running_task, short_name
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, text_row
from tui.view.safe_text import SafeText, own, safe, safe_lines
from tui.view.scene import RunScene

INDENT = 3


def runbook_title(scene: RunScene, page: Page | None) -> tuple[SafeText, tuple[SafeText, ...], tuple[Span, ...]]:
    """Name, details and info of the pane's title: ``runbook  port-in-use ──── match 0.94``."""
    member = looked_at(scene)
    link = link_of(member) if member is not None else None
    if link is None or link.page is None:
        return own("runbook"), (), ()
    return own("runbook"), (safe(link.page),), (Span(match_words(link.score), "muted"),)


def match_words(score: float) -> SafeText:
    """``match 0.94``; a page that the job names was not matched."""
    return own("linked") if score >= 1.0 else own(f"match {score:.2f}")


def runbook_rows(scene: RunScene, page: Page | None, today: date, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The steps of ``page``, or a sentence when there is none."""
    member = looked_at(scene)
    link = link_of(member) if member is not None else None
    if page is None or link is None or member is None:
        return tuple(text_row(line) for line in wrap(_no_page(scene, member), max(1, width)))
    facts = fill_facts(scene, member)
    rows: list[Row] = []
    for step in page.steps:
        rows += step_rows(step, fill(step.command, facts), width, glyphs)
    if not page.steps:
        rows.append(text_row(own(f"This page has no commands; {key_of('runbook')} opens it.")))
    rows.append(BLANK)
    said = [part for part in (reviewed(page, today), safe(link.why)) if part]
    for text in said:
        rows += [text_row(line) for line in wrap(text, max(1, width))]
    return tuple(rows)


def step_rows(step: Step, filled: FilledCommand, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Number, name and risk; below it the first line of the command."""
    name = Span(safe(step.name), cut="middle")
    number = own(f"{step.number}".ljust(INDENT - 1) + " ")
    return (
        Row(left=(Span(number, "muted"), name), right=(risk_span(step),)),
        Row(left=(blank(INDENT), Span(first_line(filled.text, width - INDENT, glyphs), "muted", cut="right"))),
    )


def risk_span(step: Step) -> Span:
    """``reads`` or ``asks``."""
    return Span(own("asks"), "warn") if step.risk == "change" else Span(own("reads"), "muted")


def first_line(command: str, width: int, glyphs: Glyphs) -> SafeText:
    """The first line of a command; a mark says that there is more."""
    lines = [line for line in safe_lines(command) if line.strip()]
    if not lines:
        return own("")
    first = lines[0]
    if len(lines) > 1 and cells(first) < width - 1:
        return own(f"{first} {glyphs.cut}")
    return cut_right(first, max(1, width), glyphs.cut)


def fill_facts(scene: RunScene, member: Place) -> FillFacts:
    """What is known of this failure, for the placeholders of a page."""
    host = scene.state.plan.hosts.get(member.run.host)
    task = failed_task(member) or running_task(member)
    return FillFacts(
        host_name=member.run.host,
        host_address=host.target if host is not None else None,
        run_id=scene.state.name,
        job=member.job.id,
        task=task[1] if task else None,
        exit_code=member.run.exit_code,
        params=scene.state.plan.params,
    )


def reviewed(page: Page, today: date) -> SafeText:
    """``reviewed 51d ago``, ``reviewed today``, and that the next review is overdue; empty when nobody said."""
    if page.last_reviewed is None:
        return own("")
    days = (today - page.last_reviewed).days
    text = "reviewed today" if days <= 0 else f"reviewed {days}d ago"
    due = page.review_due
    if due is not None and due < today:
        text += f", overdue by {count((today - due).days, 'day')}"
    return own(text)


def _no_page(scene: RunScene, member: Place | None) -> SafeText:
    if member is None:
        return own("Nothing failed. A page is looked for when something does.")
    link = link_of(member)
    name = short_name(member)
    if link is not None and link.page is not None and not scene.pages_are_read:
        return own(f"Reading {safe(link.page)}.")
    if link is not None and link.page is not None:
        return own(f"{safe(link.page)} is not among the pages on this machine: onduty runbook list")
    if link is not None:
        why = safe(link.why)
        also = f" {why}{'' if why.endswith('.') else '.'}" if why else ""
        return own(f"No page fits {name}.{also} No page is better than a wrong page: onduty runbook list")
    if member.run.phase in FAILURES:
        return own(f"No page was looked for yet for {name}.")
    if member.run.phase is Phase.UNKNOWN:
        return own(f"{name} is unknown, not failed. A page is looked for when it fails.")
    if member.run.phase is Phase.RUNNING and ended_badly(member):
        return own(f"A page is looked for when {name} has done its finally tasks.")
    if member.run.phase is Phase.SUCCEEDED:
        return own(f"{name} passed. A page is for what fails.")
    return own(f"{name} has not failed. A page is looked for when it does.")
