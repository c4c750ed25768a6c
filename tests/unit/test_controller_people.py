"""Whether somebody is at a terminal, for hosts that take a password."""

from __future__ import annotations

from runners.controller.people import STAYS_S, People


def test_who_typed_something_is_there_for_a_while_and_who_follows_for_as_long() -> None:
    now_s = 0.0
    people = People(lambda: now_s)
    assert not people.there()
    people.seen()
    now_s = STAYS_S - 1
    assert people.there()
    now_s = STAYS_S + 1
    assert not people.there()
    with people.attend():
        now_s = 10 * STAYS_S
        assert people.there()
    assert people.there()
    now_s = 12 * STAYS_S
    assert not people.there()
