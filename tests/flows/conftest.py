"""A person with a controller of their own, for each test or for a whole module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


@pytest.fixture(scope="module")
def resident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A person for all tests of a module that only look, or that start runs of their own."""
    with person_at(tmp_path_factory.mktemp("resident") / "person") as one:
        yield one
