"""The state of the find bar: what is typed, what it means, what was found so far."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from tui.view.log_document import LineAt
from tui.view.log_filtered import FilteredDocument
from tui.view.log_source import LogSource
from tui.view.safe_text import SafeText, own
from tui.widgets.log_query import Query
from tui.widgets.log_scan import Scan
from tui.widgets.log_search import Shown, Wanted, matches


class Find:
    """One search; typing on makes a new one."""

    def __init__(self) -> None:
        self.shown = False
        self.query = Query()
        self.scan: Scan | None = None
        """Counts all matches; None when there is nothing to search."""
        self.stop = threading.Event()
        self._origin = LineAt(0, 0)
        self._first: list[LineAt | None] = []
        self._told: tuple[object, ...] = ()

    @property
    def wanted(self) -> Wanted | None:
        """What is searched for."""
        return self.query.wanted

    def open(self, origin: LineAt | None) -> None:
        """Show the bar; the search starts at ``origin``."""
        self.shown = True
        self._origin = origin or LineAt(0, 0)

    def close(self) -> None:
        """Forget the search."""
        self.set_query("")
        self.shown = False

    def set_query(self, text: str) -> bool:
        """Take a new query; True when there is something to search for. Ends the search before."""
        self.stop.set()
        if self.scan is not None:
            self.scan.stop()
        self.stop = threading.Event()
        self.query = Query.of(text)
        self.scan = Scan(self.query.wanted, self._origin) if self.query.wanted else None
        self._first, self._told = [], ()
        return self.scan is not None

    def look_for_first(self, sources: Sequence[LogSource], shown: Shown | None) -> None:
        """Find the match to go to; in a thread."""
        wanted, stop, first = self.wanted, self.stop, self._first
        if wanted is None:
            return
        place = next(matches(sources, wanted, self._origin, stop, shown=shown), None)
        if place is None:
            place = next(matches(sources, wanted, LineAt(0, 0), stop, shown=shown), None)
        if not stop.is_set():
            first.append(place)

    @property
    def has_news(self) -> bool:
        """More was found since ``news`` was asked last, or there is a match to go to."""
        return self._now() != self._told or bool(self._first)

    def news(self) -> bool:
        """Whether more was found since this was asked last."""
        told = self._now()
        changed, self._told = told != self._told, told
        return changed

    def _now(self) -> tuple[object, ...]:
        scan = self.scan
        return (scan.count, scan.running, len(self._first)) if scan else ()

    def take_first(self) -> LineAt | None:
        """The match to go to, once."""
        return self._first.pop() if self._first else None

    def status(self, at: LineAt | None, sources: Sequence[LogSource], filtered: FilteredDocument | None) -> SafeText:
        """``3 of 12`` when the cursor is on a match, ``12 found`` when not; says so while it is still counting.

        ``filtered``: only its lines are counted.
        """
        scan = self.scan
        if scan is None:
            return own("")
        counting = not scan.broken and not scan.complete(sources)
        rank = scan.rank(at) if at is not None else None
        count = scan.count if filtered is None else filtered.common(scan.found)
        if rank is not None and filtered is not None:
            rank = filtered.common(scan.found, at)
        if not count:
            return own("searching" if counting else "no match")
        words = f"{count} found" if rank is None else f"{rank + 1} of {count}"
        return own(f"{words}, still counting" if counting else words)
