"""Fields that say how a host is reached: address, user, port, jump hosts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from runners.spec.fields import line_of, one_of, refuse, refuse_parts, text_of, whole_number
from runners.spec.jumps import Hop, HopRefused, parse_hops
from runners.spec.nodes import Seq
from runners.spec.report import quoted

_ADDRESS = re.compile(r"[A-Za-z0-9_.:%-]{1,255}\Z")
"""Names, IPv4, and IPv6 with a zone."""
_USER = re.compile(r"[A-Za-z0-9_.@+\\$-]{1,255}\Z")
_VIA = ["openssh"]


def address_of(value: object) -> str:
    """A host name or address."""
    text = line_of(value)
    if "@" in text:
        refuse("must not name a user; write user: beside it")
    # ssh would take a leading dash as an option (CVE-2017-1000117 and its relatives).
    if text.startswith("-") or not _ADDRESS.match(text):
        refuse(f"{quoted(text)} is no host name or address; a port stands in port:")
    return text


def user_of(value: object) -> str:
    """The name of a user on a host."""
    text = line_of(value)
    if text.startswith("-") or not _USER.match(text):
        refuse(f"{quoted(text)} is no name of a user")
    return text


def hops_of(value: object) -> tuple[Hop, ...]:
    """Jump hosts, the first hop first: one text with commas, or a list; ``none`` is none at all."""
    parts = list(value) if isinstance(value, Seq) else [value]
    if not parts:
        refuse("names no host; write none for a host that is reached directly")
    hops: list[Hop] = []
    for index, part in enumerate(parts):
        try:
            hops.extend(parse_hops(text_of(part)))
        except HopRefused as error:
            refuse_parts([((index,) if isinstance(value, Seq) else (), str(error))])
    return tuple(hops)


def _port(value: object) -> int:
    number = whole_number(value)
    if not 1 <= number <= 65535:
        refuse(f"must be from 1 to 65535, not {number}")
    return number


Address = Annotated[str, BeforeValidator(address_of), WithJsonSchema({"type": "string", "minLength": 1})]
User = Annotated[str, BeforeValidator(user_of), WithJsonSchema({"type": "string", "minLength": 1})]
Hops = Annotated[
    tuple[Hop, ...],
    BeforeValidator(hops_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Port = Annotated[int, BeforeValidator(_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535})]
ViaWord = Annotated[str, BeforeValidator(one_of(_VIA)), WithJsonSchema({"enum": _VIA})]
