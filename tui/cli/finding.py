"""One line of a self-check."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How much it matters."""

    OK = "ok"
    WARN = "warn"
    """It works, and one day it will not do what one expects."""
    BAD = "bad"
    """Something does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found about one thing, and what to do about it."""

    level: Level
    name: str
    """One or two words."""
    text: str
    fix: str = ""
    """What to type, or to do; empty when there is nothing to do."""


def ok(name: str, text: str) -> Finding:
    """All is fine."""
    return Finding(level=Level.OK, name=name, text=text)


def warn(name: str, text: str, fix: str = "") -> Finding:
    """It works for now."""
    return Finding(level=Level.WARN, name=name, text=text, fix=fix)


def bad(name: str, text: str, fix: str = "") -> Finding:
    """It does not work."""
    return Finding(level=Level.BAD, name=name, text=text, fix=fix)
