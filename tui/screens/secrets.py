"""The dialog that a run is given its secrets in: what is typed is never drawn, and goes to the controller alone.

The values live in this dialog and in the request that it answers. Neither says them when it is printed, so no report,
log or picture of the screen has them; the dialog forgets them when it closes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runners.model.api import GiveSecrets
from runners.model.preview import Preview
from runners.model.secrets import BY_CLIENT, SecretSource, SourceKind
from runners.spec.secret_values import why_not_secret
from tui.screens.hidden_fields import HiddenFields
from tui.view.dialog import may_confirm
from tui.view.dialog_fields import NO, Form, Hidden


class SecretScreen(HiddenFields["GiveSecrets | None"], inherit_bindings=False):
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
        self.ask_for(*self._fields)
        self._focus = self._fields[0] if self._asked else NO
        read = [f"{source.name} is read again by the controller: {source}" for source in sources
                if source.kind not in BY_CLIENT]  # fmt: skip
        self._preview = Preview(
            title=title or f"give secrets to {run}",
            scope="Kept in the controller's memory alone, and masked wherever a job prints them.",
            warnings=tuple(read),
        )

    # ----- what is drawn

    @property
    def shown(self) -> Preview:
        """What is asked."""
        return self._preview

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
                    len(self._typed[field]),
                    self._wrong(source.name),
                    is_wrong=field in self._left and field != self._focus,
                )
                for field, source in zip(self._fields, self._asked, strict=True)
            ),
            is_secret=True,
        )

    def _wrong(self, name: str) -> str:
        return why_not_secret(name, self._typed[f"secret {name}"].reveal())

    # ----- the answer

    def answer(self, button: str, at: float) -> None:
        """No, or the request with what was typed."""
        if not self.is_top:
            return
        if button == NO:
            self.dismiss(None)
        elif may_confirm(self._preview, self.form()):
            values = {field.partition(" ")[2]: typed.reveal() for field, typed in self._typed.items()}
            self.dismiss(GiveSecrets(id=self._intent_id, names=self._names, values=values))


def _question(source: SecretSource) -> str:
    """What the pipeline asks, else where the value usually comes from."""
    return source.text if source.kind is SourceKind.PROMPT else f"usually from your variable {source.variable}"
