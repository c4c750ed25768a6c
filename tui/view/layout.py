"""Where everything stands: a pure function of the terminal's size (LOOK section 2).

Areas of one layout tile the screen: none overlaps another and no cell is left over, so every cell has a shade. Nothing
but a resize, a tab or the zoom key moves anything. All measures are cells, counted from 0 at the top left.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from msgspec import Struct

SIDE_WIDTH = 46
LOWER_ROWS = 10
"""Title and content of the panes below the log."""
WHY_WIDTH = 41
_LEAST_WIDE_BODY = 40
_MORE_ROWS = 8
PANE_GAP = 3
"""Columns between two panes side by side in one shade."""
GRAPHS_ROWS = 17
"""Two graphs below each other: title, six rows and the axis of each, a blank row between."""
HOST_TABS = ("facts", "graphs", "executions")
RUN_TABS = ("jobs", "log", "why", "runbook", "host")


class SizeClass(enum.StrEnum):
    """Which arrangement a size gets; width and height are judged apart."""

    WIDE = "wide"
    MEDIUM = "medium"
    NARROW = "narrow"
    TINY = "tiny"


class Area(Struct, frozen=True):
    """A rectangle of cells; ``right`` and ``bottom`` are the first column and row outside it."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height


class Pane(Struct, frozen=True, kw_only=True):
    """One pane: ``area`` is its whole shade, blank rows and margins included; the rest lies inside."""

    name: str
    shade: str
    """Background token."""
    area: Area
    title: Area | None
    """One row; None where a tab names the pane."""
    content: Area
    """Where text may stand. Selected and tinted rows reach over the whole width of ``area``."""


class ScreenLayout(Struct, frozen=True, kw_only=True):
    """All areas of one screen."""

    size_class: SizeClass
    width: int
    height: int
    bar: Area
    headline: Area
    tabs: Area | None
    """The tab bar of the narrow class."""
    panes: tuple[Pane, ...]
    strip: Area | None
    keys: Area

    def pane(self, name: str) -> Pane | None:
        """The pane of that name, or None when this size does not show it."""
        return next((pane for pane in self.panes if pane.name == name), None)

    @property
    def areas(self) -> tuple[Area, ...]:
        """Every area once; together they tile the screen. Empty ones are left out."""
        rows = [self.bar, self.headline, self.tabs, *(pane.area for pane in self.panes), self.strip, self.keys]
        return tuple(area for area in rows if area is not None and area.width > 0 and area.height > 0)


def size_class(width: int, height: int) -> SizeClass:
    """The class of a terminal of ``width`` columns and ``height`` rows."""
    if width >= 140 and height >= 40:
        return SizeClass.WIDE
    if width >= 100 and height >= 30:
        return SizeClass.MEDIUM
    if width >= 60 and height >= 16:
        return SizeClass.NARROW
    return SizeClass.TINY


def run_layout(width: int, height: int, *, tab: str = "jobs", zoom: str | None = None) -> ScreenLayout:
    """The run screen. ``tab`` is the pane shown in the narrow class, ``zoom`` the pane that has the whole body."""
    kind = size_class(width, height)
    if kind is SizeClass.TINY:
        return _tiny(width, height)
    if kind is SizeClass.NARROW:
        body = _body(width, height, strip=True, tabs=True)
        return _screen(kind, width, height, _narrow_run(body, height, zoom or tab), strip=True, tabs=True)
    body = _body(width, height, strip=True)
    if zoom is not None:
        panes: tuple[Pane, ...] = (_pane(zoom, "ground", body, lead=2 if zoom == "jobs" else 1),)
    elif kind is SizeClass.WIDE:
        panes = _wide_run(body)
    else:
        panes = _medium_run(body)
    return _screen(kind, width, height, panes, strip=True)


def board_layout(width: int, height: int) -> ScreenLayout:
    """The list of runs; at wide a side panel previews the selected one."""
    kind = size_class(width, height)
    if kind is SizeClass.TINY:
        return _tiny(width, height, name="board")
    body = _body(width, height, strip=False)
    if kind is not SizeClass.WIDE:
        return _screen(kind, width, height, (_pane("board", "ground", body, margin=2),))
    left, side = _split(body, body.width - SIDE_WIDTH)
    panes = (_pane("board", "ground", left, margin=2), *_stack(side, (("why", 14), ("runbook", None))))
    return _screen(kind, width, height, panes)


def full_layout(
    width: int,
    height: int,
    *,
    left: str,
    main: str,
    left_width: int = 34,
    strip: bool = False,
    tab: str | None = None,
) -> ScreenLayout:
    """A full screen with a panel at the left (runbook, host, timeline). Narrow: ``left`` is tab 1, ``main`` tab 2."""
    kind = size_class(width, height)
    if kind is SizeClass.TINY:
        return _tiny(width, height, name=tab or left)
    if kind is SizeClass.NARROW:
        body = _body(width, height, strip=strip, tabs=True)
        panes: tuple[Pane, ...] = (_pane(tab or left, "ground", body, blank=0),)
        return _screen(kind, width, height, panes, strip=strip, tabs=True)
    one, other = _split(_body(width, height, strip=strip), left_width)
    return _screen(kind, width, height, (_pane(left, "panel", one), _pane(main, "ground", other)), strip=strip)


