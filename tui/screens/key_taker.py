"""Keys are done in the order in which they were typed, each before the next one is looked at.

Textual puts a key into the queue of the widget with the focus, where one typed right after it overtakes it when it
belongs to a binding of the screen. On a bad link keys come in bursts: ``/disk``, enter and ``n`` arrive at once, and
the ``n`` would be lost between the field that is still typed into and the screen that does not listen yet.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from textual import events

OPENS_WITHIN_S = 5.0
"""A screen that takes longer gets its keys all the same; the app must not stand still for it."""


class KeyTaker:
    """A screen that the app hands its keys to, before any queue."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = asyncio.Event()

    def on_mount(self) -> None:
        """The screen has its widgets: keys that were typed since it was asked for are its own."""
        self._is_open.set()

    async def opened(self) -> None:
        """Wait until the screen is there."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_open.wait(), OPENS_WITHIN_S)

    def takes_key(self, event: events.Key) -> bool:
        """Do a key; False: it is not typed into anything, and the bindings have it."""
        return False

    def takes_paste(self, text: str) -> bool:
        """Take the first line of what was pasted; False: nothing is typed into."""
        return False
