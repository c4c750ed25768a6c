"""Where ``J`` goes: what is understood, and which line it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.logs import MemoryLog
from tui.view.log_document import LineAt
from tui.view.log_jump import Clock, Jump, line_at_time, parse_jump, span_of, time_to_look_for

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("typed", "jump"),
    [
        ("12:04", Jump("clock", clock=Clock(12, 4, 0))),
        (" 9:04:33 ", Jump("clock", clock=Clock(9, 4, 33))),
        ("2026-11-20 12:04", Jump("clock", clock=Clock(12, 4, 0, (2026, 11, 20)))),
        ("-5m", Jump("by", -300.0)),
        ("+1h30m", Jump("by", 5400.0)),
        (":812", Jump("line", 812.0)),
        ("50%", Jump("share", 0.5)),
        ("0.5%", Jump("share", 0.005)),
    ],
)
def test_what_is_understood(typed: str, jump: Jump) -> None:
    assert parse_jump(typed) == jump


@pytest.mark.parametrize(
    "typed", ["", "12", "24:00", "12:60", "5m", "-5", "+", ":", ":x", ":²", "101%", "%", "noon", "--1m"]
)
def test_what_is_not_understood(typed: str) -> None:
    assert parse_jump(typed) is None


@given(st.text())
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    jump = parse_jump(typed)
    if jump is not None:
        time_to_look_for(jump, (NOON, NOON + 60), NOON, UTC)


def test_a_time_of_day_is_of_the_day_that_has_it() -> None:
    span = (NOON - 86400, NOON)
    evening = time_to_look_for(Jump("clock", clock=Clock(20, 0, 0)), span, NOON, UTC)
    assert evening == NOON - 16 * 3600
    assert time_to_look_for(Jump("clock", clock=Clock(11, 0, 0)), span, NOON, UTC) == NOON - 3600
    assert time_to_look_for(Jump("clock", clock=Clock(11, 0, 0, (2026, 11, 21))), span, 0.0, UTC) == NOON - 3600
    assert time_to_look_for(Jump("clock", clock=Clock(12, 0, 0, (2026, 2, 30))), span, NOON, UTC) is None
    assert time_to_look_for(Jump("clock", clock=Clock(13, 0, 0)), (NOON, NOON + 60), NOON, UTC) is None


def test_going_by_some_time_ends_at_the_ends_of_the_log() -> None:
    assert time_to_look_for(Jump("by", -300), (NOON, NOON + 60), NOON + 30, UTC) == NOON
    assert time_to_look_for(Jump("by", 300), (NOON, NOON + 60), NOON + 30, UTC) == NOON + 60


@given(st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=4), st.integers(-1, 21))
def test_the_first_line_that_came_at_or_after_a_time(times: list[list[int]], wanted: int) -> None:
    flat = sorted(time for part in times for time in part)
    sources: list[MemoryLog] = []
    for part in times:
        sources.append(MemoryLog([b"x"] * len(part), [float(flat.pop(0)) for _ in part], len(part)))
    expected = next(
        (LineAt(at, line) for at, one in enumerate(sources) for line, time in enumerate(one.times) if time >= wanted),
        None,
    )
    assert line_at_time(sources, wanted) == expected
    every = [time for one in sources for time in one.times]
    assert span_of(sources) == ((every[0], every[-1]) if every else None)