def host_layout(width: int, height: int, *, tab: str = "facts") -> ScreenLayout:
    """The screen of one host: facts left, graphs right, below them what ran there. Narrow: each is a tab."""
    kind = size_class(width, height)
    if kind is SizeClass.TINY:
        return _tiny(width, height, name="facts")
    if kind is SizeClass.NARROW:
        titled = tab != "graphs"
        pane = _pane(tab, "ground", _body(width, height, strip=False, tabs=True), blank=0, titled=titled)
        return _screen(kind, width, height, (pane,), tabs=True)
    facts, rest = _split(_body(width, height, strip=False), 34)
    graphs, below = _cut(rest, GRAPHS_ROWS + 1)
    panes = (
        _pane("facts", "panel", facts),
        _pane("graphs", "ground", graphs, titled=False),
        _pane("executions", "ground", below),
    )
    return _screen(kind, width, height, panes)


EVENT_ROWS = 2
TIMELINE_TABS = ("jobs", "bars")


def timeline_layout(width: int, height: int, *, tab: str = "bars") -> ScreenLayout:
    """Tree and bars side by side with equally many rows, what happened below the bars. Narrow: one of both."""
    kind = size_class(width, height)
    if kind is SizeClass.TINY:
        return _tiny(width, height, name="jobs")
    narrow = kind is SizeClass.NARROW
    body = _body(width, height, strip=True, tabs=narrow)
    if narrow and tab == "jobs":
        return _screen(kind, width, height, (_pane("jobs", "ground", body, blank=0),), strip=True, tabs=True)
    upper, lower = _cut(body, body.height - EVENT_ROWS - 1)
    if narrow:
        panes: tuple[Pane, ...] = (
            _pane("bars", "ground", upper, blank=0, lead=2),
            _pane("events", "ground", lower, blank=0),
        )
        return _screen(kind, width, height, panes, strip=True, tabs=True)
    jobs, bars = _split(upper, 32)
    below, events = _split(lower, 32)
    panes = (
        _pane("jobs", "panel", jobs, lead=2),
        _pane("bars", "ground", bars, lead=2),
        _pane("below", "panel", below, blank=0, titled=False),
        _pane("events", "ground", events, blank=0),
    )
    return _screen(kind, width, height, panes, strip=True)


class BoardColumns(Struct, frozen=True, kw_only=True):
    """Columns of the table of runs, relative to the board's area. None: the column is dropped."""

    state: int
    run: int
    environment: int
    what: int
    what_width: int
    hosts_end: int | None
    """Last column of the right-aligned text."""
    since_end: int
    who: int | None


def board_columns(width: int) -> BoardColumns:
    """Columns for a board of ``width`` cells; ``what`` takes all that the others leave.

    Under 100 cells ``who`` goes, under 80 ``hosts``, so that the names and the environment are never cut.
    """
    extra = width - 120
    if width >= 100:
        return BoardColumns(
            state=2,
            run=17,
            environment=34,
            what=48,
            what_width=44 + extra,
            hosts_end=98 + extra,
            since_end=108 + extra,
            who=111 + extra,
        )
    since_end = width - 3
    hosts_end = since_end - 10 if width >= 80 else None
    what_end = (hosts_end - 9) if hosts_end is not None else since_end - 9
    return BoardColumns(
        state=2,
        run=15,
        environment=30,
        what=43,
        what_width=max(0, what_end - 43 + 1),
        hosts_end=hosts_end,
        since_end=since_end,
        who=None,
    )


