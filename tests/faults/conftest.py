"""Slow faults on real hosts: only where they are asked for, by ``make faults``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at
from tests.ssh.conftest import config, sshds

__all__ = ["config", "sshds"]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one
