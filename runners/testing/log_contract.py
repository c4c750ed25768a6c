"""What every ``LogStore`` must keep. A test module subclasses this and gives the fixture ``store``."""

from __future__ import annotations

import asyncio

import pytest

from runners.ports.log_store import LogPosition, LogStore
from runners.streams.mask import Mask

MASK = Mask({"PASS": ["hunter22"]})
RUN, KEY = "01JD0000000000000000000001", "01JD0000000000000000000001.3.1.2"


class LogStoreContract:
    """The promises of ``runners/ports/log_store.py``."""

    async def test_a_new_log_starts_at_zero_and_reads_empty(self, store: LogStore) -> None:
        assert await store.position(RUN, KEY) == LogPosition()
        assert await store.tail(RUN, KEY, 100) == b""
        assert await store.read(RUN, KEY, 0, 100) == b""
        writer = await store.open(RUN, KEY)
        assert writer.position == LogPosition()

    async def test_chunks_come_back_as_one_log_byte_for_byte(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        assert await writer.append(0, b"one\ntwo", 1.0) == LogPosition(raw_offset=7, file_bytes=7, lines=1)
        assert await writer.append(7, b"\n\xff\x00\r\n", 2.0) == LogPosition(raw_offset=12, file_bytes=12, lines=3)
        assert await store.read(RUN, KEY, 0, 100) == b"one\ntwo\n\xff\x00\r\n"
        assert await store.read(RUN, KEY, 4, 3) == b"two"
        assert await store.read(RUN, KEY, 12, 5) == b""
        assert await store.position(RUN, KEY) == writer.position

    async def test_a_chunk_seen_before_changes_nothing_and_an_overlap_is_cut(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"abcdef", 1.0)
        assert (await writer.append(2, b"cd", 2.0)).raw_offset == 6
        assert (await writer.append(4, b"efgh\n", 2.0)).raw_offset == 9
        assert await store.read(RUN, KEY, 0, 100) == b"abcdefgh\n"

    async def test_a_gap_is_refused_and_nothing_of_the_chunk_is_written(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"abc", 1.0)
        with pytest.raises(ValueError, match="missing"):
            await writer.append(4, b"e", 2.0)
        assert writer.position.raw_offset == 3
        assert (await writer.append(3, b"d", 2.0)).raw_offset == 4
        assert await store.read(RUN, KEY, 0, 100) == b"abcd"

    async def test_an_empty_chunk_moves_nothing(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"a\n", 1.0)
        assert await writer.append(2, b"", 2.0) == LogPosition(raw_offset=2, file_bytes=2, lines=1)

    async def test_a_log_has_one_writer_at_a_time(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        with pytest.raises(ValueError, match="one writer"):
            await store.open(RUN, KEY)
        await writer.close()
        await (await store.open(RUN, KEY)).close()

    async def test_a_log_opened_again_goes_on_where_it_was(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"first\n", 1.0)
        await writer.sync()
        await writer.close()
        again = await store.open(RUN, KEY)
        assert again.position == LogPosition(raw_offset=6, file_bytes=6, lines=1)
        await again.append(6, b"second\n", 2.0)
        assert await store.read(RUN, KEY, 0, 100) == b"first\nsecond\n"

    async def test_after_close_nothing_can_be_appended_or_synced(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"kept", 1.0)
        await writer.close()
        await writer.close()
        with pytest.raises(ValueError, match="closed"):
            await writer.append(4, b"more", 2.0)
        with pytest.raises(ValueError, match="closed"):
            await writer.sync()
        assert await store.read(RUN, KEY, 0, 100) == b"kept"

    async def test_the_tail_begins_with_a_whole_line(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"first line\nsecond\nthird\n", 1.0)
        assert await store.tail(RUN, KEY, 100) == b"first line\nsecond\nthird\n"
        assert await store.tail(RUN, KEY, 13) == b"second\nthird\n"
        assert await store.tail(RUN, KEY, 12) == b"third\n"
        assert await store.tail(RUN, KEY, 4) == b"ird\n"
        assert await store.tail(RUN, KEY, 0) == b""

    async def test_the_tail_keeps_an_open_last_line(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        await writer.append(0, b"done\npartial", 1.0)
        assert await store.tail(RUN, KEY, 9) == b"partial"
        assert await store.tail(RUN, KEY, 3) == b"ial"

    async def test_many_logs_grow_at_the_same_time_without_mixing(self, store: LogStore) -> None:
        async def write(number: int) -> None:
            writer = await store.open(RUN, f"{KEY}{number}")
            line, at = b"%d\n" % number, 0
            for _ in range(20):
                at = (await writer.append(at, line, 1.0)).raw_offset
            await writer.sync()
            await writer.close()

        await asyncio.gather(*map(write, range(30)))
        for number in range(30):
            assert await store.read(RUN, f"{KEY}{number}", 0, 10_000) == b"%d\n" % number * 20

    async def test_chunks_appended_without_waiting_keep_their_order(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        chunks = [b"%03d\n" % number for number in range(200)]
        await asyncio.gather(*(writer.append(4 * number, chunk, 1.0) for number, chunk in enumerate(chunks)))
        assert await store.read(RUN, KEY, 0, 10_000) == b"".join(chunks)
        assert writer.position == LogPosition(raw_offset=800, file_bytes=800, lines=200)

    async def test_a_large_chunk_comes_back_whole(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY)
        data = bytes(range(256)) * 4096 * 3
        assert await writer.append(0, data, 1.0) == LogPosition(
            raw_offset=len(data), file_bytes=len(data), lines=4096 * 3
        )
        assert await store.read(RUN, KEY, 0, len(data) + 1) == data

    async def test_a_masked_log_holds_no_secret_whatever_pieces_it_came_in(self, store: LogStore) -> None:
        writer = await store.open(RUN, KEY, MASK)
        at = 0
        for piece in (b"user root pass hunt", b"er2", b"2 ok\n", b"hunting\nhunte"):
            at = (await writer.append(at, piece, 1.0)).raw_offset
        assert at == 40
        assert await store.read(RUN, KEY, 0, 100) == b"user root pass [secret PASS] ok\nhunting\n"
        assert (await store.position(RUN, KEY)).raw_offset == 35
        assert (await writer.end(2.0)).lines == 2
        assert await store.read(RUN, KEY, 0, 100) == b"user root pass [secret PASS] ok\nhunting\nhunte"
        assert (await store.position(RUN, KEY)).raw_offset == 40

    @pytest.mark.parametrize("cut", range(40))
    async def test_a_masked_log_opened_again_anywhere_ends_the_same(self, store: LogStore, cut: int) -> None:
        raw = b"hunter22hunter22 hunthunter2 hunter22 hu"
        writer = await store.open(RUN, KEY, MASK)
        await writer.append(0, raw[:cut], 1.0)
        await writer.close()
        again = await store.open(RUN, KEY, MASK)
        begin = again.position.raw_offset
        assert begin <= cut
        for at in range(begin, len(raw)):
            await again.append(at, raw[at : at + 1], 2.0)
        assert again.position.raw_offset == len(raw)
        await again.end(3.0)
        assert await store.read(RUN, KEY, 0, 100) == b"[secret PASS] hunthunter2 [secret PASS] hu"
        assert (await store.position(RUN, KEY)).raw_offset == len(raw)

    async def test_a_name_that_would_leave_its_folder_is_refused(self, store: LogStore) -> None:
        for run, key in (("..", KEY), (RUN, "../x"), (RUN, ""), (RUN, "a/b"), ("", KEY)):
            with pytest.raises(ValueError, match="name of a log"):
                await store.open(run, key)
