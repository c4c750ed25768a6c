"""Numbers read as the look says, at each border."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from tui.view.durations import ago, clock, count, count_of, duration, share, size, task_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0.9, "0s"),
        (41.99, "41s"),
        (59.999, "59s"),
        (60, "1m 00s"),
        (65, "1m 05s"),
        (89, "1m 29s"),
        (242, "4m 02s"),
        (599, "9m 59s"),
        (600, "10m"),
        (740, "12m"),
        (3599, "59m"),
        (3600, "1h 00m"),
        (3900, "1h 05m"),
        (86399, "23h 59m"),
        (86400, "1d"),
        (3 * 86400 + 5, "3d"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (6.2, "6.2s"), (14.2, "14.2s"), (2.3, "2.3s"), (4.1, "4.1s"), (59.99, "59.9s"), (60, "1m 00s")],
)
def test_tasks_show_tenths_under_a_minute_and_never_round_up(seconds: float, text: str) -> None:
    assert task_duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1000, "1.0 kB"),
        (41_700_000, "41.7 MB"),
        (99_940_000, "99.9 MB"),
        (99_960_000, "100 MB"),
        (999_600_000, "1.0 GB"),
        (412_000_000_000, "412 GB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_sizes_have_one_decimal_under_a_hundred(number: int, text: str) -> None:
    assert size(number) == text


def test_counts_ages_and_shares() -> None:
    assert count(1, "line") == "1 line"
    assert count(10482, "line") == "10482 lines"
    assert count_of(4, 11) == "4 of 11"
    assert ago(48) == "48s ago"
    assert ago(0.4) == "just now"
    assert [share(value) for value in (0, 4.1, 9.94, 9.96, 71.4, 100)] == ["0.0%", "4.1%", "9.9%", "10%", "71%", "100%"]


def test_times_of_another_day_carry_the_day() -> None:
    zone = timezone(timedelta(hours=1))
    noon = 1_795_000_000.0 - 1_795_000_000 % 86400 + 11 * 3600 + 4 * 60 + 33.9
    assert clock(noon, zone) == "12:04:33"
    assert clock(noon, zone, now_utc=noon + 60) == "12:04:33"
    assert clock(noon, zone, now_utc=noon + 86400) == "Nov 18 12:04"
