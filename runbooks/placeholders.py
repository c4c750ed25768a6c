"""The ``{{ host.name }}`` of a step: which exist, where they stand in a command, and where one may stand.

A value is shell-quoted when it is filled in. That is safe only where the shell reads plain words: between quotes, in a
here-document or after a ``$`` the same quotes would end the author's and let the value run as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KNOWN = ("host.name", "host.address", "run.id", "job", "task", "exit_code")
"""``params.NAME`` exists as well, for every param of the pipeline."""

# Not every {{ }}: `docker ps --format '{{.Names}}'` and `{{json .}}` are other people's templates.
_PLACEHOLDER = re.compile(r"\{\{[ \t]{0,8}([A-Za-z_][A-Za-z0-9_.-]{0,127})[ \t]{0,8}\}\}")
_PARAM = re.compile(r"params\.[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """One ``{{ name }}`` in a command."""

    name: str
    start: int
    end: int
    """Half-open range of characters in the command."""
    bare: bool
    """True where a quoted word may be put: outside quotes, escapes, backticks and here-documents."""


def is_known(name: str) -> bool:
    """True for the names that can be filled in."""
    return name in KNOWN or _PARAM.match(name) is not None


def find_placeholders(command: str) -> Iterator[Placeholder]:
    """Every placeholder in the order of the text."""
    bare = _bare_positions(command)
    for found in _PLACEHOLDER.finditer(command):
        yield Placeholder(name=found[1], start=found.start(), end=found.end(), bare=found.start() in bare)


def _bare_positions(command: str) -> set[int]:
    """Where each ``{`` would be read as part of a plain word. Errs towards no."""
    bare: set[int] = set()
    quote = ""
    backticks = comment = False
    index = 0
    while index < len(command):
        char, before = command[index], command[index - 1] if index else "\n"
        if comment:
            comment = char != "\n"
        elif quote == "'":
            quote = "" if char == "'" else quote
        elif char == "\\":
            index += 1
        elif char == "`":
            backticks = not backticks
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and before in " \t\n;&|(":
            comment = True
        elif char == "<" and before == "<":
            return bare
        elif char == "{" and not backticks and before != "$":
            bare.add(index)
        index += 1
    return bare