def dialog_area(width: int, height: int, *, rows: int, wanted: int = 88) -> Area:
    """A centred dialog of ``rows`` rows (88 wide, 92 for a rollback); ``w - 4`` and full height when narrow."""
    if size_class(width, height) in (SizeClass.NARROW, SizeClass.TINY):
        across = max(1, min(width, max(width - 4, 20)))
        return Area((width - across) // 2, 0, across, height)
    across = min(wanted, width - 4)
    tall = min(rows, height - 2)
    return Area((width - across) // 2, (height - tall) // 2, across, tall)


def _body(width: int, height: int, *, strip: bool, tabs: bool = False) -> Area:
    top = 3 if tabs else 2
    return Area(0, top, width, height - top - (2 if strip else 1))


def _screen(
    kind: SizeClass, width: int, height: int, panes: tuple[Pane, ...], *, strip: bool = False, tabs: bool = False
) -> ScreenLayout:
    return ScreenLayout(
        size_class=kind,
        width=width,
        height=height,
        bar=Area(0, 0, width, 1),
        headline=Area(0, 1, width, 1),
        tabs=Area(0, 2, width, 1) if tabs else None,
        panes=panes,
        strip=Area(0, height - 2, width, 1) if strip else None,
        keys=Area(0, height - 1, width, 1),
    )


def _pane(
    name: str,
    shade: str,
    area: Area,
    *,
    blank: int = 1,
    lead: int = 1,
    rows: int | None = None,
    margin: int | None = None,
    titled: bool = True,
    width: int | None = None,
) -> Pane:
    """Put title and content into ``area``.

    ``blank`` rows come before the title, the content starts ``lead`` rows below it and has at most ``rows`` rows and
    ``width`` columns.
    """
    margin = margin if margin is not None else 1 if shade == "ground" else 2
    across = max(0, area.width - 2 * margin if width is None else min(width, area.width - 2 * margin))
    title = Area(area.x + margin, area.y + blank, across, 1) if titled and area.height > blank else None
    top = min(area.y + blank + (lead if titled else 0), area.bottom)
    tall = max(0, area.bottom - top)
    content = Area(area.x + margin, top, across, tall if rows is None else min(rows, tall))
    return Pane(name=name, shade=shade, area=area, title=title, content=content)


def _split(area: Area, at: int) -> tuple[Area, Area]:
    """Left and right of column ``at`` of the area."""
    at = max(0, min(at, area.width))
    return Area(area.x, area.y, at, area.height), Area(area.x + at, area.y, area.width - at, area.height)


def _cut(area: Area, at: int) -> tuple[Area, Area]:
    """Above and below row ``at`` of the area."""
    at = max(0, min(at, area.height))
    return Area(area.x, area.y, area.width, at), Area(area.x, area.y + at, area.width, area.height - at)


def _medium_run(body: Area) -> tuple[Pane, ...]:
    jobs, right = _split(body, 34 if body.width >= 120 else 30)
    log, lower = _cut(right, right.height - LOWER_ROWS - 1)
    inner = lower.width - 2 - PANE_GAP
    why_width = WHY_WIDTH if body.width >= 120 else inner // 2
    # One column of margin before the text of each pane; the other two of the gap belong to the left one.
    why, runbook = _split(lower, 1 + why_width + PANE_GAP - 1)
    return (
        _pane("jobs", "panel", jobs, lead=2),
        _pane("log", "ground", log),
        _pane("why", "ground", why, width=why_width),
        _pane("runbook", "ground", runbook),
    )


def _wide_run(body: Area) -> tuple[Pane, ...]:
    jobs, rest = _split(body, 36)
    log, side = _split(rest, rest.width - SIDE_WIDTH)
    # Rows that a higher terminal has go to the steps of the page first, then to the host.
    spare = max(0, body.height - _LEAST_WIDE_BODY)
    steps = min(spare, _MORE_ROWS)
    return (
        _pane("jobs", "panel", jobs, lead=2),
        _pane("log", "ground", log),
        *_stack(
            side,
            (("why", 8), ("runbook", 8 + steps), ("host", 4 + min(spare - steps, _MORE_ROWS)), ("people", None)),
        ),
    )


def _stack(side: Area, wanted: Sequence[tuple[str, int | None]]) -> tuple[Pane, ...]:
    """Panes one below the other, a blank row before and after each; what does not fit falls away from the bottom."""
    panes: list[Pane] = []
    rest = side
    for number, (name, rows) in enumerate(wanted):
        following = wanted[number + 1 :]
        # A pane needs its two blank rows, its title and at least one row of content.
        last = not following or rows is None or rest.height - (rows + 3) < 4
        area, rest = (rest, _cut(rest, rest.height)[1]) if last else _cut(rest, rows + 3 if rows is not None else 0)
        panes.append(_pane(name, "panel", area, rows=rows))
        if last:
            break
    return tuple(panes)


def _narrow_run(body: Area, height: int, tab: str) -> tuple[Pane, ...]:
    """One pane at a time. Jobs have the first bad line under the list, the log a row for the runbook's name."""
    if tab == "jobs":
        below = max(3, min(height - 18, 6))
        jobs, error = _cut(body, body.height - below - 2)
        return _pane("jobs", "ground", jobs, titled=False), _pane("error", "ground", error)
    if tab == "log":
        log, hint = _cut(body, body.height - 1)
        return _pane("log", "ground", log, blank=0), _pane("hint", "ground", hint, blank=0, titled=False)
    return (_pane(tab, "ground", body, blank=0),)


def _tiny(width: int, height: int, name: str = "log") -> ScreenLayout:
    """Two rows of news, the first bad line with the end of the log, and two keys."""
    rows = max(0, height)
    body = Area(0, min(2, rows), width, max(0, rows - 3))
    return ScreenLayout(
        size_class=SizeClass.TINY,
        width=width,
        height=height,
        bar=Area(0, 0, width, min(1, rows)),
        headline=Area(0, 1, width, 1 if rows > 2 else 0),
        tabs=None,
        panes=(_pane(name, "ground", body, blank=0, titled=False, rows=5 if name == "log" else None),),
        strip=None,
        keys=Area(0, max(rows - 1, 0), width, 1 if rows > 1 else 0),
    )
