"""How a host is: what it counts, and what two looks at it say. None: the host does not tell, or not yet."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """One mounted filesystem."""

    mount: str
    size_bytes: int
    free_bytes: int
    """For everybody but root."""
    used_percent: float


class JobUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a live execution used so far."""

    key: str
    cpu_s: float
    memory_peak_bytes: int | None = None
    memory_peak_of: str = ""
    """``process`` or ``job``, as in ``TaskFinished``."""


class HostSample(msgspec.Struct, frozen=True, kw_only=True):
    """One look: the counters as they stand."""

    uptime_s: float | None = None
    cpu_busy: float | None = None
    cpu_stolen: float | None = None
    """By other guests of the same machine; part of busy."""
    cpu_waiting: float | None = None
    """For disks; not busy."""
    cpu_all: float | None = None
    """Ticks of all processors together; the others are parts of it."""
    cpus: int | None = None
    memory_total_bytes: int | None = None
    memory_available_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_free_bytes: int | None = None
    load: float | None = None
    """Of one minute."""
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    net_in_bytes: int | None = None
    net_out_bytes: int | None = None
    pressure: Mapping[str, float] = {}
    """``cpu``, ``memory``, ``io``: percent of the last 10 s in which something waited for it (PSI)."""
    rooms: tuple[Room, ...] = ()
    jobs: tuple[JobUse, ...] = ()


class HostReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a host was at one moment."""

    at: float
    """UTC seconds of the controller."""
    cpu_percent: float | None = None
    """Of all processors, since the look before."""
    stolen_percent: float | None = None
    waiting_percent: float | None = None
    cpus: int | None = None
    memory_percent: float | None = None
    memory_total_bytes: int | None = None
    swap_percent: float | None = None
    load: float | None = None
    uptime_s: float | None = None
    disk_read_bytes_per_s: float | None = None
    disk_write_bytes_per_s: float | None = None
    net_in_bytes_per_s: float | None = None
    net_out_bytes_per_s: float | None = None
    pressure: Mapping[str, float] = {}
    rooms: tuple[Room, ...] = ()
    jobs: tuple[JobUse, ...] = ()

    @property
    def fullest(self) -> Room | None:
        """The filesystem with the least room."""
        return max(self.rooms, key=lambda room: room.used_percent, default=None)
