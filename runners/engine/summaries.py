"""The list of runs: lines of live runs from their states, lines of ended ones from the store."""

from __future__ import annotations

from dataclasses import dataclass

from runners.core import describe
from runners.core.holds import holds
from runners.engine.run_cache import RunCache
from runners.model import api
from runners.model.holds import Hold
from runners.model.phases import RUN_ENDED
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.ports.run_store import RunRow, RunStore, RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the store keeps with a run, for lists and for measuring an absence."""

    line: api.RunSummary
    seen_at_utc: float
    """When a controller was last there to see this run."""


def summary_row(state: RunState, *, now_utc: float) -> RunSummary:
    """The cached columns of a run."""
    ended = state.phase in RUN_ENDED
    line = describe.summary(state, holds(state, {}))
    return RunSummary(
        uid=state.uid,
        phase=state.phase.value,
        result=state.result.value if state.result else None,
        ended_at=api.rfc3339(state.ended_at or state.last_event_at) if ended else None,
        summary=encode(Kept(line=line, seen_at_utc=round(now_utc, 3))),
    )


def kept_of(row: RunRow) -> Kept | None:
    """What was kept; None when nothing was yet, or by another version."""
    try:
        return decode(row.summary, Kept)
    except ValueError:
        return None


class RunList:
    """Newest first. Reads the store again only after something was written that lists show."""

    def __init__(self, store: RunStore, runs: RunCache) -> None:
        self._store = store
        self._runs = runs
        self._rows: list[RunRow] = []
        self._asked = 0
        self._fresh = False

    def changed(self) -> None:
        """A run was created, or its phase changed."""
        self._fresh = False

    async def lines(self, limit: int, host_holds: dict[str, dict[str, Hold]]) -> tuple[api.RunSummary, ...]:
        """One line per run."""
        if not self._fresh or limit > self._asked:
            self._fresh, self._asked = True, limit
            self._rows = await self._store.runs(limit)
        return tuple(self._line(row, host_holds) for row in self._rows[:limit])

    def _line(self, row: RunRow, host_holds: dict[str, dict[str, Hold]]) -> api.RunSummary:
        state = self._runs.live.get(row.uid)
        if state is not None:
            return describe.summary(state, holds(state, host_holds.get(row.uid, {})))
        kept = kept_of(row)
        if kept is not None:
            return kept.line
        return api.RunSummary(
            id=row.name,
            uid=row.uid,
            pipeline=row.pipeline,
            phase=row.phase,
            result=row.result,
            environment=None,
            by="",
            created_at=row.created_at,
            started_at=None,
            ended_at=row.ended_at,
        )
