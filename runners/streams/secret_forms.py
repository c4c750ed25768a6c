"""How a secret may look in what a job prints: as it is, line by line, and as programs write it down.

A form that is cut by line breaks (``base64`` breaks after 76 characters, ``xxd -p`` after 60) is the same form.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus

LEAST_BYTES = 6
"""A shorter secret, or line of one, would blot out ordinary words."""
MOST_LINES_IN_EVERY_FORM = 64
"""Lines of a longer secret are looked for as they are; the whole of it in every form."""

_C_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\E"}
_BASH_SPECIAL = frozenset(" \t!\"#$%&'()*,;<>?[\\]^`{|}~")


class Form(NamedTuple):
    """One way in which a secret may be written."""

    text: bytes
    breaks: bool
    """A line break may stand between any two of its characters."""


def forms_of(value: str) -> frozenset[Form]:
    """Every form of one secret; none for an empty value."""
    lines = [line for line in value.split("\n") if line != value]
    # What reads a file from Windows keeps the carriage return or drops it.
    lines += [line[:-1] for line in lines if line.endswith("\r")]
    long = {line for line in lines if len(line.encode()) >= LEAST_BYTES}
    found = {form for text in (value, value.strip()) for form in _all_forms(text)}
    for line in long:
        found.update(_all_forms(line) if len(long) <= MOST_LINES_IN_EVERY_FORM else [Form(line.encode(), False)])
    return frozenset(form for form in found if len(form.text) >= LEAST_BYTES)


def _all_forms(value: str) -> Iterator[Form]:
    raw = value.encode()
    if len(raw) < LEAST_BYTES:
        return
    for separator in (" ", ":"):
        yield Form(raw.hex(separator).encode(), False)
        yield Form(raw.hex(separator).upper().encode(), False)
    for text in _texts(value):
        yield Form(text.encode("utf-8", "surrogatepass"), False)
    for data in (raw, raw + b"\n"):
        for code in _base64(data):
            yield Form(code, True)
    yield Form(raw.hex().encode(), True)
    yield Form(raw.hex().upper().encode(), True)


def _texts(value: str) -> Iterator[str]:
    yield value
    for ascii_only in (True, False):
        inside = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield inside
        yield inside.replace("/", "\\/")
        # JSON inside of JSON, as in a message that was logged as one.
        yield json.dumps(inside, ensure_ascii=ascii_only)[1:-1]
    yield repr(value)[1:-1]
    yield repr(value.encode())[2:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)
    yield from _url_forms(value)
    yield from _shell_forms(value)


def _url_forms(value: str) -> Iterator[str]:
    # RFC 3986; the sets are those of Python's quote, JavaScript's encodeURIComponent and encodeURI.
    for text in (
        quote(value, safe=""),
        quote(value),
        quote(value, safe="!'()*"),
        quote(value, safe=";,/?:@&=+$!'()*#"),
        quote_plus(value),
        quote_plus(value, safe="*"),
    ):
        yield text
        yield _lower_hex(text)


def _lower_hex(text: str) -> str:
    head, *rest = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _shell_forms(value: str) -> Iterator[str]:
    # Both ways to put a quote into single quotes: 'a'\''b' (bash) and 'a'"'"'b' (dash, Python).
    yield value.replace("'", "'\"'\"'")
    yield value.replace("'", "'\\''")
    yield "".join(f"\\{c}" if c in '\\"$`' else c for c in value)
    # bash's printf %q: backslashes, or $'…' once there is something that cannot be printed.
    yield "".join(f"\\{c}" if c in _BASH_SPECIAL else c for c in value)
    yield "".join(map(_ansi_c, value))
    yield "".join(f"\\{ord(c):03o}" if ord(c) < 32 or ord(c) == 127 else c for c in value)


def _ansi_c(c: str) -> str:
    if c in "\\'":
        return f"\\{c}"
    if ord(c) in _C_ESCAPES:
        return _C_ESCAPES[ord(c)]
    return f"\\{ord(c):03o}" if ord(c) < 32 or ord(c) == 127 else c


def _base64(raw: bytes) -> Iterator[bytes]:
    """What stands for ``raw`` and nothing else, wherever it begins in what was encoded (RFC 4648, both alphabets)."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        first = (before * 8 + 5) // 6
        certain = whole[first : (before + len(raw)) * 8 // 6]
        # With the last character and its padding, as it stands where ``raw`` is the end.
        for text in (certain, whole[first:].rstrip(b"="), whole[first:]):
            yield text
            yield text.translate(bytes.maketrans(b"+/", b"-_"))
