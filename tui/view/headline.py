"""The one sentence under the top bar: what somebody must know first, and how old it is."""

from __future__ import annotations

from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row
from tui.view.scene import BoardScene, RunScene


def run_headline(scene: RunScene, glyphs: Glyphs) -> Row:
    """The sentence of the run screen."""
    return BLANK


def board_headline(scene: BoardScene, glyphs: Glyphs) -> Row:
    """The sentence of the list of runs."""
    return BLANK
