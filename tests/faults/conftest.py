"""Slow faults on real hosts: only where they are asked for, by ``make faults``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at
from tests.ssh.conftest import config, sshds

__all__ = ["config", "sshds"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Minutes of cuts, by hand until they were seen green on a quiet machine: ``ONDUTY_SOAK=1 make faults``."""
    slow = [] if os.environ.get("ONDUTY_SOAK") else [item for item in items if item.path.name == "test_cuts.py"]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    os.environ.setdefault("ONDUTY_TEST_PYC", str(tmp_path.parent / "pyc"))
    with person_at(tmp_path / "person") as one:
        yield one
