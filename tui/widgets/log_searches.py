"""The threads behind a log pane: what is found and filtered, jumps, and the marks of the scroll column.

A thread sets bits, appends places or calls back once; the pane looks twenty times a second whether there is more. An
older search of the same kind is stopped, never waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from tui.view.log_document import LineAt
from tui.view.log_source import LogSource
from tui.widgets.log_filter import Filter
from tui.widgets.log_find import Find
from tui.widgets.log_scan import Scan
from tui.widgets.log_search import ERRORS, Hits, Wanted, collect, matches

RunInThread = Callable[[Callable[[], None], str], None]
"""(work, name of the kind of work)."""


class LogSearches:
    """All searches over one log."""

    def __init__(self, run: RunInThread) -> None:
        self._run = run
        self.filter = Filter()
        self.sources: tuple[LogSource, ...] = ()
        """Where to search."""
        self._begin()

    def _begin(self) -> None:
        self.find = Find()
        self._marks = Hits()
        self._marked_to = LineAt(0, 0)
        self._marks_stop = threading.Event()
        self._jump_stop = threading.Event()
        self._seen = 0
        """Marks that were told."""

    def reset(self) -> None:
        """Stop everything and forget it: another log is shown, or the pane goes."""
        self.filter.stop()
        if self.find.scan is not None:
            self.find.scan.stop()
        for stop in (self.find.stop, self._marks_stop, self._jump_stop):
            stop.set()
        self._begin()

    def set_sources(self, sources: Sequence[LogSource]) -> None:
        """Where to search from now on."""
        self.sources = tuple(sources)

    @property
    def errors(self) -> list[LineAt]:
        """Lines with errors found so far, at most ``MOST_HITS``."""
        return list(self._marks.places)

    @property
    def has_news(self) -> bool:
        """The marks, the find bar or the filter found more since ``news`` was asked last."""
        return len(self._marks.places) != self._seen or self.find.has_news or self.filter.has_news

    def news(self) -> bool:
        """Whether the marks or the find bar found more since this was asked last."""
        found = len(self._marks.places)
        changed = self.find.news() or found != self._seen
        self._seen = found
        return changed

    def keep_up(self, *, grown: bool) -> None:
        """Search what was not searched yet; ``grown``: lines came."""
        for scan, kind in ((self.find.scan, "find"), (self.filter.scan, "filter")):
            if scan is None:
                continue
            if grown:
                scan.grew()
            self._scan(scan, kind)

    def set_query(self, query: str) -> None:
        """Search for a new query."""
        find, sources, shown = self.find, self.sources, self.filter.filtered
        if find.set_query(query) and find.scan is not None:
            self._run(lambda: find.look_for_first(sources, shown), "first")
            self._scan(find.scan, "find")

    def set_filter(self, text: str, origin: LineAt | None) -> None:
        """Filter by a text."""
        if self.filter.set_query(text, origin) and self.filter.scan is not None:
            self._scan(self.filter.scan, "filter")

    def _scan(self, scan: Scan, kind: str) -> None:
        sources = self.sources
        if scan.wants(sources):
            scan.running = True
            self._run(lambda: scan.run(sources), kind)

    def mark_errors(self) -> None:
        """Look for errors in the lines that came since the last time."""
        marks, stop, sources = self._marks, self._marks_stop, self.sources
        if marks.running or marks.more or not sources:
            return
        start, end = self._marked_to, LineAt(len(sources) - 1, sources[-1].lines)
        if start == end:
            return
        self._marked_to = end
        marks.running = True
        self._run(lambda: collect(sources, ERRORS, marks, stop, start), "marks")

    def jump(
        self, wanted: Wanted, start: LineAt, *, backwards: bool, around: bool, done: Callable[[LineAt | None], None]
    ) -> None:
        """Find one shown match from ``start`` on, ``start`` included; ``done`` is called in the thread unless stopped.

        ``around``: go on at the other end. ``start`` may lie one line outside an execution.
        """
        self._jump_stop.set()
        stop = self._jump_stop = threading.Event()
        sources, shown = self.sources, self.filter.filtered
        if start.line < 0 and start.section > 0:
            start = LineAt(start.section - 1, sources[start.section - 1].lines - 1)

        def find() -> None:
            place = next(matches(sources, wanted, start, stop, backwards=backwards, shown=shown), None)
            if place is None and around and sources:
                end = LineAt(len(sources) - 1, sources[-1].lines - 1) if backwards else LineAt(0, 0)
                place = next(matches(sources, wanted, end, stop, backwards=backwards, shown=shown), None)
            if not stop.is_set():
                done(place)

        self._run(find, "jump")
