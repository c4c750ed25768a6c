"""A runbook on the whole screen: its outline, and one step with all that has to be known before it."""

from __future__ import annotations

from datetime import date

from runbooks.page import Page
from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.scene import RunScene


def outline_rows(page: Page, current: int, width: int, glyphs: Glyphs, *, today: date | None = None) -> tuple[Row, ...]:
    """The headings and steps of the page; ``current`` is the number of the step, from 1."""
    return ()


def page_rows(scene: RunScene, page: Page, current: int, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Why this page, and the current step with its command."""
    return ()
