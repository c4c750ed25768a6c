"""What the values of ``http``, ``upload``, ``download`` and ``wait`` may be.

Texts that may hold templates are checked as far as they are known before the templates are filled; ``why_not_url`` and
its neighbours are asked again with the filled text when the run is planned.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

from runners.model.templates import TemplateRefused, fill
from runners.spec.durations import parse_duration
from runners.spec.fields import is_null, one_of, path_of, refuse, refuse_parts, text_of, what, whole_number
from runners.spec.nodes import Scalar, Seq
from runners.spec.report import quoted

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ORIGINS = ("controller", "host")
MAX_BODY_BYTES = 1 << 20

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""RFC 9110, 5.6.2."""
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_MODE = re.compile(r"0?[0-7]{3}\Z")
_STAND_IN = "1"
"""In place of what a template will be, where only the rest of a text is looked at."""


def why_not_url(url: str) -> str:
    """Say why a URL, its templates filled, cannot be asked; empty when it can."""
    if any(ord(c) <= 32 or ord(c) == 127 for c in url):
        return "holds a space or a control character; write %20 for a space"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"{quoted(url)} is no URL"
    if parts.scheme not in ("http", "https"):
        return f"must begin with http:// or https://, not {quoted(url)}"
    if "@" in parts.netloc:
        return "names a user or a password; write an Authorization header"
    if not parts.hostname or port == 0:
        return f"{quoted(url)} names no host"
    return "has a fragment, which is never sent" if parts.fragment else ""


def why_not_header(value: str) -> str:
    """Say why a filled header value cannot be sent; empty when it can."""
    if any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in value):
        return "must be one line without control characters"
    # RFC 9110, 5.5: anything outside of ASCII is opaque, and servers differ.
    return "" if value.isascii() else "holds characters outside of ASCII"


def why_not_path(path: str) -> str:
    """Say why a filled path cannot be used; empty when it can."""
    if not path.strip():
        return "is empty"
    if any(ord(c) < 32 or ord(c) == 127 for c in path):
        return "must be one line without control characters"
    return ""


def why_not_landing(path: str) -> str:
    """Say why a filled path cannot be the place of a download; empty when it can."""
    if reason := why_not_path(path):
        return reason
    if path.startswith(("/", "~")) or ".." in path.split("/"):
        return "downloads land in the run's own folder; write a path below it, such as logs/"
    return ""


def mode_of(text: str) -> int:
    """Permission bits of a checked mode."""
    return int(text, 8)


def _looked_at(text: str) -> str | None:
    """The text with something plain in place of each template; None when a template is broken, which lint says."""
    try:
        return fill(text, lambda name: _STAND_IN)
    except TemplateRefused:
        return None


def _url(value: object) -> str:
    text = text_of(value)
    plain = _looked_at(text)
    if plain is not None:
        if plain.startswith(_STAND_IN) and not plain.startswith(("http://", "https://")):
            plain = f"http://{plain}"
        if reason := why_not_url(plain):
            refuse(reason)
    return text


def _header_key(key: object) -> str:
    if not _TOKEN.match(str(key)):
        refuse(f"{quoted(str(key))} is no name of a header")
    if str(key).lower() in _OWN_HEADERS:
        refuse("is set by onduty itself")
    return str(key)


def _header(value: object) -> str:
    text = text_of(value)
    if (plain := _looked_at(text)) is not None and (reason := why_not_header(plain)):
        refuse(reason)
    return text


def _body(value: object) -> str:
    text = text_of(value)
    if len(text.encode()) > MAX_BODY_BYTES:
        refuse("is longer than 1 MiB")
    return text


def _statuses(value: object) -> tuple[int, ...]:
    if not isinstance(value, Seq):
        return (_status(value),)
    if not value:
        refuse("is empty; leave it out for 200 to 299")
    found: list[int] = []
    for index, item in enumerate(value):
        if isinstance(item, Scalar) and item.broken:
            continue
        status = _status(item, index)
        found.append(status)
    return tuple(found)


def _status(value: object, *at: int) -> int:
    number = whole_number(value)
    if not 100 <= number <= 599:
        refuse_parts([(at, f"must be from 100 to 599, not {number}")])
    return number


def _source(value: object) -> str:
    text = path_of(value)
    if (plain := _looked_at(text)) is not None and (reason := why_not_path(plain)):
        refuse(reason)
    return text


def _landing(value: object) -> str:
    text = text_of(value)
    if (plain := _looked_at(text)) is not None and (reason := why_not_landing(plain)):
        refuse(reason)
    return text


def _host_path(value: object) -> str:
    text = text_of(value)
    if text.startswith("~"):
        refuse('"~" is not looked up on a host; write the whole path')
    if (plain := _looked_at(text)) is not None and (reason := why_not_path(plain)):
        refuse(reason)
    return text


def _mode(value: object) -> str:
    # YAML would read a plain 0644 as 420; here it means what stands there.
    if not isinstance(value, Scalar) or not _MODE.match(value):
        refuse(f"must be an octal mode such as '0644', not {what(value)}")
    return str(value)


def _wait(value: object) -> str:
    if not isinstance(value, Scalar) or is_null(value):
        refuse(f"must be a duration such as 30s, not {what(value)}")
    if "{{" not in value:
        try:
            seconds = parse_duration(str(value))
        except ValueError as error:
            refuse(str(error))
        if seconds <= 0:
            refuse("must be longer than 0s")
    return str(value)


_TEXT = WithJsonSchema({"type": "string", "minLength": 1})
Url = Annotated[str, BeforeValidator(_url), _TEXT]
Method = Annotated[str, BeforeValidator(one_of(METHODS)), WithJsonSchema({"enum": list(METHODS)})]
Origin = Annotated[str, BeforeValidator(one_of(ORIGINS)), WithJsonSchema({"enum": list(ORIGINS)})]
HeaderKey = Annotated[str, BeforeValidator(_header_key), WithJsonSchema({"type": "string", "minLength": 1})]
Header = Annotated[str, BeforeValidator(_header), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Body = Annotated[str, BeforeValidator(_body), WithJsonSchema({"type": "string"})]
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
Statuses = Annotated[
    tuple[int, ...],
    BeforeValidator(_statuses),
    WithJsonSchema({"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}]}),
]
SourcePath = Annotated[str, BeforeValidator(_source), _TEXT]
HostPath = Annotated[str, BeforeValidator(_host_path), _TEXT]
LandingPath = Annotated[str, BeforeValidator(_landing), _TEXT]
Mode = Annotated[
    str, BeforeValidator(_mode), WithJsonSchema({"type": ["string", "integer"], "pattern": "^0?[0-7]{3}$"})
]
WaitFor = Annotated[str, BeforeValidator(_wait), WithJsonSchema({"type": "string", "examples": ["30s"]})]
