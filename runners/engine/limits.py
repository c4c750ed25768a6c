"""Every number of the engine's patience, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps, and how long what is waited for."""

    hosts: int = 50
    """Hosts connected or connecting at once."""
    attempts_per_host: int = 4
    backoff_first_s: float = 0.2
    backoff_max_s: float = 15.0
    """Between two attempts to connect: drawn evenly from 0 to a bound that doubles from the first to the last of these
    (AWS Architecture Blog, "Exponential Backoff And Jitter")."""
    give_up_s: float = 120.0
    """Unreachable for this long with nothing dispatched: the job run fails."""
    key_retry_s: float = 10.0
    """Between two looks at a host whose key nobody has trusted yet."""
    idle_s: float = 60.0
    """A session that nothing needs is closed after this."""
    silent_s: float = 2.0
    """A session that is lost and back within this time was never lost for anybody."""
    silent_at_start_s: float = 10.0
    """As ``silent_s``, for executions that a restarted controller asks about."""
    host_beat_s: float = 5.0
    """How often a host with live executions is asked for a sign of life."""
    sample_s: float = 2.0
    """Between two looks at how a host is, while somebody looks at a run that has something there."""
    sample_unseen_s: float = 15.0
    """The same, while nobody looks and something runs there."""
    rooms_s: float = 60.0
    """Between two looks at how full its disks are."""
    keep_readings_s: float = 5.0
    """How often what was seen of hosts is written down."""
    quiet_ask_s: float = 1.0
    """Between two questions for the verdict of an execution whose log must not be read yet."""
    status_s: float = 0.1
    """At most one status line in this time."""
    beat_s: float = 10.0
    """How often a controller with live runs notes that it is there."""
    time_gap_s: float = 30.0
    """A shorter absence is not worth an event."""
    commit_retry_s: float = 1.0
    """After a commit that failed, news is tried again after this."""
    subscriber_events: int = 10_000
    """A reader that is further behind is dropped."""
