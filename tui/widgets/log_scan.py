"""Which lines of a whole log match: one bit a line, found by a thread from where somebody looks, kept up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from tui.pauses import TURNS
from tui.view.line_bits import PIECE_LINES, LineBits
from tui.view.log_document import LineAt
from tui.view.log_source import LogSource
from tui.widgets.log_search import Wanted

_MOST_PIECES = 16
"""Searched with one question: 65536 lines."""


class Scan:
    """One search over all executions of a log. ``run`` belongs to one thread at a time, the rest to the screen."""

    def __init__(self, wanted: Wanted, origin: LineAt | None = None) -> None:
        """``origin``: where it begins; it goes on at the top when the end was reached."""
        self._wanted = wanted
        self._origin = origin or LineAt(0, 0)
        self.found: list[LineBits] = []
        """For each execution."""
        self.running = False
        self.broken = False
        """Something cannot be read; what was found so far stays."""
        self._stop = threading.Event()
        self._grown = False

    def stop(self) -> None:
        """End it for good."""
        self._stop.set()

    def _asked(self) -> bool:
        TURNS.give_way()
        return self._stop.is_set()

    def prepare(self, sources: Sequence[LogSource]) -> None:
        """Have a set of lines for each execution."""
        while len(self.found) < len(sources):
            self.found.append(LineBits())

    def grew(self) -> None:
        """Lines came, or the last one got longer."""
        self._grown = True

    def wants(self, sources: Sequence[LogSource]) -> bool:
        """Whether there is something to search and nobody is at it."""
        if self.running or self.broken or self._stop.is_set():
            return False
        self.prepare(sources)
        return self._grown or not self.complete(sources)

    def complete(self, sources: Sequence[LogSource]) -> bool:
        """Whether all lines of now were searched."""
        return len(self.found) >= len(sources) and all(
            found.complete(source.lines) for found, source in zip(self.found, sources, strict=False)
        )

    @property
    def count(self) -> int:
        """Lines found so far."""
        return sum(found.count for found in self.found)

    def rank(self, place: LineAt) -> int | None:
        """How many matches lie above a match, over all executions; None for a line that is none."""
        if place.section >= len(self.found) or not self.found[place.section].has(place.line):
            return None
        return sum(found.count for found in self.found[: place.section]) + self.found[place.section].rank(place.line)

    def run(self, sources: Sequence[LogSource]) -> None:
        """Search what was not searched; in a thread."""
        grown, self._grown = self._grown, False
        try:
            if grown:
                for found, source in zip(self.found, sources, strict=False):
                    self._again(found, source)
            for section, piece in self._order(len(sources)):
                self._section(self.found[section], sources[section], piece)
        except BaseException:
            self.broken = True
            raise
        finally:
            self.running = False

    def _order(self, sections: int) -> Iterator[tuple[int, int]]:
        """(execution, first piece) in the order of interest."""
        at = min(self._origin.section, max(0, sections - 1))
        if sections:
            yield at, self._origin.line // PIECE_LINES
        for section in (*range(at + 1, sections), *range(at)):
            yield section, 0
        if sections:
            yield at, 0

    def _section(self, found: LineBits, source: LogSource, piece: int | None) -> None:
        while piece is not None and not self._stop.is_set():
            lines = source.lines
            piece = found.unknown_from(piece, lines)
            if piece is not None:
                self._pieces(found, source, piece, lines)

    def _again(self, found: LineBits, source: LogSource) -> None:
        """The last line that was searched may have been half a line."""
        last = found.pieces - 1
        if last >= 0 and (known := found.known(last)):
            self._pieces(found, source, last, last * PIECE_LINES + known)

    def _pieces(self, found: LineBits, source: LogSource, piece: int, lines: int) -> None:
        """Search ``piece`` and what follows it, up to line ``lines``."""
        base = piece * PIECE_LINES
        # One line more than is needed: the last one may have been half a line.
        known = max(0, found.known(piece) - 1)
        end = min(lines, base + _MOST_PIECES * PIECE_LINES)
        wanted = self._wanted
        bits = source.matching(wanted.pattern, base + known, end, ignore_case=wanted.ignore_case, stop=self._asked)
        if bits is None:
            return
        bits = bits << known | (found.bits(piece) & ((1 << known) - 1))
        for start in range(base, end, PIECE_LINES):
            count = min(PIECE_LINES, end - start)
            found.put(start // PIECE_LINES, bits & ((1 << count) - 1), count)
            bits >>= PIECE_LINES
