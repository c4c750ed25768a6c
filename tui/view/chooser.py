"""Which run to start: a field to filter with, and the pipelines below it, each with its newest run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runners.model.api import RunSummary
from tui.view.cells import cells, wrap
from tui.view.glyphs import Glyphs
from tui.view.pipeline import run_words
from tui.view.rows import Column, Cut, Row, Span, blank, place, text_row
from tui.view.safe_text import own, safe
from tui.view.scene import Here

NOTHING = (
    "There is no pipeline here: this folder has none, no onduty.yaml names any, and none ran yet. "
    "Leave onduty and start it in the folder that has them, or: onduty run FILE"
)
_ROOMY, _HINT = 76, 60
"""Cells from which a sentence has room beside a name and its newest run, and the hint in the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that can be started."""

    name: str
    """Of the pipeline."""
    path: str = ""
    """Of its file, absolute; empty: runs alone know it."""
    shown: str = ""
    """The same from the current folder."""
    of_site: bool = False
    run: RunSummary | None = None
    """Its newest run; with ``again`` the run to repeat."""
    again: bool = False
    """As that run was."""

    @property
    def words(self) -> str:
        """What is typed to find it."""
        return f"{'again ' if self.again else ''}{self.run.id if self.again and self.run else self.name} {self.shown}"


def candidates(
    files: Iterable[Candidate], runs: Sequence[RunSummary], selected: RunSummary | None
) -> tuple[Candidate, ...]:
    """``selected`` is the run that somebody looks at: its pipeline and itself come first. ``runs``: newest first."""
    newest: dict[str, RunSummary] = {}
    for run in runs:
        newest.setdefault(run.pipeline, run)
    found = [
        Candidate(name=one.name, path=one.path, shown=one.shown, of_site=one.of_site, run=newest.get(one.name))
        for one in files
    ]
    known = {one.name for one in found}
    found += [Candidate(name=name, run=run) for name, run in newest.items() if name not in known]
    if selected is None:
        return tuple(found)
    own_first = sorted(found, key=lambda one: one.name != selected.pipeline)
    again = Candidate(name=selected.pipeline, run=selected, again=True)
    at = sum(one.name == selected.pipeline for one in own_first)
    return (*own_first[:at], again, *own_first[at:])


def matching(found: Sequence[Candidate], query: str) -> tuple[Candidate, ...]:
    """Those with every word of ``query`` in them; a name that begins so first."""
    words = query.lower().split()
    kept = [one for one in found if all(word in one.words.lower() for word in words)]
    if not words:
        return tuple(kept)
    return tuple(sorted(kept, key=lambda one: not one.name.lower().startswith(words[0])))


def chooser_rows(
    found: Sequence[Candidate],
    query: str,
    at: int,
    width: int,
    glyphs: Glyphs,
    *,
    here: Here,
    is_read: bool,
    trouble: str = "",
) -> tuple[Row, ...]:
    """The field, then one row for each of ``found``, which match already; ``at`` is the chosen one."""
    keys = (Span(own("enter"), "acc", bold=True), Span(own(" choose   "), "muted"), Span(own("esc"), "acc", bold=True))
    rows = [
        Row(
            left=(
                Span(own("start "), "muted"),
                Span(safe(query), cut="left"),
                Span(own(" "), "acc", reverse=True),
                *(() if query or width < _HINT else (Span(own(" type a part of its name"), "faint"),)),
            ),
            right=keys,
            bg="panel",
            gap=3,
        )
    ]
    name_cells = max((cells(_name(one)) for one in found), default=0)
    name_cells = min(name_cells, max(8, width // 2 - 2))
    rows += [_row(one, number == at, name_cells, width, glyphs, here) for number, one in enumerate(found)]
    if not found:
        said = "No pipeline has that name." if query else NOTHING if is_read else "Looking for pipelines."
        rows += [text_row(line) for line in wrap(own(said), max(1, width))]
    if trouble:
        for number, line in enumerate(wrap(safe(trouble), max(1, width - 2))):
            sign = blank(1) if number else Span(glyphs.person, "warn", bold=True)
            rows.append(Row(left=(sign, blank(1), Span(line, "muted"))))
    return tuple(rows)


def _name(one: Candidate) -> str:
    return safe(f"again {one.run.id}" if one.again and one.run else one.name)


def _row(one: Candidate, selected: bool, name_cells: int, width: int, glyphs: Glyphs, here: Here) -> Row:
    roomy = width >= _ROOMY
    where = own("as it was: same text, same hosts" if roomy else "as it was") if one.again else safe(one.shown)
    if not one.again and not one.path:
        where = own("its file is looked for where it ran last" if roomy else "where it ran last")
    cut: Cut = "path" if one.path and not one.again else "words"
    last = run_words(one.run, here, glyphs) if one.run is not None else (Span(own("never ran"), "muted"),)
    columns = [
        Column(0, (Span(own(_name(one)), cut="middle"),), name_cells),
        Column(name_cells + 3, (Span(where, "muted", cut=cut),)),
        Column(width - 1, last, align="right"),
    ]
    return Row(left=place(columns, width, glyphs), bg="sel" if selected else None, edge="acc" if selected else None)
