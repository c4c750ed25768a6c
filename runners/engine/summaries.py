"""The list of runs: lines of live runs from their states, lines of ended ones from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from runners.core import describe
from runners.core.holds import holds
from runners.core.past import past_of
from runners.engine.run_cache import RunCache
from runners.model import api
from runners.model.events import Event, NoteAdded, RunbookLinked
from runners.model.holds import Hold
from runners.model.past import Past
from runners.model.phases import RUN_ENDED, Phase
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.ports.run_store import RunRow, RunStore, RunSummary

EVERYWHERE = ("*",)
"""In place of the names of all hosts of a job: lists of runs read this again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a run left behind on hosts, as far as other runs ask."""

    hosts: tuple[str, ...] = ()
    """Where it dispatched anything, as ``address:port``."""
    passed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By job (``rollout/release``): hosts on which it succeeded and was not rolled back, or ``EVERYWHERE``."""


def traces_of(state: RunState) -> Traces:
    """The traces of a run as it is now; a look at every job run."""
    hosts: dict[str, None] = {}
    passed: dict[str, tuple[str, ...]] = {}
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            hosts.update((place_on(state.plan, run.host), None) for run in job.runs if run.first_dispatch)
            names = tuple(run.host for run in job.runs if run.phase is Phase.SUCCEEDED)
            if names:
                passed[planned.id] = EVERYWHERE if len(names) == len(job.runs) else names
    return Traces(hosts=tuple(hosts), passed=passed)


def place_on(plan: Plan, host: str) -> str:
    """Which machine a host of a plan is, so that two inventories may call it differently."""
    record = plan.hosts.get(host)
    return host if record is None else f"{record.target}:{record.port or ''}"


class KeptRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps with a run, for lists and for measuring an absence."""

    line: api.RunSummary
    seen_at_utc: float
    """When a controller was last there to see this run."""
    traces: Traces | None = None
    """Of an ended run: what it left behind."""
    past: msgspec.Raw = msgspec.Raw()
    """Of an ended run: its ``Past``. Read only by who asks for it, because lists read their rows again and again."""

    def its_past(self) -> Past | None:
        """What later runs ask; None of a live run, and of one that an onduty before this one saw end."""
        try:
            return decode(bytes(self.past), Past) if bytes(self.past) else None
        except ValueError:
            return None


def summary_row(state: RunState, *, now_utc: float) -> RunSummary:
    """The cached columns of a run."""
    ended = state.phase in RUN_ENDED
    line = describe.summary(state, holds(state, {}))
    return RunSummary(
        uid=state.uid,
        phase=state.phase.value,
        result=state.result.value if state.result else None,
        ended_at=api.rfc3339(state.ended_at or state.last_event_at) if ended else None,
        summary=encode(
            KeptRow(
                line=line,
                seen_at_utc=round(now_utc, 3),
                traces=traces_of(state) if ended else None,
                past=msgspec.Raw(encode(past_of(state) if ended else None)),
            )
        ),
    )


_TOLD_LATER = (RunbookLinked, NoteAdded)
"""What is said of a run that has ended: the page is looked up once its failure is durable."""


def is_kept_anew(before: RunState, state: RunState, events: Sequence[Event]) -> bool:
    """Whether the cached columns of the run are to be written with these events."""
    if state.phase is not before.phase:
        return True
    return state.phase in RUN_ENDED and any(isinstance(event.payload, _TOLD_LATER) for event in events)


def kept_of(row: RunRow) -> KeptRow | None:
    """What was kept; None when nothing was yet, or by another version."""
    try:
        return decode(row.summary, KeptRow)
    except ValueError:
        return None


FoundHolds = dict[str, tuple[RunState, tuple[Hold, ...]]]
"""By uid: a state, and why what waits in it waits."""


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

    async def lines(
        self, limit: int, host_holds: dict[str, dict[str, Hold]], found: FoundHolds | None = None
    ) -> tuple[api.RunSummary, ...]:
        """One line per run. ``found``: holds that are known already."""
        if not self._fresh or limit > self._asked:
            self._fresh, self._asked = True, limit
            self._rows = await self._store.runs(limit)
        return tuple(self._line(row, host_holds, found or {}) for row in self._rows[:limit])

    def _line(self, row: RunRow, host_holds: dict[str, dict[str, Hold]], found: FoundHolds) -> api.RunSummary:
        state = self._runs.live.get(row.uid)
        if state is not None:
            known = found.get(row.uid)
            if known is not None and known[0] is state:
                return describe.summary(state, known[1])
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
