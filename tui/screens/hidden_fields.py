"""A dialog with fields whose text is never drawn. It lives in them alone, and is forgotten when the dialog closes."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events

from runners.spec.names import MAX_ENV_BYTES
from tui.screens.dialog import DialogScreen
from tui.view.dialog import WIDTH, focus_order
from tui.view.dialog_fields import CONFIRM, NO

T = TypeVar("T")


class Typed:
    """What was typed into one field. It cannot be printed by mistake."""

    __slots__ = ("_text",)

    def __init__(self) -> None:
        self._text = ""

    def __repr__(self) -> str:
        return "Typed()"

    def __len__(self) -> int:
        return len(self._text)

    def add(self, text: str) -> None:
        """Put it at the end, up to what a command can be passed."""
        self._text = (self._text + text)[:MAX_ENV_BYTES]

    def take_back(self) -> None:
        """The last character."""
        self._text = self._text[:-1]

    def forget(self) -> None:
        """All of it."""
        self._text = ""

    def reveal(self) -> str:
        """The value, for the request alone."""
        return self._text


class HiddenFields(DialogScreen[T], Generic[T], inherit_bindings=False):
    """A subclass says which fields there are, and what the form looks like."""

    def __init__(self, environment: str | None) -> None:
        super().__init__(environment)
        self._typed: dict[str, Typed] = {}
        """By field, in their order; names that no button has."""
        self._left: set[str] = set()
        """Fields that somebody left: from then on they say what is wrong with them."""
        self._focus = NO

    def on_mount(self) -> None:
        """There is nothing to wait for."""
        self.paint()

    def wanted_width(self) -> int:
        """Always the same, whatever is typed."""
        return WIDTH

    def ask_for(self, *fields: str) -> None:
        """These are the fields from now on, and empty."""
        self.forget()
        self._typed = {field: Typed() for field in fields}
        self._left = set()
        self._focus = fields[0] if fields else CONFIRM

    def forget(self) -> None:
        """What was typed is gone."""
        for typed in self._typed.values():
            typed.forget()

    def press(self, event: events.Key) -> None:
        """Move, type, answer."""
        if event.key in ("escape", "ctrl+c"):
            self.answer(NO, event.time)
        elif event.key in ("tab", "shift+tab", "down", "up"):
            order = focus_order(self.shown, self.form())
            at = order.index(self._focus) if self._focus in order else 0
            self._go(order[(at + (1 if event.key in ("tab", "down") else -1)) % len(order)])
        elif self._focus in self._typed:
            self._type(event, self._typed[self._focus])
        elif event.key == "enter":
            self.answer(self._focus, event.time)
        elif event.key in ("left", "right"):
            self._go(CONFIRM if self._focus == NO else NO)
        elif event.character == "Y":
            self.answer(CONFIRM, event.time)
        elif event.character in ("n", "N", "q"):
            self.answer(NO, event.time)

    def entered(self, field: str) -> None:
        """Enter was pressed in a field: the next one, or the button behind the last."""
        fields = tuple(self._typed)
        at = fields.index(field) + 1
        self._go(fields[at] if at < len(fields) else CONFIRM)

    def fits(self, text: str) -> str:
        """Of pasted text what belongs into a field."""
        value = text.replace("\r\n", "\n").replace("\r", "\n")
        return value.removesuffix("\n")

    def takes_paste(self, text: str) -> bool:
        """Into the field with the focus."""
        if self._focus in self._typed:
            self._typed[self._focus].add(self.fits(text))
            self.paint()
        return True

    def on_unmount(self) -> None:
        """What was typed is gone."""
        self.forget()

    def _type(self, event: events.Key, typed: Typed) -> None:
        if event.key == "enter":
            self.entered(self._focus)
        elif event.key == "backspace":
            typed.take_back()
        elif event.key == "ctrl+u":
            typed.forget()
        elif event.is_printable and event.character:
            typed.add(event.character)

    def _go(self, focus: str) -> None:
        if self._focus in self._typed:
            self._left.add(self._focus)
        self._focus = focus
