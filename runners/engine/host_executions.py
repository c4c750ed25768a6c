"""Executions on one host, each carried from its dispatch to its verdict, through any number of sessions.

At most once is the host's own claim. Here it means: after a lost session the host is asked before anything is done,
and what was given up meanwhile is not started. ``host_starting`` sends and asks, ``host_following`` goes along with
what runs, ``host_fetching`` brings home what ended; ``host_errands`` does what is done from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runners.engine.host_carried import Carried, Link
from runners.engine.host_ear import Ear
from runners.engine.host_errands import HostErrands
from runners.engine.host_fetching import Fetching
from runners.engine.host_following import Following
from runners.engine.host_silence import Silence
from runners.engine.host_starting import Starting
from runners.engine.host_wants import Execution, PlaceKey, Stage
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.tell import TellNews
from runners.engine.timers import Timers
from runners.ports.transport import HostSession

_SAMPLED = 64
"""Executions that a look at the host asks about, at most."""


class Executions:
    """Everything dispatched to one host whose verdict we do not have."""

    def __init__(self, link: Link, *, logs: Logs, tell: TellNews, limits: Limits, timers: Timers) -> None:
        self._link = link
        self._limits = limits
        self._carried = Carried(link, logs=logs, tell=tell)
        fetching = Fetching(link, self._carried, logs=logs)
        self._following = Following(link, self._carried, logs=logs, fetching=fetching, ask=self._ask_again)
        self._starting = Starting(link, self._carried, self._following)
        self._errands = HostErrands(link, self._carried, logs=logs, timers=timers)
        self.silence = Silence(self._carried, tell=tell)
        """What is told while the host does not answer."""
        self.ear = Ear(link, self._carried, logs=logs, fetching=fetching, tell=tell)
        """Who hears the sessions."""

    def __bool__(self) -> bool:
        return bool(self._carried)

    @property
    def runs(self) -> set[str]:
        """Runs that have something here."""
        return {execution.run for execution in self._carried}

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of what runs on the host as the account itself; work done from here is none of it."""
        return tuple(one.key for one in self._carried if one.errand is None and not one.request.sudo)[:_SAMPLED]

    def any_followed(self) -> tuple[str, str] | None:
        """A key that the host must know, and whom to ask for it."""
        followed = (one for one in self._carried if one.stage is Stage.FOLLOWED)
        return next(((one.key, one.request.sudo) for one in followed), None)

    # ----- asked by effects

    def add(self, execution: Execution, session: HostSession | None, *, now_s: float, asked: bool = False) -> bool:
        """Carry it from now on; False when it is carried already. ``asked``: what comes of the next try is told."""
        carried = self._carried.take(execution)
        carried.asked = carried.asked or asked
        if carried is not execution:
            return False
        if session is None:
            execution.silent_since_s = now_s
        else:
            self._take_up(session, (execution,))
        return True

    def drop(self, place: PlaceKey) -> None:
        """A person went past an attempt that is unknown: whatever its host says later changes nothing."""
        for execution in self._carried:
            if execution.place == place:
                self._carried.drop(execution)

    def cancel(self, key: str, grace_s: float, session: HostSession | None) -> bool:
        """Cancel it now or when its host answers; False when it is not carried."""
        execution = self._carried.find(key)
        if execution is None:
            return False
        execution.cancel_grace_s = grace_s
        execution.cancel_sent = False
        if execution.errand is not None:
            self._errands.cancel(execution)
        elif session is not None and execution.stage in (Stage.FOLLOWED, Stage.QUIET):
            self._link.exchange(self._following.cancel, session, execution)
        elif session is not None and execution.stage is Stage.PARKED:
            execution.stage = Stage.ASK
            self._ask_again(session, execution)
        return True

    def secrets_known(self, run: str, secrets: Mapping[str, str], session: HostSession | None) -> None:
        """What waited for them goes on from what its host says now."""
        waiting = [one for one in self._carried if one.run == run and one.lacks_secrets]
        for execution in waiting:
            execution.lacks_secrets = False
            execution.request = replace(execution.request, env={**execution.request.env, **secrets})
            if execution.stage in (Stage.QUIET, Stage.PARKED):
                execution.stage = Stage.ASK
        if session is not None:
            self._take_up(session, waiting)

    # ----- sessions come and go

    def session_began(self, session: HostSession) -> None:
        """Ask about what was dispatched before, start what was not sent yet."""
        self._take_up(session, tuple(self._carried))

    def session_ended(self, now_s: float) -> None:
        """Nothing is certain any more about what was not reported to its end."""
        for execution in self._carried:
            execution.cancel_sent = False
            if execution.stage is not Stage.START:
                execution.stage = Stage.ASK
            if execution.silent_since_s is None:
                execution.silent_since_s = now_s
                execution.silent_grace_s = self._limits.silent_s

    def _ask_again(self, session: HostSession, execution: Execution) -> None:
        self._take_up(session, (execution,))

    def _take_up(self, session: HostSession, executions: Sequence[Execution]) -> None:
        for execution in [one for one in executions if one.errand is not None and one.stage is not Stage.BUSY]:
            self._link.exchange(self._errands.do, session, execution)
        asked = tuple(one for one in executions if one.stage is Stage.ASK and one.errand is None)
        fresh = tuple(one for one in executions if one.stage is Stage.START and one.errand is None)
        for execution in (*asked, *fresh):
            execution.stage = Stage.BUSY
        for user in dict.fromkeys(one.request.sudo for one in asked):
            own = tuple(one for one in asked if one.request.sudo == user)
            self._link.exchange(self._starting.ask, session, user, own)
        for execution in fresh:
            self._link.exchange(self._starting.start, session, execution)
