"""The dialog that a run is given its secrets in: what is typed is never drawn, and goes to the controller alone.

The values live in this dialog and in the request that it answers. Neither says them when it is printed, so no report,
log or picture of the screen has them; the dialog forgets them when it closes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from runners.model.api import GiveSecrets
from runners.model.preview import Preview
from runners.model.secrets import BY_CLIENT, SecretSource, SourceKind
from runners.spec.names import MAX_ENV_BYTES
from runners.spec.secret_values import why_not_secret
from tui.screens.dialog import DialogScreen
from tui.view.dialog import WIDTH, focus_order, may_confirm
from tui.view.dialog_fields import CONFIRM, NO, Form, Hidden


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


class SecretScreen(DialogScreen["GiveSecrets | None"], inherit_bindings=False):
    """Answers the request to send, None for no."""

    def __init__(
        self,
        run: str,
        sources: Sequence[SecretSource],
        needed: Callable[[str], str],
        *,
        id: str,
        environment: str | None,
        title: str = "",
    ) -> None:
        """``sources``: all that is to be given; ``needed``: why the run waits for one; ``id``: of the intent; ``title``
        says what follows from it, empty: that they are given to the run."""
        super().__init__(environment)
        self._intent_id = id
        self._names = tuple(source.name for source in sources)
        self._asked = tuple(source for source in sources if source.kind in BY_CLIENT)
        self._needed = needed
        self._typed = {source.name: Typed() for source in self._asked}
        self._left: set[str] = set()
        """Fields that somebody left: from then on they say what is wrong with them."""
        self._focus = self._fields[0] if self._asked else NO
        read = [f"{source.name} is read again by the controller: {source}" for source in sources
                if source.kind not in BY_CLIENT]  # fmt: skip
        self._preview = Preview(
            title=title or f"give secrets to {run}",
            scope="Kept in the controller's memory alone, and masked wherever a job prints them.",
            warnings=tuple(read),
        )

    @property
    def listens(self) -> bool:
        """It was drawn; what is typed from now on is typed into it."""
        return self.canvas.first_drawn_at is not None

    def on_mount(self) -> None:
        """There is nothing to wait for."""
        self.paint()

    # ----- what is drawn

    @property
    def shown(self) -> Preview:
        """What is asked."""
        return self._preview

    def wanted_width(self) -> int:
        """Always the same, whatever is typed."""
        return WIDTH

    @property
    def _fields(self) -> tuple[str, ...]:
        """Names of the fields, which are not those of buttons."""
        return tuple(f"secret {source.name}" for source in self._asked)

    def form(self) -> Form:
        """A field for each secret."""
        return Form(
            focus=self._focus,
            hidden=tuple(
                Hidden(
                    field,
                    source.name,
                    _question(source),
                    self._needed(source.name),
                    len(self._typed[source.name]),
                    self._wrong(source.name),
                    is_wrong=field in self._left and field != self._focus,
                )
                for field, source in zip(self._fields, self._asked, strict=True)
            ),
            is_secret=True,
        )

    def _wrong(self, name: str) -> str:
        return why_not_secret(name, self._typed[name].reveal())

    # ----- keys

    def press(self, event: events.Key) -> None:
        """Move, type, answer."""
        if event.key in ("escape", "ctrl+c"):
            self.answer(NO, event.time)
        elif event.key in ("tab", "shift+tab", "down", "up"):
            order = focus_order(self._preview, self.form())
            self._go(order[(order.index(self._focus) + (1 if event.key in ("tab", "down") else -1)) % len(order)])
        elif self._focus in self._fields:
            self._type(event, self._typed[self._focus.partition(" ")[2]])
        elif event.key == "enter":
            self.answer(self._focus, event.time)
        elif event.key in ("left", "right"):
            self._go(CONFIRM if self._focus == NO else NO)
        elif event.character == "Y":
            self.answer(CONFIRM, event.time)
        elif event.character in ("n", "N", "q"):
            self.answer(NO, event.time)

    def _type(self, event: events.Key, typed: Typed) -> None:
        if event.key == "enter":
            at = self._fields.index(self._focus) + 1
            self._go(self._fields[at] if at < len(self._fields) else CONFIRM)
        elif event.key == "backspace":
            typed.take_back()
        elif event.key == "ctrl+u":
            typed.forget()
        elif event.is_printable and event.character:
            typed.add(event.character)

    def takes_paste(self, text: str) -> bool:
        """All of its lines, into the field with the focus, without a newline at the end: keys have several lines."""
        if self._focus in self._fields:
            value = text.replace("\r\n", "\n").replace("\r", "\n")
            self._typed[self._focus.partition(" ")[2]].add(value.removesuffix("\n"))
            self.paint()
        return True

    def _go(self, focus: str) -> None:
        if self._focus in self._fields:
            self._left.add(self._focus)
        self._focus = focus

    def answer(self, button: str, at: float) -> None:
        """No, or the request with what was typed."""
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(None)
        elif may_confirm(self._preview, self.form()):
            values = {name: typed.reveal() for name, typed in self._typed.items()}
            self.dismiss(GiveSecrets(id=self._intent_id, names=self._names, values=values))

    def on_unmount(self) -> None:
        """What was typed is gone."""
        for typed in self._typed.values():
            typed.forget()


def _question(source: SecretSource) -> str:
    """What the pipeline asks, else where the value usually comes from."""
    return source.text if source.kind is SourceKind.PROMPT else f"usually from your variable {source.variable}"
