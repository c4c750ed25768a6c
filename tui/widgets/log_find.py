"""The state of the find bar: what is typed, what it means, what was found so far."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import re2

from tui.view.log_document import LineAt
from tui.view.log_source import LogSource
from tui.view.safe_text import SafeText, own, safe
from tui.widgets.log_search import MOST_HITS, Hits, Wanted, collect, matches

MAX_QUERY_CHARS = 500


class Find:
    """One search; typing on makes a new one. A lower-case query ignores case, as in less and lnav."""

    def __init__(self) -> None:
        self.shown = False
        self.typing = False
        self.query = ""
        self.wanted: Wanted | None = None
        self.pattern: Any = None
        """Compiled over str, for showing matches; None when there is nothing to search."""
        self.bad: SafeText | None = None
        """Why the query cannot be used."""
        self.hits = Hits()
        self.stop = threading.Event()
        self._origin = LineAt(0, 0)
        self._first: list[LineAt | None] = []
        self._told = (0, False, 0)

    def open(self, origin: LineAt | None) -> None:
        """Show the bar and type; the search starts at ``origin``."""
        self.shown = self.typing = True
        self._origin = origin or LineAt(0, 0)

    def close(self) -> None:
        """Forget the search."""
        self.set_query("")
        self.shown = self.typing = False

    def set_query(self, query: str) -> bool:
        """Take a new query; True when there is something to search for. Ends the search before."""
        self.stop.set()
        self.stop = threading.Event()
        self.query = query[:MAX_QUERY_CHARS]
        self.wanted = self.pattern = self.bad = None
        self.hits, self._first, self._told = Hits(), [], (0, False, 0)
        if not self.query:
            return False
        ignore_case = self.query == self.query.lower()
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            self.pattern = re2.compile(self.query, options)
        except (re2.error, UnicodeError) as error:
            said = error.args[0] if error.args and not isinstance(error, UnicodeError) else "not text"
            self.bad = safe(said)
            return False
        self.wanted = Wanted(self.query.encode(), ignore_case)
        return True

    def run(self, sources: Sequence[LogSource]) -> None:
        """Search; in a thread. First for the match to go to, then for all of them."""
        wanted, stop, hits, first = self.wanted, self.stop, self.hits, self._first
        if wanted is None:
            return
        place = next(matches(sources, wanted, self._origin, stop), None)
        if place is None:
            place = next(matches(sources, wanted, LineAt(0, 0), stop), None)
        first.append(place)
        collect(sources, wanted, hits, stop)

    def news(self) -> bool:
        """Whether more was found since this was asked last."""
        told = (len(self.hits.places), self.hits.done, len(self._first))
        changed, self._told = told != self._told, told
        return changed

    def take_first(self) -> LineAt | None:
        """The match to go to, once."""
        return self._first.pop() if self._first else None

    def status(self, at: LineAt | None) -> SafeText:
        """``3 of 12`` when the cursor is on a match, ``12 found`` when not."""
        places = self.hits.places
        count = len(places)
        if not self.query or self.bad:
            return own("")
        if not count:
            return own("no match" if self.hits.done else "searching")
        many = f"{MOST_HITS}+" if self.hits.more else str(count)
        place = bisect_left(places, at) if at is not None else count
        if place < count and places[place] == at:
            return own(f"{place + 1} of {many}")
        return own(f"{many} found")
