"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """One scale of the whole suite; the defaults are those of ``make bench``."""

    starts: int = 7
    """Rounds of a program that only starts."""
    events: int = 100_000
    jobs: int = 1_000
    gap_jobs: int = 30
    """Jobs after one another on one host."""
    executions: int = 60
    """Single warm executions."""
    hosts: int = 40
    rounds: int = 3
    """Rounds of whole commands."""
    stream_bytes: int = 500 * MB
    log_lines: int = 10_000_000
    flood_s: float = 60.0
    """How long the jobs of the flood print; a sixth of it for each further way to look at them."""
    pager_patience_s: float = 15.0
    """How long a pager may take before it is said to take longer."""
    crowd: tuple[int, int] = (500, 200)
    """Jobs, and hosts of each."""


DEFAULT = Sizes()
FULL = Sizes(hosts=200)
QUICK = Sizes(
    starts=3,
    events=20_000,
    jobs=200,
    gap_jobs=10,
    executions=20,
    hosts=8,
    rounds=1,
    stream_bytes=50 * MB,
    log_lines=1_000_000,
    flood_s=6.0,
    crowd=(100, 100),
    pager_patience_s=5.0,
)
SMALLEST = Sizes(
    starts=1,
    events=500,
    jobs=10,
    gap_jobs=2,
    executions=2,
    hosts=1,
    rounds=1,
    stream_bytes=MB,
    log_lines=2_000,
    flood_s=0.5,
    crowd=(10, 10),
    pager_patience_s=2.0,
)
"""Shows that every entry works; its figures mean nothing."""
