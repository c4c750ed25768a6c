"""What ``limits:`` and ``log_limit:`` may say: sizes with a unit, a share of processors, niceness."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from runners.model.limits import UNITS
from runners.spec.fields import is_null, refuse, what, whole_number
from runners.spec.nodes import Map, Scalar
from runners.spec.report import quoted

_SIZE = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,6}))? ?([A-Za-z]{1,3})?\Z")
_PERCENT = re.compile(r"([1-9][0-9]{0,5})%\Z")
_LEAST_LOG_BYTES = 1000
_LEAST_MEMORY_BYTES = 16_000_000
"""A shell with its libraries and one more program; with less nothing would start."""
_MOST_BYTES = 1 << 50
_MOST_NICE = 19

SIZE_PATTERN = "^[0-9]+(\\.[0-9]+)?(" + "|".join(UNITS) + ")$"


def parse_size(text: str) -> int:
    """Bytes. ``ValueError`` says in one sentence what to write instead."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is no size; write one number and one unit, such as 64kB 10MB 2GB")
    whole, part, unit = match[1], match[2] or "", match[3]
    if unit is None:
        raise ValueError(f"{text} has no unit; write {text}MB, or another of {' '.join(UNITS)}")
    if unit not in UNITS:
        raise ValueError(f"{quoted(unit)} is no unit of size; write one of {' '.join(UNITS)}")
    count: int = int(whole + part) * UNITS[unit] // 10 ** len(part)
    if count > _MOST_BYTES:
        raise ValueError(f"{quoted(text)} is larger than a thousand terabytes")
    return count


def _size(value: object, *, example: str, least_bytes: int, least: str) -> int:
    if not isinstance(value, Scalar) or is_null(value):
        refuse(f"must be a size such as {example}, not {what(value)}")
    try:
        count = parse_size(str(value))
    except ValueError as error:
        refuse(str(error))
    if count < least_bytes:
        refuse(f"must be {least} or more")
    return count


def _log_size(value: object) -> int:
    return _size(value, example="10MB", least_bytes=_LEAST_LOG_BYTES, least="1kB")


def _memory(value: object) -> int:
    return _size(value, example="512MB", least_bytes=_LEAST_MEMORY_BYTES, least="16MB")


def _percent(value: object) -> int:
    match = _PERCENT.match(str(value)) if isinstance(value, Scalar) else None
    if match is None:
        refuse(f"must be a share of one processor such as 50% or 150%, not {what(value)}")
    return int(match[1])


def some_limit(value: object) -> object:
    """The mapping as it is, when anything stands in it."""
    if isinstance(value, Map) and not value:
        refuse("limits nothing; write cpu, memory or nice, or leave it out")
    return value


def _nice(value: object) -> int:
    number = whole_number(value)
    if not 0 <= number <= _MOST_NICE:
        refuse(f"must be 0 to {_MOST_NICE}, the nicest; less than 0 is for root alone")
    return number


_SIZE_SCHEMA = {"type": "string", "pattern": SIZE_PATTERN}
LogSize = Annotated[int, BeforeValidator(_log_size), WithJsonSchema({**_SIZE_SCHEMA, "examples": ["10MB"]})]
MemorySize = Annotated[int, BeforeValidator(_memory), WithJsonSchema({**_SIZE_SCHEMA, "examples": ["512MB"]})]
CpuShare = Annotated[
    int,
    BeforeValidator(_percent),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,5}%$", "examples": ["50%"]}),
]
Niceness = Annotated[int, BeforeValidator(_nice), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 19})]
