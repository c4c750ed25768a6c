"""The index beside a log file: which of its bytes are whole, and how far the host's log was taken in.

Layout, version 1, little endian. 40 bytes of header, then 40 bytes a record, appended after the chunk they speak of:

======  =====  ==============================================================================
offset  bytes  header
======  =====  ==============================================================================
0       8      ``ODUTYIDX``
8       2      version, 1
10      2      size of a record in bytes, 40
12      24     zero
36      4      CRC-32 of the 36 bytes before
======  =====  ==============================================================================

======  =====  ==============================================================================
offset  bytes  record
======  =====  ==============================================================================
0       8      raw offset: bytes of the host's log taken in so far
8       8      file offset: bytes of our file that a reader may read
16      8      newlines in those bytes
24      8      time of arrival, microseconds since 1970, UTC
32      4      mask tail: of the raw bytes, how many at the end are held back from the file because a secret may
               begin there; they are fetched again from the host after a crash and never stored
36      4      CRC-32 of the 36 bytes before
======  =====  ==============================================================================

A record cut anywhere is too short or fails its check. One size for all lets a reader find any line by bisection in the
index, without reading the log and without holding the index in memory.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

VERSION = 1
HEADER_BYTES = 40
RECORD_BYTES = 40

MAX_BLOCK_BYTES = 256 * 1024
"""Most bytes of the file between two records; what a reader scans at most to find a line."""

_MAGIC = b"ODUTYIDX"
_HEADER = struct.Struct("<8sHH24x")
_BODY = struct.Struct("<QQQQI")
_CRC = struct.Struct("<I")
_BODY_BYTES = _BODY.size


class Record(NamedTuple):
    """The state of a log after one block."""

    raw_offset: int = 0
    file_offset: int = 0
    lines: int = 0
    time_us: int = 0
    """0 before the first record."""
    mask_tail_bytes: int = 0


EMPTY = Record()
"""The state before the first record."""


def encode_header() -> bytes:
    """The first bytes of an index file."""
    body = _HEADER.pack(_MAGIC, VERSION, RECORD_BYTES)
    return body + _CRC.pack(zlib.crc32(body))


def header_version(data: bytes) -> int | None:
    """The version of an index that begins with ``data``; None when it is not the header of an index."""
    if len(data) < HEADER_BYTES or not data.startswith(_MAGIC):
        return None
    body = data[: HEADER_BYTES - _CRC.size]
    if _CRC.unpack_from(data, len(body))[0] != zlib.crc32(body):
        return None
    return int(_HEADER.unpack_from(data)[1])


def encode(record: Record) -> bytes:
    """One record, ``RECORD_BYTES`` long."""
    body = _BODY.pack(*record)
    return body + _CRC.pack(zlib.crc32(body))


def decode(data: bytes, at: int = 0) -> Record | None:
    """The record at byte ``at``; None when it is torn or damaged."""
    if len(data) - at < RECORD_BYTES:
        return None
    end = at + _BODY_BYTES
    if _CRC.unpack_from(data, end)[0] != zlib.crc32(data[at:end]):
        return None
    return Record(*_BODY.unpack_from(data, at))


def record_position(number: int) -> int:
    """Where record ``number`` (from 0) begins in the index file."""
    return HEADER_BYTES + number * RECORD_BYTES


def whole_records(index_bytes: int) -> int:
    """How many records an index file of this size can hold whole."""
    return max(0, (index_bytes - HEADER_BYTES) // RECORD_BYTES)


def records_of(before: Record, data: bytes, at_utc: float) -> list[Record]:
    """The records for ``data`` appended after ``before``, one for every ``MAX_BLOCK_BYTES`` begun. None for no data."""
    time_us = round(at_utc * 1_000_000)
    records, lines = [], before.lines
    for start in range(0, len(data), MAX_BLOCK_BYTES):
        end = min(start + MAX_BLOCK_BYTES, len(data))
        lines += data.count(b"\n", start, end)
        records.append(Record(before.raw_offset + end, before.file_offset + end, lines, time_us))
    return records


def masked_record(before: Record, out: bytes, raw_offset: int, held_bytes: int, at_utc: float) -> Record:
    """The record for a masked block ``out``: raw bytes up to ``raw_offset`` came, the last ``held_bytes`` wait."""
    return Record(
        raw_offset,
        before.file_offset + len(out),
        before.lines + out.count(b"\n"),
        round(at_utc * 1_000_000),
        held_bytes,
    )
