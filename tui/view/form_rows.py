"""Rows of the form that a run is started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runners.model.plan import Plan
from runners.model.secrets import SecretSource, SourceKind
from runners.plan.render import plan_size
from tui.view.cells import cells, cut_middle, cut_right, wrap
from tui.view.durations import count
from tui.view.field import field_row
from tui.view.form import INVENTORY, LIMIT, START, FormField, StartForm
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, spaced, text_row, title_row
from tui.view.safe_text import SafeText, own, safe

LABEL = 13
"""Cells of a label, unless a param has a longer name."""
_NOTHING_GIVEN = {LIMIT: own("all hosts"), INVENTORY: own("none: this machine alone is known")}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormScene:
    """The form and what is known of what it would start."""

    form: StartForm
    pipeline: str
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    known_secrets: frozenset[str] = frozenset()
    """Those whose variable is set here."""
    plan: Plan | None = None
    """Of what is filled in now."""
    problems: tuple[str, ...] = ()
    """Why there is none: ``file:line:column  path: text``, or a sentence."""
    remark: str = ""
    """Why there is none yet, when nothing is wrong."""
    is_asking: bool = False
    """What would be sent is being put together."""
    is_sending: bool = False
    """It was sent, and nobody has answered yet."""
    pinned: str = ""
    """The run whose hosts and text it repeats; empty: none."""
    is_typed_in: bool = False
    """The form has the focus."""
    is_tight: bool = False
    """There are few rows: fields stand close together."""
    is_plain: bool = False
    """Colours do not set a button apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRows:
    """Rows with the field that each belongs to."""

    rows: tuple[Row, ...]
    items: tuple[str | None, ...]

    def row_of(self, name: str) -> int | None:
        """The first row of a field; None when it has none."""
        return next((at for at, item in enumerate(self.items) if item == name), None)

    def last_row_of(self, name: str) -> int | None:
        """The last one."""
        return next((at for at in range(len(self.items) - 1, -1, -1) if self.items[at] == name), None)


