"""What would happen, before anybody says yes: the dialog in front of every change (LOOK section 6, "Dialogs").

Order: title and environment, scope, what will run, what to think of, how much of it, reason, typed name, buttons. The
middle scrolls when it has to; title, fields and buttons always stay. The safe button has the focus first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from runners.model.preview import Preview
from tui.view.cells import LEAST_CELLS, cut_middle, wrap
from tui.view.dialog_body import DialogBody
from tui.view.dialog_fields import CONFIRM, NAME, NO, REASON, SCOPE, DialogFields, Form
from tui.view.glyphs import Glyphs
from tui.view.question import SPOKEN
from tui.view.rows import BLANK, Row, Span, lay_out, spaced, text_row, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.top_bar import environment_spans

WIDTH, ROLLBACK_WIDTH = 88, 92
_DESTROYS = ("cancel", "rollback")
_NO_FORM = Form()


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
    max_scroll: int = 0
    """Largest ``scroll`` that changes anything."""

    def button_at(self, row: int, x: int) -> Button | None:
        """The button under a cell."""
        return next((one for one in self.buttons if one.row == row and one.x <= x < one.x + one.width), None)


def width_wanted(preview: Preview | None) -> int:
    """Cells of the dialog where there is room (LOOK section 6)."""
    return ROLLBACK_WIDTH if preview is not None and verb_of(preview) == "rollback" else WIDTH


def verb_of(preview: Preview) -> str:
    """The intent that it is about: ``rollback``."""
    return preview.title.partition(" ")[0]


def title_of(preview: Preview) -> SafeText:
    """``Roll back deploy-api/42``."""
    verb, _, rest = preview.title.partition(" ")
    title = safe(f"{SPOKEN.get(verb, verb)} {rest}")
    return own(title[:1].upper() + title[1:])


def focus_order(preview: Preview, form: Form = _NO_FORM) -> tuple[str, ...]:
    """What tab goes through, the safe one first; of what is refused only what may change that.

    A name that is asked for is typed before the button can be pressed: until then tab passes that by.
    """
    scope = (SCOPE,) if len(form.scopes) > 1 else ()
    words = tuple(word.name for word in form.words)
    if preview.refusal:
        return (NO, *scope, *words)
    if form.is_secret:
        return (*(one.field for one in form.hidden), CONFIRM, NO)
    reason = (REASON,) if form.asks_reason else ()
    if form.name_wanted is None:
        return (NO, CONFIRM, *scope, *words, *reason)
    return (NO, *scope, *words, *reason, NAME, *((CONFIRM,) if form.is_named else ()))


def may_confirm(preview: Preview, form: Form = _NO_FORM) -> bool:
    """Whether ``Y`` does anything."""
    usable = not any(one.problem for one in form.hidden) and (not form.is_note or bool(form.reason.strip()))
    return usable and form.is_named and not form.is_early and not preview.refusal


def dialog_rows(
    preview: Preview,
    form: Form = _NO_FORM,
    *,
    environment: str | None,
    width: int,
    glyphs: Glyphs,
    themed_box: bool,
    height: int | None = None,
    scroll: int = 0,
    address: str = "",
) -> Dialog:
    """The dialog for an intent.

    ``themed_box`` draws a box for terminals whose colours do not set the dialog apart. ``height`` is the most rows it
    may have; what does not fit scrolls by ``scroll`` rows. ``address`` says where one host is reached, such as
    ``deploy@10.0.0.13``.
    """
    pen = _Pen(preview, width, glyphs, themed_box)
    head = pen.head(environment)
    body = DialogBody(preview, pen.verb, pen.inner, glyphs).rows(address)
    enabled = may_confirm(preview, form)
    fields = DialogFields(form, pen.inner, pen.label, glyphs).rows(refused=bool(preview.refusal))
    typing = any(one.field == form.focus for one in form.hidden)
    bar, places = pen.buttons(form.focus, enabled, next_key="enter" if typing else "")
    foot = [BLANK, *fields, BLANK, BLANK, bar, BLANK] if fields else [BLANK, bar, BLANK]
    spare = None if height is None else max(1, height - pen.frame_rows)
    if spare is not None and len(head) + len(body) + len(foot) > spare:
        tight = len(head) + len(foot) + 4 > spare
        foot = [row for row in foot if row is not BLANK] if tight else foot
        head = [row for row in head if row is not BLANK] if tight else head
        keep = 1 + len(foot)
        head = head[: max(1, spare - keep)] if len(head) + keep > spare else head
    room = len(body) if spare is None else max(0, spare - len(head) - len(foot))
    shown, max_scroll = pen.window(body, room, scroll)
    inner = [*head, *shown, *foot]
    if spare is not None and len(inner) > spare:
        inner = inner[-spare:]
    at = next((number for number, row in enumerate(inner) if row is bar), len(inner) - 1)
    buttons = tuple(Button(name, at + 1, x, wide, name == NO or enabled) for name, x, wide in places)
    return Dialog(rows=pen.framed(inner), buttons=buttons, max_scroll=max_scroll)


class _Pen:
    def __init__(self, preview: Preview, width: int, glyphs: Glyphs, box: bool) -> None:
        self.preview = preview
        self.verb = verb_of(preview)
        self.title = title_of(preview)
        self.width = width
        self.glyphs = glyphs
        self.box = box
        self.pad = 3 if width >= 60 else 2 if width >= 30 else 1
        self.inner = max(1, width - 2 * self.pad)
        self.label = 13 if self.inner >= 40 else 8
        self.frame_rows = 2 if box else 1

    def framed(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The top edge and margins; in a box also sides and a bottom."""
        margins = (self.pad, self.pad)
        if not self.box:
            token = "fail" if self.verb in _DESTROYS else "acc"
            top = Row(left=(Span(own(self.glyphs.heavy * self.width), token),), margins=(0, 0))
            return (top, *(replace(row, margins=margins) for row in rows))
        edge = Row(left=(Span(own(self.glyphs.thin * self.width), "text"),), margins=(0, 0))
        side = Span(self.glyphs.track, "text")
        inside = max(0, self.width - 2)
        lines = [
            replace(
                BLANK,
                left=(side, *lay_out(row, inside, self.glyphs, (self.pad - 1, self.pad - 1)), side),
                margins=(0, 0),
            )
            for row in rows
        ]
        return (edge, *lines, edge)

    def window(self, body: Sequence[Row], room: int, scroll: int) -> tuple[list[Row], int]:
        """The part of the middle that fits, and how far it scrolls."""
        if len(body) <= room:
            return list(body), 0
        if room < 2:
            return list(body[:room]), 0
        shown = room - 1
        last = len(body) - shown
        first = max(0, min(scroll, last))
        rest = len(body) - first - shown
        more = f"{rest} more below" if rest else f"{first} more above"
        return [*body[first : first + shown], text_row(own(f"{self.glyphs.cut} {more}, up and down show them"))], last

    def head(self, environment: str | None) -> list[Row]:
        """Title, environment, scope."""
        scope = wrap(safe(self.preview.scope), self.inner) if self.preview.scope else []
        return [
            BLANK,
            Row(left=(Span(self.title, bold=True, cut="middle"),), right=environment_spans(environment), gap=2),
            *(text_row(line) for line in scope),
            BLANK,
        ]

    def buttons(self, focus: str, enabled: bool, next_key: str = "") -> tuple[Row, list[tuple[str, int, int]]]:
        """The safe one, the other one, and the keys that do the same; with each button's name, x and width.

        ``next_key`` goes on from a field in which letters are text.
        """
        room = max(LEAST_CELLS, self.inner - 15 - 2 - 4)
        label = cut_middle(self.title, room, self.glyphs.cut)
        refused = bool(self.preview.refusal)
        back = own("Go back" if refused else "No, go back")
        shown = [(NO, back, True)] if refused else [(NO, back, True), (CONFIRM, label, enabled)]
        groups = [(self._button(text, focus == name, on),) for name, text, on in shown]
        left = spaced(groups, 2)
        places: list[tuple[str, int, int]] = []
        x = self.pad
        for (name, _, _), group in zip(shown, groups, strict=True):
            places.append((name, x, width_of(group)))
            x += width_of(group) + 2
        keys = [("esc", "no")]
        if next_key:
            keys.append((next_key, "next"))
        elif enabled and not refused:
            keys.append(("Y", SPOKEN.get(self.verb, self.verb)))
        if not refused and not next_key:
            keys.append(("tab", "move"))
        right = spaced([(Span(own(key), "acc", bold=True), Span(safe(f" {word}"), "muted")) for key, word in keys], 3)
        if width_of(left) + 3 + width_of(right) > self.inner:
            right = ()
        return Row(left=left, right=right, gap=3), places

    def _button(self, text: SafeText, focused: bool, enabled: bool) -> Span:
        # Without colours only the brackets say that a button can be pressed.
        text = own(f"[ {text} ]" if self.box and enabled else f"  {text}  ")
        if focused and enabled:
            return Span(text, "acc", bold=True, reverse=True, cut="middle")
        return Span(text, "text" if enabled else "faint", bg="button" if enabled else "panel", cut="middle")
