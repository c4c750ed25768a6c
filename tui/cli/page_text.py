"""A runbook page as lines for a terminal: headings at the left, prose wrapped below them, commands whole. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from runbooks.page import Page, Section, Step
from runbooks.prose import plain_paragraphs
from tui.view.cells import pad, wrap
from tui.view.durations import count
from tui.view.safe_text import SafeText, own, safe, safe_lines

MAX_CELLS = 88
"""Prose wider than this is hard to read; commands are never broken, so that they can be copied."""
PROSE_INDENT = 2
COMMAND_INDENT = 7

RISK_WORDS = {"read": own("reads"), "change": own("changes")}


def page_lines(page: Page, width: int, today: datetime.date) -> Iterator[SafeText]:
    """Every line of the page for a terminal that is ``width`` cells wide.

    Steps carry their number, name and risk; placeholders stay as they were written. ``today`` tells an overdue review.
    """
    width = min(width, MAX_CELLS)
    yield from wrap(safe(page.title), width)
    yield from wrap(_about(page, today), width)
    for section in page.sections:
        yield own("")
        yield safe(section.name)
        yield from _section(section, width)


def _about(page: Page, today: datetime.date) -> SafeText:
    said = [page.id]
    if page.owner:
        said.append(f"owner {page.owner}")
    if page.last_reviewed is not None:
        said.append(f"reviewed {page.last_reviewed}")
    if page.review_due is not None and page.review_due < today:
        said.append(f"the review is overdue by {count((today - page.review_due).days, 'day')}")
    return safe(", ".join(said))


def _section(section: Section, width: int) -> Iterator[SafeText]:
    # Names and risks of a section stand in two columns, so that the changing ones are seen at a glance.
    longest = max((len(step.name) for step in section.steps), default=0)
    for step in section.steps:
        yield from _prose(step.prose, width)
        yield own("")
        yield _step_head(step, longest)
        yield own("")
        yield from (_indented(line, COMMAND_INDENT) for line in safe_lines(step.command))
    yield from _prose(section.prose, width)


def _step_head(step: Step, longest: int) -> SafeText:
    number = f"{step.number:>{PROSE_INDENT + 2}}"
    return own(f"{number}. {pad(safe(step.name), longest)}  {RISK_WORDS[step.risk]}")


def _prose(markdown: str, width: int) -> Iterator[SafeText]:
    item_before = False
    for number, paragraph in enumerate(plain_paragraphs(markdown)):
        item = paragraph.lstrip().startswith("- ") or paragraph.lstrip()[:2].rstrip(".").isdigit()
        if number == 0 or not (item and item_before):
            yield own("")
        for line in safe_lines(paragraph):
            hanging = len(line) - len(line.lstrip()) + (2 if item else 0)
            for piece in wrap(line, max(1, width - PROSE_INDENT), indent=hanging):
                yield _indented(piece, PROSE_INDENT)
        item_before = item


def _indented(line: SafeText, blanks: int) -> SafeText:
    return own(" " * blanks + line) if line else line
