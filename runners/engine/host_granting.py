"""Places on a connected host are given to those who wait, after the keys of the attempt before are sealed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from runners.engine.host_places import Places
from runners.engine.host_wants import Want
from runners.engine.tell import TellNews, cut
from runners.engine.verdict import kind_of
from runners.model.errors import HostRefused, SudoRefused
from runners.model.news import HostGaveUp, HostReady
from runners.model.phases import FailureKind
from runners.ports.transport import ExecutionPhase, HostSession


class Link(Protocol):
    """What granting needs of the link that it is on."""

    @property
    def name(self) -> str: ...

    def exchange(self, action: Callable[..., Awaitable[None]], session: HostSession, *args: object) -> None:
        """Run one exchange; losing the session in it ends the session and nothing else."""

    def heard(self) -> None:
        """The host said something."""


class Granting:
    """Answers wants with ``HostReady`` or ``HostGaveUp``."""

    def __init__(self, link: Link, places: Places, *, tell: TellNews, changed: Callable[[], None]) -> None:
        self._link = link
        self._places = places
        self._tell = tell
        self._changed = changed

    def grant(self, session: HostSession) -> None:
        """Give what is free to those whose turn it is."""
        for want in self._places.next():
            if want.fence:
                want.sealing = True
                self._link.exchange(self._seal, session, want)
            else:
                self._ready(want)

    def give_up(self, want: Want, kind: FailureKind, reason: str) -> None:
        """It gets none."""
        if self._places.waits(want):
            self._places.leave(want.place)
            news = HostGaveUp(job_run=want.job_run, attempt=want.attempt, kind=kind, reason=cut(reason))
            self._tell(want.run, news)

    def _ready(self, want: Want) -> None:
        if self._places.ready(want):
            self._tell(want.run, HostReady(job_run=want.job_run, attempt=want.attempt))
            self._changed()

    async def _seal(self, session: HostSession, want: Want) -> None:
        for key, user in want.fence:
            try:
                before = await (await session.under(user)).seal(key)
            except (HostRefused, SudoRefused) as error:
                self.give_up(want, kind_of(error), error.message)
                return
            self._link.heard()
            if before.phase is ExecutionPhase.RUNNING:
                # A person vouched that it was dead, and the host says that it lives: two must not run side by side.
                reason = f"{key} still runs on {self._link.name}; nothing was started"
                self.give_up(want, FailureKind.UNKNOWN, reason)
                return
        self._ready(want)
