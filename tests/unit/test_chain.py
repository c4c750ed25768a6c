"""The hash chain shows every accident to a run's events."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from runners.core.chain import digest_of, link, verify
from runners.testing.store_contract import TIME, chain, event
from tests.depth import examples

FIELDS = st.tuples(
    st.text(), st.text(), st.integers(1, 99), st.text(), st.text(), st.text(), st.integers(1, 9), st.binary()
)


Fields = tuple[str, str, int, str, str, str, int, bytes]


def hash_of(fields: Fields) -> str:
    previous, run, seq, time, actor, type, version, payload = fields
    return link(previous, run=run, seq=seq, time=time, actor=actor, type=type, version=version, payload=payload)


def test_a_whole_chain_verifies_also_from_its_middle() -> None:
    rows = chain("A", 1, 20)
    assert verify(rows) == ""
    assert verify([]) == ""
    assert verify(rows[7:], previous=rows[6].hash, first_seq=8) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [("time", "2027-01-01T00:00:00.000Z"), ("actor", "bob"), ("type", "run_held"), ("version", 2), ("payload", b"[]")],
)
def test_a_changed_field_is_named_by_its_event(field: str, value: object) -> None:
    rows = chain("A", 1, 5)
    rows[2] = structs.replace(rows[2], **{field: value})
    assert verify(rows) == "event 3 was changed after it was written"


def test_lost_swapped_repeated_and_foreign_rows_are_told_apart() -> None:
    rows = chain("A", 1, 5)
    assert verify(rows[:2] + rows[3:]) == "event 3 is missing; 4 comes in its place"
    assert verify([rows[0], rows[2], rows[1], *rows[3:]]) == "event 2 is missing; 3 comes in its place"
    assert verify([rows[0], rows[0]]) == "event 2 is missing; 1 comes in its place"
    assert verify([rows[0], chain("B", 1, 2)[1]]) == "event 2 belongs to run B, not A"
    assert verify([*rows[:3], event("A", 4, "f" * 64)]) == (
        "event 4 does not follow event 3: it names another hash before it"
    )


def test_a_rewritten_row_breaks_the_chain_at_the_next() -> None:
    rows = chain("A", 1, 5)
    rows[2] = event("A", 3, rows[1].hash, b'"other"')
    assert verify(rows) == "event 4 does not follow event 3: it names another hash before it"


@settings(max_examples=examples(40))
@given(FIELDS, FIELDS)
def test_different_fields_never_have_the_same_hash(one: Fields, other: Fields) -> None:
    assert (hash_of(one) == hash_of(other)) == (one == other)


def test_moving_a_character_to_the_next_field_changes_the_hash() -> None:
    one = link("", run="A", seq=1, time=TIME, actor="ab", type="c", version=1, payload=b"")
    assert one != link("", run="A", seq=1, time=TIME, actor="a", type="bc", version=1, payload=b"")


def test_the_hash_is_the_one_every_store_on_disk_was_written_with() -> None:
    # Recorded: changing how rows are hashed would make every old run look damaged.
    assert link("", run="A", seq=1, time=TIME, actor="alice", type="note_added", version=1, payload=b"{}") == RECORDED
    assert (
        link("", run="A", seq=1, time=TIME, actor="Zoë ✓", type="note_added", version=1, payload=b"{}") == BEYOND_ASCII
    )
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


RECORDED = "fc6910f1915e0b6868d9e956296d235a5d632062c2f4533e76a698b26248b533"
BEYOND_ASCII = "f838f1f9896ed43f9aa29e625855e85be98438dc388b3c16c4b0a36e971c45c0"
