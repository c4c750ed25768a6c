"""What is true only now, as a document: holds, logs that grow, connections, the list of runs."""

from __future__ import annotations

from runners.core import describe
from runners.core.holds import holds
from runners.engine.groups import Groups
from runners.engine.host_pool import HostPool
from runners.engine.logs import Logs
from runners.engine.run_cache import RunCache
from runners.engine.status import Watchers
from runners.engine.summaries import FoundHolds, RunList
from runners.model import api
from runners.model.holds import Hold
from runners.ports.clock import Clock

LISTED_RUNS = 100
"""Lines in the list that goes with the status."""


class StatusReport:
    """Puts it together from those who know."""

    def __init__(
        self,
        runs: RunCache,
        lines: RunList,
        *,
        pool: HostPool,
        groups: Groups,
        logs: Logs,
        watchers: Watchers,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._list = lines
        self._pool = pool
        self._groups = groups
        self._logs = logs
        self._watchers = watchers
        self._clock = clock

    async def now(self) -> api.Status:
        """Of every run that lives or is watched, of every host, with the list of runs."""
        waits = self.waits()
        found: FoundHolds = {}
        runs = self._of(tuple(dict.fromkeys((*self._runs.live, *self._watchers.runs))), waits, found)
        return api.Status(
            at=self._at(),
            runs=runs,
            hosts=self.hosts(),
            summaries=await self._list.lines(LISTED_RUNS, waits, found),
        )

    async def of_run(self, uid: str) -> api.Status:
        """Of one run alone; hosts and the list of runs are for screens."""
        uids = (uid,) if uid in self._runs.live or uid in self._watchers.runs else ()
        return api.Status(at=self._at(), runs=self._of(uids, self.waits(), {}))

    def hosts(self) -> tuple[api.HostStatus, ...]:
        """Connections as they are."""
        return self._pool.statuses(self._name_of)

    def waits(self) -> dict[str, dict[str, Hold]]:
        """What only the engine knows about who waits for what: by uid, then by job run, or the name of the run."""
        return {**self._pool.holds(), **self._groups.holds()}

    def _of(
        self, uids: tuple[str, ...], waits: dict[str, dict[str, Hold]], found: FoundHolds
    ) -> tuple[api.RunStatus, ...]:
        log_bytes = self._logs.live_bytes()
        runs = []
        for uid in uids:
            state = self._runs.now(uid)
            if state is None:
                continue
            its_holds = holds(state, waits.get(uid, {}))
            found[uid] = state, its_holds
            runs.append(
                api.RunStatus(
                    uid=uid,
                    phase=describe.phase_now(state, its_holds).value,
                    holds=describe.hold_documents(its_holds),
                    log_bytes=log_bytes.get(uid, {}),
                    watchers=self._watchers.of(uid),
                )
            )
        return tuple(runs)

    def _at(self) -> str:
        return api.rfc3339(self._clock.now_utc()) or ""

    def _name_of(self, uid: str) -> str:
        state = self._runs.now(uid)
        return state.name if state is not None else uid
