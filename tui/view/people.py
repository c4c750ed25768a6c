"""Who looks at this run, and who did what last."""

from __future__ import annotations

from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.scene import RunScene


def people_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Watchers and the last acts, newest first."""
    return ()
