"""Errands that need no host: requests from this machine, and waits. Each is one asyncio task of the controller."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from runners.engine.errands import Doing, Errand, ErrandLog, NobodyKnows, Verdict, lost_in, news_of
from runners.engine.host_wants import PlaceKey
from runners.engine.logs import Logs
from runners.engine.tell import TellNews, cut
from runners.model.news import ExecutionStarted, ExecutionUncertain
from runners.model.phases import FailureKind, Result

log = logging.getLogger("onduty.engine")


@dataclass(slots=True, kw_only=True)
class OwnErrand:
    """One errand that is being done."""

    run: str
    job_run: str
    attempt: int
    key: str
    errand: Errand
    doing: Doing
    task: asyncio.Task[None] | None = None

    @property
    def place(self) -> PlaceKey:
        """Whose place it uses."""
        return (self.run, self.job_run, self.attempt)


class OwnErrands:
    """Everything of its kind whose verdict is not told yet."""

    def __init__(self, *, logs: Logs, tell: TellNews) -> None:
        self._logs = logs
        self._tell = tell
        self._by_key: dict[str, OwnErrand] = {}

    def start(self, own: OwnErrand) -> None:
        """Do it. A known key is left alone."""
        if own.key not in self._by_key:
            self._by_key[own.key] = own
            own.task = asyncio.get_running_loop().create_task(self._carry(own), name=f"onduty errand {own.key}")

    def ask(self, own: OwnErrand, *, asked: bool = False) -> None:
        """Go on after a restart: do it again, or say that nobody knows. ``asked``: a person wants to hear it."""
        if own.errand.repeatable:
            self.start(own)
        elif own.key not in self._by_key:
            self._uncertain(own, lost_in(own.errand, "the controller ended"), asked=asked)

    def cancel(self, key: str) -> bool:
        """Stop it; False when it is not being done."""
        own = self._by_key.get(key)
        if own is not None:
            own.doing.cancel()
        return own is not None

    def drop(self, place: PlaceKey) -> None:
        """Nobody wants to know any more."""
        for own in [own for own in self._by_key.values() if own.place == place]:
            del self._by_key[own.key]
            self._logs.drop(own.key)
            if own.task is not None:
                own.task.cancel()

    async def close(self) -> None:
        """Let go; what was under way is asked about at the next start."""
        tasks = [own.task for own in self._by_key.values() if own.task is not None]
        self._by_key.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, own: OwnErrand) -> None:
        said = ErrandLog(self._logs.feed(own.run, own.key))
        try:
            await said.open()
            self._tell(own.run, ExecutionStarted(job_run=own.job_run, key=own.key))
            verdict = await own.doing.run(said, None)
        except NobodyKnows as doubt:
            await said.line(str(doubt))
            await said.finish()
            if self._forget(own):
                self._uncertain(own, str(doubt))
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("%s: %s failed", own.key, own.errand.what)
            verdict = Verdict(result=Result.ERROR, reason=f"{type(error).__name__}: {error}", kind=FailureKind.ERROR)
        size = await said.finish()
        if self._forget(own):
            self._tell(own.run, news_of(own.job_run, own.key, verdict, size))

    def _forget(self, own: OwnErrand) -> bool:
        if self._by_key.get(own.key) is not own:
            return False
        del self._by_key[own.key]
        self._logs.drop(own.key)
        return True

    def _uncertain(self, own: OwnErrand, reason: str, *, asked: bool = False) -> None:
        news = ExecutionUncertain(job_run=own.job_run, key=own.key, reason=cut(reason), answered=True, asked=asked)
        self._tell(own.run, news)
