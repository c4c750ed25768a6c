"""What a scalar may mean, field by field: the strict types that the models are made of.

YAML 1.1 reads more into plain scalars than people expect. Text fields take a plain number or ``true`` and ``false``
as they were typed (``PORT: 8080`` is "8080", ``1.10`` stays "1.10") and so a plain date; where YAML would read
something else than what stands there (``no`` as false, ``012`` as 10, ``12:30:00`` as 45000, ``1_000``, times) the
value is refused with "quote it". Numbers are plain decimals; durations, choices and names are text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Annotated, NoReturn

import yaml
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from yaml.resolver import Resolver

from runners.model.definition import ParamType
from runners.model.ids import NAME, NAME_PATTERN
from runners.spec.durations import parse_duration
from runners.spec.host_patterns import PatternRefused, parse_pattern
from runners.spec.names import why_not_env_name
from runners.spec.nodes import Map, Scalar, Seq
from runners.spec.report import Part, did_you_mean, quoted, shown

LATER = "comes with a later version"

_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = Resolver.yaml_implicit_resolvers
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.[0-9]+\Z")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
TRUE_OR_FALSE = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})


def refuse(text: str) -> NoReturn:
    """Refuse the value with one sentence."""
    refuse_parts([((), text)])


def refuse_parts(found: Sequence[tuple[tuple[Part, ...], str]]) -> NoReturn:
    """Refuse the value for several reasons, each with the path from the value to the part that is wrong."""
    raise PydanticCustomError("onduty", "refused", {"found": list(found)})


def what(value: object) -> str:
    """``a list``: for sentences."""
    if isinstance(value, Map):
        return "a mapping"
    if isinstance(value, Seq):
        return "a list"
    if isinstance(value, Scalar):
        return "nothing" if is_null(value) else quoted(value)
    return "text"


def is_null(value: Scalar) -> bool:
    """True when YAML reads no value at all: ``dir:``, ``dir: ~``, ``dir: null``."""
    return value.plain and value in ("", "~", "null", "Null", "NULL")


@lru_cache(maxsize=4096)
def _surprise(text: str) -> str | None:
    """What YAML 1.1 would read instead of this plain text; None when it reads what stands there."""
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if not pattern.match(text):
            continue
        kind = tag.rpartition(":")[2]
        if kind == "null" or (kind in ("int", "float") and _DECIMAL.match(text)):
            return None
        if (kind == "bool" and text in TRUE_OR_FALSE) or (kind == "timestamp" and _DATE.match(text)):
            return None
        if kind == "bool":
            return "true" if text.lower() in ("yes", "on") else "false"
        if kind == "timestamp":
            return "a point in time"
        if kind in ("int", "float"):
            return _number_read(text)
        return "a sign of its own"
    return None


def _number_read(text: str) -> str:
    try:
        return f"the number {yaml.safe_load(text)}" if len(text) <= 32 else "a number"
    except (ValueError, yaml.YAMLError):
        return "a number"


def text_of(value: object, hint: str = "") -> str:
    """The text of a scalar as it was typed."""
    if not isinstance(value, Scalar):
        refuse(f"must be text, not {what(value)}{hint}")
    reason = why_not_text(value)
    if reason:
        refuse(reason)
    return str(value)


def why_not_text(value: Scalar) -> str:
    """Say why the scalar cannot be taken as it was typed; empty when it can."""
    if value.plain:
        if is_null(value):
            return "has no value; give it one, or remove the key"
        read = _surprise(str(value))
        if read is not None:
            return f"YAML reads {shown(value)} as {read}; quote it: '{shown(value)}'"
    return "holds a NUL" if "\0" in value else ""


def line_of(value: object) -> str:
    """One line of text that says something; refuses what is empty, and control characters."""
    text = text_of(value)
    if not text.strip():
        refuse("is empty")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        refuse("must be one line without control characters")
    return text


def _name(value: object) -> str:
    return check_name(text_of(value))


def check_name(text: str) -> str:
    """The name itself; refuses what is none."""
    if not NAME.match(text):
        refuse(f"{quoted(text)} is no name; use letters, digits, _ . - (at most 63, the first a letter, digit or _)")
    return text


def _env_key(key: object) -> str:
    reason = why_not_env_name(str(key))
    if reason:
        refuse(reason)
    return str(key)


def _variable(value: object) -> str:
    text = text_of(value)
    if not _VARIABLE.match(text):
        refuse(f"{quoted(text)} is no name of a variable; letters, digits and _ only, and no digit first, and no $")
    return text


def _label_key(key: object) -> str:
    if not str(key).strip() or not str(key).isprintable():
        refuse(f"{quoted(str(key))} is no name for a label")
    return str(key)


def _command(value: object) -> str:
    text = text_of(value, '; write one task per command, or one block after "|"')
    if not text.strip():
        refuse("is empty")
    return text


def _directory(value: object) -> str:
    text = text_of(value)
    if "{{" in text:
        refuse(f'"{{{{ }}}}" in dir {LATER}')
    if text == "~" or text.startswith(("~/", "$")):
        refuse(f'{quoted(text)}: a home folder in dir {LATER}; write cd "$HOME/…" in the command')
    if not text.startswith("/"):
        refuse(f"must be an absolute path on the host, such as /opt/api, not {quoted(text)}")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        refuse("must be one line without control characters")
    return text


def path_of(value: object) -> str:
    """A path here; relative ones are made whole later."""
    text = line_of(value)
    if text.startswith("~") and text != "~" and not text.startswith("~/"):
        refuse("other people's homes are not looked up; write the whole path")
    return text


def words_of(value: object) -> tuple[str, ...]:
    """The words of a program and its arguments: a list, or one text that is split as a shell would. No shell runs."""
    if isinstance(value, Seq):
        words = [text_of(item) for item in value]
    else:
        line = line_of(value)
        try:
            words = shlex.split(line)
        except ValueError:
            refuse("a quote is never closed")
    if not words or not words[0]:
        refuse("names no program")
    return tuple(words)


def _paths(value: object) -> tuple[str, ...]:
    """One path, or a list of them."""
    if not isinstance(value, Seq):
        return (path_of(value),)
    paths: list[str] = []
    found: list[tuple[tuple[Part, ...], str]] = []
    for index, item in enumerate(value):
        try:
            paths.append(path_of(item))
        except PydanticCustomError as error:
            found.extend(((index, *at), text) for at, text in (error.context or {})["found"])
    if found:
        refuse_parts(found)
    return tuple(paths)


def whole_number(value: object) -> int:
    """A whole number without quotes."""
    if not isinstance(value, Scalar) or not value.plain or not _WHOLE.match(value):
        said = what(value)
        quotes = " without quotes" if isinstance(value, Scalar) and not value.plain and _WHOLE.match(value) else ""
        refuse(f"must be a whole number{quotes}, not {said}")
    return int(value)


def _number(value: object) -> float:
    if not isinstance(value, Scalar) or not value.plain or not _DECIMAL.match(value) or len(value) > 20:
        said = what(value)
        quotes = " without quotes" if isinstance(value, Scalar) and not value.plain and _DECIMAL.match(value) else ""
        refuse(f"must be a number{quotes}, not {said}")
    return float(value)


def _duration(value: object) -> float:
    if not isinstance(value, Scalar) or is_null(value):
        refuse(f"must be a duration such as 10s, not {what(value)}")
    try:
        return parse_duration(str(value))
    except ValueError as error:
        refuse(str(error))


def _positive_duration(value: object) -> float:
    seconds = _duration(value)
    if seconds <= 0:
        refuse("must be longer than 0s")
    return seconds


def _true_or_false(value: object) -> bool:
    if not isinstance(value, Scalar) or not value.plain or value not in TRUE_OR_FALSE:
        said = what(value)
        quotes = " without quotes" if isinstance(value, Scalar) and not value.plain and value in TRUE_OR_FALSE else ""
        refuse(f"must be true or false{quotes}, not {said}")
    return value.lower() == "true"


def _version(value: object) -> int:
    number = whole_number(value)
    if number != 1:
        refuse(f"{number} is not known here; this onduty reads version 1")
    return number


def _hosts(value: object) -> str:
    if not isinstance(value, Seq):
        return _pattern(text_of(value, "; write a pattern or a list of patterns"))
    if not value:
        refuse("names no host")
    parts: list[str] = []
    found: list[tuple[tuple[Part, ...], str]] = []
    for index, item in enumerate(value):
        if isinstance(item, Scalar) and item.broken:
            continue
        try:
            parts.append(_pattern(text_of(item)))
        except PydanticCustomError as error:
            found.extend(((index, *at), text) for at, text in (error.context or {})["found"])
    if found:
        refuse_parts(found)
    return ",".join(parts)


def _pattern(text: str) -> str:
    try:
        parse_pattern(text)
    except PatternRefused as error:
        refuse_parts([((), reason) for reason in error.reasons])
    return text


def one_of(words: Iterable[str]) -> Callable[[object], str]:
    """A check for one of a few words."""
    known = tuple(words)

    def check(value: object) -> str:
        text = str(value) if isinstance(value, Scalar) else ""
        if text not in known:
            said = what(value)
            guess = did_you_mean(text, known) if text else ""
            refuse(f"must be one of {', '.join(known)}, not {said}{guess}")
        return text

    return check


def _typed_schema(**more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number", "boolean"], **more})


DURATION_PATTERN = "^[0-9]+(ms|s|m|h|d)$"
_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["10m"]})
_ENV_NAME_SCHEMA = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
_NAME_SCHEMA = {"type": "string", "pattern": f"^{NAME_PATTERN}$"}

Text = Annotated[str, BeforeValidator(text_of), _typed_schema()]
"""Any text, also empty; numbers as they were typed."""
FreeText = Annotated[str, BeforeValidator(text_of), WithJsonSchema({"type": "string"})]
Line = Annotated[str, BeforeValidator(line_of), WithJsonSchema({"type": "string", "minLength": 1})]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema(_NAME_SCHEMA)]
Reference = Annotated[str, BeforeValidator(text_of), WithJsonSchema(_NAME_SCHEMA)]
"""A name that must stand somewhere else: lint looks it up and has the better sentence."""
NameKey = Annotated[str, BeforeValidator(lambda key: check_name(str(key))), WithJsonSchema(_NAME_SCHEMA)]
LabelKey = Annotated[str, BeforeValidator(_label_key), WithJsonSchema({"type": "string"})]
EnvKey = Annotated[str, BeforeValidator(_env_key), WithJsonSchema(_ENV_NAME_SCHEMA)]
Variable = Annotated[str, BeforeValidator(_variable), WithJsonSchema(_ENV_NAME_SCHEMA)]
Command = Annotated[str, BeforeValidator(_command), WithJsonSchema({"type": "string", "minLength": 1})]
Directory = Annotated[str, BeforeValidator(_directory), WithJsonSchema({"type": "string", "pattern": "^/"})]
FilePath = Annotated[str, BeforeValidator(path_of), WithJsonSchema({"type": "string", "minLength": 1})]
Paths = Annotated[
    tuple[str, ...],
    BeforeValidator(_paths),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(words_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
WholeNumber = Annotated[int, BeforeValidator(whole_number)]
TrueOrFalse = Annotated[bool, BeforeValidator(_true_or_false), WithJsonSchema({"type": "boolean"})]
Number = Annotated[float, BeforeValidator(_number)]
Duration = Annotated[float, BeforeValidator(_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[float, BeforeValidator(_positive_duration), _DURATION_SCHEMA]
Version = Annotated[int, BeforeValidator(_version), WithJsonSchema({"const": 1})]
HostsPattern = Annotated[
    str,
    BeforeValidator(_hosts),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
_PARAM_TYPES = [word.value for word in ParamType]
_ON_FAILURE = ["hold", "continue", "stop", "rollback"]
_JITTER = ["full", "none"]
_WHEN_BUSY = ["queue", "refuse"]
ParamTypeWord = Annotated[str, BeforeValidator(one_of(_PARAM_TYPES)), WithJsonSchema({"enum": _PARAM_TYPES})]
OnFailureWord = Annotated[str, BeforeValidator(one_of(_ON_FAILURE)), WithJsonSchema({"enum": _ON_FAILURE})]
JitterWord = Annotated[str, BeforeValidator(one_of(_JITTER)), WithJsonSchema({"enum": _JITTER})]
WhenBusyWord = Annotated[str, BeforeValidator(one_of(_WHEN_BUSY)), WithJsonSchema({"enum": _WHEN_BUSY})]
