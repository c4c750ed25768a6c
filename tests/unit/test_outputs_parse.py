"""What a job wrote to its outputs, taken apart: what counts, what is left out, and what is said about that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.outputs import MOST_OUTPUT_BYTES, NO_OUTPUTS, Outputs, size_of
from runners.remote.outputs import parse_outputs

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
VALUES = st.text(alphabet=st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=40)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_what_was_written_line_by_line_is_read_back(values: dict[str, str]) -> None:
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    found = parse_outputs(text.encode())
    assert found == Outputs(values=values)
    assert size_of(found.values) == len(text.encode())


@given(st.binary(max_size=400))
def test_no_file_that_a_host_has_can_raise_and_what_it_gives_fits_into_an_environment(data: bytes) -> None:
    for key, value in parse_outputs(data).values.items():
        assert key.isidentifier()
        assert key.isascii()
        assert "\0" not in value
        assert "\n" not in value
        value.encode()


def test_the_value_is_everything_behind_the_first_equals_sign_and_a_later_line_wins() -> None:
    found = parse_outputs(b"a=1\nurl=http://x/?q=1 \nb=\na= two\n")
    assert list(found.values.items()) == [("url", "http://x/?q=1 "), ("b", ""), ("a", " two")]
    assert found.problems == ()


def test_a_last_line_without_an_end_counts_and_blank_lines_are_nothing() -> None:
    assert parse_outputs(b"\n  \na=1\r\n\nb=2") == Outputs(values={"a": "1\r", "b": "2"})


def test_bad_lines_are_named_by_number_and_never_by_what_stands_there() -> None:
    found = parse_outputs(b"hunter2\na=1\n9x=hunter2\nb=hunter2\0\nc=hunter2\xff\n=hunter2\na-b=hunter2")
    assert found.values == {"a": "1"}
    assert found.problems == (
        "line 1 of its outputs is not key=value (a key has letters, digits and _, at most 128); it was left out",
        "line 3 of its outputs is not key=value (a key has letters, digits and _, at most 128); it was left out",
        "line 4 of its outputs holds a NUL; it was left out",
        "line 5 of its outputs is not UTF-8; it was left out",
        "line 6 of its outputs is not key=value (a key has letters, digits and _, at most 128); it was left out",
        "line 7 of its outputs is not key=value (a key has letters, digits and _, at most 128); it was left out",
    )


def test_a_flood_of_bad_lines_is_counted_and_not_listed() -> None:
    found = parse_outputs(b"x\n" * 5000)
    assert len(found.problems) == 11
    assert found.problems[-1] == "4990 more lines of its outputs were left out"


@pytest.mark.parametrize("size", [MOST_OUTPUT_BYTES + 1, 70_112])
def test_of_a_file_that_is_too_large_nothing_is_taken(size: int) -> None:
    found = parse_outputs(b"a=1\n" * 16384, size_bytes=size)
    assert found.values == {}
    assert found.problems == (f"its outputs are {size:,} bytes and an attempt may have 65,536; none was taken",)
    assert parse_outputs(b"a=" + b"x" * (MOST_OUTPUT_BYTES - 2)).values == {"a": "x" * (MOST_OUTPUT_BYTES - 2)}


def test_a_file_that_cannot_be_read_is_said_and_not_taken_for_an_empty_one() -> None:
    assert parse_outputs(b"", size_bytes=9).problems == ("its outputs could not be read on the host",)
    assert parse_outputs(b"") == NO_OUTPUTS
