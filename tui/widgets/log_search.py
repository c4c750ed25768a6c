"""Searches over all executions of a log pane. Every function here may take seconds and runs in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tui.pauses import TURNS
from tui.view.log_document import LineAt
from tui.view.log_errors import ERROR_PATTERN, is_error_line
from tui.view.log_source import LogSource

MOST_HITS = 1000
"""Most marks of the scroll column."""
_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for: an RE2 pattern over bytes."""

    pattern: bytes
    ignore_case: bool
    errors: bool = False
    """Only lines that ``e`` stops at."""


ERRORS = Wanted(ERROR_PATTERN, True, errors=True)


@dataclass(slots=True)
class Hits:
    """Lines found so far, in order. A thread appends, the screen reads how many: counters cross threads, not lines."""

    places: list[LineAt] = field(default_factory=list)
    running: bool = False
    """A thread is at it."""
    done: bool = False
    more: bool = False
    """There are more than ``MOST_HITS``."""


class Shown(Protocol):
    """Which lines a filter leaves."""

    def next(self, place: LineAt) -> LineAt | None:
        """The first one from ``place`` on."""
        ...

    def previous(self, place: LineAt) -> LineAt | None:
        """The last one up to ``place``."""
        ...


def matches(
    sources: Sequence[LogSource],
    wanted: Wanted,
    start: LineAt,
    stop: threading.Event,
    *,
    backwards: bool = False,
    shown: Shown | None = None,
) -> Iterator[LineAt]:
    """Yield matching lines from ``start`` on (backwards: up to it), over all executions, until ``stop`` is set.

    ``shown``: only lines that are shown; matches and shown lines are skipped in turns, so that few of either are fast.
    """

    def asked() -> bool:
        TURNS.give_way()
        return stop.is_set()

    step = -1 if backwards else 1
    sections = range(start.section, -1, -1) if backwards else range(start.section, len(sources))
    for section in sections:
        source = sources[section]
        line = start.line if section == start.section else source.lines - 1 if backwards else 0
        while not stop.is_set() and 0 <= line < source.lines:
            hit = source.search(wanted.pattern, line, backwards, ignore_case=wanted.ignore_case, stop=asked)
            if hit is None:
                break
            place = LineAt(section, hit.line)
            if shown is not None:
                near = shown.previous(place) if backwards else shown.next(place)
                if near is None:
                    return
                if near.section != section:
                    break
                if near != place:
                    line = near.line
                    continue
            if not wanted.errors or _is_error(source, hit.line):
                yield place
            line = hit.line + step


def collect(
    sources: Sequence[LogSource], wanted: Wanted, hits: Hits, stop: threading.Event, start: LineAt | None = None
) -> None:
    """Fill ``hits`` from ``start`` (the top when None)."""
    hits.running = True
    try:
        for place in matches(sources, wanted, start or LineAt(0, 0), stop):
            if len(hits.places) >= MOST_HITS:
                hits.more = True
                break
            hits.places.append(place)
        hits.done = not stop.is_set()
    finally:
        hits.running = False


def _is_error(source: LogSource, line: int) -> bool:
    lines = source.read_lines(line, 1, _LINE_BYTES)
    # A match far inside a long line is worth a stop as well.
    return bool(lines) and (len(lines[0]) >= _LINE_BYTES or is_error_line(lines[0]))
