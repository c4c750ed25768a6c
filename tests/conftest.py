"""For all tests: properties have no deadline of their own, and CI tries the same examples every time."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A machine that is busy for half a second is no failure; a hang is, and pytest-timeout names it.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


SHARED = ("resident", "failed_home")
"""Fixtures of a module that start a controller, which takes as long as many a test."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Who shares a controller runs on one core, so that each is started once.

    Slow faults run only where they are asked for, by ``make faults``.
    """
    for item in items:
        if any(name in SHARED for name in getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    if "faults" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("faults")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
