"""What is generated in the documentation is what the code says."""

from __future__ import annotations

import pytest

from runners.core.moves import states_markdown
from tests.architecture.generated import README, STATES, key_table, with_key_table
from tui.keys.actions import ACTIONS

AGAIN = "make docs"


def test_the_key_table_of_the_readme_is_that_of_the_screen() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_key_table(text), AGAIN


def test_the_diagrams_are_those_of_the_table_of_moves() -> None:
    assert STATES.read_text(encoding="utf-8") == states_markdown(), AGAIN


def test_every_action_is_in_the_table_once() -> None:
    rows = key_table().split("\n")[2:]
    assert len(rows) == len(ACTIONS)
    assert all(sum(f"| {one.help} |" in row for row in rows) == 1 for one in ACTIONS)


def test_a_text_without_the_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="not in the text"):
        with_key_table("# onduty\n")
