"""What earlier runs of a pipeline did."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run in the history of its pipeline."""

    id: str
    """``deploy-api/42``."""
    uid: str
    phase: str
    result: str | None
    by: str
    environment: str | None
    params: Mapping[str, str] = field(default_factory=dict)
    """As they were typed, defaults included."""
    limit: str | None = None
    """The pattern outside of which hosts were left out."""
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    duration_s: float | None = None
    """From its start to its end, waiting for people included; null while it has not ended, or never started."""
    definition_digest: str = ""
    failed: str | None = None
    """The first failure in it: ``release@web3: exit 1 in restart, and 2 more``; null: nothing failed.

    Also of a run that succeeded in the end: it was retried, skipped or went on without it.
    """
    first_line: str | None = None
    """First bad line of that failure, as the host wrote it."""


class PipelineHistory(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/pipelines/{name}/history?limit=&environment=``; newest first. Empty for a pipeline that never ran."""

    pipeline: str
    runs: tuple[PastRun, ...] = ()
    """At most ``limit``."""
    ended: int = 0
    """Of the last 100 runs, those that have ended, cancelled ones not counted."""
    succeeded: int = 0
    """Of those."""
    success_rate: float | None = None
    """``succeeded`` out of ``ended``, from 0 to 1; null: none has ended."""
    p50_s: float | None = None
    """Seconds that half of the succeeded ones did not exceed; null: none has succeeded."""
    p95_s: float | None = None
    """Nearest rank: of fewer than 20 it is the longest."""
