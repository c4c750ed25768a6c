"""How long ago, as a sentence says it."""

from __future__ import annotations


def age(seconds: float) -> str:
    """``4s``, ``1m 29s``, ``12m``, ``1h 12m``, ``3d``; never negative."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m {rest:02d}s" if rest else f"{minutes}m"
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes:02d}m" if minutes else f"{hours}h"
    return f"{hours // 24}d"
