"""The run store on disk: SQLite with a write-ahead log, one connection in one thread.

Writes that arrive while the thread works share the next commit, each in its own savepoint, so that one that is refused
leaves the others alone. With ``synchronous=FULL`` a commit that returned survives a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runners.adapters.sqlite_schema import damaged, open_database, quick_check, translate
from runners.adapters.worker import Ticket, Worker
from runners.core.chain import digest_of
from runners.model.errors import NotFound
from runners.ports.run_store import (
    EventRow,
    IntentRepeated,
    IntentRow,
    NewRun,
    RunOpening,
    RunRow,
    RunSummary,
    SequenceConflict,
)

T = TypeVar("T")

_RUN_COLUMNS = "uid, pipeline, number, name, created_at, ended_at, phase, result, digests, summary"
_EVENT_COLUMNS = "run, seq, time, actor, type, version, payload, previous, hash"

_NO_NUMBER = 2**62
"""No pipeline has so many runs."""


@dataclass(frozen=True, slots=True)
class _Request:
    work: Callable[[sqlite3.Connection], Any]
    writes: bool


class SqliteRunStore:
    """``RunStore`` in one file. Made by ``open``; ``close`` ends its thread and folds the write-ahead log in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._worker: Worker[_Request] = Worker("onduty-store", self._handle, at_end=self._close)

    @classmethod
    async def open(cls, path: Path) -> SqliteRunStore:
        """Open or create the store at ``path``.

        Raises ``StoreRefused`` (network filesystem, in use by another process, written by a newer onduty),
        ``StoreDamaged`` or ``StoreFailed``; a file that exists is never replaced.
        """
        store = cls(path)
        try:
            await store._read(lambda _: None)
        except BaseException:
            await store._worker.close()
            raise
        return store

    async def append(
        self,
        rows: Sequence[EventRow],
        *,
        intents: Sequence[IntentRow] = (),
        summaries: Sequence[RunSummary] = (),
    ) -> None:
        """Store all of it durably, or none; see ``RunStore.append``."""

        def write(connection: sqlite3.Connection) -> None:
            _insert_intents(connection, intents)
            _insert_events(connection, rows)
            for summary in summaries:
                _set_summary(connection, summary)

        await self._write(write)

    async def create_run(
        self, run: NewRun, *, blobs: Mapping[str, bytes], build: Callable[[RunRow], RunOpening]
    ) -> RunRow:
        """Number the run and store it with its blobs and first rows; see ``RunStore.create_run``."""

        def write(connection: sqlite3.Connection) -> RunRow:
            connection.execute(
                "INSERT INTO pipelines VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last_number = last_number + 1",
                (run.pipeline,),
            )
            number = connection.execute("SELECT last_number FROM pipelines WHERE name = ?", (run.pipeline,)).fetchone()[
                0
            ]
            row = RunRow(
                uid=run.uid,
                pipeline=run.pipeline,
                number=number,
                name=f"{run.pipeline}/{number}",
                created_at=run.created_at,
                phase=run.phase,
                digests={name: _put_blob(connection, content) for name, content in blobs.items()},
                summary=run.summary,
            )
            opening = build(row)
            _insert_intents(connection, opening.intents)
            if _get_run(connection, "uid = ?", (run.uid,)) is not None:
                raise ValueError(f"run {run.uid} exists already; nothing was stored")
            connection.execute(
                f"INSERT INTO runs ({_RUN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    row.uid,
                    row.pipeline,
                    row.number,
                    row.name,
                    row.created_at,
                    row.ended_at,
                    row.phase,
                    row.result,
                    json.dumps(dict(row.digests)),
                    row.summary,
                ),
            )
            _insert_events(connection, opening.rows)
            return row

        return await self._write(write)

    async def update_summary(self, summary: RunSummary) -> None:
        """Replace the cached columns outside of an append."""
        await self._write(lambda connection: _set_summary(connection, summary))

    async def events(self, run: str, after: int = 0) -> list[EventRow]:
        """The events with a seq above ``after``, in order."""

        def read(connection: sqlite3.Connection) -> list[EventRow]:
            cursor = connection.execute(
                f"SELECT {_EVENT_COLUMNS} FROM events WHERE run = ? AND seq > ? ORDER BY seq",  # noqa: S608
                (run, after),
            )
            return [
                EventRow(
                    run=run, seq=seq, time=time, actor=actor, type=type, version=version,
                    payload=payload, previous=previous, hash=hash,
                )
                for run, seq, time, actor, type, version, payload, previous, hash in cursor
            ]  # fmt: skip

        return await self._read(read)

    async def runs(self, limit: int = 100) -> list[RunRow]:
        """The newest runs, newest first."""
        return await self._read(lambda connection: _get_runs(connection, "1 ORDER BY id DESC LIMIT ?", (limit,)))

    async def runs_of(self, pipeline: str, limit: int = 100, *, before: int | None = None) -> list[RunRow]:
        """The newest runs of one pipeline, newest first."""
        where, values = (
            "pipeline = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (pipeline, before or _NO_NUMBER, limit),
        )
        return await self._read(lambda connection: _get_runs(connection, where, values))

    async def live_runs(self) -> list[RunRow]:
        """Every run without ``ended_at``, oldest first."""
        return await self._read(lambda connection: _get_runs(connection, "ended_at IS NULL ORDER BY id", ()))

    async def all_runs(self) -> list[RunRow]:
        """Every run, oldest first."""
        return await self._read(lambda connection: _get_runs(connection, "1 ORDER BY id", ()))

    async def remove_run(self, uid: str) -> bool:
        """Remove an ended run and what is its alone; see ``RunStore.remove_run``."""

        def write(connection: sqlite3.Connection) -> bool:
            row = _get_run(connection, "uid = ? AND ended_at IS NOT NULL", (uid,))
            if row is None:
                return False
            connection.execute("DELETE FROM events WHERE run = ?", (uid,))
            connection.execute("DELETE FROM intents WHERE run = ?", (uid,))
            connection.execute("DELETE FROM runs WHERE uid = ?", (uid,))
            for digest in row.digests.values():
                connection.execute(
                    "DELETE FROM blobs WHERE digest = ? AND NOT EXISTS"
                    " (SELECT 1 FROM runs WHERE instr(runs.digests, blobs.digest))",
                    (digest,),
                )
            return True

        return await self._write(write)

    async def run(self, uid: str) -> RunRow | None:
        """One run."""
        return await self._read(lambda connection: _get_run(connection, "uid = ?", (uid,)))

    async def find_run(self, pipeline: str, number: int | None = None) -> RunRow | None:
        """The run ``pipeline/number``; the newest of that pipeline when ``number`` is None."""
        if number is None:
            where, values = "pipeline = ? ORDER BY number DESC LIMIT 1", (pipeline,)
            return await self._read(lambda connection: _get_run(connection, where, values))
        return await self._read(
            lambda connection: _get_run(connection, "pipeline = ? AND number = ?", (pipeline, number))
        )

    async def put_blob(self, content: bytes) -> str:
        """Keep ``content`` under its digest, which is returned."""
        return await self._write(lambda connection: _put_blob(connection, content))

    async def get_blob(self, digest: str) -> bytes:
        """The content; raises ``NotFound``, and ``StoreDamaged`` when it no longer has that digest."""
        row = await self._read(
            lambda connection: connection.execute("SELECT content FROM blobs WHERE digest = ?", (digest,)).fetchone()
        )
        if row is None:
            raise NotFound(f"nothing is stored under {digest}")
        content = bytes(row[0])
        if digest_of(content) != digest:
            raise damaged(self._path, f"the content of {digest} was changed")
        return content

    async def intent_outcome(self, intent: str) -> IntentRow | None:
        """What became of an intent; None when it never took effect."""
        return await self._read(lambda connection: _get_intent(connection, intent))

    async def check(self, most_s: float) -> str | None:
        """What SQLite's quick_check finds; empty: nothing. None: it took longer than ``most_s``."""
        return await self._read(lambda connection: quick_check(connection, most_s))

    async def close(self) -> None:
        """Finish what was asked and close. Closing twice is not an error."""
        await self._worker.close()

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        result: T = await self._worker.call(_Request(work, True))
        return result

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        result: T = await self._worker.call(_Request(work, False))
        return result

    def _handle(self, batch: Sequence[Ticket[_Request]]) -> None:
        connection = self._connection
        if connection is None:
            connection = self._connection = open_database(self._path)
        if writes := [ticket for ticket in batch if ticket.request.writes]:
            self._commit(connection, writes)
        # Reads after the commit: nobody is shown a row that is not durable yet.
        for ticket in batch:
            if not ticket.request.writes:
                try:
                    ticket.done(ticket.request.work(connection))
                except Exception as error:
                    ticket.failed(translate(error, self._path))

    def _commit(self, connection: sqlite3.Connection, tickets: Sequence[Ticket[_Request]]) -> None:
        results: list[tuple[Ticket[_Request], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for ticket in tickets:
                connection.execute("SAVEPOINT one")
                try:
                    results.append((ticket, ticket.request.work(connection)))
                except Exception as error:
                    # On a full disk SQLite itself ends the whole transaction: then nobody's rows are in.
                    if not connection.in_transaction:
                        raise
                    connection.execute("ROLLBACK TO one")
                    ticket.failed(translate(error, self._path))
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
        except Exception as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            failure = translate(error, self._path)
            for ticket in tickets:
                if not ticket.settled:
                    ticket.failed(failure)
            return
        for ticket, result in results:
            ticket.done(result)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _insert_events(connection: sqlite3.Connection, rows: Sequence[EventRow]) -> None:
    last: dict[str, int] = {}
    for row in rows:
        if row.run not in last:
            last[row.run] = _last_seq(connection, row.run)
        expected = last[row.run] + 1
        if row.seq != expected:
            raise SequenceConflict(row.run, expected=expected, got=row.seq)
        last[row.run] = expected
    connection.executemany(
        f"INSERT INTO events ({_EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [
            (row.run, row.seq, row.time, row.actor, row.type, row.version, row.payload, row.previous, row.hash)
            for row in rows
        ],
    )


def _last_seq(connection: sqlite3.Connection, run: str) -> int:
    last: int | None = connection.execute("SELECT max(seq) FROM events WHERE run = ?", (run,)).fetchone()[0]
    if last is None and connection.execute("SELECT 1 FROM runs WHERE uid = ?", (run,)).fetchone() is None:
        raise NotFound(f"there is no run {run}; nothing was stored")
    return last or 0


def _insert_intents(connection: sqlite3.Connection, intents: Sequence[IntentRow]) -> None:
    for intent in intents:
        if (first := _get_intent(connection, intent.id)) is not None:
            raise IntentRepeated(first)
        connection.execute("INSERT INTO intents VALUES (?, ?, ?)", (intent.id, intent.run, intent.outcome))


def _get_intent(connection: sqlite3.Connection, intent: str) -> IntentRow | None:
    row = connection.execute("SELECT id, run, outcome FROM intents WHERE id = ?", (intent,)).fetchone()
    return None if row is None else IntentRow(id=row[0], run=row[1], outcome=bytes(row[2]))


def _set_summary(connection: sqlite3.Connection, summary: RunSummary) -> None:
    changed = connection.execute(
        "UPDATE runs SET phase = ?, result = ?, ended_at = ?, summary = coalesce(?, summary) WHERE uid = ?",
        (summary.phase, summary.result, summary.ended_at, summary.summary, summary.uid),
    ).rowcount
    if not changed:
        raise NotFound(f"there is no run {summary.uid}; nothing was stored")


def _put_blob(connection: sqlite3.Connection, content: bytes) -> str:
    digest = digest_of(content)
    connection.execute("INSERT INTO blobs VALUES (?, ?) ON CONFLICT (digest) DO NOTHING", (digest, content))
    return digest


def _get_run(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> RunRow | None:
    rows = _get_runs(connection, where, values)
    return rows[0] if rows else None


def _get_runs(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[RunRow]:
    cursor = connection.execute(f"SELECT {_RUN_COLUMNS} FROM runs WHERE {where}", values)  # noqa: S608
    return [
        RunRow(
            uid=uid, pipeline=pipeline, number=number, name=name, created_at=created_at, ended_at=ended_at,
            phase=phase, result=result, digests=json.loads(digests), summary=bytes(summary),
        )
        for uid, pipeline, number, name, created_at, ended_at, phase, result, digests, summary in cursor
    ]  # fmt: skip
