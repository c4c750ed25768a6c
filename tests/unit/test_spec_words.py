"""Durations and names that become environment variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.spec.durations import MAX_S, format_duration, parse_duration
from runners.spec.names import why_not_env_name, why_not_env_value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("1d", 86400), ("0s", 0), ("366d", MAX_S)],
)
def test_duration_is_one_number_and_one_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "1.5h", "1h30m", "-1s", "10 s", "10S", "s", "367d", "1w", "١s"])
def test_what_is_no_duration_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|longer"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=int(MAX_S * 1000)))
def test_duration_written_out_is_read_back(thousandths: int) -> None:
    assert round(parse_duration(format_duration(thousandths / 1000)) * 1000) == thousandths


@pytest.mark.parametrize(("seconds", "text"), [(90, "90s"), (600, "10m"), (0, "0s"), (0.5, "500ms"), (172800, "2d")])
def test_duration_is_written_in_its_shortest_exact_form(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_ordinary_names_may_be_set() -> None:
    assert [why_not_env_name(name) for name in ("release", "APP", "_x", "path", "HOME_DIR")] == [""] * 5


def test_name_and_value_together_may_fill_what_linux_can_pass_and_no_more() -> None:
    assert why_not_env_value("A", "x" * (131072 - 3)) == ""
    assert why_not_env_value("A", "x" * (131072 - 2)) != ""
    assert why_not_env_value("A", "é" * 70000) != ""


def test_value_with_a_nul_or_a_lone_surrogate_cannot_be_passed() -> None:
    assert why_not_env_value("A", "a\0") == "holds a NUL, which no environment variable can"
    assert why_not_env_value("A", "\udc80") == "is not valid UTF-8"
