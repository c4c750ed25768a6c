"""How times are written in documents."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=1024)
def rfc3339(at_utc: float | None) -> str | None:
    """``2026-11-21T12:01:35.120Z``; None stays None."""
    if at_utc is None:
        return None
    return datetime.fromtimestamp(round(at_utc, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
