"""The runbooks for the screen: read in a thread when first wanted, so that no frame waits for files and Markdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbooks.library import Library

FRESH_S = 2.0
"""Pages may be mended while a run goes on: what was read longer ago is read again, behind what is shown."""
Read = Callable[[Sequence[str]], "Library"]


class Pages:
    """Libraries by the places they are made of. To be used inside the event loop."""

    def __init__(self, read: Read, *, told: Callable[[], None], broke: Callable[[Exception], object]) -> None:
        """``read`` runs in a thread; ``told`` is called when there is something new, ``broke`` when reading failed."""
        self._read = read
        self._told = told
        self._broke = broke
        self._known: dict[tuple[str, ...], tuple[float, Library | None]] = {}
        self._tasks: dict[tuple[str, ...], asyncio.Task[None]] = {}

    @property
    def are_read(self) -> bool:
        """Nothing that was wanted is still to be read for the first time."""
        return not any(places not in self._known for places in self._tasks)

    def at(self, places: Sequence[str]) -> Library | None:
        """The library of these places as it was read last; None until it was, or when it cannot be."""
        key = tuple(places)
        read_at, library = self._known.get(key, (0.0, None))
        if key not in self._tasks and (key not in self._known or time.monotonic() - read_at > FRESH_S):
            self._tasks[key] = asyncio.create_task(self._look(key))
        return library

    async def _look(self, key: tuple[str, ...]) -> None:
        before = self._known.get(key, (0.0, None))[1]
        library = before
        try:
            library = await asyncio.to_thread(self._read, key)
        except Exception as error:
            self._broke(error)
        finally:
            self._known[key] = (time.monotonic(), library)
            self._tasks.pop(key, None)
        if library is not before or before is None:
            self._told()
