"""What every host's courier must keep, on real disks. A test module subclasses this and gives the fixture ``lab``.

The host's disk must be visible from the test's machine: that is where the promises are checked.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runners.model.errors import HostRefused, SessionLost
from runners.ports.courier import Courier
from runners.ports.transport import HostSession
from runners.testing.host_lab import HostLab, noise_of, until
from runners.testing.recording_sink import RecordingSink
from runners.testing.transport_contract import WORKDIR, connect

LARGE_BYTES = 20 * 1024 * 1024
PIECE_BYTES = 1 << 18


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    """The bytes, as an upload reads them."""
    for at in range(0, len(data), PIECE_BYTES):
        yield data[at : at + PIECE_BYTES]


async def put(courier: Courier, dest: str, data: bytes, *, mode: int = 0o644, sha256: str | None = None) -> bool:
    """Send ``data``, said to have ``sha256``."""
    wanted = sha256 or hashlib.sha256(data).hexdigest()
    return await courier.put(dest, pieces(data), size_bytes=len(data), sha256=wanted, mode=mode, tag="u.1.1.1.1")


class CourierContract:
    """The promises of ``runners/ports/courier.py``."""

    async def test_a_file_arrives_whole_under_its_name_with_its_mode(self, lab: HostLab) -> None:
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            for size in (0, 1, 65_535, 65_536, 65_537, 300_000):
                data = noise_of(size)
                assert await put(courier, f"made/on the way/{size}", data, mode=0o640)
                path = lab.home / "made/on the way" / str(size)
                assert path.read_bytes() == data
                assert path.stat().st_mode & 0o777 == 0o640
            assert _left_behind(lab) == []
            await courier.close()

    async def test_the_same_content_is_not_sent_again_and_the_mode_is_set_all_the_same(self, lab: HostLab) -> None:
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            assert await put(courier, "a", b"hello", mode=0o600)
            assert not await put(courier, "a", b"hello", mode=0o755)
            assert (lab.home / "a").stat().st_mode & 0o777 == 0o755
            assert await put(courier, "a", b"other", mode=0o600)
            assert (lab.home / "a").read_bytes() == b"other"
            await courier.close()

    async def test_relative_paths_start_in_the_work_folder_of_the_attempt(self, lab: HostLab) -> None:
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, None)
            await put(courier, "here", b"x")
            assert (Path(session.facts.state_dir) / "work" / WORKDIR / "here").read_bytes() == b"x"
            await courier.close()

    async def test_bytes_with_another_sum_are_not_put_into_place(self, lab: HostLab) -> None:
        (lab.home / "a").write_bytes(b"before")
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            with pytest.raises(HostRefused, match="a arrived with another sha256 than it has here"):
                await put(courier, "a", b"hello", sha256="0" * 64)
            assert (lab.home / "a").read_bytes() == b"before"
            assert _left_behind(lab) == []
            # It takes the next one.
            assert await put(courier, "b", b"hello")
            await courier.close()

    async def test_a_link_at_the_place_of_the_file_is_replaced_and_not_followed(self, lab: HostLab) -> None:
        (lab.home / "real").write_bytes(b"untouched")
        (lab.home / "link").symlink_to(lab.home / "real")
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            await put(courier, "link", b"new")
            assert (lab.home / "real").read_bytes() == b"untouched"
            assert not (lab.home / "link").is_symlink()
            await courier.close()

    async def test_what_cannot_be_written_is_refused_in_words(self, lab: HostLab) -> None:
        (lab.home / "folder").mkdir()
        (lab.home / "file").write_bytes(b"")
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            with pytest.raises(HostRefused, match="folder is a folder there; write it with / at its end"):
                await put(courier, "folder", b"x")
            with pytest.raises(HostRefused, match="file/below its folder cannot be made there"):
                await put(courier, "file/below", b"x")
            with pytest.raises(HostRefused, match="newline"):
                await put(courier, "a\nb", b"x")
            await courier.close()
            with pytest.raises(HostRefused, match="/no/such/folder: the folder is not there"):
                await session.open_courier(WORKDIR, "/no/such/folder")

    async def test_files_and_folders_are_listed_without_what_is_neither(self, lab: HostLab) -> None:
        top = lab.home / "logs dir"
        (top / "old").mkdir(parents=True)
        (top / "app.log").write_bytes(b"12345")
        (top / "old/b c.log").write_bytes(b"1")
        (top / "current").symlink_to(top / "app.log")
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            found = await courier.list("logs dir")
            assert found.folder
            assert [(file.path, file.size_bytes) for file in found.files] == [("app.log", 5), ("old/b c.log", 1)]
            assert found.left_out == ("current",)
            one = await courier.list(f"{top}/app.log")
            assert (one.folder, [(file.path, file.size_bytes) for file in one.files]) == (False, [("", 5)])
            with pytest.raises(HostRefused, match="nothing is not there, or cannot be read"):
                await courier.list("nothing")
            (top / "a\nb").write_bytes(b"")
            with pytest.raises(HostRefused, match="newline in their name"):
                await courier.list("logs dir")
            await courier.close()

    async def test_a_file_comes_back_byte_for_byte_with_the_hosts_own_sum(self, lab: HostLab) -> None:
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            for size in (0, 1, 99, 100, 300_000):
                data = noise_of(size)
                (lab.home / "f").write_bytes(data)
                assert await _get(courier, "f", size) == (data, hashlib.sha256(data).hexdigest())
            # A log that grew meanwhile gives what it had, one that became shorter gives less.
            assert await _get(courier, "f", 100) == (data[:100], hashlib.sha256(data[:100]).hexdigest())
            assert await _get(courier, "f", 1 << 20) == (data, hashlib.sha256(data).hexdigest())
            with pytest.raises(HostRefused, match="nothing is not there, or cannot be read"):
                await _get(courier, "nothing", 1)
            await courier.close()

    async def test_many_megabytes_go_there_and_back(self, lab: HostLab) -> None:
        data = noise_of(LARGE_BYTES)
        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            assert await put(courier, "large", data)
            digest = hashlib.sha256()
            seen = 0

            async def take(piece: bytes) -> None:
                nonlocal seen
                seen += len(piece)
                digest.update(piece)

            theirs = await courier.get("large", LARGE_BYTES, take)
            assert (seen, theirs, digest.hexdigest()) == (LARGE_BYTES, *[hashlib.sha256(data).hexdigest()] * 2)
            await courier.close()

    async def test_a_link_that_is_cut_in_the_middle_leaves_nothing_behind(self, lab: HostLab) -> None:
        half_way = asyncio.Event()

        async def half() -> AsyncIterator[bytes]:
            yield noise_of(200_000)
            half_way.set()
            await asyncio.Event().wait()

        (lab.home / "a").write_bytes(b"before")
        session = await connect(lab, RecordingSink())
        courier = await session.open_courier(WORKDIR, str(lab.home))
        moving = asyncio.ensure_future(
            courier.put("a", half(), size_bytes=400_000, sha256="0" * 64, mode=0o644, tag="u.1.1.1.1")
        )
        await half_way.wait()
        await until(lambda: _left_behind(lab) != [])
        await lab.cut()
        moving.cancel()
        await asyncio.gather(moving, courier.close(), return_exceptions=True)
        await until(lambda: _left_behind(lab) == [])
        assert (lab.home / "a").read_bytes() == b"before"
        await session.close()
        async with _Session(lab) as again:
            courier = await again.open_courier(WORKDIR, str(lab.home))
            assert await put(courier, "a", noise_of(400_000))
            await courier.close()

    async def test_a_cut_is_heard_by_whoever_moves_something(self, lab: HostLab) -> None:
        (lab.home / "f").write_bytes(noise_of(30_000_000))
        session = await connect(lab, RecordingSink())
        courier = await session.open_courier(WORKDIR, str(lab.home))
        began, go_on = asyncio.Event(), asyncio.Event()

        async def take(piece: bytes) -> None:
            began.set()
            await go_on.wait()

        moving = asyncio.ensure_future(courier.get("f", 30_000_000, take))
        await began.wait()
        await lab.cut()
        go_on.set()
        with pytest.raises(SessionLost):
            await moving
        await courier.close()
        await session.close()

    async def test_closing_it_stops_what_is_moved_and_the_session_lives_on(self, lab: HostLab) -> None:
        async def half() -> AsyncIterator[bytes]:
            yield noise_of(100_000)
            await asyncio.Event().wait()

        async with _Session(lab) as session:
            courier = await session.open_courier(WORKDIR, str(lab.home))
            moving = asyncio.ensure_future(
                courier.put("a", half(), size_bytes=400_000, sha256="0" * 64, mode=0o644, tag="u.1.1.1.1")
            )
            await until(lambda: _left_behind(lab) != [])
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
            await courier.close()
            await until(lambda: _left_behind(lab) == [])
            assert not (lab.home / "a").exists()
            assert (await session.ask(["u.1.1.1"]))[0].key == "u.1.1.1"


class _Session:
    def __init__(self, lab: HostLab) -> None:
        self._lab = lab

    async def __aenter__(self) -> HostSession:
        self._session = await connect(self._lab, RecordingSink())
        return self._session

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()


async def _get(courier: Courier, path: str, size: int) -> tuple[bytes, str]:
    found = bytearray()

    async def take(piece: bytes) -> None:
        found.extend(piece)

    theirs = await courier.get(path, size, take)
    return bytes(found), theirs


def _left_behind(lab: HostLab) -> list[Path]:
    return [path for path in lab.home.rglob(".onduty-*") if path.is_file()]
