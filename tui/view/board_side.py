"""The selected run beside the list of runs, on wide screens: what its line in the list says, in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.model.phases import RUN_ENDED
from tui.keys.actions import key_of
from tui.view.board_groups import failing, unknown
from tui.view.cells import wrap
from tui.view.durations import ago, clock, count_of
from tui.view.facts import parse_time
from tui.view.glyphs import RUN_PHASES, Glyphs
from tui.view.holds import NEEDS_PERSON, in_keys
from tui.view.rows import Row, Span, blank, label_row, text_row
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from tui.view.scene import BoardScene

_LABEL = 13
_MOST_HOLDS = 2


def side_title(scene: BoardScene) -> tuple[SafeText, tuple[SafeText, ...]]:
    """Name and details of the pane's title."""
    run = next((run for run in scene.summaries if run.uid == scene.selected), None)
    return own("run"), (safe(run.id),) if run is not None else ()


def side_rows(scene: BoardScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """State, what, first error, what went before it, hosts, start, end, runbook, and what it waits for."""
    run = next((run for run in scene.summaries if run.uid == scene.selected), None)
    if run is None:
        return (text_row(own("Select a run.")),)
    here = scene.here
    mark = RUN_PHASES.get(run.phase, RUN_PHASES["queued"])
    # What the list says first, then how the run itself stands.
    worst = "failed" if failing(run) else "unknown" if unknown(run) else ""
    state = mark.word if run.phase in RUN_ENDED or not worst else own(f"{worst}, {mark.word}")
    facts: list[tuple[str, SafeText, str]] = [("state", state, "text")]
    if run.what:
        facts.append(("what", in_keys(run.what), "text"))
    if run.first_line:
        facts.append(("first error", safe(run.first_line), "fail"))
    if scene.before is not None:
        # Asked after the list stands; nothing of it is loaded for the first frame.
        from tui.view.why_before import about_of

        about = about_of(scene.before, max(5, width - _LABEL), here.now_utc)
        for label, value in about.facts(scene.before):
            facts.append((label, own("".join(span.text for span in value)), "text"))
    all_holds = scene.statuses[run.uid].holds if run.uid in scene.statuses else ()
    holds = [hold for hold in all_holds if hold.kind in NEEDS_PERSON] or list(all_holds)
    for hold in holds[:_MOST_HOLDS]:
        facts.append(("waits", own(f"{safe(hold.what)}: {in_keys(hold.text)}"), "muted"))
    if len(holds) > _MOST_HOLDS:
        facts.append(("", own(f"and {len(holds) - _MOST_HOLDS} more"), "muted"))
    if run.hosts:
        facts.append(("hosts", own(f"{count_of(run.hosts_done, run.hosts)} done"), "text"))
    started_at, ended_at = parse_time(run.started_at), parse_time(run.ended_at)
    if started_at is not None:
        at = clock(started_at, here.zone, now_utc=here.now_utc)
        facts.append(("started", own(f"{at} by {safe(run.by)}" if run.by else at), "text"))
    if ended_at is not None and run.phase in RUN_ENDED:
        facts.append(("ended", ago(here.now_utc - ended_at), "text"))
    rows: list[Row] = []
    for label, text, colour in facts:
        for number, line in enumerate(wrap(text, max(5, width - _LABEL))):
            rows.append(label_row(own("" if number else label), (Span(line, colour),), label_width=_LABEL))
    if run.runbook:
        key = (Span(own(key_of("runbook")), "acc", bold=True), blank(1), Span(safe(run.runbook), cut="middle"))
        rows.append(label_row(own("runbook"), key, label_width=_LABEL))
    return tuple(rows)
