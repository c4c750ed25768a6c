"""Who looks at this run, who did what last, and what was written down."""

from __future__ import annotations

from tui.view.cells import cells
from tui.view.census import census_of
from tui.view.durations import clock
from tui.view.facts import Place
from tui.view.glyphs import Glyphs
from tui.view.rows import Column, Row, Span, place, text_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

_MOST_ACTS = 20
_TIME_CELLS = 14


def people_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Watchers; the last thing done to each job run, every note and shell, newest first; who started the run."""
    state, here = scene.state, scene.here
    acts: dict[tuple[float, str, str], list[Place]] = {}
    for planned, job in zip(state.plan.jobs(), (job for stage in state.stages for job in stage.jobs), strict=True):
        for run in census_of(job).acted:
            if run.acted_at is not None:
                act = (run.acted_at, run.acted_by, run.acted)
                acts.setdefault(act, []).append(Place(planned.stage, planned, run))
    lines: list[tuple[SafeText, SafeText, SafeText]] = [
        (own("now"), safe(name), own("watches" if name != here.user else "watches (you)")) for name in scene.watchers
    ]
    done = [(at, by, f"{what} {_target(acts[at, by, what])}") for at, by, what in acts]
    if state.paused_by and state.paused_at is not None:
        done.append((state.paused_at, state.paused_by, "paused" + (f": {state.reason}" if state.reason else "")))
    said = [(note.at, note.by, f"noted: {note.text}") for note in state.notes]
    said += [(shell.at, shell.by, f"opened a shell on {shell.host}") for shell in state.shells]
    for at, by, what in sorted([*done, *said], reverse=True)[:_MOST_ACTS]:
        lines.append((clock(at, here.zone, now_utc=here.now_utc), safe(by), safe(what)))
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


def _target(done: list[Place]) -> str:
    return f"{done[0].job.name}@{done[0].run.host}" if len(done) == 1 else f"{len(done)} job runs"
