"""What the interpreter does behind a screen's back, kept shorter than a person notices."""

from __future__ import annotations

import gc
import sys

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
