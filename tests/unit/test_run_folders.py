"""The folders of runs on disk: measured, and removed so that a kill in the middle loses and leaves nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners.adapters.run_folders import MARK, LocalRunFolders


def run_folder(root: Path, uid: str, size: int = 10_000) -> Path:
    folder = root / "runs" / uid
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / f"{uid}.1.1.1.log").write_bytes(b"x" * size)
    return folder


async def test_without_a_run_there_is_nothing_to_measure(tmp_path: Path) -> None:
    folders = LocalRunFolders(tmp_path)
    assert await folders.sizes() == {}
    assert await folders.marked() == ()
    assert folders.free_bytes() > 0


async def test_each_run_has_the_size_of_what_lies_in_it(tmp_path: Path) -> None:
    run_folder(tmp_path, "A", 100_000)
    run_folder(tmp_path, "B", 10)
    sizes = await LocalRunFolders(tmp_path).sizes()
    assert 100_000 <= sizes["A"] < 200_000
    assert 0 < sizes["B"] < 50_000


async def test_a_folder_goes_only_when_it_is_marked(tmp_path: Path) -> None:
    folders = LocalRunFolders(tmp_path)
    folder = run_folder(tmp_path, "A")
    await folders.remove("A")
    assert folder.is_dir()
    await folders.mark("A")
    await folders.mark("nobody")
    assert await folders.marked() == ("A",)
    await folders.unmark("A")
    assert await folders.marked() == ()
    await folders.mark("A")
    await folders.remove("A")
    assert not folder.exists()
    assert (tmp_path / "runs").is_dir()


async def test_what_was_cut_off_in_the_middle_is_gone_on_with(tmp_path: Path) -> None:
    folders = LocalRunFolders(tmp_path)
    folder = run_folder(tmp_path, "A")
    await folders.mark("A")
    # As after a kill between the logs and the mark.
    (folder / "logs" / "A.1.1.1.log").unlink()
    (folder / "logs").rmdir()
    assert await folders.marked() == ("A",)
    await folders.remove("A")
    assert not folder.exists()


async def test_a_link_in_a_run_is_removed_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("stays")
    folder = run_folder(tmp_path, "A")
    os.symlink(outside, folder / "files")
    os.symlink(outside, tmp_path / "runs" / "B")
    folders = LocalRunFolders(tmp_path)
    assert "B" not in await folders.sizes()
    await folders.mark("A")
    await folders.remove("A")
    assert (outside / "file").read_text() == "stays"


async def test_a_name_that_leads_out_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        await LocalRunFolders(tmp_path).mark("../elsewhere")
    assert MARK.startswith(".")
