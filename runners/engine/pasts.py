"""What earlier runs did, as later ones and people ask: read from their rows, no run is folded for it.

What was read is remembered. Runs that ended under an onduty that did not keep it yet are folded, once for each
controller.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from runners.core import describe
from runners.core.changes import changes_of
from runners.core.holds import holds
from runners.core.past import past_of
from runners.core.pipeline_history import Earlier, history_of
from runners.core.ready import runs_in
from runners.core.seen import seen
from runners.core.usual import usual_of
from runners.engine.run_cache import RunCache, read_plan, read_run
from runners.engine.summaries import kept_of
from runners.model import api
from runners.model.errors import NotFound, StoreDamaged
from runners.model.holds import Hold
from runners.model.phases import FAILURES
from runners.model.state import RunState
from runners.ports.run_store import RunRow, RunStore

log = logging.getLogger("onduty.engine")

MOST_MEASURED = 100
"""Runs of one pipeline that are looked at, newest first."""
MOST_LISTED = 100
_MOST_REMEMBERED = 500


class Pasts:
    """Runs of a pipeline with what they left."""

    def __init__(
        self,
        store: RunStore,
        runs: RunCache,
        *,
        waits: Callable[[], Mapping[str, dict[str, Hold]]],
        same: Callable[[str], str],
    ) -> None:
        """``waits`` says what live runs wait for that their states do not say, by uid; ``same`` gives failing lines
        that tell the same a mark that is equal."""
        self._store = store
        self._runs = runs
        self._waits = waits
        self._same = same
        self._known: OrderedDict[str, tuple[bytes, Earlier]] = OrderedDict()
        """Of ended runs, with the row's summary that it was read from."""

    async def history(self, pipeline: str, limit: int, environment: str = "") -> api.PipelineHistory:
        """The newest runs of a pipeline and how they usually go; of one environment, when it is named."""
        rows = {row.uid: row for row in await self._store.runs_of(pipeline, MOST_MEASURED)}
        found = [run for row in rows.values() if (run := await self._earlier(row)) is not None]
        if environment:
            found = [run for run in found if run.line.environment == environment]
        limit = min(limit, MOST_LISTED)
        params = {
            run.line.uid: (await read_plan(self._store, rows[run.line.uid])).params
            for run in found[:limit]
            if run.past.params is None
        }
        return history_of(pipeline, found, params, limit)

    async def usual(self, uid: str) -> api.Usual:
        """How long runs like this one usually take. Raises ``NotFound`` or ``StoreDamaged``."""
        state = await self._runs.get(uid)
        return usual_of(state, await self.earlier(state.plan.pipeline, state.number))

    async def before(self, uid: str, job_run: str = "") -> api.Before:
        """What changed since the last good run, and whether the failure of a job run was seen before.

        Without ``job_run`` that of the first one that failed, as lists of runs tell it. Raises ``NotFound`` or
        ``StoreDamaged``.
        """
        state = await self._runs.get(uid)
        earlier = await self.earlier(state.plan.pipeline, state.number)
        failing = job_run or next((run.id for _, run in runs_in(state, *FAILURES)), "")
        return api.Before(
            changes=await self._changes(state, earlier),
            job_run=failing or None,
            seen=seen(state, failing, earlier, self._same) if failing else None,
        )

    async def _changes(self, state: RunState, earlier: Sequence[Earlier]) -> api.Changes | None:
        alike = (run for run in earlier if run.line.environment == state.plan.environment)
        good = next((run for run in alike if run.succeeded), None)
        row = await self._store.run(good.line.uid) if good is not None else None
        if good is None or row is None:
            return None
        return changes_of(
            await read_plan(self._store, row),
            state.plan,
            run=good.line.id,
            uid=good.line.uid,
            ended_at=good.line.ended_at,
            by=good.line.by if good.line.by != state.by else None,
        )

    async def earlier(self, pipeline: str, number: int, most: int = MOST_MEASURED) -> list[Earlier]:
        """Runs of a pipeline with a lower number than ``number``, newest first; what cannot be read is left out."""
        rows = await self._store.runs_of(pipeline, most, before=number)
        return [run for row in rows if (run := await self._earlier(row)) is not None]

    async def _earlier(self, row: RunRow) -> Earlier | None:
        live = self._runs.live.get(row.uid)
        if live is not None:
            return self._of(live)
        known = self._known.get(row.uid)
        if known is not None and known[0] == row.summary:
            return known[1]
        kept = kept_of(row)
        past = kept.its_past() if kept is not None else None
        if kept is not None and past is not None:
            return self._keep(row, Earlier(number=row.number, line=kept.line, past=past))
        if row.ended_at is None:
            # It lives and its events cannot be read: the list of runs has it, a history of it there is not.
            return None
        try:
            plan = await read_plan(self._store, row)
            return self._keep(row, self._of(read_run(row, await self._store.events(row.uid), plan)))
        except (NotFound, StoreDamaged) as error:
            log.error("%s", error.message)
            return None

    def _keep(self, row: RunRow, earlier: Earlier) -> Earlier:
        self._known[row.uid] = row.summary, earlier
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return earlier

    def _of(self, state: RunState) -> Earlier:
        line = describe.summary(state, holds(state, self._waits().get(state.uid, {})))
        return Earlier(number=state.number, line=line, past=past_of(state))
