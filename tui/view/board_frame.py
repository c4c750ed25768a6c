"""The list of runs as a whole: what stands in each part of its screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.keys.actions import key_of
from tui.view.board import board_rows
from tui.view.board_find import found_runs
from tui.view.board_headline import board_headline
from tui.view.board_side import side_rows, side_title
from tui.view.headline_rows import MARGINS as HEADLINE_MARGINS
from tui.view.key_bar import key_bar
from tui.view.layout import Area, ScreenLayout, SizeClass, board_layout
from tui.view.log_edges import bar_row
from tui.view.pane_rows import PaneRows, titled
from tui.view.rows import BLANK, Row, text_row, title_row
from tui.view.run_rows import RunRows
from tui.view.safe_text import own, safe
from tui.view.top_bar import board_bar
from tui.view.troubles import controller_rows

if TYPE_CHECKING:
    from runners.model.api import RunSummary
    from tui.view.glyphs import Glyphs
    from tui.view.scene import BoardScene

_NO_RUN = "no run is selected; {key} starts one"
_OF_A_RUN = (
    "open", "runbook", "pipeline", "copy", "up", "down", "top", "bottom", "half-page-up", "half-page-down",
)  # fmt: skip
_NO_PAGE = "no page fits this run; no page is better than a wrong page"
READING_PAGE = (text_row(own("Reading it.")),)
"""Of a page that is not read yet."""


def board_frame(scene: BoardScene, width: int, height: int, glyphs: Glyphs) -> list[tuple[Area, PaneRows]]:
    """All of the screen as it is first seen: the first run is selected, and no page was read."""
    layout = board_layout(width, height)
    listed, table = list_pane(scene, layout, glyphs)
    scene = replace(scene, selected=table.first())
    why_not = board_why_not(selected_run(scene), asks=False)
    parts = edges(scene, layout, glyphs, why_not, asks=False) | side_panes(scene, layout, glyphs, READING_PAGE)
    areas = {"bar": layout.bar, "headline": layout.headline, "keys": layout.keys}
    areas |= {pane.name: pane.area for pane in layout.panes}
    return [(area, listed if name == "board" else parts[name]) for name, area in areas.items()]


def selected_run(scene: BoardScene) -> RunSummary | None:
    """The one that is selected."""
    return next((run for run in scene.summaries if run.uid == scene.selected), None)


def find_row(scene: BoardScene, glyphs: Glyphs, *, typing: bool) -> Row:
    """The bar below the list: what is looked for, and how many runs have it."""
    found, whole = len(found_runs(scene.summaries, scene.query)), len(scene.summaries)
    status = own(f"{found} of {whole}") if scene.query.strip() else own(str(whole))
    return bar_row(own(key_of("find")), safe(scene.query), status, typing=typing, bad=None, glyphs=glyphs)


def board_why_not(run: RunSummary | None, *, asks: bool) -> dict[str, str]:
    """Actions that cannot be used while ``run`` is selected, each with the sentence why.

    ``asks``: a host asks for a login.
    """
    login = {} if asks else {"login": "no host asks for a login"}
    if run is None:
        return login | dict.fromkeys(_OF_A_RUN, _NO_RUN.format(key=key_of("new-run")))
    return login if run.runbook else login | {"runbook": _NO_PAGE}


def edges(
    scene: BoardScene, layout: ScreenLayout, glyphs: Glyphs, why_not: Mapping[str, str], *, asks: bool
) -> dict[str, PaneRows]:
    """Bar, headline and keys by name."""
    keys = key_bar(
        "board",
        why_not,
        layout.width,
        glyphs,
        extra=("new-run", "quit"),
        urgent=("login",) if asks else (),
        least=layout.size_class is SizeClass.TINY,
    )
    return {
        "bar": PaneRows(rows=(board_bar(scene, layout.width, glyphs),), shade="bar"),
        "headline": PaneRows(rows=(board_headline(scene, glyphs),), margins=HEADLINE_MARGINS),
        "keys": PaneRows(rows=(keys,), shade="bar"),
    }


def list_pane(scene: BoardScene, layout: ScreenLayout, glyphs: Glyphs, trouble: str = "") -> tuple[PaneRows, RunRows]:
    """The list, and where each run stands in it; the first one is selected unless the scene says another.

    ``trouble``: why there is no list.
    """
    pane = layout.pane("board")
    if pane is None:
        return PaneRows(), RunRows()
    blank = (BLANK,) if pane.title is not None else ()
    if not scene.loaded and trouble:
        rows = controller_rows(scene.here, trouble, max(1, pane.area.width - 4), glyphs)
        inset = tuple(Row(left=row.left, margins=(2, 2)) for row in rows)
        return PaneRows(rows=inset, head=blank, margins=(0, 0)), RunRows()
    table = board_rows(scene, pane.area.width, glyphs)
    heads = 1 if table.order() else 0
    shown = PaneRows(rows=table.rows[heads:], head=(*blank, *table.rows[:heads]), margins=(0, 0), active=True)
    selected = scene.selected or table.first()
    place = table.index_of(selected)
    if place is None:
        return shown, table
    at, many = place
    # The title of the first group comes into view with its run.
    with_it = 0 if selected == table.first() else None
    return replace(shown, selected=(at - heads, at - heads + many), with_it=with_it), table


def side_panes(scene: BoardScene, layout: ScreenLayout, glyphs: Glyphs, page: Sequence[Row]) -> dict[str, PaneRows]:
    """The selected run and its runbook beside the list, where the size has room for them; ``page`` is its text."""
    why, runbook = layout.pane("why"), layout.pane("runbook")
    if why is None or runbook is None:
        return {}
    name, details = side_title(scene)
    rows = side_rows(scene, why.content.width, glyphs)
    run = selected_run(scene)
    if run is None or not run.runbook:
        below = titled(runbook, None, ())
    else:
        below = titled(runbook, title_row(own("runbook"), (safe(run.runbook),), glyphs=glyphs), page)
    return {"why": titled(why, title_row(name, details, glyphs=glyphs), rows), "runbook": below}
