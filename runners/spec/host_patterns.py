"""The text of ``hosts:`` taken apart: names, unions and slices. What the names stand for is decided by
``plan.patterns``.

Ansible's meaning: a union by ``:`` or ``,``; ``web[0]``, ``web[-1]``, ``web[1:3]`` (both ends count) and ``web[1:]``
pick by place (ansible-core, "Patterns: targeting hosts and groups").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runners.model.ids import NAME, NAME_PATTERN
from runners.spec.report import quoted

_SLICE = re.compile(rf"({NAME_PATTERN})\[(?:(-?[0-9]{{1,6}})|([0-9]{{1,6}}):([0-9]{{0,6}}))\]\Z")
_SEPARATOR = re.compile(r"[,:](?![^\[]*\])")
"""A colon between brackets belongs to a slice."""


class PatternRefused(ValueError):
    """The pattern cannot be read; each reason is a sentence about one part of it."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a union."""

    text: str
    name: str
    """A host, a group, ``all`` or ``local``."""
    first: int | None = None
    """Place of the first that is meant, from 0, or from the end when negative. None: all of them."""
    last: int | None = None
    """Place of the last that is meant. None with ``first``: to the end."""


def parse_pattern(pattern: str) -> tuple[Term, ...]:
    """The parts of the union. ``PatternRefused`` names every part that cannot be read."""
    terms: list[Term] = []
    reasons: list[str] = []
    for part in _SEPARATOR.split(pattern):
        try:
            terms.append(_term(part.strip()))
        except PatternRefused as error:
            reasons.extend(error.reasons)
    if reasons:
        raise PatternRefused(*dict.fromkeys(reasons))
    return tuple(terms)


def _term(text: str) -> Term:
    if not text:
        raise PatternRefused('a name is missing beside a ":" or ","')
    if text[0] in "!&":
        raise PatternRefused(f'{quoted(text)}: "{text[0]}" in a pattern comes with a later version')
    if text[0] == "~":
        raise PatternRefused(f"{quoted(text)}: a regular expression in a pattern comes with a later version")
    if NAME.match(text):
        return Term(text=text, name=text)
    sliced = _SLICE.match(text)
    if sliced is not None:
        name, single, first, last = sliced.groups()
        if single is not None:
            return Term(text=text, name=name, first=int(single), last=int(single))
        if last and int(last) < int(first):
            raise PatternRefused(f"{quoted(text)} ends before it begins")
        return Term(text=text, name=name, first=int(first), last=int(last) if last else None)
    base = text.partition("[")[0]
    if any(sign in base for sign in "*?") or re.search(r"\[[^\]]*[A-Za-z][^\]]*\]", text):
        hint = '; write "all" for every host' if text == "*" else ""
        raise PatternRefused(f"{quoted(text)}: wildcards in a pattern come with a later version{hint}")
    if "{{" in text:
        raise PatternRefused(f"{quoted(text)}: params in a pattern come with a later version")
    if "[" in text:
        raise PatternRefused(
            f"{quoted(text)} is no slice; write {base or 'web'}[0], {base or 'web'}[1:3] or {base or 'web'}[-1]"
        )
    raise PatternRefused(f"{quoted(text)} is no name of a host or group")
