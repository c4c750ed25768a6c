"""The dialog in front of every start: all hosts, tasks and commands of the plan, default No.

What is shown is the plan of exactly the texts that are sent. The name is typed for production alone.
"""

from __future__ import annotations

from textual import events

from runners.model.plan import Plan
from runners.model.preview import Preview
from tui.screens.confirm import MOST_NAME
from tui.screens.dialog import DialogScreen
from tui.view.dialog import focus_order, may_confirm
from tui.view.dialog_fields import CONFIRM, NAME, NO, Form
from tui.view.plan_rows import start_preview

PRODUCTION = "production"


class StartScreen(DialogScreen[bool], inherit_bindings=False):
    """Answers whether to start."""

    def __init__(self, plan: Plan, *, pinned: str = "") -> None:
        """``pinned`` is the run that is repeated; empty: none."""
        super().__init__(plan.environment)
        self._preview = start_preview(plan, pinned)
        self._name = plan.pipeline if (plan.environment or "").lower() == PRODUCTION else None
        self._typed = ""
        self._focus = NO

    def on_mount(self) -> None:
        """There is nothing to wait for."""
        self.paint()

    @property
    def shown(self) -> Preview:
        """What would run."""
        return self._preview

    def form(self) -> Form:
        """The name, where one is asked for."""
        return Form(focus=self._focus, name_wanted=self._name, typed=self._typed, asks_reason=False)

    def press(self, event: events.Key) -> None:
        """Move, type the name, answer."""
        if event.key in ("escape", "ctrl+c"):
            self.answer(NO, event.time)
        elif event.key in ("tab", "shift+tab"):
            order = focus_order(self._preview, self.form())
            self._focus = order[(order.index(self._focus) + (1 if event.key == "tab" else -1)) % len(order)]
        elif event.key in ("up", "down"):
            self.scroll_rows(1 if event.key == "down" else -1)
        elif event.key in ("pageup", "pagedown", "ctrl+u", "ctrl+d") and self._focus != NAME:
            self.scroll_rows(10 if event.key in ("pagedown", "ctrl+d") else -10)
        elif self._focus == NAME:
            self._type(event)
        elif self.form().is_next_letter(event.character):
            self._focus = NAME
            self._type(event)
        elif event.key == "enter":
            self.answer(self._focus, event.time)
        elif event.key in ("left", "right"):
            self._focus = CONFIRM if self._focus == NO and CONFIRM in focus_order(self._preview, self.form()) else NO
        elif event.character == "Y":
            self.answer(CONFIRM, event.time)
        elif event.character in ("n", "N", "q"):
            self.answer(NO, event.time)

    def _type(self, event: events.Key) -> None:
        if event.key == "enter":
            self._focus = CONFIRM if self.form().is_named else NAME
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.key == "ctrl+u":
            self._typed = ""
        elif event.is_printable and event.character:
            self._typed = (self._typed + event.character)[:MOST_NAME]

    def takes_paste(self, text: str) -> bool:
        """The first line, as the name; a pasted Y never confirms."""
        if self._focus == NAME:
            self._typed = (self._typed + (text.splitlines() or [""])[0])[:MOST_NAME]
        self.paint()
        return True

    def answer(self, button: str, at: float) -> None:
        """No, or yes once the name is there; ``at``: when the key was pressed."""
        drawn_at = self.canvas.drawn_at
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(False)
        elif drawn_at is not None and at >= drawn_at and may_confirm(self._preview, self.form()):
            self.dismiss(True)
