"""What the interpreter does behind a screen's back, kept shorter than a person notices."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WARM_AFTER_S = 0.5
"""The first screen was drawn by then; when its list was not, it is waited for."""
_SWITCH_S = 0.0005
"""A thread that searches a log gives way after so long. With the default of 5 ms each read of a file in the screen's
own thread, which lets others in, could cost as much, and a frame reads from many files."""
_YOUNG_OBJECTS = 20_000


def put_off() -> None:
    """Until ``shorten`` nothing is thrown away: looking for it would be a tenth of the start."""
    gc.disable()


def shorten() -> None:
    """Have no pause of the collector or of a change of threads be felt. Call it once all that is loaded is loaded.

    The modules are a quarter of a million objects that never go: looking at them again and again took 90 ms each time.
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
    gc.enable()


_MOST_WAIT_S = 0.1


class Turns:
    """The screen goes first: threads that search wait while it draws.

    Python runs one thread at a time, and each read of a file lets another one in: a frame that reads from fifty logs
    would wait fifty times for its turn.
    """

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self._drawing = 0

    @contextmanager
    def screen(self) -> Iterator[None]:
        """The screen draws; in its own thread alone."""
        self._drawing += 1
        self._free.clear()
        try:
            yield
        finally:
            self._drawing -= 1
            if not self._drawing:
                self._free.set()

    @property
    def screen_draws(self) -> bool:
        """It does so now."""
        return not self._free.is_set()

    def give_way(self) -> None:
        """In a thread that searches, every few milliseconds of work: let the screen draw first."""
        if self.screen_draws:
            self._free.wait(_MOST_WAIT_S)


TURNS = Turns()
"""Of this process: it has one screen."""
