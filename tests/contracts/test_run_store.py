"""The run store on disk and the one in memory keep the same promises; and what only the one on disk can break."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from runners.adapters import sqlite_schema
from runners.adapters.sqlite import SqliteRunStore
from runners.model.errors import StoreDamaged, StoreFailed, StoreRefused
from runners.ports.run_store import RunStore
from runners.testing.memory_store import MemoryDisk, MemoryRunStore
from runners.testing.store_contract import OpenStore, RunStoreContract, event, make_run


class TestSqliteRunStore(RunStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        async def open_it() -> RunStore:
            return await SqliteRunStore.open(tmp_path / "state.db")

        return open_it


class TestMemoryRunStore(RunStoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        disk = MemoryDisk()

        async def open_it() -> RunStore:
            return MemoryRunStore(disk)

        return open_it


async def test_the_file_and_its_write_ahead_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = await SqliteRunStore.open(tmp_path / "home" / "state.db")
    await make_run(store, "A")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").iterdir()}
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600}
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    await store.close()


async def test_a_second_process_cannot_open_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_schema, "_LOCK_WAIT_S", 0.0)
    store = await SqliteRunStore.open(tmp_path / "state.db")
    with pytest.raises(StoreRefused, match="in use by another process"):
        await SqliteRunStore.open(tmp_path / "state.db")
    await make_run(store, "A")
    await store.close()
    await (await SqliteRunStore.open(tmp_path / "state.db")).close()


async def test_a_commit_is_fsynced_and_shared_by_writes_of_the_same_moment(tmp_path: Path) -> None:
    store = await SqliteRunStore.open(tmp_path / "state.db")
    statements: list[str] = []

    def trace(connection: sqlite3.Connection) -> tuple[str, int]:
        connection.set_trace_callback(statements.append)
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return journal, connection.execute("PRAGMA synchronous").fetchone()[0]

    await asyncio.gather(*(make_run(store, f"U{number}") for number in range(50)))
    assert await store._read(trace) == ("wal", 2)
    await asyncio.gather(*(store.append([event(f"U{number}", 2)]) for number in range(50)))
    # The first may go alone; the others piled up behind it.
    assert statements.count("COMMIT") <= 5
    await store.close()


async def test_a_full_disk_stores_nothing_of_the_call_and_the_store_goes_on(tmp_path: Path) -> None:
    store = await SqliteRunStore.open(tmp_path / "state.db")
    await make_run(store, "A")

    await store._read(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(StoreFailed, match="nothing of this was stored"):
        await store.append([event("A", 2, payload=b"x" * 60_000)])
    await store._read(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchone())
    assert len(await store.events("A")) == 1
    await store.append([event("A", 2, payload=b"x" * 60_000)])
    await store.close()


@pytest.mark.parametrize("content", [b"not a database at all, but text", b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged) as damaged:
        await SqliteRunStore.open(path)
    assert str(path) in damaged.value.message
    assert damaged.value.hint == f"mv {path} {path}.damaged"
    assert path.read_bytes() == content


async def test_a_store_with_broken_pages_is_refused_not_shown_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = await SqliteRunStore.open(path)
    await make_run(store, "A")
    for seq in range(2, 30):
        await store.append([event("A", seq, payload=b"y" * 3000)])
    await store.close()
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xa5" * 100
    path.write_bytes(data)
    with pytest.raises(StoreDamaged, match="damaged"):
        await SqliteRunStore.open(path)


async def test_a_store_that_was_emptied_is_refused_not_shown_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = await SqliteRunStore.open(path)
    await make_run(store, "A")
    await store.close()
    (tmp_path / "runs" / "A" / "logs").mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(StoreDamaged, match="it is empty"):
        await SqliteRunStore.open(path)


async def test_a_content_that_no_longer_has_its_digest_is_not_handed_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = await SqliteRunStore.open(path)
    digest = await store.put_blob(b"version: 1")
    await store._write(lambda connection: connection.execute("UPDATE blobs SET content = x'00'") and None)
    with pytest.raises(StoreDamaged, match="was changed"):
        await store.get_blob(digest)
    await store.close()


async def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreRefused, match="another program"):
        await SqliteRunStore.open(path)


async def test_a_store_of_a_newer_onduty_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await (await SqliteRunStore.open(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO schema_version VALUES (99, 'later')")
    connection.commit()
    connection.close()
    with pytest.raises(StoreRefused, match="newer onduty"):
        await SqliteRunStore.open(path)


async def test_an_older_store_is_brought_forward_with_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    store = await SqliteRunStore.open(path)
    await make_run(store, "A")
    await store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    steps = (*sqlite_schema.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN colour TEXT DEFAULT 'red'",))
    sqlite_schema.migrate(connection, path, steps)
    sqlite_schema.migrate(connection, path, steps)
    assert connection.execute("SELECT uid, colour FROM runs").fetchall() == [("A", "red")]
    assert [version for (version,) in connection.execute("SELECT version FROM schema_version")] == [1, 2]
    connection.close()


async def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await (await SqliteRunStore.open(path)).close()
    connection = sqlite3.connect(path, isolation_level=None)
    steps = (*sqlite_schema.MIGRATIONS, ("CREATE TABLE half (x)", "CREATE TABLE runs (x)"))
    with pytest.raises(sqlite3.OperationalError):
        sqlite_schema.migrate(connection, path, steps)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (1,)
    connection.close()


async def test_a_network_filesystem_is_refused_with_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise StoreRefused(f"{folder} is on a network filesystem (nfs4)", hint="ONDUTY_HOME=/var/tmp/x onduty")

    monkeypatch.setattr(sqlite_schema, "refuse_network", refuse)
    with pytest.raises(StoreRefused, match="nfs4"):
        await SqliteRunStore.open(tmp_path / "state.db")
    assert not (tmp_path / "state.db").exists()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFailed, match="cannot be opened"):
        await SqliteRunStore.open(tmp_path / "file" / "state.db")
