"""What was worked out of a part of a run, kept for as long as that very part lives.

States and plans never change: the next state shares with the last one every part that no event touched. What is asked
of a part again and again (a screen ten times a second, a status as often) is therefore worked out once for each part.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Part = TypeVar("Part")
Value = TypeVar("Value")


class Memo(Generic[Part, Value]):
    """``make(part)``, once for each part. By identity: parts hold mappings and have no hash."""

    def __init__(self, make: Callable[[Part], Value]) -> None:
        """``make`` must depend on the part alone, and its value must not hold the part."""
        self._make = make
        self._held: dict[int, tuple[weakref.ref[Part], Value]] = {}

    def __call__(self, part: Part) -> Value:
        """The value of a part; it must be one that can be referenced weakly."""
        key = id(part)
        found = self._held.get(key)
        if found is not None:
            # The entry goes when its part does, so that the id was not given to another one.
            return found[1]
        value, held = self._make(part), self._held

        def gone(_: object) -> None:
            held.pop(key, None)

        held[key] = (weakref.ref(part, gone), value)
        return value

    def __len__(self) -> int:
        """How many parts are known."""
        return len(self._held)
