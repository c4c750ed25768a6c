"""What would happen, before anybody says yes: the dialog in front of every change."""

from __future__ import annotations

from dataclasses import dataclass

from runners.model.preview import Preview
from tui.view.glyphs import Glyphs
from tui.view.rows import Row


@dataclass(frozen=True, slots=True)
class Button:
    """Where a button stands, relative to the dialog's first cell."""

    name: str
    """``no`` or ``confirm``."""
    row: int
    x: int
    width: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """Rows over the dialog's whole width, margins included."""

    rows: tuple[Row, ...]
    buttons: tuple[Button, ...]

    def button_at(self, row: int, x: int) -> Button | None:
        """The button under a cell."""
        return next((one for one in self.buttons if one.row == row and one.x <= x < one.x + one.width), None)


def focus_order(preview: Preview, *, name_wanted: str | None) -> tuple[str, ...]:
    """What tab goes through, first the safe one: ``no``, ``confirm``, ``reason``, ``name``."""
    return ("no", "confirm", "reason")


def may_confirm(preview: Preview, *, typed: str, name_wanted: str | None) -> bool:
    """Whether ``Y`` does anything."""
    return not preview.refusal and (name_wanted is None or typed == name_wanted)


def dialog_rows(
    preview: Preview,
    *,
    environment: str | None,
    reason: str,
    reason_cursor: int,
    typed: str,
    name_wanted: str | None,
    focus: str,
    width: int,
    glyphs: Glyphs,
    themed_box: bool,
    height: int | None = None,
    scroll: int = 0,
    address: str = "",
) -> Dialog:
    """The dialog for a retry, a skip or a cancel. ``focus``: no, confirm, reason or name."""
    return Dialog(rows=(), buttons=())
