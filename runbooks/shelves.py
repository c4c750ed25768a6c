"""The library of each site: a run names the places of its pages, and pages may be mended while it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runbooks.advisor import RunbookAdvisor
from runbooks.fingerprint import fingerprint
from runbooks.library import Library, load_library
from runbooks.tail import clean_line
from runners.ports.failure_advisor import Advice, FailureFacts

Stamp = tuple[tuple[str, int, int], ...]
"""Path, modification time in ns and size of every file."""


class Shelves:
    """Libraries by their places, read again when a file changed; implements ``FailureAdvisor`` over them."""

    def __init__(self, own: Sequence[Path] = ()) -> None:
        """``own`` are the user's own pages; those of a site win over them."""
        self._own = tuple(own)
        self._known: dict[tuple[str, ...], tuple[Stamp, RunbookAdvisor]] = {}

    def library(self, places: Sequence[str] = ()) -> Library:
        """The built-in pages, the user's own, and those at ``places``; later ones win by id."""
        return self._advisor(tuple(places)).library

    def advise(self, facts: FailureFacts) -> Advice:
        """As ``FailureAdvisor``, with the pages of the run's own site."""
        return self._advisor(tuple(facts.runbooks)).advise(facts)

    def fingerprint(self, line: str) -> str:
        """As ``FailureAdvisor``; no page has a say in it."""
        return fingerprint(clean_line(line))

    def _advisor(self, places: tuple[str, ...]) -> RunbookAdvisor:
        folders = [*self._own, *map(Path, places)]
        stamp = tuple(one for folder in folders for one in _stamps(folder))
        known = self._known.get(places)
        if known is not None and known[0] == stamp:
            return known[1]
        advisor = RunbookAdvisor(load_library(folders))
        self._known[places] = (stamp, advisor)
        return advisor


def _stamps(place: Path) -> Stamp:
    paths = sorted(place.rglob("*.md")) if place.is_dir() else [place]
    found = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
