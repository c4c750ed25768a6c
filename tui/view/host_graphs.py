"""The four graphs of a host: processor, memory, disk traffic, network; what happened there as lines through all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from runners.model.metrics import HostReading
from runners.model.thinning import gaps
from tui.view.cells import wrap
from tui.view.durations import duration, share, size
from tui.view.glyphs import Glyphs
from tui.view.graphs import LABEL, Mark, Window, axis_row, beside, columns, graph_rows
from tui.view.host_scene import HostScene, marks_of, window_of
from tui.view.host_state import BUSY_PERCENT, FULL_PERCENT, STALE_S, disk_rate, net_rate
from tui.view.rows import BLANK, Fill, Row, Span, blank, spaced, text_row, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.sparks import step_above

GAP = 4
UNSEEN_S = 40.0
"""Without a reading for longer nobody looked: a host is looked at every 15 s while something runs there."""
_LEAST_WIDTH = 24
Series = Callable[[HostReading], float | None]


@dataclass(frozen=True, slots=True)
class _Graph:
    name: SafeText
    series: Series
    warns_above: float | None
    """None: it has no threshold, and its scale is that of a rate."""


_GRAPHS = (
    _Graph(own("cpu"), lambda one: one.cpu_percent, BUSY_PERCENT),
    _Graph(own("memory"), lambda one: one.memory_percent, FULL_PERCENT),
    _Graph(own("disk i/o"), lambda one: disk_rate(one), None),
    _Graph(own("network"), lambda one: net_rate(one), None),
)


def host_graph_rows(scene: HostScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Two beside each other, or one below the other where there is no room; without a reading one sentence."""
    if not scene.readings:
        said = safe(scene.trouble) if scene.trouble else _nothing(scene)
        return tuple(text_row(line) for line in wrap(said, max(1, width)))
    window, marks = window_of(scene), marks_of(scene)
    shut = _shut(scene.readings)
    each = (width - GAP) // 2
    rows: list[Row] = []
    if each < _LEAST_WIDTH:
        for graph in _GRAPHS:
            rows += [*([BLANK] if rows else []), *_rows(graph, scene, window, marks, shut, width, glyphs)]
        return tuple(rows)
    for left, right in ((0, 1), (2, 3)):
        pair = [_rows(_GRAPHS[at], scene, window, marks, shut, each, glyphs) for at in (left, right)]
        rows += [*([BLANK] if rows else []), *beside(pair[0], pair[1], each, GAP, glyphs)]
    return tuple(rows)


def _shut(readings: Sequence[HostReading]) -> frozenset[int]:
    """Positions before which nobody looked: what takes two looks to know is not in the first one of a session."""
    begins = {at for at, one in enumerate(readings) if one.cpu_percent is None}
    return frozenset(begins) | frozenset(gaps(readings, UNSEEN_S))


def _nothing(scene: HostScene) -> SafeText:
    if scene.status is not None and scene.status.phase == "connected":
        return own("It is looked at now; the first figures come within seconds.")
    return own("Nobody looked at this host while this run was there.")


def _rows(
    graph: _Graph,
    scene: HostScene,
    window: Window,
    marks: Sequence[Mark],
    shut: frozenset[int],
    width: int,
    glyphs: Glyphs,
) -> list[Row]:
    series = [(one.at, graph.series(one)) for one in scene.readings]
    is_rate = graph.warns_above is None
    # Of all that is known, and not only of what is shown: a scale that shrinks would lie about what came before.
    top = step_above([value for _, value in series]) if is_rate else 100.0
    label = _scale(top) if is_rate else own("100")
    inner = max(1, width - LABEL)
    found = columns(series, shut, window, 2 * inner, STALE_S)
    last = _newest(series, window)
    loud = graph.warns_above is not None and last is not None and last[1] > graph.warns_above
    return [
        _title(graph, scene, last, window, loud, width, glyphs),
        *graph_rows(found, marks, window, top=top, top_label=label, token="warn" if loud else "graph", glyphs=glyphs),
        axis_row(marks, window, inner, scene.here.zone, scene.here.now_utc),
    ]


def _newest(series: Sequence[tuple[float, float | None]], window: Window) -> tuple[float, float] | None:
    """Time and value of the newest figure that the window shows."""
    shown = ((at, value) for at, value in reversed(series) if window.from_utc <= at <= window.to_utc)
    return next(((at, value) for at, value in shown if value is not None), None)


def _title(
    graph: _Graph,
    scene: HostScene,
    last: tuple[float, float] | None,
    window: Window,
    loud: bool,
    width: int,
    glyphs: Glyphs,
) -> Row:
    """The newest figure, of how much where there is room, and its age when it is old."""
    name = (Span(graph.name, bold=True),)
    fill = Fill(glyphs.thin, "rule")
    if last is None:
        return Row(left=(*name, blank(2), Span(own("not known"), "muted")), fill=fill)
    at_utc, value = last
    old_s = scene.here.now_utc - at_utc
    old = window.is_now and old_s > STALE_S
    token = "faint" if old else "warn" if loud else "text"
    words = share(value) if graph.warns_above is not None else own(f"{size(int(value))}/s")
    unit = _unit(graph, scene) if window.is_now else own("")
    age = (Span(own(f"{duration(old_s)} old"), "muted"),) if old else ()
    figure = spaced([name, (Span(words, token, bold=not old),)], 2)
    whole = [*figure, blank(1), Span(unit, "muted")] if unit else figure
    row = Row(left=tuple(whole), right=age, fill=fill)
    return row if width_of(whole) + row.gap + width_of(age) <= width else replace(row, left=figure)


def _unit(graph: _Graph, scene: HostScene) -> SafeText:
    known = scene.last
    if known is None:
        return own("")
    if graph.name == "cpu" and known.cpus:
        return own(f"of {known.cpus} cpu{'s' if known.cpus > 1 else ''}")
    if graph.name == "memory" and known.memory_total_bytes and known.memory_percent is not None:
        used = int(known.memory_total_bytes * known.memory_percent / 100)
        return own(f"{size(used)} of {size(known.memory_total_bytes)}")
    if graph.name == "disk i/o":
        return _both("read", known.disk_read_bytes_per_s, "written", known.disk_write_bytes_per_s)
    if graph.name == "network":
        return _both("in", known.net_in_bytes_per_s, "out", known.net_out_bytes_per_s)
    return own("")


def _both(first: str, one: float | None, second: str, other: float | None) -> SafeText:
    """Which way most of it goes."""
    if one is None or other is None or one + other < 1:
        return own("")
    return own(f"mostly {first if one >= other else second}") if max(one, other) > 2 * min(one, other) else own("")


def _scale(top: float) -> SafeText:
    """``10M``: a power of ten in as few cells as there are."""
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if top >= factor:
            return own(f"{top / factor:.0f}{unit}")
    return own(f"{top:.0f}")
