"""A percentile as a value that was measured."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest of ``values`` that at least ``percent`` of 100 of them do not exceed (nearest rank).

    None without values. Of few values the 95th percentile is the greatest.
    """
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(1, rank) - 1]
