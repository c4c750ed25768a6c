"""The history of a pipeline as it is shown: its runs, and how long and how well they usually go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.core.percentiles import percentile
from runners.model import api
from runners.model.phases import RUN_ENDED, RunPhase
from runners.model.wire import parse_time

if TYPE_CHECKING:
    from runners.model.past import Past, PastFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One run with what it left."""

    number: int
    """In its pipeline."""
    line: api.RunSummary
    past: Past

    @property
    def ended(self) -> bool:
        """It has come to an end, whatever that was."""
        return self.line.phase in RUN_ENDED

    @property
    def succeeded(self) -> bool:
        """It has come to a good end."""
        return self.line.phase == RunPhase.SUCCEEDED

    @property
    def took_s(self) -> float | None:
        """Seconds from its start to its end; None without either."""
        started, ended = self.line.started_at, self.line.ended_at
        if not started or not ended or not self.ended:
            return None
        return round(max(0.0, parse_time(ended) - parse_time(started)), 3)


def history_of(
    pipeline: str, runs: Sequence[Earlier], params: Mapping[str, Mapping[str, str]], limit: int
) -> api.PipelineHistory:
    """The history out of ``runs``, newest first, of which ``limit`` are listed.

    ``params`` has those of listed runs that did not keep them, by uid. A cancelled run says nothing about how well the
    pipeline goes, so it counts neither way; one that was rolled back did not succeed.
    """
    counted = [run for run in runs if run.ended and run.line.phase != RunPhase.CANCELLED]
    good = [run for run in counted if run.succeeded]
    took = [run.took_s for run in good if run.took_s is not None]
    return api.PipelineHistory(
        pipeline=pipeline,
        runs=tuple(_past_run(run, params.get(run.line.uid, {})) for run in runs[:limit]),
        ended=len(counted),
        succeeded=len(good),
        success_rate=round(len(good) / len(counted), 3) if counted else None,
        p50_s=percentile(took, 50),
        p95_s=percentile(took, 95),
    )


def _past_run(run: Earlier, params: Mapping[str, str]) -> api.PastRun:
    line, past = run.line, run.past
    return api.PastRun(
        id=line.id,
        uid=line.uid,
        phase=line.phase,
        result=line.result,
        by=line.by,
        environment=line.environment,
        params=past.params if past.params is not None else params,
        limit=past.limit,
        created_at=line.created_at,
        started_at=line.started_at,
        ended_at=line.ended_at if run.ended else None,
        duration_s=run.took_s,
        definition_digest=past.definition_digest,
        failed=_failed(past.failures),
        first_line=next((one.first_line or None for one in past.failures), None),
    )


def _failed(failures: Iterable[PastFailure]) -> str | None:
    """``release@web3: exit 1 in restart, and 2 more``."""
    found = list(failures)
    if not found:
        return None
    first = found[0]
    job = first.job.rpartition("/")[2]
    why = f": {first.reason}" if first.reason else " failed"
    more = sum(one.hosts for one in found) - 1
    return f"{job}@{first.host}{why}" + (f", and {more} more" if more else "")
