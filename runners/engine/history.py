"""What other runs did: the release before, for a rollback, and whether a later run changed the same hosts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

from runners.core.rollback import needs_previous
from runners.engine.run_cache import RunCache, read_plan
from runners.engine.summaries import EVERYWHERE, Traces, kept_of, place_on, traces_of
from runners.model.errors import NotFound, StoreDamaged
from runners.model.ids import job_run_id
from runners.model.plan import Plan, Previous
from runners.model.state import RunState
from runners.ports.run_store import RunRow, RunStore

log = logging.getLogger("onduty.engine")

MOST_LOOKED_AT = 200
"""Runs, newest first: what is older is not known any more."""
_MOST_HOSTS = 8


class History:
    """Looks at the traces of runs: of live ones in memory, of ended ones as they are kept with their row."""

    def __init__(self, store: RunStore, runs: RunCache) -> None:
        self._store = store
        self._runs = runs

    async def with_previous(self, plan: Plan) -> Plan:
        """The plan with the params of the last run in which each job run succeeded and was not rolled back.

        Only for jobs whose rollback asks for them. Runs that cannot be read are passed over.
        """
        wanted = {
            (job.id, host): job_run_id(job.stage, job.name, host)
            for job in plan.jobs()
            if needs_previous(job)
            for host in job.hosts
        }
        found: list[Previous] = []
        if wanted:
            newest = await self._store.find_run(plan.pipeline)
            first = newest.number if newest is not None else 0
            for number in range(first, max(0, first - MOST_LOOKED_AT), -1):
                row = await self._store.find_run(plan.pipeline, number)
                traces = await self._traces(row) if row is not None else None
                if row is None or traces is None:
                    continue
                if not any(job in traces.passed for job, _ in wanted):
                    continue
                earlier = await read_plan(self._store, row)
                all_hosts = {job.id: job.hosts for job in earlier.jobs()}
                here = [
                    (job, host)
                    for job, hosts in traces.passed.items()
                    for host in (all_hosts[job] if hosts == EVERYWHERE else hosts)
                    if (job, host) in wanted
                ]
                if here:
                    ids = tuple(wanted.pop(one) for one in here)
                    found.append(Previous(run=row.name, params=earlier.params, job_runs=ids))
                if not wanted:
                    break
        return replace(plan, previous=tuple(found)) if found else plan

    async def later(self, state: RunState) -> tuple[str, ...]:
        """Later runs that dispatched anything on a host of this one: ``deploy-api/43 on web1, web2``, newest first."""
        names = {place_on(state.plan, host): host for host in _touched(state)}
        found = []
        async for row in self._newer(state.uid):
            traces = await self._traces(row)
            same = [names[place] for place in traces.hosts if place in names] if traces is not None else []
            if same:
                more = f" and {len(same) - _MOST_HOSTS} more" if len(same) > _MOST_HOSTS else ""
                found.append(f"{row.name} on {', '.join(same[:_MOST_HOSTS])}{more}")
        return tuple(found)

    async def _newer(self, uid: str) -> AsyncIterator[RunRow]:
        for row in await self._store.runs(MOST_LOOKED_AT):
            if row.uid == uid:
                return
            yield row

    async def _traces(self, row: RunRow) -> Traces | None:
        live = self._runs.live.get(row.uid)
        if live is not None:
            return traces_of(live)
        kept = kept_of(row)
        if kept is not None and kept.traces is not None:
            return kept.traces
        try:
            return traces_of(await self._runs.get(row.uid))
        except (NotFound, StoreDamaged) as error:
            log.error("%s", error.message)
            return None


def _touched(state: RunState) -> dict[str, None]:
    return {run.host: None for stage in state.stages for job in stage.jobs for run in job.runs if run.first_dispatch}
