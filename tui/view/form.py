"""The form that a run is started with: one field for each param, then the inventory and the limit.

Pure: a key makes another form. What is wrong with a value is said by the same function that a plan asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from runners.model.definition import Param, ParamType
from runners.spec.param_values import why_not_value

INVENTORY, LIMIT, START = "inventory", "limit", "start"
"""Names of the fields that are no param, and of the button. Those of params are ``param NAME``."""
MOST_CHARACTERS = 64 * 1024
_BOOLEANS = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field as it is now."""

    name: str
    """``param release``, ``inventory`` or ``limit``."""
    label: str
    value: str = ""
    cursor: int = 0
    """Characters of ``value`` before it."""
    choices: tuple[str, ...] = ()
    """One of these, and nothing is typed; empty: it is typed."""
    default: str | None = None
    """What counts when nothing is given; None: something must be."""
    about: str = ""
    """What it is, for people."""
    param: Param | None = None
    was_left: bool = False
    """Somebody was in it: from now on it says that it is empty."""

    @property
    def is_given(self) -> bool:
        """Whether its value is more than what would count anyway."""
        return self.value != "" if self.default is None else self.value != self.default

    @property
    def is_missing(self) -> bool:
        """It needs a value and has none."""
        return self.default is None and self.value == ""

    @property
    def problem(self) -> str:
        """What is wrong with what was typed; empty: nothing."""
        if self.param is None or not self.is_given:
            return ""
        return why_not_value(self.param, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartForm:
    """All fields, and where the cursor is."""

    fields: tuple[FormField, ...] = ()
    focus: str = START

    @property
    def field(self) -> FormField | None:
        """The field with the focus; None: the button has it."""
        return next((one for one in self.fields if one.name == self.focus), None)

    @property
    def params(self) -> dict[str, str]:
        """Values that were given, by param."""
        return {one.param.name: one.value for one in self.fields if one.param is not None and one.is_given}

    @property
    def inventory(self) -> str:
        """The one that was chosen or named; empty: the usual one counts."""
        return next((one.value.strip() for one in self.fields if one.name == INVENTORY and one.is_given), "")

    @property
    def limit(self) -> str:
        """The pattern; empty: all hosts."""
        return next((one.value.strip() for one in self.fields if one.name == LIMIT), "")

    @property
    def missing(self) -> tuple[FormField, ...]:
        """Fields that need a value."""
        return tuple(one for one in self.fields if one.is_missing)

    @property
    def wrong(self) -> tuple[FormField, ...]:
        """Fields whose value cannot be used."""
        return tuple(one for one in self.fields if one.problem)

    @property
    def is_usable(self) -> bool:
        """Whether a plan can be asked for."""
        return not self.missing and not self.wrong


def form_of(
    params: Iterable[Param],
    *,
    inventories: Sequence[str] = (),
    inventory: str = "",
    limited: bool = True,
    given: Mapping[str, str] | None = None,
) -> StartForm:
    """A form with these fields, the first one that needs a value focused.

    ``inventories``: those there are, one of them chosen when there are several, else any can be named; ``inventory`` is
    the one that counts unless another is chosen, empty: one must be chosen. ``limited``: hosts may be left out, and the
    inventory is asked for. ``given`` are values of an earlier run, which count as defaults do.
    """
    fields = [_of_param(param, (given or {}).get(param.name, param.default)) for param in params]
    if len(inventories) > 1:
        about = "which hosts there are"
        fields.append(
            FormField(
                name=INVENTORY,
                label="inventory",
                value=inventory,
                choices=tuple(inventories),
                default=inventory or None,
                about=about,
            )
        )
    elif limited:
        found = inventories[0] if inventories else ""
        about = f"a file with the hosts, as after -i{'' if found else '; none was found beside the pipeline'}"
        fields.append(
            FormField(name=INVENTORY, label="inventory", value=found, cursor=len(found), default=found, about=about)
        )
    if limited:
        about = "a pattern; hosts outside of it are left out"
        fields.append(FormField(name=LIMIT, label="limit", default="", about=about))
    form = StartForm(fields=tuple(fields))
    first = next((one.name for one in fields if one.is_missing), fields[0].name if fields else START)
    return replace(form, focus=first)


def _of_param(param: Param, value: str | None) -> FormField:
    choices = _BOOLEANS if param.type is ParamType.BOOLEAN else param.choices
    kind = param.type.value
    if param.type is ParamType.CHOICE:
        kind = f"one of {len(choices)}"
    words = [
        kind,
        *([f"pattern {param.pattern}"] if param.pattern else []),
        *([] if value is not None else ["required"]),
    ]
    return FormField(
        name=f"param {param.name}",
        label=param.name,
        value=value or "",
        cursor=0 if choices else len(value or ""),
        choices=choices,
        default=value,
        about=", ".join(words) + (f".  {param.help}" if param.help else ""),
        param=param,
    )


def order_of(form: StartForm) -> tuple[str, ...]:
    """What tab goes through."""
    return (*(one.name for one in form.fields), START)


def moved(form: StartForm, by: int, *, around: bool = True) -> StartForm:
    """Another field has the focus, and the one before was left."""
    order = order_of(form)
    at = order.index(form.focus) + by
    at = at % len(order) if around else max(0, min(len(order) - 1, at))
    return at_field(form, order[at])


def at_field(form: StartForm, name: str) -> StartForm:
    """The field of that name has the focus."""
    if name == form.focus or name not in order_of(form):
        return form
    fields = tuple(replace(one, was_left=True) if one.name == form.focus else one for one in form.fields)
    return StartForm(fields=fields, focus=name)


def left_all(form: StartForm) -> StartForm:
    """Every field says what is wrong with it, and the first of those has the focus."""
    fields = tuple(replace(one, was_left=True) for one in form.fields)
    bad = next((one.name for one in fields if one.problem or one.is_missing), form.focus)
    return StartForm(fields=fields, focus=bad)


def chosen(form: StartForm, by: int) -> StartForm:
    """The next choice of a field that has some."""
    field = form.field
    if field is None or not field.choices:
        return form
    at = field.choices.index(field.value) + by if field.value in field.choices else 0 if by > 0 else -1
    return _with(form, replace(field, value=field.choices[at % len(field.choices)]))


def typed(form: StartForm, text: str) -> StartForm:
    """Text at the cursor; in a field with choices the next one that begins so, or whose last part does."""
    field = form.field
    if field is None or not text:
        return form
    if field.choices:
        at = field.choices.index(field.value) + 1 if field.value in field.choices else 0
        order = (*field.choices[at:], *field.choices[:at])
        begins = text.lower()
        wanted = (one for one in order if begins in (one.lower()[: len(begins)], _last(one)[: len(begins)]))
        found = next(wanted, None)
        return _with(form, replace(field, value=found)) if found is not None else form
    value = (field.value[: field.cursor] + text + field.value[field.cursor :])[:MOST_CHARACTERS]
    return _with(form, replace(field, value=value, cursor=min(len(value), field.cursor + len(text))))


def _last(path: str) -> str:
    return path.rpartition("/")[2].lower()


def edited(form: StartForm, key: str) -> StartForm:
    """What a key that types nothing does to the text around the cursor; keys as Textual names them."""
    field = form.field
    if field is None or field.choices:
        return form
    value, at = field.value, field.cursor
    match key:
        case "left":
            return _with(form, replace(field, cursor=max(0, at - 1)))
        case "right":
            return _with(form, replace(field, cursor=min(len(value), at + 1)))
        case "home" | "ctrl+a":
            return _with(form, replace(field, cursor=0))
        case "end" | "ctrl+e":
            return _with(form, replace(field, cursor=len(value)))
        case "backspace" if at:
            return _with(form, replace(field, value=value[: at - 1] + value[at:], cursor=at - 1))
        case "delete":
            return _with(form, replace(field, value=value[:at] + value[at + 1 :]))
        case "ctrl+u":
            return _with(form, replace(field, value=value[at:], cursor=0))
        case "ctrl+k":
            return _with(form, replace(field, value=value[:at]))
        case "ctrl+w":
            start = len(value[:at].rstrip()) and value[:at].rstrip().rfind(" ") + 1
            return _with(form, replace(field, value=value[:start] + value[at:], cursor=start))
        case _:
            return form


def _with(form: StartForm, field: FormField) -> StartForm:
    return replace(form, fields=tuple(field if one.name == field.name else one for one in form.fields))
