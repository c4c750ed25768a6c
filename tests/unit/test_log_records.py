"""Index records: what is torn is recognised, what is whole comes back as it was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runners.streams import records
from runners.streams.records import EMPTY, HEADER_BYTES, MAX_BLOCK_BYTES, RECORD_BYTES, Record

U64 = st.integers(0, 2**64 - 1)
RECORDS = st.builds(Record, U64, U64, U64, U64, st.integers(0, 2**32 - 1))


@given(RECORDS)
def test_a_record_comes_back_as_it_was_written(record: Record) -> None:
    data = records.encode(record)
    assert len(data) == RECORD_BYTES
    assert records.decode(b"xyz" + data, 3) == record


@given(RECORDS, st.integers(0, RECORD_BYTES - 1))
def test_a_record_torn_at_any_byte_is_recognised(record: Record, at: int) -> None:
    data = records.encode(record)
    assert records.decode(data[:at]) is None
    # What a power cut leaves: the size is there, the bytes are not.
    torn = data[:at].ljust(RECORD_BYTES, b"\0")
    assert torn == data or records.decode(torn) is None


@given(RECORDS, st.integers(0, RECORD_BYTES - 1), st.integers(1, 255))
def test_a_record_with_one_changed_byte_is_recognised(record: Record, at: int, change: int) -> None:
    data = bytearray(records.encode(record))
    data[at] ^= change
    assert records.decode(bytes(data)) is None


def test_zeros_are_no_record_and_no_header() -> None:
    assert records.decode(bytes(RECORD_BYTES)) is None
    assert records.header_version(bytes(HEADER_BYTES)) is None


def test_the_header_says_its_version_and_a_changed_one_is_recognised() -> None:
    header = records.encode_header()
    assert len(header) == HEADER_BYTES
    assert records.header_version(header + b"more") == records.VERSION
    for at in range(HEADER_BYTES):
        assert records.header_version(header[:at]) is None
        assert records.header_version(header[:at] + b"\x99" + header[at + 1 :]) is None


@given(st.integers(0, 10_000))
def test_only_whole_records_are_counted(index_bytes: int) -> None:
    count = records.whole_records(index_bytes)
    assert count == 0 or records.record_position(count) <= index_bytes
    assert records.record_position(count + 1) > index_bytes


def test_a_large_chunk_gets_a_record_for_every_block() -> None:
    data = (b"x" * 99 + b"\n") * 6000
    made = records.records_of(Record(5, 7, 3, 0), data, 12.5)
    assert [record.file_offset - 7 for record in made] == [MAX_BLOCK_BYTES, 2 * MAX_BLOCK_BYTES, len(data)]
    assert [record.raw_offset for record in made] == [record.file_offset - 2 for record in made]
    assert made[-1].lines == 3 + 6000
    assert {record.time_us for record in made} == {12_500_000}
    assert all(record.lines == 3 + data[: record.file_offset - 7].count(b"\n") for record in made)
    assert records.records_of(EMPTY, b"", 1.0) == []
