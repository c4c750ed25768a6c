"""What every host's link stands on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from runners.engine.host_hops import Hops
from runners.engine.host_slots import HostSlots
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.readings import Readings
from runners.engine.tell import TellNews
from runners.engine.timers import Timers
from runners.ports.clock import Clock
from runners.ports.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The same for all hosts of one engine."""

    transport: Transport
    clock: Clock
    timers: Timers
    dice: Callable[[], float]
    """Draws from [0, 1)."""
    limits: Limits
    slots: HostSlots
    logs: Logs
    tell: TellNews
    changed: Callable[[], None]
    """What status shows is different now."""
    watched: Callable[[], Collection[str]]
    """Runs that somebody has a screen on."""
    readings: Readings
    hops: Hops
