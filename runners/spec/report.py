"""Collect problems with their places, and say key paths and texts from people in one way."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from runners.model.problems import Problem

Part = str | int
"""One step of a key path: a key, or an index of a list."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_<-]+\Z")
_SHOWN_CHARACTERS = 60


class Report:
    """Problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, line: int, column: int, path: tuple[Part, ...], text: str, *, warning: bool = False) -> None:
        """Note one problem; lines and columns count from 1."""
        self.problems.append(
            Problem(file=self.file, line=line, column=column, path=key_path(path), text=text, warning=warning)
        )


def key_path(path: Iterable[Part]) -> str:
    """``stages[0].jobs.release.retrys``; a key with other characters is quoted: ``env["a b"]``."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part}]"
        elif _BARE_KEY.match(part):
            said += f".{part}" if said else part
        else:
            said += f"[{quoted(part)}]"
    return said


def shown(text: str) -> str:
    """Text from a person inside our sentences: on one line, nothing in it that a terminal obeys, not too long."""
    head = text[:200]
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in head)
    return safe if len(safe) <= _SHOWN_CHARACTERS else safe[: _SHOWN_CHARACTERS - 1] + "…"


def quoted(text: str) -> str:
    """The same between quotes."""
    return f'"{shown(text)}"'


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant, else None; ``cutoff`` from 0 (anything) to 1 (equal)."""
    words = list(known)
    by_lower = {candidate.lower(): candidate for candidate in words}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    found = difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean "retry"?`` or nothing."""
    found = nearest(word, known)
    return f", did you mean {quoted(found)}?" if found else ""


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems in the order of the text. What an alias or a merge repeats is said once, where it was written."""
    seen: set[tuple[int, int, str]] = set()
    kept = []
    for problem in problems:
        place = (problem.line, problem.column, problem.text)
        if place not in seen:
            seen.add(place)
            kept.append(problem)
    return tuple(sorted(kept, key=lambda problem: (problem.line, problem.column)))
