"""A series in fewer readings: what stays, and that a gap stays a gap."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from runners.model.metrics import HostReading
from runners.model.thinning import gaps, thinned


def at(*times: float) -> tuple[HostReading, ...]:
    return tuple(HostReading(at=one) for one in times)


def test_nothing_changes_while_there_is_room() -> None:
    readings = at(1, 3, 5)
    assert thinned(readings, 3) == readings


def test_the_newest_stay_whole_and_the_rest_in_larger_steps() -> None:
    readings = at(*range(0, 200, 2))
    found = [one.at for one in thinned(readings, 60)]
    assert found[-15:] == [one.at for one in readings[-15:]]
    assert {second - first for first, second in itertools.pairwise(found[:20])} == {4, 8} or found[0] == 0
    assert len(found) <= 60


def test_a_gap_is_as_long_afterwards_as_it_was() -> None:
    readings = at(*range(0, 100, 2), *range(400, 500, 2))
    kept = thinned(readings, 40)
    (place,) = gaps(kept, 40.0)
    assert (kept[place - 1].at, kept[place].at) == (98, 400)


def test_a_slow_series_has_no_gaps_and_a_hole_in_a_quick_one_is_one() -> None:
    assert gaps(at(0, 60, 120, 180), 40.0) == ()
    assert gaps(at(0, 15, 30, 90, 105), 40.0) == (3,)
    assert gaps(at(5), 40.0) == ()
    assert gaps((), 40.0) == ()


@given(st.lists(st.integers(0, 100_000), max_size=300), st.integers(4, 50))
def test_what_is_kept_is_a_part_in_order_with_both_ends(times: list[int], most: int) -> None:
    readings = at(*sorted(times))
    kept = thinned(readings, most)
    assert len(kept) <= max(most, min(len(readings), most))
    assert [one.at for one in kept] == sorted(one.at for one in kept)
    assert {id(one) for one in kept} <= {id(one) for one in readings}
    if readings:
        assert kept[-1] is readings[-1]
