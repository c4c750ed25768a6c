"""The hash chain over a run's events, and the digests of what a run pins.

It shows accidents (a lost row, a changed byte, two histories mixed), not the forgery of an owner, who can recompute it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol

GENESIS = ""
"""``previous`` of the first event of a run."""


class ChainRow(Protocol):
    """The fields of an event row that the chain covers."""

    @property
    def run(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def time(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def previous(self) -> str: ...
    @property
    def hash(self) -> str: ...


def link(previous: str, *, run: str, seq: int, time: str, actor: str, type: str, version: int, payload: bytes) -> str:
    """The hash of an event: SHA-256, 64 hex digits, over every field with its length, the previous hash first.

    Lengths are part of what is hashed, so that no two different rows have the same bytes.
    """
    number, revision = str(seq), str(version)
    head = (
        f"{len(previous)}:{previous},{len(run)}:{run},{len(number)}:{number},{len(time)}:{time},"
        f"{len(actor)}:{actor},{len(type)}:{type},{len(revision)}:{revision},{len(payload)}:"
    )
    if not head.isascii():
        # Lengths are of bytes.
        head = "".join(f"{len(text.encode())}:{text}," for text in (previous, run, number, time, actor, type, revision))
        head += f"{len(payload)}:"
    return hashlib.sha256(b"%b%b," % (head.encode(), payload)).hexdigest()


def verify(rows: Iterable[ChainRow], *, previous: str = GENESIS, first_seq: int = 1) -> str:
    """Say where the chain of one run breaks first; empty when it is whole.

    To check from the middle, give the hash of the event before and the seq that must come next.
    """
    expected_seq, run = first_seq, None
    for row in rows:
        if run is None:
            run = row.run
        if row.run != run:
            return f"event {row.seq} belongs to run {row.run}, not {run}"
        if row.seq != expected_seq:
            return f"event {expected_seq} is missing; {row.seq} comes in its place"
        if row.previous != previous:
            return f"event {row.seq} does not follow event {row.seq - 1}: it names another hash before it"
        actual = link(
            previous,
            run=row.run,
            seq=row.seq,
            time=row.time,
            actor=row.actor,
            type=row.type,
            version=row.version,
            payload=row.payload,
        )
        if row.hash != actual:
            return f"event {row.seq} was changed after it was written"
        previous = row.hash
        expected_seq += 1
    return ""


def digest_of(content: bytes) -> str:
    """``sha256:`` and 64 hex digits: the name of a blob."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
