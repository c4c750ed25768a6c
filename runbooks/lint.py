"""Everything wrong with pages, for people who write them. The day is an argument, so the answer can be repeated."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

from runbooks.library import Library, load_built_in, load_folder
from runbooks.page import Page
from runbooks.parse import parse_page
from runners.model.problems import Problem


def lint_text(text: str, file: str, today: datetime.date) -> tuple[Problem, ...]:
    """Problems and warnings of one page, in the order of its text."""
    parsed = parse_page(text, file)
    return parsed.problems if parsed.page is None else tuple(_warnings(parsed.page, today))


def lint_paths(paths: Sequence[Path], today: datetime.date) -> tuple[Problem, ...]:
    """Problems and warnings of every page in these files and folders; of the built-in pages when there are none.

    Within one folder an id is used once; in two folders the later one wins, which is how a site replaces a page.
    """
    shelves = [load_folder(path) for path in paths] if paths else [load_built_in()]
    return tuple(problem for shelf in shelves for problem in lint_library(shelf, today))


def lint_library(library: Library, today: datetime.date) -> tuple[Problem, ...]:
    """What ``library`` could not load, then the warnings about what it did."""
    warnings = (warning for page in library.pages.values() for warning in _warnings(page, today))
    return (*library.problems, *warnings)


def _warnings(page: Page, today: datetime.date) -> Iterable[Problem]:
    due = page.review_due
    if due is not None and due < today:
        yield _warning(page, "last_reviewed", f"the review is overdue by {_days((today - due).days)} (due {due})")
    if page.last_reviewed is not None and page.last_reviewed > today:
        yield _warning(page, "last_reviewed", "lies in the future")
    if not page.steps:
        yield _warning(page, "", "has no step that could be run")


def _warning(page: Page, path: str, text: str) -> Problem:
    line = next((n for n, said in enumerate(page.source.split("\n"), 1) if path and said.startswith(f"{path}:")), 1)
    return Problem(file=page.file, line=line, column=1, path=path, text=text, warning=True)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
