"""The tables of the run store, how an old one is brought forward, and how a file is opened without ever losing one."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from runners.adapters.filesystems import refuse_network
from runners.adapters.log_paths import make_private
from runners.model.errors import OndutyError, StoreDamaged, StoreFailed, StoreRefused

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE runs (
            id         INTEGER PRIMARY KEY,
            uid        TEXT NOT NULL UNIQUE,
            pipeline   TEXT NOT NULL,
            number     INTEGER NOT NULL,
            name       TEXT NOT NULL,
            created_at TEXT NOT NULL,
            ended_at   TEXT,
            phase      TEXT NOT NULL,
            result     TEXT,
            digests    TEXT NOT NULL,
            summary    BLOB NOT NULL,
            UNIQUE (pipeline, number)
        )""",
        "CREATE INDEX live_runs ON runs (id) WHERE ended_at IS NULL",
        "CREATE TABLE pipelines (name TEXT PRIMARY KEY, last_number INTEGER NOT NULL) WITHOUT ROWID",
        """
        CREATE TABLE events (
            run      TEXT NOT NULL REFERENCES runs (uid),
            seq      INTEGER NOT NULL,
            time     TEXT NOT NULL,
            actor    TEXT NOT NULL,
            type     TEXT NOT NULL,
            version  INTEGER NOT NULL,
            payload  BLOB NOT NULL,
            previous TEXT NOT NULL,
            hash     TEXT NOT NULL,
            PRIMARY KEY (run, seq)
        )""",
        "CREATE TABLE intents (id TEXT PRIMARY KEY, run TEXT NOT NULL, outcome BLOB NOT NULL)",
        "CREATE TABLE blobs (digest TEXT PRIMARY KEY, content BLOB NOT NULL)",
    ),
)
"""Statements that lead from version n to n+1. Only ever add to the end: every one of them lies on somebody's disk."""

_STEPS_BETWEEN_LOOKS = 10_000
_ALWAYS_CHECKED_BYTES = 64 * 1024 * 1024
_LOCK_WAIT_S = 2.0
"""A controller that was just killed may hold its lock for the moment it takes to die."""

_SQLITE_MAGIC = b"SQLite format 3\0"


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the store at ``path``: 0600, for this process alone, checked and at the newest schema.

    Raises ``StoreRefused`` (network filesystem, in use, written by a newer onduty) or ``StoreDamaged``; in both cases
    the file is as it was. ``StoreFailed`` when it cannot be written. The connection belongs to the calling thread.
    """
    refuse_network(path.parent)
    try:
        make_private(path.parent)
        unclean = _prepare_file(path)
    except OSError as error:
        raise StoreFailed(f"{path} cannot be opened: {error.strerror}", hint=f"ls -ld {path.parent} {path}") from error
    connection = None
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=_LOCK_WAIT_S
        )
        # Before the first read: then SQLite keeps the WAL index in memory and no second process can get in.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        journal = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if journal != "wal":
            raise StoreRefused(
                f"{path}: this filesystem cannot keep a write-ahead log (got {journal})", hint=f"df -T {path}"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if unclean or path.stat().st_size < _ALWAYS_CHECKED_BYTES:
            check(connection, path)
        migrate(connection, path)
    except BaseException as error:
        if connection is not None:
            connection.close()
        ours = translate(error, path)
        if ours is error:
            raise
        raise ours from error
    return connection


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``StoreDamaged`` when SQLite finds the file's structure broken."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise damaged(path, str(found))


def quick_check(connection: sqlite3.Connection, most_s: float) -> str | None:
    """What SQLite finds broken in the file's structure; empty: nothing. None: it took longer than ``most_s``."""
    until_s = time.monotonic() + most_s
    connection.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS_BETWEEN_LOOKS)
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return "" if found == "ok" else found


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the schema forward, each step in its own transaction. A newer schema, or foreign tables, are refused."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and "schema_version" not in tables:
        raise StoreRefused(f"{path} is a database of another program; nothing was changed", hint=f"ls -l {path}")
    version = 0
    if tables:
        version = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0]
    if version > len(migrations):
        raise StoreRefused(
            f"{path} was written by a newer onduty (schema {version}, this one knows {len(migrations)}); "
            "nothing was changed",
            hint="onduty --version",
        )
    for number in range(version, len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)"
            )
            for statement in migrations[number]:
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))", (number + 1,)
            )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def translate(error: BaseException, path: Path) -> BaseException:
    """Our error for one of SQLite's; any other error is returned as it is."""
    if isinstance(error, OndutyError) or not isinstance(error, sqlite3.DatabaseError):
        return error
    # Extended result codes keep the primary one in the low byte (https://www.sqlite.org/rescode.html).
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreRefused(f"{path} is in use by another process; nothing was stored", hint="onduty controller status")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return StoreFailed(f"{path}: {error}; nothing of this was stored", hint=f"df {path.parent}")
    return error


def damaged(path: Path, found: str) -> StoreDamaged:
    """The store cannot be trusted; what to do with it."""
    first = found.replace("*** in database main ***", "").strip().splitlines()[0]
    return StoreDamaged(
        f"{path} is damaged ({first}). Nothing was changed and nothing was started. Put a backup in its place, or move "
        "it away and begin with an empty list of runs; the logs beside it are files of their own and stay readable",
        hint=f"mv {path} {path}.damaged",
    )


def _prepare_file(path: Path) -> bool:
    """Create the file 0600, or make it so; True when its last user did not close it."""
    wal = path.with_name(path.name + "-wal")
    unclean = wal.exists() and wal.stat().st_size > 0
    existed = path.exists()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(fd, 0o600)
        start = os.pread(fd, len(_SQLITE_MAGIC), 0)
    finally:
        os.close(fd)
    if start and start != _SQLITE_MAGIC:
        raise damaged(path, "it is not a database")
    # SQLite takes an empty file for a new database and deletes the write-ahead log beside it. We never leave one empty
    # once there is a run, so this one was emptied by an accident.
    if existed and not start and (unclean or any((path.parent / "runs").glob("*"))):
        raise damaged(path, "it is empty")
    return unclean
