"""What stands in a body that has nothing better to show: input refused, no controller."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.scene import Here


def input_rows(problems: Sequence[str], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Every problem of a text, ``file:line:column  path: text``, all at once."""
    return ()


def controller_rows(here: Here, trouble: str, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """No controller answers: what that means, and what to do."""
    return ()
