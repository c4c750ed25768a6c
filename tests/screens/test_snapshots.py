"""Every moment looks as it is written down, at every size and in every exact palette.

After a change that is meant: ``python -m tests.screens.snapshots [NAME…]``, look at the difference, and at the pictures
of ``make screenshots``.
"""

from __future__ import annotations

import difflib

import pytest

from tests.screens.snapshots import FOLDER, PAINTED, SIZES, STEADY, part, written
from tui.view.theme import LIGHT

LATER = ((160, 44),)
"""Sizes that wait for ``make faults``, as light does: together they are half of the time."""


def differences(name: str, size: tuple[int, int], now: list[str]) -> str:
    return "\n".join(difflib.unified_diff(written(name, size), now, "written down", "now", lineterm="", n=1))


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(size, marks=pytest.mark.faults if size in LATER else (), id=f"{size[0]}x{size[1]}")
        for size in SIZES
    ],
)
@pytest.mark.parametrize("name", STEADY)
async def test_a_moment_looks_as_it_is_written_down(name: str, size: tuple[int, int]) -> None:
    assert not (found := differences(name, size, await part(name, size))), found


@pytest.mark.faults
@pytest.mark.parametrize("name", STEADY)
async def test_light_differs_from_dark_in_its_colours_alone(name: str) -> None:
    assert not (found := differences(name, PAINTED, await part(name, PAINTED, LIGHT))), found


def test_nothing_is_written_down_that_is_no_moment() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(STEADY)
