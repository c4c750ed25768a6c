"""A controller for one command alone: for CI, where nobody comes back to a run.

Its state folder is new, below the user's own, and stays: its path is printed, logs and events are read with
``ONDUTY_HOME`` set to it. The controller ends with the command; one whose command was killed ends once its run has.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def with_own_controller(command: Callable[[], int]) -> int:
    """Run ``command`` against a controller of its own; returns its exit code."""
    from ulid import ULID

    from runners.client.place import prepare_home
    from tui.cli.controller import stop_controller
    from tui.cli.session import run_async
    from tui.wiring import OWN_CONTROLLER, home

    place = prepare_home(prepare_home(prepare_home(home()) / "own") / str(ULID()))
    os.environ["ONDUTY_HOME"] = str(place)
    os.environ[OWN_CONTROLLER] = "1"
    try:
        return command()
    finally:
        run_async(stop_controller())
        if (place / "onduty.sqlite").exists():
            print(f"its controller has ended; what it kept: ONDUTY_HOME={place} onduty show last", file=sys.stderr)
        else:
            # Nothing was started: what is left is an empty folder.
            for left in place.iterdir():
                left.unlink()
            place.rmdir()
