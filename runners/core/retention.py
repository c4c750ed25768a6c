"""Which ended runs go. Pure: the store, the folders and the clock are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.model.phases import RUN_ENDED, RunPhase
from runners.model.retention import Retention

GRACE_S = 3600.0
"""A run that ended a moment ago is still being read: for room alone it stays this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """One run, as far as that is asked here."""

    uid: str
    pipeline: str
    phase: RunPhase
    ended_at: float | None
    """UTC seconds; None while it has not ended."""
    size_bytes: int = 0
    """Of its logs and files."""
    is_wanted: bool = False
    """Somebody looks at it, or a part of it is unknown still."""


def leaving(runs: Sequence[KeptRun], retention: Retention, now_utc: float) -> tuple[str, ...]:
    """Uids of the runs that go, those that ended first before the others. ``runs`` are all there are, oldest first.

    Never one that lives, is held, has a rollback to finish or an unknown part, or is looked at; never the newest run of
    a pipeline, and never its newest that succeeded: a rollback leads back to that one.
    """
    stays = _needed(runs)
    may_go = sorted((run for run in runs if run.uid not in stays), key=lambda run: run.ended_at or 0.0)
    old = [run for run in may_go if retention.age_s is not None and now_utc - (run.ended_at or 0.0) >= retention.age_s]
    gone = {run.uid for run in old}
    total = sum(run.size_bytes for run in runs if run.uid not in gone)
    for run in may_go:
        if retention.most_bytes is None or total <= retention.most_bytes:
            break
        if run.uid not in gone and run.size_bytes and now_utc - (run.ended_at or 0.0) >= GRACE_S:
            gone.add(run.uid)
            total -= run.size_bytes
    return tuple(run.uid for run in may_go if run.uid in gone)


def _needed(runs: Sequence[KeptRun]) -> set[str]:
    newest = {run.pipeline: run.uid for run in runs}
    passed = {run.pipeline: run.uid for run in runs if run.phase is RunPhase.SUCCEEDED}
    return {*newest.values(), *passed.values(), *(run.uid for run in runs if not _may_go(run))}


def _may_go(run: KeptRun) -> bool:
    ended = run.phase in RUN_ENDED and run.ended_at is not None
    return ended and run.phase is not RunPhase.ROLLBACK_INCOMPLETE and not run.is_wanted
