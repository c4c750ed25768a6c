"""The dialog in front of every change: exact hosts, tasks and commands, a reason, default No.

What is shown is the controller's preview of exactly the request that would be sent. Keys typed before it was drawn are
ignored: what somebody typed into the screen below, or into an earlier preview, must never confirm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import events

from runners.model.api import IntentRequest
from runners.model.errors import OndutyError
from runners.model.preview import Preview
from tui.screens.dialog import DialogScreen
from tui.view.dialog import focus_order, may_confirm, width_wanted
from tui.view.dialog_fields import CONFIRM, NAME, NO, REASON, SCOPE, SCOPE_KEY, Form, Word
from tui.view.question import WORD_KEYS, WORDS, Question, answered

LATE_S = 0.3
"""What the controller answers sooner is not announced as being asked."""
MOST_REASON, MOST_NOTE, MOST_NAME = 500, 2000, 200
"""Characters that fit a field."""


class ConfirmScreen(DialogScreen["IntentRequest | None"], inherit_bindings=False):
    """Answers the request to send for yes, None for no."""

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
        super().__init__(environment)
        self._question = question
        self._foresee = foresee
        self._intent_id = id
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

    def on_mount(self) -> None:
        """Ask, draw, and only then listen."""
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
        order = focus_order(preview, self.form())
        self._focus = self._focus if self._focus in order else NO
        self.canvas.forget()
        self.paint()

    def _say_late(self) -> None:
        self._late = True
        if self._preview is None:
            self.paint()

    # ----- what is drawn

    @property
    def listens(self) -> bool:
        """What would happen was drawn; it can be confirmed from now on."""
        return self._request is not None and self.canvas.drawn_at is not None

    @property
    def field(self) -> str:
        """What has the focus: no, confirm, scope, a word, reason or name."""
        return self._focus

    @property
    def shown(self) -> Preview:
        """The preview; until there is one, that it is asked for."""
        if self._preview is not None:
            return self._preview
        scope = "The controller is asked what would happen." if self._late else ""
        return Preview(title=self._question.title, scope=scope)

    def form(self) -> Form:
        """Scopes, words, the reason, the name to type."""
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
            is_early=self._preview is None,
        )

    def wanted_width(self) -> int | None:
        """As the preview needs; None while the controller is asked and is not late."""
        return None if self._preview is None and not self._late else width_wanted(self._preview)

    def address(self) -> str:
        """Of the one host that the preview names."""
        return self._address_of(self.shown)

    # ----- keys

    def press(self, event: events.Key) -> None:
        """Move, type, say a word, choose a scope, answer."""
        words = {word.key: word.name for word in self.form().words}
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
        elif event.key in ("tab", "shift+tab"):
            order = focus_order(self.shown, self.form())
            step = 1 if event.key == "tab" else -1
            self._focus = order[(order.index(self._focus) + step) % len(order)]
        elif event.key in ("up", "down"):
            self.scroll_rows(1 if event.key == "down" else -1)
        elif self._focus in (REASON, NAME):
            self._type(event)
        elif event.character and event.character in words:
            self._say(words[event.character])
        elif self.form().is_next_letter(event.character):
            self._focus = NAME
            self._type(event)
        elif event.character == SCOPE_KEY or (self._focus == SCOPE and event.key in ("right", "space", "enter")):
            self._choose(1)
        elif self._focus == SCOPE and event.key == "left":
            self._choose(-1)
        elif self._focus in words.values() and event.key in ("space", "enter"):
            self._say(self._focus)
        elif event.key == "enter":
            self.answer(self._focus, event.time)
        elif event.key in ("left", "right"):
            self._focus = CONFIRM if self._focus == NO and CONFIRM in focus_order(self.shown, self.form()) else NO
        elif event.character == "Y":
            self.answer(CONFIRM, event.time)
        elif event.character in ("n", "N", "q"):
            self.dismiss(None)

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
            self._focus = CONFIRM if self.form().is_named else NAME
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
        self.paint()
        return True

    def answer(self, button: str, at: float) -> None:
        """``at``: when the key was pressed; one that was meant for what was shown before confirms nothing."""
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(None)
            return
        request, preview, drawn_at = self._request, self._preview, self.canvas.drawn_at
        if request is None or preview is None or drawn_at is None or at < drawn_at:
            return
        if may_confirm(preview, self.form()):
            self.dismiss(answered(self._question, request, preview, self._text))
