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
    """Leave them out of a run that does not name their marker."""
    if "faults" in config.option.markexpr:
        return
    here = Path(__file__).parent
    slow = [item for item in items if here in item.path.parents]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    os.environ.setdefault("ONDUTY_TEST_PYC", str(tmp_path.parent / "pyc"))
    with person_at(tmp_path / "person") as one:
        yield one
