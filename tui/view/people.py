"""Who looks at this run, and who did what last."""

from __future__ import annotations

from tui.view.cells import cells
from tui.view.durations import clock
from tui.view.facts import Place, places
from tui.view.glyphs import Glyphs
from tui.view.rows import Column, Row, Span, place, text_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

_MOST_ACTS = 20
_TIME_CELLS = 14


def people_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Watchers, then the last thing that was done to each job run, newest first, then who started the run."""
    state, here = scene.state, scene.here
    acts: dict[tuple[float, str, str], list[Place]] = {}
    for one in places(state):
        if one.run.acted_by and one.run.acted_at is not None:
            acts.setdefault((one.run.acted_at, one.run.acted_by, one.run.acted), []).append(one)
    lines: list[tuple[SafeText, SafeText, SafeText]] = [
        (own("now"), safe(name), own("watches" if name != here.user else "watches (you)")) for name in scene.watchers
    ]
    for at, by, what in sorted(acts, reverse=True)[:_MOST_ACTS]:
        done = acts[at, by, what]
        one_host = len(done) == 1
        target = f"{done[0].job.name}@{done[0].run.host}" if one_host else f"{len(done)} job runs"
        lines.append((clock(at, here.zone, now_utc=here.now_utc), safe(by), safe(f"{what} {target}")))
    started = clock(state.created_at, here.zone, now_utc=here.now_utc)
    lines.append((started, safe(state.by), own("started")))
    if not any(name for _, name, _ in lines):
        return (text_row(own("Nobody looks at it.")),)
    first = max(cells(time) for time, _, _ in lines)
    name_cells = min(max(cells(name) for _, name, _ in lines), max(5, width // 3))
    at = min(first, _TIME_CELLS) + 2
    return tuple(
        Row(
            left=place(
                [
                    Column(0, (Span(time, "muted"),)),
                    Column(at, (Span(name, cut="middle"),), name_cells),
                    Column(at + name_cells + 1, (Span(what, "muted", cut="right"),)),
                ],
                width,
                glyphs,
            )
        )
        for time, name, what in lines
    )
