"""The states in memory: every run that lives, and the ended ones that were looked at last."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from runners.core.reduce import fold
from runners.engine.codec import read_all
from runners.model.errors import NotFound, StoreDamaged
from runners.model.phases import RUN_ENDED
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.model.wire import decode
from runners.ports.run_store import EventRow, RunRow, RunStore

MOST_ENDED = 16


class RunCache:
    """Folds a run when it is first asked for. ``put`` is the writer's alone."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._live: dict[str, RunState] = {}
        self._ended: OrderedDict[str, RunState] = OrderedDict()
        self._loading: dict[str, asyncio.Future[RunState]] = {}

    @property
    def live(self) -> dict[str, RunState]:
        """Every run that has not ended, oldest first."""
        return self._live

    def now(self, uid: str) -> RunState | None:
        """The state, if it is in memory."""
        found = self._live.get(uid)
        if found is None and (found := self._ended.get(uid)) is not None:
            self._ended.move_to_end(uid)
        return found

    def put(self, state: RunState) -> None:
        """This is durable now."""
        if state.phase in RUN_ENDED:
            self._live.pop(state.uid, None)
            self._ended[state.uid] = state
            self._ended.move_to_end(state.uid)
            while len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)
        else:
            self._ended.pop(state.uid, None)
            self._live[state.uid] = state

    def forget(self, uid: str) -> None:
        """What is in memory does not fit what is stored; the next look reads it again."""
        self._live.pop(uid, None)
        self._ended.pop(uid, None)

    async def get(self, uid: str) -> RunState:
        """The state now. Raises ``NotFound`` or ``StoreDamaged``."""
        found = self.now(uid)
        if found is not None:
            return found
        loading = self._loading.get(uid)
        if loading is None:
            loading = asyncio.ensure_future(self._load(uid))
            self._loading[uid] = loading
            loading.add_done_callback(lambda _: self._loading.pop(uid, None))
        return await asyncio.shield(loading)

    async def _load(self, uid: str) -> RunState:
        row = await self._store.run(uid)
        if row is None:
            raise NotFound(f"there is no run {uid}", hint="onduty runs")
        state = read_run(row, await self._store.events(uid), await read_plan(self._store, row))
        newer = self.now(uid)
        if newer is not None:
            return newer
        self.put(state)
        return state


async def read_plan(store: RunStore, row: RunRow) -> Plan:
    """The plan that a run pins. Raises ``StoreDamaged``."""
    digest = row.digests.get("plan", "")
    try:
        return decode(await store.get_blob(digest), Plan)
    except (NotFound, ValueError) as error:
        raise StoreDamaged(f"run {row.name}: its plan cannot be read: {error}; nothing was changed") from error


def read_run(row: RunRow, rows: list[EventRow], plan: Plan) -> RunState:
    """The state after all these events. Raises ``StoreDamaged``."""
    if not rows:
        raise StoreDamaged(f"run {row.name} has no events; nothing was changed")
    try:
        return fold(plan, read_all(rows))
    except (ValueError, LookupError) as error:
        raise StoreDamaged(
            f"run {row.name}: its events do not fit together: {error}; nothing was changed",
            hint=f"onduty events {row.name} --verify",
        ) from error
