"""Why the selected thing is as it is: label and value, what somebody needs first (LOOK section 6, "Why").

A row that has nothing to say is left out, and nothing is compared that was not measured. A reason is never cut: it
wraps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from runners.core.outcome import warnings_of
from runners.model.phases import FAILURES, RUN_ENDED, Phase
from tui.view.cells import cells, wrap
from tui.view.durations import count_of
from tui.view.facts import PASSED, REPAIR, Place, is_bad, is_due, place_of, places, short_name, under, worst
from tui.view.glyphs import Glyphs
from tui.view.holds import hold_for, in_keys, run_holds
from tui.view.host_names import short_names
from tui.view.rows import Row, Span, label_row, text_row, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.why_failed import elsewhere
from tui.view.why_job_run import job_run_facts
from tui.view.why_repair import notes_of
from tui.view.why_words import Fact, Pane, names_in, text

LABEL_CELLS = 13
MOST_WARNINGS = 3
_SPARE = ("used", "limits", "next", "last", "noted then", "done")
"""What goes first where there is little room: the key bar, the log and the tree have most of it too."""


def why_title(scene: RunScene) -> tuple[SafeText, tuple[SafeText, ...]]:
    """Name and details of the pane's title."""
    member = _member(scene)
    if member is not None:
        return own("why"), (short_name(member),)
    return own("why"), (safe(scene.selected.split("@")[0]),) if scene.selected else ()


def why_rows(scene: RunScene, width: int, glyphs: Glyphs, most: int | None = None) -> tuple[Row, ...]:
    """Rows about ``scene.selected``: a job run, a job, a stage; about what is worst when nothing is selected.

    Where ``most`` rows are shown, what other places say as well is left out first.
    """
    pen = _Pen(scene, width, glyphs)
    member = _member(scene)
    if member is not None:
        return pen.of_one(member, most)
    members = under(scene.state, scene.selected) or tuple(places(scene.state))
    return pen.rows(pen.of_many(members))


def _member(scene: RunScene) -> Place | None:
    if scene.selected:
        members = under(scene.state, scene.selected)
        return members[0] if len(members) == 1 else None
    return worst(scene.state)


