"""The filter of a log pane: only lines that match, or only those that do not, with lines around them."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.line_bits import ShownLines
from tui.view.log_document import LineAt
from tui.view.log_filtered import FilteredDocument
from tui.view.log_source import LogSource
from tui.view.safe_text import SafeText, own, safe
from tui.widgets.log_query import Query
from tui.widgets.log_scan import Scan

CONTEXTS = (0, 3, 10)
"""Lines shown around each that is meant; one key goes through them."""


class Filter:
    """What is filtered by, and which lines that leaves. Belongs to the screen's thread, but for its ``scan``."""

    def __init__(self) -> None:
        self.query = Query()
        self.context = 0
        self.scan: Scan | None = None
        """None: nothing is filtered."""
        self.shown: list[ShownLines] = []
        """Of each execution, while something is filtered."""
        self._inverted = False
        self._document: FilteredDocument | None = None

    def set_query(self, text: str, origin: LineAt | None) -> bool:
        """Filter by a new text, ``!`` first: lines that do not match. True when it is a filter.

        A text that cannot be used leaves what is shown as it is, and ``query.bad`` says why.
        """
        inverted = text.startswith("!")
        query = Query.of(text, text[1:] if inverted else text)
        self.query = query
        if query.bad is None:
            self.stop()
            if query.wanted is not None:
                self.scan, self._inverted = Scan(query.wanted, origin), inverted
        return self.scan is not None

    def stop(self) -> None:
        """Show all lines."""
        if self.scan is not None:
            self.scan.stop()
        self.scan, self.shown, self._document = None, [], None

    def next_context(self) -> int:
        """More lines around, after the most none; returns how many."""
        self.context = CONTEXTS[(CONTEXTS.index(self.context) + 1) % len(CONTEXTS)]
        self.shown, self._document = [], None
        return self.context

    @property
    def has_news(self) -> bool:
        """Lines were found that ``document`` has not taken over."""
        return self.scan is not None and any(found.has_changed for found in self.scan.found)

    @property
    def filtered(self) -> FilteredDocument | None:
        """What is shown now; None: all of it."""
        return self._document

    def document(self, sizes: Sequence[int]) -> FilteredDocument | None:
        """What is shown of executions with so many lines; the same object when nothing changed."""
        scan = self.scan
        if scan is None:
            return None
        changed = self._document is None or self._document.sizes != tuple(sizes)
        found = scan.found[: len(sizes)]
        for section, (bits, size) in enumerate(zip(found, sizes, strict=False)):
            news = bits.take_changed()
            if section == len(self.shown):
                self.shown.append(ShownLines(bits, inverted=self._inverted, context=self.context))
                news = set(range(bits.pieces))
            changed = self.shown[section].update(size, news) or changed
        if self._document is None or changed:
            self._document = FilteredDocument(sizes[: len(self.shown)], self.shown[: len(sizes)])
        return self._document

    def words(self, sources: Sequence[LogSource]) -> SafeText:
        """``filter "x": 812 of 10482 lines``."""
        scan, document = self.scan, self._document
        if scan is None or document is None:
            return own("")
        around = f", {self.context} around" if self.context else ""
        reading = "" if scan.broken or scan.complete(sources) else ", still reading"
        return safe(f'filter "{self.query.text}": {document.matched} of {document.lines} lines{around}{reading}')
