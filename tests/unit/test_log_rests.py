"""How often a log pane looks for news: seldom after a look that took long, never more seldom than a key can wait."""

from __future__ import annotations

import pytest

from tui.widgets.log_rests import COVERED_REST_S, FLOOD_REST_S, MOST_REST_S, RESTS, Due, Rests

AT_S = 1000.0


def test_what_is_done_every_few_looks_is_done_when_some_are_left_out() -> None:
    due = Due(5)
    assert [tick for tick in range(1, 30, 2) if due.at(tick)] == [5, 11, 17, 23, 29]


def test_a_look_is_due_at_once_and_after_one_that_took_nothing() -> None:
    rests = Rests()
    assert rests.is_over(AT_S)
    rests.look(AT_S)
    rests.after(AT_S, AT_S)
    assert rests.is_over(AT_S)


@pytest.mark.parametrize(("took_s", "flood", "rest_s"), [(0.01, False, 0.01 * RESTS), (0.001, True, FLOOD_REST_S)])
def test_after_what_took_long_and_after_a_flood_it_rests(took_s: float, flood: bool, rest_s: float) -> None:
    rests, ended_s = Rests(), AT_S + took_s
    rests.look(AT_S)
    rests.after(AT_S, ended_s, flood=flood)
    assert not rests.is_over(ended_s + 0.9 * rest_s)
    assert rests.is_over(ended_s + 1.1 * rest_s)


def test_whatever_keys_took_the_next_look_is_not_put_off_for_ever() -> None:
    rests = Rests()
    rests.look(AT_S)
    for number in range(100):
        rests.after(AT_S + number, AT_S + number + 1)
    assert not rests.is_over(AT_S + 0.9 * MOST_REST_S)
    assert rests.is_over(AT_S + MOST_REST_S)


def test_below_a_dialog_a_look_is_seldom() -> None:
    rests = Rests()
    rests.look(AT_S)
    rests.after(AT_S, AT_S)
    assert not rests.is_over(AT_S + 0.9 * COVERED_REST_S, covered=True)
    assert rests.is_over(AT_S + COVERED_REST_S, covered=True)
