"""What only small terminals have: tabs, the first error under the list, one pane in five rows."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row
from tui.view.safe_text import SafeText
from tui.view.scene import RunScene


def tab_bar(tabs: Sequence[str], active: str, width: int, glyphs: Glyphs) -> Row:
    """``1 jobs  2 log  3 why  4 runbook  5 host``."""
    return BLANK


def first_error_title(scene: RunScene, glyphs: Glyphs) -> Row:
    """The title of the pane under the list of jobs."""
    return BLANK


def first_error_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The first bad line, where else it passed, the runbook's name."""
    return ()


def runbook_hint(scene: RunScene, width: int, glyphs: Glyphs) -> Row:
    """The row under the log that names the page."""
    return BLANK


def tiny_rows(scene: RunScene, width: int, glyphs: Glyphs, tail: Sequence[SafeText] = ()) -> tuple[Row, ...]:
    """The first bad line and up to four lines of log."""
    return ()
