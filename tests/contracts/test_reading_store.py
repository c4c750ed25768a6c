"""The series of readings kept with a run: the promises, on disk and in memory, and what a kill leaves."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from runners.adapters import reading_files
from runners.adapters.reading_files import LocalReadingFiles
from runners.adapters.run_folders import LocalRunFolders
from runners.testing.memory_readings import MemoryReadings
from runners.testing.reading_contract import RUN, ReadingStoreContract, series


class TestMemoryReadings(ReadingStoreContract):
    @pytest.fixture
    def store(self) -> MemoryReadings:
        return MemoryReadings()


class TestReadingFiles(ReadingStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalReadingFiles:
        return LocalReadingFiles(tmp_path)


def file_of(root: Path, host: str = "web1") -> Path:
    return root / "runs" / RUN / "readings" / f"{host}.ndjson"


async def test_they_are_private_small_and_go_with_the_run(tmp_path: Path) -> None:
    await LocalReadingFiles(tmp_path).add(RUN, "web1", series(1_795_262_495.0, 1000))
    path = file_of(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.stat().st_size < 64_000
    folders = LocalRunFolders(tmp_path)
    await folders.mark(RUN)
    await folders.remove(RUN)
    assert not path.exists()


async def test_half_a_line_of_a_killed_controller_costs_that_line_alone(tmp_path: Path) -> None:
    await LocalReadingFiles(tmp_path).add(RUN, "web1", series(1.0, 2))
    with file_of(tmp_path).open("ab") as file:
        file.write(b'{"at":5.0,"cpu_pe')
    again = LocalReadingFiles(tmp_path)
    assert await again.read(RUN, "web1") == series(1.0, 2)
    await again.add(RUN, "web1", series(7.0, 1))
    assert await again.read(RUN, "web1") == (*series(1.0, 2), *series(7.0, 1))


async def test_a_disk_that_fills_up_loses_what_did_not_fit_and_nothing_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalReadingFiles(tmp_path)
    await files.add(RUN, "web1", series(1.0, 2))

    def no_room(fd: int, data: bytes) -> None:
        os.write(fd, data[:9])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(reading_files, "_write", no_room)
        with pytest.raises(OSError, match="No space"):
            await files.add(RUN, "web1", series(5.0, 2))
    await files.add(RUN, "web1", series(9.0, 1))
    assert await files.read(RUN, "web1") == (*series(1.0, 2), *series(9.0, 1))


async def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    path.parent.mkdir(parents=True)
    target = tmp_path / "mine"
    target.write_text("precious")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        await LocalReadingFiles(tmp_path).add(RUN, "web1", series(1.0, 1))
    assert target.read_text() == "precious"
