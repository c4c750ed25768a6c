"""What every modal screen is: it knows the app, gets its keys at once, and lights up what is behind when it goes."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.screens.key_taker import KeyTaker
from tui.screens.seat import Seat

T = TypeVar("T")


class Modal(KeyTaker, Seat, ModalScreen[T], Generic[T], inherit_bindings=False):
    """Base of the dialogs, the palette and the help."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "app.suspend_process", show=False, priority=True)]

    def on_mount(self) -> None:
        """Dim what is behind."""
        self.onduty.dim(self)

    def on_unmount(self) -> None:
        """What was behind comes back."""
        self.onduty.undim()
