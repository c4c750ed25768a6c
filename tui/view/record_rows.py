"""The record of a run as rows: facts, entries with their time, hosts, open ends; wrapped, nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from tui.view.cells import cells, pad, wrap
from tui.view.glyphs import Glyphs
from tui.view.record import (
    SHOWN,
    Entry,
    Record,
    headline_facts,
    host_lines,
    hosts_in_short,
    open_ends,
    time_of,
)
from tui.view.record_words import FAILURE, PEOPLE
from tui.view.rows import BLANK, Row, Span, blank, title_row
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene

LABEL_CELLS = 13
_TIME_CELLS = 8
_DAY_CELLS = 15
_LEAST_TEXT = 20
_TOKENS = {PEOPLE: "text", FAILURE: "text"}


@dataclass(slots=True)
class _Body:
    """The rows of the entries that a reader chose to see, as far as they were made."""

    changes: int
    dated: bool
    seen: int = 0
    """Entries of the record that were looked at."""
    count: int = 0
    """Entries that are shown."""
    before: float | None = None
    rows: list[Row] = field(default_factory=list)


class RecordRows:
    """Rows of one width. Those of entries are made once, and more are added as more happens."""

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        self.width = max(1, width)
        self._glyphs = glyphs
        self._bodies: dict[str, _Body] = {}

    def rows(self, scene: RunScene, record: Record, what: str) -> list[Row]:
        """Everything, in order; people and failures alone are shown without what stands around them."""
        body = self._body(scene, record, what)
        found = body.rows or [Row(left=(Span(own("Nothing of that kind happened."), "muted"),))]
        if what not in ("story", "all"):
            return list(found)
        facts = [row for label, value in headline_facts(scene, record) for row in self._fact(label, value)]
        return [*facts, BLANK, *found, *self._around(scene)]

    def count(self, what: str) -> int:
        """How many entries of that kind the rows show."""
        body = self._bodies.get(what)
        return body.count if body is not None else 0

    def _body(self, scene: RunScene, record: Record, what: str) -> _Body:
        dated = _dated(scene, record.entries)
        body = self._bodies.get(what)
        if body is None or (body.changes, body.dated) != (record.changes, dated):
            body = self._bodies[what] = _Body(record.changes, dated)
        for entry in record.entries[body.seen :]:
            if entry.told.kind in SHOWN[what]:
                body.rows += self._drawn(scene, entry, body.before, dated)
                body.before = entry.at
                body.count += 1
        body.seen = len(record.entries)
        return body

    def _fact(self, label: SafeText, value: SafeText) -> Iterator[Row]:
        for at, line in enumerate(wrap(value, max(1, self.width - LABEL_CELLS))):
            name = pad(label if not at else own(""), LABEL_CELLS)
            yield Row(left=(Span(name, "muted"), Span(line)))

    def _drawn(self, scene: RunScene, entry: Entry, before: float | None, dated: bool) -> Iterator[Row]:
        at = time_of(entry, before if dated else entry.at, scene.here.zone)
        indent = (_DAY_CELLS if dated else _TIME_CELLS) + 2
        time = Span(pad(at, indent - 2, right=True), "faint")
        if self.width - indent < _LEAST_TEXT:
            indent = 2
            yield Row(left=(time,))
            time = blank(0)
        room = max(1, self.width - indent)
        told = entry.told
        failed = told.kind == FAILURE and entry.type == "job_finished"
        token = "fail" if failed else "unk" if entry.type == "contact_lost" else _TOKENS.get(told.kind, "muted")
        bold = token in ("fail", "unk") or told.kind == PEOPLE
        lead: tuple[Span, ...] = (time, blank(indent - cells(time.text)))
        for line in wrap(told.text, room, indent=2):
            yield Row(left=(*lead, Span(line, token, bold)))
            lead = (blank(indent),)
        for more in told.more:
            for line in wrap(more, max(1, room - 2), indent=2):
                yield Row(left=(blank(indent + 2), Span(line, "muted")))
        for quoted in told.quoted:
            sign = Span(self._glyphs.mark, "fail", bold=True)
            for line in wrap(quoted, max(1, room - 2)):
                yield Row(left=(blank(indent), sign, blank(1), Span(line)))
                sign = blank(1)

    def _around(self, scene: RunScene) -> Iterator[Row]:
        hosts = host_lines(scene.state)
        yield BLANK
        yield title_row(own("hosts"), (hosts_in_short(hosts),), (), glyphs=self._glyphs)
        wide = min(max((cells(one.host) for one in hosts), default=0), max(1, self.width // 3))
        deep = min(max((cells(one.job) for one in hosts), default=0), max(1, self.width // 3))
        for one in hosts:
            spans = (
                Span(pad(own(wrap(one.host, wide)[0]), wide), "text" if one.job else "muted"),
                blank(2),
                Span(pad(own(wrap(one.job, deep)[0] if deep else ""), deep), "muted"),
                blank(2 if deep else 0),
                Span(one.word, one.token, cut="words"),
            )
            yield Row(left=spans)
        ends = list(open_ends(scene))
        yield BLANK
        yield title_row(own("open ends"), (own("none"),) if not ends else (), (), glyphs=self._glyphs)
        for end in ends:
            for line in wrap(end, self.width, indent=2):
                yield Row(left=(Span(line),))


def _dated(scene: RunScene, entries: list[Entry]) -> bool:
    """Whether they are of more than one day."""
    return bool(entries) and time_of(entries[-1], entries[0].at, scene.here.zone) != time_of(
        entries[-1], entries[-1].at, scene.here.zone
    )


# ----- find


def text_in(row: Row) -> str:
    """What a row says, for finding."""
    return "".join(span.text for span in row.left)


def matching(rows: list[Row], query: str) -> list[int]:
    """Rows that hold ``query``, whatever its case."""
    wanted = query.casefold()
    return [at for at, row in enumerate(rows) if wanted in text_in(row).casefold()] if wanted else []


def with_hits(row: Row, query: str) -> Row:
    """The row with every match inside of one style marked."""
    return replace(row, left=tuple(piece for span in row.left for piece in _split(span, query)))


def _split(span: Span, query: str) -> Iterator[Span]:
    wanted, low = query.casefold(), span.text.casefold()
    if not wanted or wanted not in low or len(low) != len(span.text):
        yield span
        return
    at = 0
    while (found := low.find(wanted, at)) >= 0:
        if found > at:
            yield replace(span, text=own(span.text[at:found]))
        yield replace(span, text=own(span.text[found : found + len(wanted)]), token="warn", reverse=True)
        at = found + len(wanted)
    if at < len(span.text):
        yield replace(span, text=own(span.text[at:]))
