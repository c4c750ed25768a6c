"""The seam to the run store: events that are durable before anyone acts on them, and what a run pins.

Rows arrive encoded: the store knows their order and nothing of their meaning. Every method may be called at the same
time from many tasks; writes that arrive together share one commit. What a method returned survives a killed
controller and a power cut. ``runners/testing/store_contract.py`` checks these promises for every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is kept for ever."""

    run: str
    """The run's uid."""
    seq: int
    """1, 2, 3 … without gaps inside a run."""
    time: str
    """RFC 3339, UTC, milliseconds: ``2026-11-21T12:01:35.120Z``."""
    actor: str
    type: str
    version: int
    payload: bytes
    """JSON, at most 64 KiB by the design of events; not checked here."""
    previous: str
    """Hash of the event before; empty for the first."""
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """What became of an intent, kept so that the same intent takes effect once."""

    id: str
    """Made by the client."""
    run: str
    outcome: bytes
    """JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that has no number yet."""

    uid: str
    pipeline: str
    created_at: str
    """RFC 3339, UTC, milliseconds."""
    phase: str = "queued"
    summary: bytes = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One line of the list of runs.

    ``phase``, ``result``, ``ended_at`` and ``summary`` are a cache, written with the events that changed them and
    rebuilt from the events by whoever folds them; the events are the truth.
    """

    uid: str
    pipeline: str
    number: int
    """1, 2, 3 … per pipeline; a number is never given twice."""
    name: str
    """``deploy-api/42``."""
    created_at: str
    ended_at: str | None = None
    """None while the run lives."""
    phase: str
    result: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    """What the run pins: name (``definition``, ``plan``) to digest (``sha256:…``) of a blob."""
    summary: bytes = b"{}"
    """JSON for lists (who, counts), opaque here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """New values of the cached columns of one run; all of them are replaced."""

    uid: str
    phase: str
    result: str | None = None
    ended_at: str | None = None
    summary: bytes | None = None
    """None keeps what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpening:
    """The first rows of a run, made once its number is known."""

    rows: Sequence[EventRow]
    intents: Sequence[IntentRow] = ()


class SequenceConflict(Exception):
    """A row's seq is not the one after the last of its run: somebody else wrote. Nothing of that call was stored."""

    def __init__(self, run: str, *, expected: int, got: int) -> None:
        super().__init__(f"run {run}: event {got} does not follow, {expected} is next; nothing was stored")
        self.run = run
        self.expected = expected
        self.got = got


class IntentRepeated(Exception):
    """An intent with this id was stored before. Nothing of that call was stored; ``first`` says what became of it."""

    def __init__(self, first: IntentRow) -> None:
        super().__init__(f"intent {first.id} was taken before; nothing was stored")
        self.first = first


class RunStore(Protocol):
    """All runs of one user. After ``close`` every method raises ``ValueError``."""

    async def append(
        self,
        rows: Sequence[EventRow],
        *,
        intents: Sequence[IntentRow] = (),
        summaries: Sequence[RunSummary] = (),
    ) -> None:
        """Store all of it durably, or none.

        Raises ``SequenceConflict``, ``IntentRepeated``, ``NotFound`` (no such run) or ``StoreFailed``. Rows may be of
        several runs; those of one run are in order.
        """
        ...

    async def create_run(
        self, run: NewRun, *, blobs: Mapping[str, bytes], build: Callable[[RunRow], RunOpening]
    ) -> RunRow:
        """Give the run the next number of its pipeline and store it with its blobs and first rows, durably, or nothing.

        ``build`` gets the row with number, name and digests and returns the first events; it must be pure and quick:
        it is called in the store's thread, inside the transaction, and what it raises is raised here (the number is
        then free again). ``blobs`` maps a name to content; ``RunRow.digests`` maps it to the digest. Raises as
        ``append`` does, and ``ValueError`` for a uid that exists.
        """
        ...

    async def update_summary(self, summary: RunSummary) -> None:
        """Replace the cached columns outside of an append: for rebuilding them from the events."""
        ...

    async def events(self, run: str, after: int = 0) -> list[EventRow]:
        """The events with a seq above ``after``, in order; empty for an unknown run."""
        ...

    async def runs(self, limit: int = 100) -> list[RunRow]:
        """The newest runs, newest first, in the order of creation."""
        ...

    async def runs_of(self, pipeline: str, limit: int = 100, *, before: int | None = None) -> list[RunRow]:
        """The newest runs of one pipeline, newest first; with ``before`` only those with a lower number."""
        ...

    async def live_runs(self) -> list[RunRow]:
        """Every run without ``ended_at``, oldest first."""
        ...

    async def all_runs(self) -> list[RunRow]:
        """Every run, oldest first."""
        ...

    async def remove_run(self, uid: str) -> bool:
        """Remove an ended run with its events, intents and the blobs that no other run pins, durably or not at all.

        False, and nothing is removed, when it lives or is not there. Its number is not given again.
        """
        ...

    async def run(self, uid: str) -> RunRow | None:
        """One run."""
        ...

    async def find_run(self, pipeline: str, number: int | None = None) -> RunRow | None:
        """The run ``pipeline/number``; the newest of that pipeline when ``number`` is None."""
        ...

    async def put_blob(self, content: bytes) -> str:
        """Keep ``content`` under its digest, which is returned (``sha256:…``). The same content is kept once."""
        ...

    async def get_blob(self, digest: str) -> bytes:
        """The content; raises ``NotFound``, and ``StoreDamaged`` when it no longer has that digest."""
        ...

    async def intent_outcome(self, intent: str) -> IntentRow | None:
        """What became of an intent; None when it never took effect."""
        ...

    async def check(self, most_s: float) -> str | None:
        """Look through what is stored: what is wrong with it, in words; empty when it is sound.

        None when that was not over within ``most_s`` seconds: nothing was wrong until then. Others wait meanwhile.
        """
        ...

    async def close(self) -> None:
        """Finish what was asked and close. Closing twice is not an error."""
        ...
