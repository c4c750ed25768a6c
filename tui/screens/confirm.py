"""The dialog in front of every change: exact hosts, tasks and commands, a reason, default No.

What is shown is the controller's preview of exactly the request that would be sent. Keys typed before it was drawn are
ignored: what somebody typed into the screen below, or into an earlier preview, must never confirm.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.layout import Layout
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from runners.model.api import IntentRequest
from runners.model.errors import OndutyError
from runners.model.preview import Preview
from tui.screens.key_taker import KeyTaker
from tui.screens.onduty import Onduty
from tui.view.dialog import Dialog, dialog_rows, focus_order, may_confirm, width_wanted
from tui.view.dialog_fields import CONFIRM, NAME, NO, REASON, SCOPE, SCOPE_KEY, Form, Word
from tui.view.layout import Area, dialog_area
from tui.view.question import WORD_KEYS, WORDS, Question, answered
from tui.widgets.areas import AreaLayout, rearrange
from tui.widgets.canvas import Canvas

LATE_S = 0.3
"""What the controller answers sooner is not announced as being asked."""
MOST_REASON, MOST_NOTE, MOST_NAME = 500, 2000, 200
"""Characters that fit a field."""


class DialogCanvas(Canvas):
    """Remembers when it was first drawn, and when what it shows now was."""

    first_drawn_at: float | None = None
    """On the clock of ``Message.time``."""
    drawn_at: float | None = None

    def render_line(self, y: int) -> Strip:
        """Called when a frame is made that goes to the terminal at once."""
        if self._rows:
            now = time.monotonic()
            self.first_drawn_at = self.first_drawn_at or now
            self.drawn_at = self.drawn_at or now
        return super().render_line(y)

    def forget(self) -> None:
        """Something else is to be shown, and counts once it is drawn."""
        self.drawn_at = None
        self.refresh()


class ConfirmScreen(KeyTaker, ModalScreen["IntentRequest | None"], inherit_bindings=False):
    """Answers the request to send for yes, None for no."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "app.suspend_process", show=False, priority=True)]

    def __init__(
        self,
        question: Question,
        foresee: Callable[[IntentRequest], Awaitable[Preview]],
        *,
        id: str,
        environment: str | None,
        address_of: Callable[[Preview], str] = lambda preview: "",
    ) -> None:
        """``foresee`` asks the controller; ``id`` is that of the intent; ``address_of`` where its one host is."""
        super().__init__()
        self._question = question
        self._foresee = foresee
        self._intent_id = id
        self._environment = environment
        self._address_of = address_of
        self._preview: Preview | None = None
        self._request: IntentRequest | None = None
        """What ``_preview`` is of; None while the controller is asked."""
        self._late = False
        self._scope = 0
        self._said: frozenset[str] = frozenset()
        self._text = ""
        self._typed = ""
        self._focus = REASON if question.is_note else NO
        self._scroll = 0

    @property
    def onduty(self) -> Onduty:
        """The app, typed."""
        return cast("Onduty", self.app)

    @property
    def is_top(self) -> bool:
        """No other screen lies over it. Textual's ``is_current`` also counts the one below the top."""
        return bool(self.app.screen_stack) and self.app.screen is self

    @property
    def layout(self) -> Layout:
        """One area in the middle."""
        return AreaLayout(lambda name: self._area() if name == "dialog" else None)

    def compose(self) -> Iterable[Widget]:
        """One canvas."""
        yield DialogCanvas(id="dialog", shade="bar", margins=(0, 0))

    def on_mount(self) -> None:
        """Dim what is behind, ask, draw, and only then listen."""
        self.onduty.dim(self)
        self._ask()
        self.set_timer(LATE_S, self._say_late)

    # ----- what the controller foresees

    def _ask(self) -> None:
        """Ask for the preview of what is chosen now; nothing can be confirmed until it was drawn."""
        request = self._question.request(self._intent_id, self._scope, self._said)
        self._request = None
        if self._question.is_note:
            scope = "Kept with the run, for everybody who looks at it."
            self._take(request, Preview(title=self._question.title, scope=scope))
        else:
            self.run_worker(self._look(request), group="preview", exclusive=True)

    async def _look(self, request: IntentRequest) -> None:
        try:
            preview = await self._foresee(request)
        except OndutyError as error:
            hint = f"; {error.hint}" if error.hint else ""
            preview = Preview(title=self._question.title, scope="", refusal=f"{error.message}{hint}")
        if self.is_attached:
            self._take(request, preview)

    def _take(self, request: IntentRequest, preview: Preview) -> None:
        self._request, self._preview = request, preview
        order = focus_order(preview, self._form())
        self._focus = self._focus if self._focus in order else NO
        self._canvas.forget()
        self._paint()

    def _say_late(self) -> None:
        self._late = True
        if self._preview is None:
            self._paint()

    # ----- what is drawn

    @property
    def listens(self) -> bool:
        """What would happen was drawn; it can be confirmed from now on."""
        return self._request is not None and self._canvas.drawn_at is not None

    @property
    def field(self) -> str:
        """What has the focus: no, confirm, scope, a word, reason or name."""
        return self._focus

    @property
    def _canvas(self) -> DialogCanvas:
        return self.query_one("#dialog", DialogCanvas)

    @property
    def _shown(self) -> Preview:
        """The preview; until there is one, that it is asked for."""
        if self._preview is not None:
            return self._preview
        scope = "The controller is asked what would happen." if self._late else ""
        return Preview(title=self._question.title, scope=scope)

    def _form(self) -> Form:
        words = self._question.words(self._scope, self._preview)
        return Form(
            focus=self._focus,
            scopes=tuple(scope.label for scope in self._question.scopes),
            scope=self._scope,
            scope_label=self._question.scope_label,
            words=tuple(Word(name, WORDS[name], WORD_KEYS[name], name in self._said) for name in words),
            reason=self._text,
            is_note=self._question.is_note,
            name_wanted=self._question.name,
            typed=self._typed,
        )

    def _dialog(self, width: int, height: int | None) -> Dialog:
        look = self.onduty.look
        return dialog_rows(
            self._shown,
            self._form(),
            environment=self._environment,
            width=width,
            glyphs=look.glyphs,
            themed_box=not look.theme.exact,
            height=height,
            scroll=self._scroll,
            address=self._address_of(self._shown),
        )

    def _area(self) -> Area:
        if self._preview is None and not self._late:
            return Area(0, 0, 0, 0)
        width, height = self.size.width, self.size.height
        most = width_wanted(self._preview)
        wanted = dialog_area(width, height, rows=height, wanted=most).width
        rows = len(self._dialog(wanted, height - 2).rows)
        return dialog_area(width, height, rows=rows, wanted=most)

    def _paint(self) -> None:
        area = self._area()
        if not area.width:
            return
        rearrange(self)
        self._canvas.set_rows(self._dialog(area.width, area.height).rows)

    def on_resize(self, event: events.Resize) -> None:
        """It stays in the middle."""
        self._paint()

    # ----- keys

    def takes_key(self, event: events.Key) -> bool:
        """Everything is a key of the dialog."""
        if event.key == "ctrl+z":
            return False
        drawn_at = self._canvas.first_drawn_at
        if drawn_at is not None and event.time >= drawn_at:
            self._press(event)
        return True

    def _press(self, event: events.Key) -> None:
        words = {word.key: word.name for word in self._form().words}
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
        elif event.key in ("tab", "shift+tab"):
            order = focus_order(self._shown, self._form())
            step = 1 if event.key == "tab" else -1
            self._focus = order[(order.index(self._focus) + step) % len(order)]
        elif event.key in ("up", "down"):
            area = self._area()
            most = self._dialog(area.width, area.height).max_scroll
            self._scroll = max(0, min(most, self._scroll + (1 if event.key == "down" else -1)))
        elif self._focus in (REASON, NAME):
            self._type(event)
        elif event.character and event.character in words:
            self._say(words[event.character])
        elif event.character == SCOPE_KEY or (self._focus == SCOPE and event.key in ("right", "space", "enter")):
            self._choose(1)
        elif self._focus == SCOPE and event.key == "left":
            self._choose(-1)
        elif self._focus in words.values() and event.key in ("space", "enter"):
            self._say(self._focus)
        elif event.key == "enter":
            self._answer(self._focus, event.time)
        elif event.key in ("left", "right"):
            self._focus = CONFIRM if self._focus == NO and CONFIRM in focus_order(self._shown, self._form()) else NO
        elif event.character == "Y":
            self._answer(CONFIRM, event.time)
        elif event.character in ("n", "N", "q"):
            self.dismiss(None)
        if self.is_attached and self.is_top:
            self._paint()

    def _choose(self, step: int) -> None:
        """Another scope."""
        many = len(self._question.scopes)
        if many > 1:
            self._scope, self._scroll = (self._scope + step) % many, 0
            self._said = frozenset()
            self._ask()

    def _say(self, word: str) -> None:
        """A word is said, or taken back."""
        self._said = self._said ^ {word}
        self._ask()

    def _type(self, event: events.Key) -> None:
        text = self._text if self._focus == REASON else self._typed
        if event.key == "enter":
            self._focus = CONFIRM
            return
        if event.key == "backspace":
            text = text[:-1]
        elif event.key == "ctrl+u":
            text = ""
        elif event.is_printable and event.character:
            text += event.character
        self._set(text)

    def _set(self, text: str) -> None:
        if self._focus == REASON:
            self._text = text[: MOST_NOTE if self._question.is_note else MOST_REASON]
        else:
            self._typed = text[:MOST_NAME]

    def takes_paste(self, text: str) -> bool:
        """The first line, into the field with the focus; a pasted Y never confirms."""
        line = (text.splitlines() or [""])[0]
        if self._focus in (REASON, NAME):
            self._set((self._text if self._focus == REASON else self._typed) + line)
        self._paint()
        return True

    def on_click(self, event: events.Click) -> None:
        """On a button."""
        area = self._area()
        button = self._dialog(area.width, area.height).button_at(event.screen_y - area.y, event.screen_x - area.x)
        if button is not None and button.enabled:
            self._answer(button.name, event.time)

    def _answer(self, button: str, at: float) -> None:
        """``at``: when the key was pressed; one that was meant for what was shown before confirms nothing."""
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(None)
            return
        request, preview, drawn_at = self._request, self._preview, self._canvas.drawn_at
        if request is None or preview is None or drawn_at is None or at < drawn_at:
            return
        if may_confirm(preview, self._form()):
            self.dismiss(answered(self._question, request, preview, self._text))

    def on_unmount(self) -> None:
        """What was behind comes back."""
        self.onduty.undim()
