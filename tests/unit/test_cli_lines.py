"""Lines of logs: from the disk that the command shares with the controller, else from the controller."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.adapters.log_paths import log_paths
from tui.cli import lines
from tui.cli.lines import LinePrinter
from tui.cli.session import Line

RUN, KEY = "01JD", "01JD.1.1.1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONDUTY_HOME", str(tmp_path))
    log_paths(tmp_path, RUN, KEY)[0].parent.mkdir(parents=True)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Offsets and sizes for which the controller was asked, which has ``from afar`` to say."""
    found: list[tuple[int, int]] = []

    async def read_log(line: Line, uid: str, key: str, offset: int, most: int) -> bytes:
        found.append((offset, most))
        return b"from afar\n"[offset : offset + most]

    monkeypatch.setattr(lines, "read_log", read_log)
    return found


async def printed(size: int | None) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    async with LinePrinter(RUN, lambda prefix, line: found.append((prefix, line))) as printer:
        printer.opened(KEY, "web1 a| ")
        await printer.ended(KEY, size)
    return found


async def test_a_log_on_the_same_disk_is_read_there_and_no_further_than_the_controller_says(
    home: Path, asked: list[tuple[int, int]]
) -> None:
    log_paths(home, RUN, KEY)[0].write_bytes(b"one\ntwo\nnot told of yet")
    assert await printed(8) == [("web1 a| ", b"one"), ("web1 a| ", b"two")]
    assert asked == []


async def test_a_log_that_is_not_there_or_too_short_is_asked_for(home: Path, asked: list[tuple[int, int]]) -> None:
    assert await printed(10) == [("web1 a| ", b"from afar")]
    assert asked == [(0, 10)]
    log_paths(home, RUN, KEY)[0].write_bytes(b"from ")
    assert await printed(10) == [("web1 a| ", b"from afar")]
    assert asked[1:] == [(5, 5)]


async def test_how_far_a_log_goes_is_asked_where_nobody_said(home: Path, asked: list[tuple[int, int]]) -> None:
    log_paths(home, RUN, KEY)[0].write_bytes(b"one\n")
    assert await printed(None) == [("web1 a| ", b"from afar")]


async def test_a_link_in_the_place_of_a_log_is_not_followed(home: Path, asked: list[tuple[int, int]]) -> None:
    log_paths(home, RUN, KEY)[0].symlink_to("/etc/hostname")
    assert await printed(10) == [("web1 a| ", b"from afar")]
