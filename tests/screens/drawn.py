"""What an app has on its screen. Textual hands it out to its own tests alone: this is the one place that asks."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.strip import Strip


def strips_of(app: App[Any]) -> list[Strip]:
    """Every row with its styles."""
    return app.screen._compositor.render_strips()


def rows_of(app: App[Any]) -> list[str]:
    """Every row as text, without the blanks at its end."""
    return [strip.text.rstrip() for strip in strips_of(app)]
