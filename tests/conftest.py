"""For all tests: properties have no deadline of their own, and CI tries the same examples every time."""

from __future__ import annotations

import os

from hypothesis import settings

# A machine that is busy for half a second is no failure; a hang is, and pytest-timeout names it.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")