class _Pen:
    """Facts as rows."""

    def __init__(self, scene: RunScene, width: int, glyphs: Glyphs) -> None:
        self.scene = scene
        self.width = width
        self.label = LABEL_CELLS if width >= 32 else 11 if width >= 24 else 0
        self.room = max(1, width - self.label)
        self.pane = Pane(scene=scene, room=self.room, glyphs=glyphs)

    def rows(self, facts: Iterable[Fact]) -> tuple[Row, ...]:
        """Facts as rows; a value that is too long for its row wraps below itself."""
        return tuple(row for fact in facts for row in self._rows_of(fact))

    def _rows_of(self, fact: Fact) -> list[Row]:
        label, value = fact
        if not self.label:
            return [text_row(own(label)), *(Row(left=line) for line in self._wrapped(value))]
        return [
            label_row(own("" if number else label), line, label_width=self.label)
            for number, line in enumerate(self._wrapped(value))
        ]

    def _wrapped(self, value: Sequence[Span]) -> list[tuple[Span, ...]]:
        if width_of(value) <= self.room:
            return [tuple(value)]
        lines: list[list[Span]] = [[]]
        at = 0
        for span in value:
            first = True
            for word in _words(span.text):
                size = cells(word)
                gap = 0 if first else 1
                if at and at + gap + size > self.room and not (first and word.startswith((".", ",", ":", ";"))):
                    lines.append([])
                    at, gap = 0, 0
                for piece in wrap(word, self.room) if size > self.room else [word]:
                    if at and at + gap + cells(piece) > self.room:
                        lines.append([])
                        at, gap = 0, 0
                    text = own(" " * gap + piece)
                    lines[-1].append(Span(text, span.token, span.bold))
                    at += cells(text)
                    gap = 0
                first = False
        return [tuple(line) for line in lines]

    def of_one(self, member: Place, most: int | None) -> tuple[Row, ...]:
        """A job run, in ``most`` rows where that is possible without leaving out what is nowhere else."""
        rows = self._least_of(member, self.pane, most)
        if most is None or len(rows) <= most or self.scene.before is None:
            return rows
        return self._least_of(member, replace(self.pane, tight=True), most)

    def _least_of(self, member: Place, pane: Pane, most: int | None) -> tuple[Row, ...]:
        facts = list(job_run_facts(pane, member))
        blocks = [self._rows_of(fact) for fact in facts]
        labels = _headings(facts)
        for spare in _SPARE:
            if most is None or sum(map(len, blocks)) <= most:
                break
            blocks = [[] if label == spare else block for label, block in zip(labels, blocks, strict=True)]
        return tuple(row for block in blocks for row in block)

    # ----- several

    def of_many(self, members: Sequence[Place]) -> Iterator[Fact]:
        """A stage, a job, a folded row or the whole run: names by phase."""
        state = self.scene.state
        for hold in run_holds(self.scene):
            yield "waits", text(in_keys(hold.text or hold.kind))
        for label, found, token in (
            ("failed", [one for one in members if is_bad(state, one.run)], "fail"),
            ("unknown", _in(members, Phase.UNKNOWN), "unk"),
            ("running", _in(members, Phase.RUNNING, Phase.CANCELLING), "text"),
            ("rolling back", _in(members, Phase.ROLLING_BACK), "back"),
            ("to roll back", [one for one in members if is_due(state, one.run)], "text"),
            ("rolled back", _in(members, Phase.ROLLED_BACK), "text"),
            ("passed", [one for one in _in(members, Phase.SUCCEEDED) if not is_due(state, one.run)], "text"),
            ("skipped", _in(members, Phase.SKIPPED), "text"),
            ("cancelled", [one for one in _in(members, Phase.CANCELLED) if not is_due(state, one.run)], "text"),
        ):
            if found:
                bold = token in ("fail", "unk")
                yield label, (Span(names_in(self.room, _called(found, members)), token, bold=bold),)
        waiting = _in(members, Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF)
        if waiting:
            first = hold_for(self.scene, waiting[0])
            yield "waiting", text(names_in(self.room, _called(waiting, members)))
            if first is not None and first.text and first.what != state.name:
                yield "for", text(safe(first.text))
        if state.phase not in REPAIR:
            done = sum(one.run.phase in PASSED for one in members)
            yield "done", text(count_of(done, len(members)))
        names = {short_name(one) for one in members}
        warnings = state.warnings if state.phase in RUN_ENDED else warnings_of(state)
        shown = [warning for warning in warnings if any(name in warning for name in names)]
        for number, warning in enumerate(shown[:MOST_WARNINGS]):
            yield "" if number else "warning", (Span(safe(warning), "warn"),)
        yield from notes_of(self.scene)


def _headings(facts: Iterable[Fact]) -> list[str]:
    """The label of each fact; of one that goes on with the fact before that one's."""
    found: list[str] = []
    for label, _ in facts:
        found.append(label or (found[-1] if found else ""))
    return found


def _in(members: Sequence[Place], *phases: Phase) -> list[Place]:
    return [one for one in members if one.run.phase in phases]


def first_why(scene: RunScene, width: int, glyphs: Glyphs) -> Row | None:
    """``passed on web1 web2`` in one sentence, for screens that have no room for the pane."""
    member = place_of(scene.state, scene.selected) or worst(scene.state)
    if member is None or member.run.phase not in FAILURES:
        return None
    pen = _Pen(scene, width + LABEL_CELLS, glyphs)
    parts = [f"{label} {own(''.join(span.text for span in value))}" for label, value in elsewhere(pen.pane, member)]
    return Row(left=(Span(own(", ".join(parts)), cut="words"),)) if parts else None


def _called(found: Sequence[Place], members: Sequence[Place]) -> list[str]:
    """Hosts where all are of one job, else ``job@host``."""
    if len({one.job.id for one in members}) != 1:
        return [short_name(one) for one in found]
    called = short_names(members[0].job.hosts)
    return [called.get(one.run.host, safe(one.run.host)) for one in found]


_DURATION = re.compile(r"\b(\d+[hm]) (\d+[ms])\b")
"""``1m 10s`` stays in one row."""


def _words(text: SafeText) -> list[SafeText]:
    return [SafeText(word.replace("\u00a0", " ")) for word in _DURATION.sub("\\1\u00a0\\2", text).split(" ")]
