"""For all tests: properties have no deadline of their own, and CI tries the same examples every time."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A machine that is busy for half a second is no failure; a hang is, and pytest-timeout names it.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow faults run only where they are asked for, by ``make faults``."""
    if "faults" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("faults")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
