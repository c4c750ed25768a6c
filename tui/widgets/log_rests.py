"""When a log pane looks for news: often, but most of the time is for keys. Time is an argument: monotonic seconds."""

from __future__ import annotations

FLOOD_REST_S = 0.075
"""No look for so long after one that found a flood: every second one is left out."""
RESTS = 8
"""A look and what is drawn after it are followed by a rest of so many times what they took; painting, which Textual
does later, takes as long again."""
COVERED_REST_S = 1.0
"""Between two looks while a dialog lies over the pane."""
MOST_REST_S = 0.25
"""Looks are no further apart, however long one takes and however many keys come."""


class Due:
    """What is done every so many ticks, some of which are left out."""

    def __init__(self, every_ticks: int) -> None:
        self._every = every_ticks
        self._next = every_ticks

    def at(self, tick: int) -> bool:
        """Whether it is time; then the next time is that much later."""
        if tick < self._next:
            return False
        self._next = tick + self._every
        return True


class Rests:
    """The time between two looks."""

    def __init__(self) -> None:
        self._looked_s = 0.0
        self._until_s = 0.0

    def look(self, now_s: float) -> None:
        """A look begins."""
        self._looked_s = now_s

    def after(self, began_s: float, now_s: float, *, flood: bool = False) -> None:
        """Leave the time after something that took from ``began_s`` until now to keys."""
        self._until_s = max(self._until_s, now_s + max(FLOOD_REST_S if flood else 0.0, RESTS * (now_s - began_s)))

    def is_over(self, now_s: float, *, covered: bool = False) -> bool:
        """Whether it is time for a look; ``covered``: a dialog lies over the pane."""
        if covered and now_s < self._looked_s + COVERED_REST_S:
            return False
        return now_s >= min(self._until_s, self._looked_s + MOST_REST_S)