def form_rows(scene: FormScene, width: int, glyphs: Glyphs) -> FormRows:
    """Fields, secrets, what will run, the button."""
    form = scene.form
    names = [*(one.label for one in form.fields), *scene.secrets]
    longest = max((cells(safe(name)) for name in names), default=0) + 2
    label = max(min(LABEL, width // 3), min(longest, width // 3))
    rows: list[Row] = []
    items: list[str | None] = []

    def add(more: Sequence[Row], item: str | None = None) -> None:
        rows.extend(more)
        items.extend([item] * len(more))

    for one in form.fields:
        add(_field(scene, one, width, label, glyphs), one.name)
        add(() if scene.is_tight and one is not form.fields[-1] else (BLANK,))
    if scene.pinned:
        add(_labelled(own("hosts"), own(f"as {safe(scene.pinned)} pinned them"), width, label))
        add((BLANK,))
    if scene.secrets:
        add((title_row(own("secrets"), glyphs=glyphs),))
        for source in scene.secrets.values():
            add(_labelled(safe(source.name), _secret(source, scene.known_secrets), width, label))
        add((BLANK,))
    add((title_row(own("what will run"), glyphs=glyphs),))
    add(_what(scene, width, glyphs))
    add((BLANK,))
    add((button_row(scene, glyphs),), START)
    return FormRows(rows=tuple(rows), items=tuple(items))


def _field(scene: FormScene, one: FormField, width: int, label_cells: int, glyphs: Glyphs) -> list[Row]:
    focused = scene.is_typed_in and scene.form.focus == one.name
    label = (Span(cut_middle(safe(one.label), label_cells - 2, glyphs.cut), "text" if focused else "muted"),)
    missing = one.is_missing and one.was_left and not focused
    said = safe(one.problem) if one.problem else own("needs a value") if missing else own("")
    bad = "fail" if said else ""
    room = width - label_cells - cells(safe(one.value)) - 4
    right = placeholder = own("")
    keys: tuple[Span, ...] = ()
    if said and cells(said) <= room:
        right = said
    elif one.choices:
        right, keys = _choosing(one, focused)
    elif not said and one.is_missing:
        placeholder = own("needs a value")
    elif not said and one.param is None and not one.value:
        placeholder = safe(one.default or "") or _NOTHING_GIVEN.get(one.name, own(""))
    elif not said and not one.value:
        placeholder = own("empty")
    elif not said and one.value and not one.is_given:
        right = own("default" if one.param is None or one.param.default == one.value else "as then")
    value = one.value
    if one.choices and not value:
        placeholder = own("choose one")
    row = field_row(
        label,
        value,
        inner=width,
        label_cells=label_cells,
        glyphs=glyphs,
        cursor=None if one.choices else one.cursor,
        focused=focused,
        placeholder=placeholder,
        right=right,
        bad=bad,
        keys=keys,
        caret=not one.choices,
    )
    below = [(said, "fail")] if said and right != said else []
    about = f"{one.about}" if not one.choices or one.param is None else _with_choices(one)
    below.append((safe(about), "muted"))
    rows = [row]
    for text, token in below:
        lines = wrap(text, max(1, width - label_cells - 1))
        rows += [Row(left=(blank(label_cells + 1), Span(line, token))) for line in lines]
    return rows


def _with_choices(one: FormField) -> str:
    """``blue, green or red.  Colour of the slot.``"""
    *others, last = one.choices
    words = f"{', '.join(others)} or {last}" if others else last
    help_text = one.param.help if one.param is not None else ""
    return words + (", required" if one.default is None else "") + (f".  {help_text}" if help_text else "")


def _choosing(one: FormField, focused: bool) -> tuple[SafeText, tuple[Span, ...]]:
    at = one.choices.index(one.value) + 1 if one.value in one.choices else 0
    right = own(f"{at} of {len(one.choices)}") if at else own(f"{len(one.choices)} to choose from")
    if not focused:
        return right, ()
    return own(f"{right}   "), (
        Span(own("space"), "acc", bold=True, bg="panel"),
        Span(own(" other"), "muted", bg="panel"),
    )


def _labelled(label: SafeText, text: SafeText, width: int, label_cells: int) -> list[Row]:
    label = cut_right(label, label_cells - 1)
    rows = []
    for number, line in enumerate(wrap(text, max(1, width - label_cells - 1))):
        lead: tuple[Span, ...] = (blank(label_cells + 1),)
        if not number:
            lead = (Span(label, "muted"), blank(label_cells + 1 - cells(label)))
        rows.append(Row(left=(*lead, Span(line))))
    return rows


def _secret(source: SecretSource, known: frozenset[str]) -> SafeText:
    match source.kind:
        case SourceKind.PROMPT:
            return own(f"asked when you start: {safe(source.text)}" if source.text else "asked when you start")
        case SourceKind.ENV if source.name in known:
            return own(f"from your variable {safe(source.variable)}, which is set")
        case SourceKind.ENV:
            return own(f"your variable {safe(source.variable)} is not set here, so it is asked when you start")
        case SourceKind.FILE:
            return own(f"the controller reads the file {safe(source.path)}")
        case SourceKind.COMMAND:
            return own(f"the controller asks {safe(' '.join(source.words))}")


def _what(scene: FormScene, width: int, glyphs: Glyphs) -> list[Row]:
    if scene.problems:
        return list(problem_rows(scene.problems, width, glyphs))
    if scene.plan is not None:
        rows = [text_row(line, "text") for line in wrap(safe(plan_size(scene.plan)), max(1, width))]
        once = not_repeatable(scene.plan)
        if once:
            verb, them = ("is", "it") if once == 1 else ("are", "them")
            sentence = own(f"{count(once, 'task')} {verb} not repeatable: nothing repeats {them} without a person.")
            said = wrap(sentence, max(1, width - 2))
            rows += [
                Row(left=(Span(glyphs.person, "warn", bold=True) if not n else blank(1), blank(1), Span(line)))
                for n, line in enumerate(said)
            ]
        return rows
    if not scene.form.is_usable:
        wrong, missing = len(scene.form.wrong), len(scene.form.missing)
        said = [count(missing, "value is missing", "values are missing")] if missing else []
        said += [count(wrong, "value cannot be used", "values cannot be used")] if wrong else []
        return [text_row(own(f"{', '.join(said)}."))]
    return [text_row(line) for line in wrap(safe(scene.remark or "Being looked at."), max(1, width))]


def not_repeatable(plan: Plan) -> int:
    """How many tasks nothing may repeat without a person, of all jobs."""
    return sum(not task.repeatable for job in plan.jobs() for task in job.tasks)


def problem_rows(problems: Sequence[str], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """``✗ file:line:column`` bold, the sentence below it; all at once (LOOK section 6, "Errors")."""
    rows: list[Row] = []
    for problem in problems:
        where, _, text = problem.partition("  ")
        if not text:
            where, text = "", problem
        lines = [(line, True) for line in wrap(safe(where), max(1, width - 2))] if where else []
        lines += [(line, False) for line in wrap(safe(text), max(1, width - 2))]
        for number, (line, bold) in enumerate(lines):
            lead = blank(1) if number else Span(glyphs.failed, "fail", bold=True)
            rows.append(Row(left=(lead, blank(1), Span(line, bold=bold))))
    return tuple(rows)


def button_row(scene: FormScene, glyphs: Glyphs) -> Row:
    """``  Start deploy-api  `` and why it cannot be pressed now."""
    focused = scene.is_typed_in and scene.form.focus == START
    busy = "starting it" if scene.is_sending else "putting together what is sent" if scene.is_asking else ""
    enabled = scene.form.is_usable and not busy
    name = own(f"Start {safe(scene.pipeline)}")
    # Without colours only the brackets say that a button can be pressed.
    text = own(f"[ {name} ]" if scene.is_plain and enabled else f"  {name}  ")
    if focused:
        button = Span(text, "acc", bold=True, reverse=True, cut="middle")
    else:
        button = Span(text, "text" if enabled else "faint", bg="button" if enabled else "panel", cut="middle")
    edge = Span(glyphs.edge, "acc") if focused else blank(1)
    right: tuple[Span, ...] = ()
    if busy:
        right = (Span(own(busy), "muted"),)
    elif focused:
        right = (Span(own("enter"), "acc", bold=True), Span(own(" shows all of it and asks"), "muted"))
    return Row(left=(edge, button), right=right, gap=3)


def form_keys(form: StartForm) -> Row:
    """The key bar while the form is typed into: letters are text."""
    keys = [("tab", "next field"), ("esc", "keys of the screen")]
    if form.focus == START:
        keys.insert(0, ("enter", "shows what would run and asks"))
    elif form.field is not None and form.field.choices:
        keys.insert(0, ("space", "other"))
    elif form.field is not None and form.field.value:
        keys.append(("ctrl-u", "empty it"))
    groups = [(Span(own(key), "acc", bold=True), Span(own(f" {word}"))) for key, word in keys]
    return Row(left=spaced(groups, 3), margins=(1, 1))
