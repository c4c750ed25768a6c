"""What is kept and for how long: ended runs go by age and size, and no new one begins where there is no room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from runners.core.retention import KeptRun, leaving
from runners.engine.moving import size_text
from runners.engine.run_cache import RunCache
from runners.engine.summaries import kept_of
from runners.engine.timers import Timer, Timers
from runners.model.errors import ActionRefused, OndutyError
from runners.model.phases import Phase, RunPhase
from runners.model.retention import KEEP_ALL, Retention
from runners.ports.clock import Clock
from runners.ports.run_folders import RunFolders
from runners.ports.run_store import RunRow, RunStore

log = logging.getLogger("onduty.engine")

FIRST_S = 1.0
"""After the start, when the hosts were asked."""
EVERY_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept now, for who asks."""

    retention: Retention = KEEP_ALL
    free_bytes: int | None = None
    """None: not known."""
    runs: int | None = None
    size_bytes: int | None = None
    """Of logs and files of all runs, at the last look; None: not looked yet."""
    looked_at: float | None = None
    """UTC seconds of that look."""
    removed: int = 0
    """Runs that went since the controller started."""
    trouble: str = ""
    """Why the last look ended early."""


class Keeping:
    """Lets runs go, one after the other, in the background."""

    def __init__(
        self,
        store: RunStore,
        runs: RunCache,
        folders: RunFolders | None,
        retention: Retention,
        *,
        clock: Clock,
        timers: Timers,
        watched: Callable[[], Collection[str]],
        changed: Callable[[], None],
        gone: Callable[[str], None],
    ) -> None:
        """``gone`` is told which run goes, ``changed`` after some went. Without ``folders`` everything is kept."""
        self._store, self._runs, self._folders = store, runs, folders
        self._retention = retention if folders is not None else KEEP_ALL
        self._clock, self._timers = clock, timers
        self._watched, self._changed, self._gone = watched, changed, gone
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None
        self._seen: tuple[int, int, float] | None = None
        self._removed = 0
        self._trouble = ""

    def start(self) -> None:
        """Look soon, and again and again."""
        if self._folders is not None:
            self._timer = self._timers.after(FIRST_S, self._look)

    async def close(self) -> None:
        """Let go; what was begun is gone on with by the next controller."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def now(self) -> Kept:
        """What is kept."""
        runs, size_bytes, looked_at = self._seen or (None, None, None)
        return Kept(
            retention=self._retention,
            free_bytes=self._free_bytes(),
            runs=runs,
            size_bytes=size_bytes,
            looked_at=looked_at,
            removed=self._removed,
            trouble=self._trouble,
        )

    def refuse_without_room(self) -> None:
        """Raise ``ActionRefused`` where a new run could fill the disk under those that go on."""
        free_bytes, least_bytes = self._free_bytes(), self._retention.least_free_bytes
        if free_bytes is not None and free_bytes < least_bytes:
            raise ActionRefused(
                f"only {size_text(free_bytes)} are free where the controller keeps its state, and new runs begin from "
                f"{size_text(least_bytes)} on; nothing was started, and runs that go on go on",
                hint="onduty doctor",
            )

    async def sweep(self) -> tuple[str, ...]:
        """Let go what need not be kept; the uids of those that went. Raises ``OSError`` and ``OndutyError``."""
        assert self._folders is not None
        await self._finish()
        rows = await self._store.all_runs()
        sizes = await self._folders.sizes()
        kept = [self._as_kept(row, sizes.get(row.uid, 0)) for row in rows]
        gone = []
        for uid in leaving(kept, self._retention, self._clock.now_utc()):
            if await self._let_go(uid):
                gone.append(uid)
        self._removed += len(gone)
        left = [run for run in kept if run.uid not in gone]
        self._seen = len(left), sum(run.size_bytes for run in left), self._clock.now_utc()
        if gone:
            log.info("%d runs went by age or size; %s of logs and files are kept", len(gone), size_text(self._seen[1]))
            self._changed()
        return tuple(gone)

    def _free_bytes(self) -> int | None:
        try:
            return self._folders.free_bytes() if self._folders is not None else None
        except OSError:
            return None

    def _look(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._take_a_look(), name="onduty keeping")

    async def _take_a_look(self) -> None:
        try:
            await self.sweep()
            self._trouble = ""
        except (OSError, OndutyError) as error:
            self._trouble = str(error)
            log.error("not everything that is old could go: %s", error)
        self._timer = self._timers.after(EVERY_S, self._look)

    async def _finish(self) -> None:
        """What a killed controller began: without rows the folder goes too, with rows it stays."""
        assert self._folders is not None
        for uid in await self._folders.marked():
            if await self._store.run(uid) is None:
                await self._folders.remove(uid)
            else:
                await self._folders.unmark(uid)

    async def _let_go(self, uid: str) -> bool:
        """False when it lives again: somebody was faster."""
        assert self._folders is not None
        if uid in self._runs.live or uid in self._watched():
            return False
        await self._folders.mark(uid)
        if not await self._store.remove_run(uid):
            await self._folders.unmark(uid)
            return False
        self._runs.forget(uid)
        self._gone(uid)
        await self._folders.remove(uid)
        return True

    def _as_kept(self, row: RunRow, size_bytes: int) -> KeptRun:
        line = kept_of(row)
        unknown = bool(line and line.line.counts.get(Phase.UNKNOWN.value))
        lives = row.uid in self._runs.live
        ended = None if lives or row.ended_at is None else datetime.fromisoformat(row.ended_at).timestamp()
        return KeptRun(
            uid=row.uid,
            pipeline=row.pipeline,
            phase=RunPhase(row.phase),
            ended_at=ended,
            size_bytes=size_bytes,
            is_wanted=lives or unknown or row.uid in self._watched(),
        )
