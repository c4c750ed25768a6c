"""What every modal screen is: it knows the app, gets its keys at once, and lights up what is behind when it goes."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip

from tui.screens.key_taker import KeyTaker
from tui.screens.seat import Seat

T = TypeVar("T")


class Modal(KeyTaker, Seat, ModalScreen[T], Generic[T], inherit_bindings=False):
    """Base of the dialogs, the palette and the help."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "app.suspend_process", show=False, priority=True)]

    def render_lines(self, crop: Region) -> list[Strip]:
        """What is behind, as it is painted. Textual takes it apart to tint each cell, which takes longer than that."""
        screens = self.app.screen_stack
        at = screens.index(self) if self in screens else 0
        if not at:
            return super().render_lines(crop)
        strips = screens[at - 1]._compositor.render_strips(self.size)[crop.y : crop.bottom]
        if crop.column_span == (0, self.size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def on_mount(self) -> None:
        """Dim what is behind."""
        self.onduty.dim(self)

    def on_unmount(self) -> None:
        """What was behind comes back."""
        self.onduty.undim()
