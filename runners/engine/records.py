"""What is known of runs, for whoever asks. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing

from runners.core import describe
from runners.core.holds import holds
from runners.core.targets import resolve
from runners.engine.event_stream import event_pieces
from runners.engine.run_cache import RunCache, read_plan
from runners.engine.status_report import LISTED_RUNS
from runners.engine.subscribers import Subscribers
from runners.engine.summaries import RunList
from runners.model import api
from runners.model.errors import NotFound
from runners.model.events import Event
from runners.model.holds import Hold
from runners.model.snapshot import PlanAnswer
from runners.model.state import RunState
from runners.ports.log_store import LogStore
from runners.ports.run_store import RunRow, RunStore

_MOST_NUMBER_DIGITS = 9
"""Of a run's number: the store counts in 64 bits."""


class RunRecords:
    """Every run there is: those that live from memory, the others as they are stored."""

    def __init__(
        self,
        store: RunStore,
        logs: LogStore,
        runs: RunCache,
        lines: RunList,
        *,
        subscribers: Subscribers,
        waits: Callable[[], dict[str, dict[str, Hold]]],
    ) -> None:
        """``waits`` is what only the engine knows about who waits for what, as ``StatusReport.waits``."""
        self._store = store
        self._logs = logs
        self._runs = runs
        self._list = lines
        self._subscribers = subscribers
        self._waits = waits

    # ----- which runs

    async def find(self, ref: str) -> str:
        """The uid of ``name/number``, a uid or ``last``. Raises ``NotFound``."""
        row: RunRow | None = None
        if ref == "last":
            newest = await self._store.runs(1)
            row = newest[0] if newest else None
        elif "/" in ref:
            name, _, number = ref.rpartition("/")
            if number.isascii() and number.isdigit() and len(number) <= _MOST_NUMBER_DIGITS:
                row = await self._store.find_run(name, int(number))
        elif ref:
            row = await self._store.run(ref)
        if row is None:
            raise NotFound("there is no run yet" if ref == "last" else f"there is no run {ref}", hint="onduty runs")
        return row.uid

    async def runs(self, limit: int = LISTED_RUNS) -> tuple[api.RunSummary, ...]:
        """Newest first."""
        return await self._list.lines(limit, self._waits())

    def live_runs(self) -> tuple[str, ...]:
        """Uids of the runs that have not ended."""
        return tuple(self._runs.live)

    # ----- one run

    async def state(self, uid: str) -> RunState:
        """The state now. Raises ``NotFound`` or ``StoreDamaged``."""
        return await self._runs.get(uid)

    async def document(self, uid: str) -> api.RunDocument:
        """The whole run as ``show --json`` prints it."""
        return self.describe(await self._runs.get(uid))

    def describe(self, state: RunState) -> api.RunDocument:
        """The document of exactly this state."""
        return describe.document(state, holds(state, self._waits().get(state.uid, {})))

    async def definition(self, uid: str) -> PlanAnswer:
        """What the run pins. Raises ``NotFound`` or ``StoreDamaged``."""
        row = await self._store.run(uid)
        if row is None:
            raise NotFound(f"there is no run {uid}", hint="onduty runs")
        inventory = row.digests.get("inventory")
        return PlanAnswer(
            plan=await read_plan(self._store, row),
            definition=(await self._store.get_blob(row.digests["definition"])).decode(),
            inventory=(await self._store.get_blob(inventory)).decode() if inventory else None,
        )

    async def resolve_targets(self, uid: str, targets: Iterable[str], verb: str = "") -> tuple[str, ...]:
        """Job runs by ``stage/job@host``, ``stage/job``, ``job@host`` or ``job``. Raises ``NotFound``.

        With ``verb`` (retry, skip, cancel) a job without a host means those of its job runs that it can be done to.
        """
        return resolve(await self._runs.get(uid), tuple(targets), verb=verb)

    # ----- what happened in it

    async def events(self, uid: str, after: int = 0, *, follow: bool = True) -> AsyncIterator[Event | None]:
        """Events with a seq above ``after``, then what happens, until the engine stops.

        None, once and last, tells a reader that it was too slow and was dropped; it may ask again from its last seq.
        """
        async with aclosing(self.event_pieces(uid, after, follow=follow)) as pieces:
            async for piece in pieces:
                if piece is None:
                    yield None
                    continue
                for event in piece:
                    yield event

    def event_pieces(
        self, uid: str, after: int = 0, *, follow: bool = True
    ) -> AsyncGenerator[Sequence[Event] | None, None]:
        """As ``events``, in the pieces in which they come."""
        return event_pieces(self._store, self._subscribers, uid, after, follow=follow)

    async def read_log(self, uid: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes of one execution's log; empty where there are none. ``NotFound`` for a key that cannot be one."""
        try:
            return await self._logs.read(uid, key, offset, max_bytes)
        except ValueError as error:
            raise NotFound(f"there is no log {key[:200]!r}") from error
