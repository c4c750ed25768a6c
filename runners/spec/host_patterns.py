"""The text of ``hosts:`` taken apart: names, globs, regular expressions, slices, and how they are joined. What they
stand for is decided by ``plan.patterns``.

Ansible's meaning (ansible-core, "Patterns: targeting hosts and groups"): a union by ``:`` or ``,``; ``:&`` keeps what
is also in the next part, ``:!`` leaves it out; ``web[0]``, ``web[-1]``, ``web[1:3]`` (both ends count) and ``web[1:]``
pick by place; ``web*`` is a glob; ``~web\\d+`` is a regular expression that a name begins with, RE2 here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from runners.model.ids import NAME
from runners.spec.param_values import why_not_pattern
from runners.spec.report import quoted

_SLICE = re.compile(r"(.+)\[(?:(-?[0-9]{1,6})|([0-9]{1,6}):([0-9]{0,6}))\]\Z")
_REMOVED_SLICE = re.compile(r"(.+)\[([0-9]+)-([0-9]+)\]\Z")
_SEPARATOR = re.compile(r"[,:](?![^\[]*\])")
"""A colon between brackets belongs to a slice or to a class of characters."""
_GLOB = re.compile(r"[A-Za-z0-9._*?\[\]!-]+\Z")
_LIKE_A_SLICE = re.compile(r"\[[0-9:-]*\]\Z")
_GLOB_SIGN = re.compile(r"[*?]|\[[^\]]+\]")


class PatternRefused(ValueError):
    """The pattern cannot be read; each reason is a sentence about one part of it."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Match(enum.Enum):
    """How the name of a term is compared."""

    NAME = "name"
    GLOB = "glob"
    """Shell wildcards; the whole name fits."""
    REGEX = "regex"
    """RE2; the name begins with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a pattern."""

    text: str
    """As it was written, its sign included."""
    name: str
    """A host, a group, ``all`` or ``local``; or what the names must fit."""
    match: Match = Match.NAME
    sign: str = ""
    """``&``: keep only what is also here. ``!``: leave this out. Empty: add this."""
    first: int | None = None
    """Place of the first that is meant, from 0, or from the end when negative. None: all of them."""
    last: int | None = None
    """Place of the last that is meant. None with ``first``: to the end."""


def parse_pattern(pattern: str) -> tuple[Term, ...]:
    """The parts in the order of the text. ``PatternRefused`` names every part that cannot be read."""
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


def in_order_of_evaluation(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Unions first, then intersections, then exclusions, wherever they stand; without a union ``all`` is meant."""
    unions = [term for term in terms if not term.sign] or [Term(text="all", name="all")]
    return (*unions, *(term for term in terms if term.sign == "&"), *(term for term in terms if term.sign == "!"))


def _term(text: str) -> Term:
    if not text:
        raise PatternRefused('a name is missing beside a ":" or ","')
    sign, rest = (text[0], text[1:].strip()) if text[0] in "!&" else ("", text)
    if not rest:
        raise PatternRefused(f'a name is missing after "{sign}"')
    if rest[0] == "~":
        reason = why_not_pattern(rest[1:]) if len(rest) > 1 else "is empty"
        if reason:
            raise PatternRefused(f"{quoted(text)} {reason}")
        return Term(text=text, name=rest[1:], match=Match.REGEX, sign=sign)
    if NAME.match(rest):
        return Term(text=text, name=rest, sign=sign)
    if "{{" in rest:
        raise PatternRefused(f"{quoted(text)}: params in a pattern come with a later version")
    removed = _REMOVED_SLICE.match(rest)
    if removed is not None:
        raise PatternRefused(f"{quoted(text)} is no slice; write {removed[1]}[{removed[2]}:{removed[3]}]")
    first, last, name = None, None, rest
    sliced = _SLICE.match(rest)
    if sliced is not None:
        name, single, start, end = sliced.groups()
        first = int(single or start)
        last = first if single is not None else int(end) if end else None
        if single is None and last is not None and last < first:
            raise PatternRefused(f"{quoted(text)} ends before it begins")
    if NAME.match(name):
        return Term(text=text, name=name, sign=sign, first=first, last=last)
    if _GLOB.match(name) and _GLOB_SIGN.search(name) and not _LIKE_A_SLICE.search(name):
        return Term(text=text, name=name, match=Match.GLOB, sign=sign, first=first, last=last)
    if "[" in name:
        base = name.partition("[")[0] or "web"
        raise PatternRefused(f"{quoted(text)} is no slice; write {base}[0], {base}[1:3] or {base}[-1]")
    raise PatternRefused(f"{quoted(text)} is no name of a host or group")
