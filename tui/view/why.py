"""Why the selected thing is as it is: label and value, a failure first."""

from __future__ import annotations

from tui.view.glyphs import Glyphs
from tui.view.rows import Row
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene


def why_title(scene: RunScene) -> tuple[SafeText, tuple[SafeText, ...]]:
    """Name and details of the pane's title."""
    return own("why"), ()


def why_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """At most eight rows about ``scene.selected``."""
    return ()
