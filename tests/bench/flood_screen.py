"""The screen over a run whose job prints on many hosts: ``python -m tests.bench.flood_screen JOBS``.

The real app, reading the logs under ``ONDUTY_HOME`` as they are written; behind it a controller in memory, for what
is measured is the screen.
"""

from __future__ import annotations

import sys

from runbooks.library import load_built_in
from tests.bench.flood_run import UID, flooding
from tests.screens.fake_controller import FakeController, FakeRun
from tui.app import OndutyApp
from tui.pauses import shorten
from tui.view.look import Look


def main(hosts: int) -> None:
    """Open the run."""
    controller = FakeController(FakeRun(flooding(hosts), UID, "flood/1"))
    OndutyApp(controller.connect, load_built_in, Look(), run=UID, settle=shorten).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
