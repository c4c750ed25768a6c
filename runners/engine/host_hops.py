"""Jump hosts that are not reached: all hosts behind one are one incident, of which one tries and the others wait.

Which host is behind which hop is learned from why its connect failed, whatever led there: an inventory, ``ProxyJump``
of ssh_config(5), or a command. So nothing is said of a hop that was not tried.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from runners.engine.host_failure import HostFailure
from runners.engine.limits import Limits
from runners.engine.timers import Timer, Timers
from runners.ports.clock import Clock

log = logging.getLogger("onduty.engine")


class Waiter(Protocol):
    """The line to a host behind a hop."""

    @property
    def is_urgent(self) -> bool:
        """Something of ours lives there."""

    def try_now(self) -> None:
        """Connect: it is its turn, or the hop answers again."""

    def failed_again(self, failure: HostFailure) -> None:
        """Another host tried, and the hop is not reached still."""


@dataclass(slots=True, eq=False)
class Incident:
    """One hop that is not reached."""

    hop: str
    since_utc: float
    cause: str
    waiters: dict[Waiter, None] = field(default_factory=dict)
    """Who tried least lately comes first."""
    trying: Waiter | None = None
    tries: int = 0
    """Since the hop was found to be down."""
    next_try_utc: float | None = None
    """None: one is under way."""
    timer: Timer = field(default_factory=lambda: Timer(0.0, None, None))


class Hops:
    """All hops that are not reached now."""

    def __init__(self, *, clock: Clock, timers: Timers, dice: Callable[[], float], limits: Limits) -> None:
        self._clock, self._timers, self._dice, self._limits = clock, timers, dice, limits
        self._incidents: dict[str, Incident] = {}

    def of(self, waiter: Waiter) -> Incident | None:
        """The incident that a host waits in; None: it does not."""
        return next((one for one in self._incidents.values() if waiter in one.waiters), None)

    def down(self, waiter: Waiter, failure: HostFailure) -> None:
        """A host's try ended at a hop: from now on it waits for its turn."""
        other = self.of(waiter)
        if other is not None and other.hop != failure.hop:
            # It got as far as to another hop: the one it waited for answers.
            self._over(other)
        incident = self._incidents.get(failure.hop)
        if incident is None:
            log.info("jump host %s is not reached: %s", failure.hop, failure.cause)
            incident = Incident(failure.hop, self._clock.now_utc(), failure.cause)
            self._incidents[failure.hop] = incident
        was_trying = incident.trying is waiter
        incident.waiters.pop(waiter, None)
        incident.waiters[waiter] = None
        if was_trying or not incident.tries:
            incident.cause = failure.cause
            incident.tries += 1
            self._rest(incident)
        if was_trying:
            for one in list(incident.waiters):
                if one is not waiter:
                    one.failed_again(failure)

    def up(self, waiter: Waiter) -> None:
        """A host's try got past the hop, to whatever end: everybody behind it may go on."""
        incident = self.of(waiter)
        if incident is not None:
            self._over(incident)

    def leave(self, waiter: Waiter) -> None:
        """The host is not needed any more; says nothing of the hop."""
        incident = self.of(waiter)
        if incident is None:
            return
        del incident.waiters[waiter]
        if not incident.waiters:
            incident.timer.cancel()
            del self._incidents[incident.hop]
        elif incident.trying is waiter:
            self._rest(incident)

    def hurry(self, waiter: Waiter) -> bool:
        """Somebody wants this host tried now; False when it waits for no hop. One try at a time all the same."""
        incident = self.of(waiter)
        if incident is None:
            return False
        if incident.trying is None:
            self._try(incident, waiter)
        return True

    def _rest(self, incident: Incident) -> None:
        incident.trying = None
        bound_s = self._limits.backoff_first_s * 2.0 ** min(max(0, incident.tries - 1), 30)
        pause_s = self._dice() * min(bound_s, self._limits.backoff_max_s)
        incident.next_try_utc = self._clock.now_utc() + pause_s
        incident.timer.cancel()
        incident.timer = self._timers.after(pause_s, lambda: self._try(incident))

    def _try(self, incident: Incident, waiter: Waiter | None = None) -> None:
        incident.timer.cancel()
        chosen = waiter or next((one for one in incident.waiters if one.is_urgent), next(iter(incident.waiters)))
        incident.trying, incident.next_try_utc = chosen, None
        chosen.try_now()

    def _over(self, incident: Incident) -> None:
        incident.timer.cancel()
        del self._incidents[incident.hop]
        gone_s = self._clock.now_utc() - incident.since_utc
        log.info(
            "jump host %s answers again after %.0f s; hosts behind it: %d", incident.hop, gone_s, len(incident.waiters)
        )
        for waiter in incident.waiters:
            waiter.try_now()
