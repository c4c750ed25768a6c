"""How long ended runs are kept, and how much room new ones need."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What one person's controller keeps."""

    age_s: float | None = 90 * DAY_S
    """A run that ended longer ago goes, with its logs and files. None: never."""
    most_bytes: int | None = 20_000_000_000
    """Of logs and files of all runs together: beyond it the runs that ended first go. None: never."""
    least_free_bytes: int = 200_000_000
    """While less is free where the state lies, no new run is started. 0: never refused."""


KEEP_ALL = Retention(age_s=None, most_bytes=None, least_free_bytes=0)
"""Nothing goes and nothing is refused."""
