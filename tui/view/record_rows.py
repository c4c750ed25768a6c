"""The record of a run as rows: facts, entries with their time, hosts, open ends; wrapped, nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tui.view.cells import cells, pad, wrap
from tui.view.glyphs import Glyphs
from tui.view.record import (
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


class RecordRows:
    """Rows of one width; those of an entry are made once, for entries do not change but by the page of a failure."""

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        self.width = max(1, width)
        self._glyphs = glyphs
        self._made: dict[int, tuple[Entry, float | None, bool, tuple[Row, ...]]] = {}

    def rows(self, scene: RunScene, record: Record, what: str) -> list[Row]:
        """Everything, in order; people and failures alone are shown without what stands around them."""
        whole = what in ("story", "all")
        found: list[Row] = []
        if whole:
            found += [row for label, value in headline_facts(scene, record) for row in self._fact(label, value)]
            found.append(BLANK)
        entries = record.shown(what)
        dated = _dated(scene, entries)
        before: float | None = None
        for entry in entries:
            found += self._entry(scene, entry, before, dated)
            before = entry.at
        if not entries:
            found.append(Row(left=(Span(own("Nothing of that kind happened."), "muted"),)))
        if whole:
            found += self._around(scene)
        return found

    def _fact(self, label: SafeText, value: SafeText) -> Iterator[Row]:
        for at, line in enumerate(wrap(value, max(1, self.width - LABEL_CELLS))):
            name = pad(label if not at else own(""), LABEL_CELLS)
            yield Row(left=(Span(name, "muted"), Span(line)))

    def _entry(self, scene: RunScene, entry: Entry, before: float | None, dated: bool) -> tuple[Row, ...]:
        made = self._made.get(entry.seq)
        if made is not None and made[0] is entry and made[1:3] == (before, dated):
            return made[3]
        rows = tuple(self._drawn(scene, entry, before, dated))
        self._made[entry.seq] = (entry, before, dated, rows)
        return rows

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
