"""Which runs need somebody, and how much: the groups of the board, its headline and its counts."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from runners.model.phases import BAD, RUN_ENDED, Phase, RunPhase
from tui.view.facts import parse_time
from tui.view.holds import NEEDS_PERSON

if TYPE_CHECKING:
    from runners.model.api import RunStatus, RunSummary

FAILED_STAYS_S = 24 * 3600.0
"""For so long a run that ended failed needs somebody, unless a newer one of its pipeline took its place."""


_BADLY_ENDED = (RunPhase.FAILED, RunPhase.ROLLBACK_INCOMPLETE)


class Need(enum.StrEnum):
    """Groups in the order of the board; the value is the title."""

    BAD = "failing or unknown"
    PERSON = "waits for you"
    RUNNING = "running"
    WAITING = "waiting"
    RECENT = "recent"


def grouped(
    summaries: Sequence[RunSummary], *, now_utc: float, statuses: Mapping[str, RunStatus]
) -> Mapping[Need, tuple[RunSummary, ...]]:
    """Every run in its group; inside a group the order given, which is newest first."""
    groups: dict[Need, list[RunSummary]] = {need: [] for need in Need}
    seen: set[tuple[str, str | None]] = set()
    for run in summaries:
        kind = (run.pipeline, run.environment)
        groups[_need(run, kind in seen, now_utc, statuses.get(run.uid))].append(run)
        seen.add(kind)
    groups[Need.BAD].sort(key=lambda run: (not failing(run), run.ended_at is not None))
    return {need: tuple(runs) for need, runs in groups.items()}


def failing(run: RunSummary) -> bool:
    """Whether a job run of it failed and nobody dealt with that yet."""
    if run.phase in RUN_ENDED:
        return run.phase in _BADLY_ENDED
    if run.phase == RunPhase.ROLLING_BACK:
        # What failed before is being dealt with.
        return bool(run.counts.get(Phase.ROLLBACK_FAILED.value))
    return any(run.counts.get(phase.value) for phase in BAD)


def unknown(run: RunSummary) -> bool:
    """Whether nobody can say what became of a part of it."""
    return run.phase not in RUN_ENDED and bool(run.counts.get(Phase.UNKNOWN.value))


def _need(run: RunSummary, replaced: bool, now_utc: float, status: RunStatus | None) -> Need:
    if run.phase in RUN_ENDED:
        ended_at = parse_time(run.ended_at)
        fresh = ended_at is not None and now_utc - ended_at < FAILED_STAYS_S
        return Need.BAD if run.phase in _BADLY_ENDED and fresh and not replaced else Need.RECENT
    if failing(run) or unknown(run):
        return Need.BAD
    waits = any(hold.kind in NEEDS_PERSON for hold in status.holds) if status is not None else False
    if run.phase in (RunPhase.HELD, RunPhase.PAUSED) or waits:
        return Need.PERSON
    return Need.WAITING if run.phase == RunPhase.QUEUED else Need.RUNNING
