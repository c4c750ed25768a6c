"""One sentence over the list of runs: what fails, what waits for a person, what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.model.phases import BAD, RunPhase
from tui.view.board_groups import Need, grouped
from tui.view.durations import count
from tui.view.headline_rows import full_stop, lost_row, loud_row, plain_row
from tui.view.holds import in_keys
from tui.view.safe_text import own, safe

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs
    from tui.view.rows import Row
    from tui.view.scene import BoardScene


def board_headline(scene: BoardScene, glyphs: Glyphs) -> Row:
    """The sentence of the list of runs."""
    here = scene.here
    if not scene.loaded and not scene.summaries:
        return plain_row(own("Reading"), own(" the list of runs."))
    groups = grouped(scene.summaries, now_utc=here.now_utc, statuses=scene.statuses)
    bad, waiting = groups[Need.BAD], groups[Need.PERSON]
    if bad or waiting:
        run = (bad or waiting)[0]
        failing = any(run.counts.get(phase.value) for phase in BAD) or run.phase == RunPhase.FAILED
        token, tint = ("fail", "failbg") if bad and failing else ("unk", "unkbg") if bad else ("warn", "warnbg")
        name = run.environment or ""
        place = f" in {name.upper() if name.lower() == 'production' else name}" if name else ""
        more = len(bad) + len(waiting) - 1
        what = in_keys(run.what)
        sentence = own(f"{safe(place)}: {what}{full_stop(what)}" if what else f"{safe(place)} {safe(run.phase)}.")
        return loud_row(safe(run.id), sentence, token, tint, more=more, age=None, here=here, key=False)
    if here.stale_s is not None:
        return lost_row(here)
    running, waits = len(groups[Need.RUNNING]), len(groups[Need.WAITING])
    if running or waits:
        parts = [count(running, "run is running", "runs are running")] if running else []
        parts += [own(f"{waits} waiting")] if waits else []
        return plain_row(own("Nothing needs you."), own(f" {', '.join(parts)}."))
    return plain_row(own("Nothing runs."), own(""))
