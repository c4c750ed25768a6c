"""The variable files beside an Ansible inventory, as they are found on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.adapters import vars_files
from runners.adapters.vars_files import read_vars_files
from runners.model.errors import InputRefused


def _write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_files_and_folders_are_read_by_their_path_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    for name in ("group_vars/all.yml", "group_vars/web/a", "group_vars/web/b.json", "host_vars/foo.example.com"):
        _write(tmp_path / name, f"x: {name}")
    for name in ("group_vars/.git/config", "group_vars/.x.yml", "group_vars/web/c.txt", "group_vars/web/.d", "other/y"):
        _write(tmp_path / name, b"\xff")
    assert read_vars_files(tmp_path) == {
        name: f"x: {name}"
        for name in ("group_vars/all.yml", "group_vars/web/a", "group_vars/web/b.json", "host_vars/foo.example.com")
    }


def test_inventory_without_variables_has_none(tmp_path: Path) -> None:
    assert read_vars_files(tmp_path) == {}


def test_link_that_leads_back_is_followed_once(tmp_path: Path) -> None:
    _write(tmp_path / "group_vars" / "web" / "a.yml", "x: 1")
    (tmp_path / "group_vars" / "web" / "again").symlink_to(tmp_path / "group_vars")
    assert read_vars_files(tmp_path)["group_vars/web/a.yml"] == "x: 1"


def test_file_that_is_not_utf8_is_refused_by_name(tmp_path: Path) -> None:
    _write(tmp_path / "host_vars" / "a.yml", b"x: \xff")
    with pytest.raises(InputRefused, match=r"host_vars/a.yml: not UTF-8 \(byte 3\); nothing was started"):
        read_vars_files(tmp_path)


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vars_files, "MAX_TOTAL_BYTES", 1 << 20)
    _write(tmp_path / "group_vars" / "a", "#" * (1 << 20))
    _write(tmp_path / "group_vars" / "b", "x: 1")
    with pytest.raises(InputRefused, match="more than 1 MiB of variables; nothing was started"):
        read_vars_files(tmp_path)
