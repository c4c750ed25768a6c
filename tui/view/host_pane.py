"""The connection to the selected host, as far as it is known, and what of this run is on it."""

from __future__ import annotations

from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene


def host_title(scene: RunScene) -> tuple[SafeText, tuple[SafeText, ...], tuple[Span, ...]]:
    """Name, details and info of the pane's title."""
    return own("host"), (), ()


def host_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """What is known of the host of ``scene.selected``; nothing that is not measured."""
    return ()
