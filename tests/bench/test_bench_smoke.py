"""Every benchmark runs to its end in its smallest form. What it says about speed is not looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.entries import ENTRIES
from tests.bench.measure import LeftOut, Row, Spent, in_turns
from tests.bench.place import Place
from tests.bench.sizes import SMALLEST
from tests.bench.table import document_of, lines_of

SLOW = ("start", "fleet", "crowd")
"""Even their smallest form takes as long as a hundred other tests."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.faults) if name in SLOW else name for name in ENTRIES]
)
def test_every_entry_gives_figures_in_its_smallest_form(name: str, tmp_path: Path) -> None:
    place = Place(folder=tmp_path, sizes=SMALLEST)
    try:
        rows = list(ENTRIES[name](place))
    finally:
        place.close()
    assert rows
    assert all(row.ours > 0 and row.what for row in rows if isinstance(row, Row))
    assert all(row.why for row in rows if isinstance(row, LeftOut))
    json.dumps(document_of(rows, {}))


def test_ways_take_turns_and_the_median_of_each_counts() -> None:
    said: list[str] = []
    times = iter([3.0, 10.0, 1.0, 30.0, 2.0, 20.0])

    def way(name: str) -> Spent:
        said.append(name)
        return Spent(wall_s=next(times))

    first, second = in_turns(3, lambda: way("a"), lambda: way("b"))
    assert said == ["a", "b"] * 3
    assert (first.wall_s, second.wall_s) == (2.0, 20.0)


def test_the_table_says_ratio_budget_and_what_was_left_out() -> None:
    rows: list[Row | LeftOut] = [
        Row(what="gap", ours=6.0, unit="ms", peer="plain", theirs=3.0, budget="5 ms", met=False, note="p95 9 ms"),
        LeftOut(what="lnav", why="not installed"),
    ]
    lines = lines_of(rows)
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "gap",
        "6.00 ms",
        "plain",
        "3.00 ms",
        "2.00",
        "5 ms",
        "NO",
    ]
    assert lines[-2:] == ["- gap: p95 9 ms", "- left out: lnav (not installed)"]
