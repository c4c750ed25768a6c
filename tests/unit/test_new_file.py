"""Files that a person saves: new ones, for nobody else, under names that are only names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.screens import new_file as module
from tui.screens.new_file import new_file


def saved(folder: Path, stem: str) -> Path:
    path, file = new_file(folder, stem, "log")
    with file:
        file.write(b"x")
    return path


def test_it_is_for_its_owner_alone_and_the_next_one_has_another_name(tmp_path: Path) -> None:
    paths = [saved(tmp_path, "deploy-api/42-web3@2") for _ in range(3)]
    assert [path.name for path in paths] == [f"deploy-api-42-web3@2{end}.log" for end in ("", "-2", "-3")]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


@pytest.mark.parametrize("target", ["mine", "not there"])
def test_a_link_in_its_place_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "run.log").symlink_to(tmp_path / target)
    assert saved(tmp_path, "run").name == "run-2.log"
    assert (tmp_path / "mine").read_text() == "precious"
    assert not (tmp_path / "not there").exists()


@pytest.mark.parametrize("stem", ["../../etc/passwd", "\x1b[2J", "..", "", "a" * 4000, "-rf"])
def test_no_name_leaves_the_folder_or_reads_as_an_option(tmp_path: Path, stem: str) -> None:
    path = saved(tmp_path, stem)
    assert path.parent == tmp_path
    assert path.name.isprintable()
    assert not path.name.startswith(("-", "."))


def test_it_gives_up_after_so_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_NAMES", 3)
    saved(tmp_path, "run")
    saved(tmp_path, "run")
    with pytest.raises(FileExistsError, match=r"run\.log and 1 more are there already"):
        saved(tmp_path, "run")
