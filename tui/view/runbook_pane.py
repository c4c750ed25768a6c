"""The steps of the page beside a failure, filled with this failure's values."""

from __future__ import annotations

from datetime import date

from runbooks.page import Page
from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene


def runbook_title(scene: RunScene, page: Page | None) -> tuple[SafeText, tuple[SafeText, ...], tuple[Span, ...]]:
    """Name, details and info of the pane's title."""
    return own("runbook"), (), ()


def runbook_rows(scene: RunScene, page: Page | None, today: date, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The steps of ``page``, or a sentence when there is none."""
    return ()
