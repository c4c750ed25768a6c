"""What a kill, a full disk or a power cut leaves of a log, and how it goes on from there."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading
import zlib
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from runners.adapters import log_files, log_flush
from runners.adapters.log_files import FileLogStore
from runners.adapters.log_paths import log_paths
from runners.model.errors import StoreDamaged, StoreFailed, StoreRefused
from runners.ports.log_store import LogPosition
from runners.streams import records
from runners.streams.mask import Mask

RUN, KEY = "01JD", "01JD.1.1.1"
CHUNKS = (b"one\n", b"two\nand ", b"\xff\x00more\n", b"last")
DATA = b"".join(CHUNKS)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileLogStore]:
    store = FileLogStore(tmp_path)
    yield store
    await store.close()


async def written(store: FileLogStore) -> None:
    """``CHUNKS``, one record each."""
    writer = await store.open(RUN, KEY)
    for number, chunk in enumerate(CHUNKS):
        await writer.append(writer.position.raw_offset, chunk, float(number))
    await writer.close()


async def finish(store: FileLogStore) -> None:
    """Follow again from where the log is, as after a restart; every byte must then be there once."""
    writer = await store.open(RUN, KEY)
    at = writer.position.raw_offset
    await writer.append(at, DATA[at:], 9.0)
    await writer.close()
    assert await store.read(RUN, KEY, 0, 1000) == DATA
    assert await store.position(RUN, KEY) == LogPosition(raw_offset=len(DATA), file_bytes=len(DATA), lines=3)


async def test_an_index_torn_at_any_byte_loses_only_the_chunk_of_the_torn_record(
    tmp_path: Path, store: FileLogStore
) -> None:
    await written(store)
    log, index = log_paths(tmp_path, RUN, KEY)
    whole = index.read_bytes()
    ends = [len(b"".join(CHUNKS[:count])) for count in range(len(CHUNKS) + 1)]
    for at in range(len(whole) + 1):
        log.write_bytes(DATA)
        index.write_bytes(whole[:at])
        writer = await store.open(RUN, KEY)
        expected = ends[records.whole_records(at)]
        assert writer.position.raw_offset == expected
        assert log.read_bytes() == DATA[:expected]
        await writer.close()
        await finish(store)


async def test_a_file_cut_at_any_byte_goes_back_to_the_record_whose_bytes_are_there(
    tmp_path: Path, store: FileLogStore
) -> None:
    await written(store)
    log, index = log_paths(tmp_path, RUN, KEY)
    whole = index.read_bytes()
    ends = [len(b"".join(CHUNKS[:count])) for count in range(len(CHUNKS) + 1)]
    for at in range(len(DATA) + 1):
        log.write_bytes(DATA[:at])
        index.write_bytes(whole)
        writer = await store.open(RUN, KEY)
        assert writer.position.raw_offset == max(end for end in ends if end <= at)
        await writer.close()
        await finish(store)


async def test_records_of_zeros_after_a_power_cut_are_cut_away(tmp_path: Path, store: FileLogStore) -> None:
    await written(store)
    _, index = log_paths(tmp_path, RUN, KEY)
    whole = index.read_bytes()
    index.write_bytes(whole[: -2 * records.RECORD_BYTES] + bytes(3 * records.RECORD_BYTES))
    writer = await store.open(RUN, KEY)
    assert writer.position.raw_offset == len(CHUNKS[0] + CHUNKS[1])
    await writer.close()
    await finish(store)


async def test_bytes_without_a_record_are_cut_away(tmp_path: Path, store: FileLogStore) -> None:
    await written(store)
    log, _ = log_paths(tmp_path, RUN, KEY)
    with log.open("ab") as file:
        file.write(b"torn")
    assert await store.read(RUN, KEY, 0, 1000) == DATA
    await finish(store)


async def test_a_log_that_lost_its_index_is_not_emptied(tmp_path: Path, store: FileLogStore) -> None:
    await written(store)
    log, index = log_paths(tmp_path, RUN, KEY)
    index.unlink()
    with pytest.raises(StoreDamaged, match="lost its index"):
        await store.open(RUN, KEY)
    assert log.read_bytes() == DATA


async def test_a_foreign_or_newer_index_is_not_touched(tmp_path: Path, store: FileLogStore) -> None:
    await written(store)
    log, index = log_paths(tmp_path, RUN, KEY)
    body = index.read_bytes()[:8] + b"\x02\x00" + index.read_bytes()[10:36]
    newer = body + zlib.crc32(body).to_bytes(4, "little")
    for content, error in ((b"#" * 500, StoreDamaged), (newer, StoreRefused)):
        index.write_bytes(content)
        with pytest.raises(error):
            await store.open(RUN, KEY)
        assert (index.read_bytes(), log.read_bytes()) == (content, DATA)


async def test_files_and_folders_are_for_their_owner_alone(tmp_path: Path, store: FileLogStore) -> None:
    await written(store)
    log, index = log_paths(tmp_path, RUN, KEY)
    assert log == tmp_path / "runs" / RUN / "logs" / f"{KEY}.log"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (log, index)} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (log.parent, log.parent.parent)} == {0o700}


async def test_a_full_disk_stores_nothing_of_the_chunk_and_the_same_bytes_can_be_given_again(
    tmp_path: Path, store: FileLogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await store.open(RUN, KEY)
    await writer.append(0, DATA[:5], 1.0)
    real, room = os.pwrite, [3, 0, 0]

    def full(fd: int, data: memoryview, offset: int) -> int:
        # A disk that takes a part, and then nothing.
        if left := room.pop(0):
            return real(fd, data[:left], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    for _ in range(2):
        with pytest.raises(StoreFailed, match="No space left on device"):
            await writer.append(5, DATA[5:], 2.0)
        assert writer.position.raw_offset == 5
        assert await store.read(RUN, KEY, 0, 1000) == DATA[:5]
    monkeypatch.setattr(os, "pwrite", real)
    assert (await writer.append(5, DATA[5:], 3.0)).raw_offset == len(DATA)
    assert await store.read(RUN, KEY, 0, 1000) == DATA


async def test_sync_reaches_the_bytes_before_the_index_and_then_the_names_above_them(
    tmp_path: Path, store: FileLogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    writer = await store.open(RUN, KEY)
    await writer.append(0, DATA, 1.0)
    monkeypatch.setattr(os, "fsync", fsync)
    await writer.sync()
    log, index = log_paths(tmp_path, RUN, KEY)
    folders = [log.parent, log.parent.parent, log.parent.parent.parent, tmp_path]
    assert synced == [str(path) for path in (log, index, *folders)]
    await writer.sync()
    assert synced[6:] == [str(log), str(index)]


async def test_a_failed_fsync_is_said_so_that_the_hosts_copy_is_kept(
    store: FileLogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await store.open(RUN, KEY)
    await writer.append(0, DATA, 1.0)

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreFailed, match="not safe on disk"):
        await writer.sync()


async def test_chunks_that_pile_up_are_written_together(store: FileLogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    real = os.pwrite

    def count(fd: int, data: memoryview, offset: int) -> int:
        writes.append(len(data))
        return real(fd, data, offset)

    writer = await store.open(RUN, KEY)
    monkeypatch.setattr(os, "pwrite", count)
    await asyncio.gather(*(writer.append(2 * number, b"x\n", 1.0) for number in range(100)))
    assert writer.position.lines == 100
    # Two writes a batch; the first may hold one chunk, the rest piled up behind it.
    assert len(writes) <= 20


async def test_a_closed_store_leaves_no_file_open(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    store = FileLogStore(tmp_path)
    writer = await store.open(RUN, KEY)
    await writer.append(0, DATA, 1.0)
    await store.tail(RUN, KEY, 10)
    await store.close()
    await writer.close()
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ValueError, match="closed"):
        await store.open(RUN, KEY)


async def test_a_masked_log_cut_at_any_record_goes_on_to_the_same_file(tmp_path: Path, store: FileLogStore) -> None:
    mask = Mask({"PASS": ["hunter22"], "KEY": ["22hunt"]})
    raw = b"a hunter22hunter22 b\nhunt\nhunter hunter2 aHVudGVyMjI=\naHVu\ndGVyMjI= 22hun"
    expected = mask.whole(raw)
    writer = await store.open(RUN, KEY, mask)
    for at in range(0, len(raw), 3):
        await writer.append(at, raw[at : at + 3], 1.0)
    await writer.end(1.0)
    await writer.close()
    log, index = log_paths(tmp_path, RUN, KEY)
    file, whole = log.read_bytes(), index.read_bytes()
    assert file == expected
    for count in range(records.whole_records(len(whole)) + 1):
        log.write_bytes(file)
        index.write_bytes(whole[: records.record_position(count)])
        writer = await store.open(RUN, KEY, mask)
        for at in range(writer.position.raw_offset, len(raw), 5):
            await writer.append(at, raw[at : at + 5], 2.0)
        await writer.end(2.0)
        await writer.close()
        assert log.read_bytes() == expected, count
        assert await store.position(RUN, KEY) == LogPosition(
            raw_offset=len(raw), file_bytes=len(expected), lines=expected.count(b"\n")
        )


async def test_records_of_a_masked_log_stay_close_together(tmp_path: Path, store: FileLogStore) -> None:
    mask = Mask({"A_RATHER_LONG_NAME_FOR_A_SECRET": ["hunter22"]})
    writer = await store.open(RUN, KEY, mask)
    await writer.append(0, b"hunter22\n" * 100_000, 1.0)
    await writer.close()
    _, index = log_paths(tmp_path, RUN, KEY)
    raw = index.read_bytes()
    found = [records.decode(raw, records.record_position(n)) for n in range(records.whole_records(len(raw)))]
    offsets = [0, *(one.file_offset for one in found if one is not None)]
    assert max(b - a for a, b in pairwise(offsets)) <= records.MAX_BLOCK_BYTES


async def test_a_masked_block_that_could_not_be_written_is_written_again_the_same(
    store: FileLogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await store.open(RUN, KEY, Mask({"PASS": ["hunter22"]}))
    await writer.append(0, b"it is hunt", 1.0)

    def full(fd: int, data: bytes, offset: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_files, "_write_at", full)
        with pytest.raises(StoreFailed):
            await writer.append(10, b"er22!", 2.0)
    await writer.append(10, b"er22!", 3.0)
    await writer.close()
    assert await store.read(RUN, KEY, 0, 100) == b"it is [secret PASS]!"


async def test_logs_that_are_made_durable_together_share_what_they_share_and_fail_alone(
    store: FileLogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers = [await store.open(RUN, f"{KEY}{number}") for number in range(3)]
    for writer in writers:
        await writer.append(0, DATA, 1.0)
    synced: list[str] = []
    broken = str(log_paths(tmp_path, RUN, f"{KEY}1")[0])
    begun, go_on = threading.Event(), threading.Event()

    def fsync(fd: int) -> None:
        name = os.readlink(f"/proc/self/fd/{fd}")
        synced.append(name)
        if len(synced) == 1:
            begun.set()
            assert go_on.wait(30)
        if name == broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(log_flush, "PATIENCE_S", 60.0)
    monkeypatch.setattr(os, "fsync", fsync)
    first = asyncio.create_task(writers[0].sync())
    assert await asyncio.to_thread(begun.wait, 30)
    others = asyncio.gather(*(writer.sync() for writer in writers[1:]), return_exceptions=True)
    await asyncio.sleep(0)
    go_on.set()
    await first
    failed, fine = await others
    assert isinstance(failed, StoreFailed)
    assert fine is None
    # Each turn makes new names durable once, and what is above them once for all.
    assert synced.count(str(tmp_path / "runs" / RUN / "logs")) == 2
    assert synced.count(str(tmp_path)) == 1


async def test_a_small_log_does_not_wait_for_a_huge_one(
    store: FileLogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge, small = await store.open(RUN, KEY), await store.open(RUN, f"{KEY}1")
    await huge.append(0, b"x" * (2 << 20), 1.0)
    await small.append(0, DATA, 1.0)
    huge_log = str(log_paths(tmp_path, RUN, KEY)[0])
    reached, go_on = threading.Event(), threading.Event()
    real = os.fsync

    def fsync(fd: int) -> None:
        if os.readlink(f"/proc/self/fd/{fd}") == huge_log:
            reached.set()
            assert go_on.wait(30)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    waiting = asyncio.create_task(huge.sync())
    assert await asyncio.to_thread(reached.wait, 30)
    await small.sync()
    assert not waiting.done()
    go_on.set()
    await waiting
