"""Marks that tell one value of a secret from another."""

from __future__ import annotations

from runners.spec.secret_marks import secret_mark


def test_a_mark_is_short_the_same_for_the_same_and_another_for_other_values_runs_and_names() -> None:
    mark = secret_mark("hunter22", run="01JD", name="PASS")
    # Recorded: a mark of an earlier version must be recognised by a later one.
    assert mark == "0d2"
    others = {
        secret_mark("hunter23", run="01JD", name="PASS"),
        secret_mark("hunter22", run="01JE", name="PASS"),
        secret_mark("hunter22", run="01JD", name="TOKEN"),
    }
    assert mark not in others
    assert len(others) == 3
