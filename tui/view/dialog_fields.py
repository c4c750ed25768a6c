"""The fields of a dialog: how much, the words only a person can say, the reason or the note, the name to type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.view.cells import LEAST_CELLS, cells, cut_right, wrap
from tui.view.durations import count
from tui.view.field import field_row
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, width_of
from tui.view.safe_text import own, safe

NO, CONFIRM, SCOPE, REASON, NAME = "no", "confirm", "scope", "reason", "name"
PLACEHOLDER = own("optional, kept with the run")
SCOPE_KEY = "s"


@dataclass(frozen=True, slots=True)
class Word:
    """Something that a person may say on top: ``I vouch that it is dead``."""

    name: str
    """The field of the request."""
    label: str
    key: str
    said: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """A field whose text is not shown, nor known here."""

    field: str
    """As ``Form.focus`` names it."""
    name: str
    question: str
    """What is asked for."""
    needed: str
    """Why; empty when nothing waits for it."""
    characters: int
    """So many were typed."""
    problem: str
    """Why it cannot be used; empty when it can."""
    is_wrong: bool = False
    """It was left with ``problem``, which is said."""
    text: str | None = None
    """What was typed, where it may be shown; None: it may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was chosen and typed so far."""

    focus: str = NO
    """no, confirm, scope, the name of a word, reason or name."""
    scopes: tuple[str, ...] = ()
    """How much of the run, as labels; one alone is not shown."""
    scope: int = 0
    scope_label: str = "how much"
    words: tuple[Word, ...] = ()
    reason: str = ""
    reason_cursor: int | None = None
    """Characters of ``reason`` before the cursor; None: all."""
    is_note: bool = False
    """What is typed is no reason but the thing itself."""
    name_wanted: str | None = None
    typed: str = ""
    hidden: tuple[Hidden, ...] = ()
    is_secret: bool = False
    """``hidden`` alone is asked for, no reason."""
    said: tuple[str, ...] = ()
    """Lines that ``said_by`` wants to be read first, in its own words."""
    said_by: str = ""
    note: str = ""
    """What became of the answer before; empty: there was none."""
    asks_reason: bool = True
    """False: what is confirmed keeps none."""
    is_early: bool = False
    """What would happen is not known yet: there is nothing to agree to."""

    @property
    def is_named(self) -> bool:
        """The name that is asked for is there, or none is asked for."""
        return self.name_wanted is None or self.typed == self.name_wanted

    def is_next_letter(self, character: str | None) -> bool:
        """Whether somebody who presses this types the name, wherever the focus is."""
        wanted = self.name_wanted or ""
        return bool(character) and not self.is_named and wanted.startswith(f"{self.typed}{character}")


class DialogFields:
    """Rows of a form, for ``inner`` cells with labels of ``label`` cells."""

    def __init__(self, form: Form, inner: int, label: int, glyphs: Glyphs) -> None:
        self.form = form
        self.inner = inner
        self.label = label
        self.glyphs = glyphs

    def rows(self, *, refused: bool) -> list[Row]:
        """All fields; of what is refused only those that may change that."""
        form = self.form
        label_cells, name_label, above = self._name_label()
        rows: list[Row] = []
        if len(form.scopes) > 1:
            rows.append(self._scope(label_cells))
        rows += [self._word(word, label_cells) for word in form.words]
        if refused:
            return rows
        if form.is_secret:
            asked = [row for number, one in enumerate(form.hidden) for row in self._hidden(one, first=not number)]
            return [*self._said(), *asked]
        if not form.asks_reason:
            # The name begins with a blank row of its own.
            return [*rows, *self._name(name_label, above, label_cells)[0 if rows else 1 :]]
        rows += [BLANK] if rows else []
        placeholder = own("") if form.is_note else PLACEHOLDER
        rows.append(
            field_row(
                (Span(own("note" if form.is_note else "reason"), "muted"),),
                form.reason,
                cursor=form.reason_cursor,
                focused=form.focus == REASON,
                placeholder=placeholder,
                inner=self.inner,
                label_cells=label_cells,
                glyphs=self.glyphs,
            )
        )
        return [*rows, *self._name(name_label, above, label_cells)]

    def _name_label(self) -> tuple[int, tuple[Span, ...], list[Row]]:
        """Cells of all labels, the name's own, and rows above its field where it has no room beside it."""
        wanted = self.form.name_wanted
        if wanted is None:
            return self.label, (), []
        label = (Span(own("type "), "muted"), Span(safe(wanted), bold=True))
        if width_of(label) + 2 <= self.inner // 2:
            return max(self.label, width_of(label) + 2), label, []
        # The name to type is never cut: it gets rows of its own.
        rows = [Row(left=(Span(line, bold=True),)) for line in wrap(own(f"type {safe(wanted)}"), self.inner)]
        return self.label, (), rows

    def _name(self, label: tuple[Span, ...], above: Sequence[Row], label_cells: int) -> list[Row]:
        wanted, typed = self.form.name_wanted, self.form.typed
        if wanted is None:
            return []
        left = len(wanted) - len(typed)
        bad = bool(typed) and not wanted.startswith(typed)
        to_go = own("not this name") if bad else count(left, "letter to go", "letters to go") if left else own("")
        focused = self.form.focus == NAME
        field = field_row(
            label, typed, focused=focused, right=to_go, bad="fail" if bad else "", inner=self.inner,
            label_cells=label_cells, glyphs=self.glyphs,
        )  # fmt: skip
        return [BLANK, *above, field]

    def _said(self) -> list[Row]:
        """What became of the answer before, and what a host says of itself: marked line by line, for it is no word of
        ours."""
        form, rows = self.form, list[Row]()
        if form.note:
            for number, line in enumerate(wrap(safe(form.note), max(1, self.inner - 2))):
                lead = blank(1) if number else Span(self.glyphs.person, "warn", bold=True)
                rows.append(Row(left=(lead, blank(1), Span(line, "warn"))))
        if form.said:
            rows += [BLANK] if rows else []
            rows.append(Row(left=(Span(own(f"{safe(form.said_by)} says"), "muted"),)))
            for said in form.said:
                rows += [
                    Row(left=(Span(self.glyphs.track, "muted"), blank(1), Span(line)))
                    for line in wrap(safe(said), max(1, self.inner - 2))
                ]
        return [*rows, BLANK] if rows and form.hidden else rows

    def _hidden(self, one: Hidden, *, first: bool) -> list[Row]:
        """What is asked for and why, then a dot for each character."""
        name = safe(one.name)
        rows = [] if first else [BLANK]
        if one.question:
            asked = (Span(name, bold=True), Span(own(f"  {safe(one.question)}"), "muted", cut="words"))
            rows.append(Row(left=asked))
        else:
            rows += [Row(left=(Span(line, bold=True),)) for line in wrap(name, self.inner)]
        why = wrap(own(f"It {safe(one.needed)}."), self.inner) if one.needed else []
        rows += [Row(left=(Span(line, "muted"),)) for line in why]
        dots = self.glyphs.waiting * one.characters if one.text is None else one.text
        bad = "fail" if one.is_wrong and one.problem else ""
        focused = self.form.focus == one.field
        label = (Span(own("answer" if self.form.said_by else "value"), "muted"),)
        rows.append(
            field_row(
                label, dots, focused=focused, placeholder=own("not shown" if one.text is None else ""), bad=bad,
                inner=self.inner, label_cells=self.label, glyphs=self.glyphs,
            )
        )  # fmt: skip
        if bad:
            rows += [Row(left=(Span(line, "fail"),)) for line in wrap(own(f"{name} {safe(one.problem)}."), self.inner)]
        return rows

    def _scope(self, label_cells: int) -> Row:
        """``scope   from restart on, where it ended        2 of 9, s other``."""
        form = self.form
        focused = form.focus == SCOPE
        room = max(LEAST_CELLS, self.inner - label_cells)
        end: tuple[Span, ...] = (
            Span(own(f"{form.scope + 1} of {len(form.scopes)}   "), "muted", bg="panel"),
            Span(own(SCOPE_KEY), "acc", bold=True, bg="panel"),
            Span(own(" other "), "muted", bg="panel"),
        )
        spare = room - 1 - width_of(end) - 1
        if spare < LEAST_CELLS:
            end, spare = (), room - 2
        text = cut_right(safe(form.scopes[form.scope]), max(1, spare), self.glyphs.cut)
        edge = Span(self.glyphs.edge, "acc") if focused else blank(1)
        fill = max(0, room - 1 - cells(text) - width_of(end))
        label = safe(form.scope_label)
        return Row(
            left=(
                Span(label, "muted"),
                blank(max(0, label_cells - 1 - cells(label))),
                edge,
                Span(own(" "), bg="panel"),
                Span(text, bg="panel"),
                Span(own(" " * fill), bg="panel"),
                *end,
            )
        )

    def _word(self, word: Word, label_cells: int) -> Row:
        """``[x] I vouch that it is dead   v``."""
        focused = self.form.focus == word.name
        edge = Span(self.glyphs.edge, "acc") if focused else blank(1)
        box = Span(own("[x] " if word.said else "[ ] "), "warn" if word.said else "text", bold=word.said)
        label = Span(safe(word.label), "warn" if word.said else "text", bold=word.said, cut="right")
        keys = (Span(own(word.key), "acc", bold=True), Span(own(" unsay" if word.said else " say so"), "muted"))
        return Row(left=(blank(max(0, label_cells - 1)), edge, blank(1), box, label), right=(*keys, blank(1)))
