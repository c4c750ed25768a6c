"""Lines of a log as plain text: for files and the clipboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from tests.screens.logs import MemoryLog, at
from tui.screens.log_save import Saving
from tui.view.line_bits import LineBits, ShownLines
from tui.view.log_document import LineAt, LogDocument
from tui.view.log_filtered import FilteredDocument
from tui.view.log_text import shown_runs, text_of
from tui.view.safe_text import own


def test_all_lines_with_times_heads_and_gutter() -> None:
    first = MemoryLog([b"one", b"two\x1b[2J"], [at("12:00:01"), at("12:00:02")], 2)
    second = MemoryLog([b"x" * 200_000], [at("12:00:03")], 1)
    document = LogDocument([2, 1], [0, 0])
    runs = shown_runs(document, LineAt(0, 0), LineAt(1, 0))
    pieces = list(text_of(runs, [first, second], [lambda line: own("web1"), None], heads=["a", "b"], zone=UTC))
    text = "".join(text + "\n" * ends for text, ends in pieces)
    assert text == ("--- a\n12:00:01  web1  one\n12:00:02  web1  two\n--- b\n12:00:03  " + "x" * 200_000 + "\n")


def test_only_what_a_filter_leaves_between_two_lines() -> None:
    log = MemoryLog([b"%d" % number for number in range(3000)], lines=3000)
    found = LineBits()
    found.put(0, sum(1 << number for number in range(0, 3000, 7)) | 0b111000, 3000)
    shown = ShownLines(found)
    shown.update(3000, found.take_changed())
    document = FilteredDocument([3000], [shown])
    runs = list(shown_runs(document, LineAt(0, 1), LineAt(0, 2000)))
    lines = [int(text) for text, _ in text_of(iter(runs), [log])]
    assert lines == [3, 4, 5, *range(7, 2001, 7)]
    assert list(shown_runs(LogDocument([3000], [0]), LineAt(0, 10), LineAt(0, 1500)))[-1] == (LineAt(0, 1010), 491)


def test_a_file_is_never_written_over_and_goes_when_it_cannot_be_finished(tmp_path: Path) -> None:
    for name in ("deploy-api-42-web3-1.log", "deploy-api-42-web3-1-2.log"):
        saving = Saving()
        saving.write(tmp_path, "../deploy-api/42-web3-1", iter([("one", 1), ("tw", 0), ("o", 1)]))
        assert saving.path == tmp_path / name
        assert saving.path.read_text() == "one\ntwo\n"
        assert (saving.lines, saving.size_bytes) == (2, 8)
        assert saving.path.stat().st_mode & 0o777 == 0o600

    def broken() -> Iterator[tuple[str, int]]:
        yield "one", 1
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Saving().write(tmp_path, "broken", broken())
    Saving(stopped=True).write(tmp_path, "stopped", iter([("one", 1)]))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "deploy-api-42-web3-1-2.log",
        "deploy-api-42-web3-1.log",
    ]
