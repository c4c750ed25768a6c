"""A series of readings in fewer: the newest stay, what is older stays in ever larger steps. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from runners.model.metrics import HostReading

_APART = 2.5
"""Times the usual step; further apart, nobody looked in between."""


def thinned(readings: Sequence[HostReading], most: int) -> tuple[HostReading, ...]:
    """Fewer than ``most`` of them, oldest first; unchanged where they are not more than that.

    The newest quarter of what may stay is left whole. Of the rest every second one goes, but for the two on either
    side of a gap: a gap stays as long as it was.
    """
    kept = list(readings)
    whole = max(1, most // 4)
    while len(kept) > most:
        older, newer = kept[:-whole], kept[-whole:]
        edges = _edges(older)
        older = [one for at, one in enumerate(older) if at % 2 == 0 or at in edges]
        if len(older) + len(newer) == len(kept):
            # Nothing but gaps: the oldest goes.
            older = older[len(kept) - most :]
        kept = older + newer
    return tuple(kept)


def gaps(readings: Sequence[HostReading], least_s: float) -> tuple[int, ...]:
    """Positions before which nobody looked for a while: longer than ``least_s`` seconds, and than what is usual there.

    Usual is what the neighbours have, because a thinned series has larger steps where it is old.
    """
    steps = [second.at - first.at for first, second in itertools.pairwise(readings)]
    found = []
    for at, step in enumerate(steps):
        around = [steps[near] for near in (at - 1, at + 1) if 0 <= near < len(steps)]
        if step > max(least_s, _APART * min(around, default=least_s)):
            found.append(at + 1)
    return tuple(found)


def _edges(readings: Sequence[HostReading]) -> frozenset[int]:
    found = gaps(readings, 0.0)
    return frozenset({*found, *(at - 1 for at in found), 0, len(readings) - 1})
