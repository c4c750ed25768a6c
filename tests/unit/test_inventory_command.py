"""A program that prints an inventory: what it is given, and every way in which it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.adapters import inventory_command
from runners.adapters.inventory_command import CommandInventory
from runners.model.errors import InputRefused


def _program(folder: Path, text: str, name: str = "list.sh") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _read(folder: Path, *words: str, timeout_s: float = 30.0) -> str:
    return CommandInventory(words or ("./list.sh",), folder, timeout_s=timeout_s).read().text


def test_program_runs_in_the_folder_of_its_inventory_with_its_words_as_they_are(tmp_path: Path) -> None:
    _program(tmp_path, 'pwd -P; printf "%s\\n" "$@"; cat')
    assert _read(tmp_path, "./list.sh", "--env", "a b;$(x)") == f"{tmp_path.resolve()}\n--env\na b;$(x)\n"


def test_program_without_a_slash_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "echo found", "my-list")
    with pytest.raises(InputRefused, match=r"my-list: no such program on PATH; nothing was started"):
        _read(tmp_path, "my-list")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert _read(tmp_path, "my-list") == "found\n"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "echo some; echo 'no access \033[2J' >&2; exit 3",
            r"./list.sh: ended with 3 \(no access  \[2J\); nothing was",
        ),
        ("exit 1", "./list.sh: ended with 1; nothing was started"),
        ("kill -TERM $$", "./list.sh: ended with -15; nothing was started"),
        ("printf '\\377'", r"./list.sh: printed no UTF-8 \(byte 0\); nothing was started"),
    ],
)
def test_program_that_fails_is_refused_with_its_last_line(tmp_path: Path, script: str, sentence: str) -> None:
    _program(tmp_path, script)
    with pytest.raises(InputRefused, match=sentence):
        _read(tmp_path)


def test_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"./list.sh: No such file or directory; nothing was started"):
        _read(tmp_path)


def test_program_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    _program(tmp_path, "sleep 600 & wait")
    with pytest.raises(InputRefused, match=r"./list.sh: did not end within 0.3 s; nothing was started"):
        _read(tmp_path, timeout_s=0.3)


def test_program_that_leaves_something_behind_is_not_waited_for(tmp_path: Path) -> None:
    _program(tmp_path, "sleep 5 & echo done")
    assert _read(tmp_path) == "done\n"


def test_program_that_floods_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_command, "MAX_PRINTED_BYTES", 1 << 20)
    _program(tmp_path, "exec yes")
    with pytest.raises(InputRefused, match=r"./list.sh: printed more than 1 MiB; nothing was started"):
        _read(tmp_path)
