"""The timeline of a run as rows: axis, bars, events below, and the strip (LOOK section 6, "Timeline")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from runners.model.phases import RUN_ENDED
from tui.view.cells import cells
from tui.view.durations import clock, duration
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, DrawnRows, Row, Span, blank, spaced, width_of
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene
from tui.view.story import Story
from tui.view.timeline_bars import ENDED_CELLS, WORDS_CELLS, Stretch, bar_spans, is_waiting, right_of, stretches
from tui.view.timeline_cells import Cells
from tui.view.timeline_events import event_rows
from tui.view.timeline_path import longest_path, path_names
from tui.view.timeline_scale import Scale, Zoom, scale_of
from tui.view.timeline_tree import GAP, Line, name_spans

NAMES_NARROW = 18
"""Cells for the names where the tree is not beside the bars."""
_TOOK = own("took")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that its rows are made from."""

    scene: RunScene
    story: Story
    lines: tuple[Line, ...]
    zoom: Zoom
    width: int
    """Cells of the bars' pane."""
    names: int = 0
    """How many of them belong to names."""
    row: int | None = None
    """The one that is selected."""

    @property
    def live(self) -> bool:
        """The run goes on."""
        return self.scene.state.phase not in RUN_ENDED

    @property
    def now_utc(self) -> float | None:
        """Where the now line stands."""
        return self.scene.here.now_utc if self.live else None

    @property
    def scale(self) -> Scale:
        """Of its bars."""
        state = self.scene.state
        start = state.started_at if state.started_at is not None else state.created_at
        end = self.scene.here.now_utc if self.live or state.ended_at is None else state.ended_at
        room = self.width - self.names
        words = min(WORDS_CELLS if self.live else ENDED_CELLS, room // 3)
        return scale_of(start, end, live=self.live, cells=room - words, zoom=self.zoom)

    def stretches(self, line: Line) -> tuple[Stretch, ...]:
        """What a row did."""
        return stretches(self.scene, self.story, line)


def start_info(line: Timeline) -> Span:
    """When the run began, or which part of it is shown; for the title of the tree."""
    here, scale = line.scene.here, line.scale
    if scale.zoomed:
        return Span(own(f"{clock(scale.start, here.zone)} to {clock(scale.end, here.zone)}"), "muted")
    return Span(own(f"start {clock(scale.zero, here.zone, now_utc=here.now_utc)}"), "muted")


def axis_row(line: Timeline) -> Row:
    """``0     1m     2m  …  took``."""
    drawn = Cells(line.width)
    scale = line.scale
    drawn.write(line.width - cells(_TOOK), _TOOK, "faint")
    for x, text in scale.ticks():
        if x + cells(text) <= scale.cells + 2:
            drawn.write_if_free(line.names + x, text, "faint")
    return Row(left=drawn.spans())


def now_row(line: Timeline) -> Row:
    """The word above the now line; blank where it is not in sight."""
    scale = line.scale
    if line.now_utc is None:
        return BLANK
    x = scale.x(line.now_utc)
    if not 0 <= x < scale.cells:
        return BLANK
    drawn = Cells(line.width)
    drawn.write(max(0, line.names + x - 1), own("now"), "acc")
    return Row(left=drawn.spans())


def bar_rows(line: Timeline, height: int, glyphs: Glyphs) -> DrawnRows:
    """One row for each line, and the now line down to ``height`` rows."""

    def draw(at: int) -> Row:
        one = line.lines[at] if at < len(line.lines) else GAP
        row = _bar_row(line, one, glyphs)
        return row if at != line.row else replace(row, bg="sel", edge="acc" if line.names else None)

    return DrawnRows(max(len(line.lines), height), draw)


def _bar_row(whole: Timeline, line: Line, glyphs: Glyphs) -> Row:
    found = whole.stretches(line)
    right = right_of(whole.scene, line, found)
    width = whole.width - whole.names
    spans = bar_spans(found, whole.scale, width, right, whole.now_utc, glyphs, waits=is_waiting(line))
    if not whole.names:
        return Row(left=spans)
    names = name_spans(whole.scene, line, whole.names - 2, glyphs)
    return Row(left=(*names, blank(whole.names - width_of(names)), *spans))


def tree_rows(line: Timeline, width: int, glyphs: Glyphs) -> DrawnRows:
    """Sign and name of each row."""
    return DrawnRows(len(line.lines), lambda at: Row(left=name_spans(line.scene, line.lines[at], width, glyphs)))


def listed_rows(line: Timeline, width: int, glyphs: Glyphs) -> DrawnRows:
    """The tree where nothing is beside it: with what each row took, or what it waits for."""

    def draw(at: int) -> Row:
        one = line.lines[at]
        right = right_of(line.scene, one, line.stretches(one))
        return Row(left=name_spans(line.scene, one, width, glyphs), right=(right,) if right.text else ())

    return DrawnRows(len(line.lines), draw)


# ----- events


def events_title(hidden: int, glyphs: Glyphs) -> tuple[SafeText, tuple[Span, ...]]:
    """Name and info of the part below: how many have no room."""
    return own("events"), (Span(own(f"{hidden} more, zoom in"), "muted"),) if hidden else ()


def happened(line: Timeline, rows: int, glyphs: Glyphs) -> tuple[tuple[Row, ...], int]:
    """The rows of events, and how many have no place."""
    return event_rows(line.story.marks, line.scale, rows, line.width, glyphs, indent=line.names)


# ----- strip


def timeline_strip(line: Timeline, usual_s: float | None = None) -> Row:
    """``longest path canary, web4   stood still for people 1m 32s   usual run 4m 50s``, as far as it is known."""
    scene = line.scene
    names = path_names(scene.state, longest_path(scene.state))
    waited_s = line.story.waited_s(scene.here.now_utc)
    groups: list[Sequence[Span]] = []
    if names:
        groups.append((Span(own("longest path "), "muted"), Span(own(", ".join(names)), cut="words")))
    if waited_s >= 1:
        groups.append((Span(own("stood still for people "), "muted"), Span(duration(waited_s))))
    if usual_s is not None:
        groups.append((Span(own("usual run "), "muted"), Span(duration(usual_s))))
    return Row(left=spaced(groups, 5))
