"""The selected host in the strip: its figures, what goes when it gets tight, and how old they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from runners.model.metrics import HostReading, Room
from tests.screens import scenes
from tests.unit.view_text import text_of, token_of
from tui.view.glyphs import ASCII, UNICODE
from tui.view.rows import Row, width_of
from tui.view.strip import strip_row

ROOT = Room(mount="/", size_bytes=1000, free_bytes=90, used_percent=91.0)
SCENE = scenes.failed_scene()
NOW_UTC = SCENE.here.now_utc
SERIES = tuple(
    HostReading(at=NOW_UTC - 2 * (19 - number), cpu_percent=71.0, memory_percent=43.0, rooms=(ROOT,))
    for number in range(20)
)


def strip(room: int, *readings: HostReading) -> Row:
    scene = replace(SCENE, readings={"web3": readings})
    row = strip_row(scene, room, ASCII, with_host=True)
    assert width_of(row.left) + 3 + width_of(row.right) <= room or not row.right
    return row


def test_the_selected_host_stands_at_the_right_of_the_strip() -> None:
    row = strip(116, *SERIES)
    assert text_of(row, 116).endswith(
        "failed 1   unknown 0                   web3  cpu 71% **********   mem 43%   disk 91%"
    )
    assert token_of(row, "91%").token == "warn"
    assert token_of(row, "71%").token == "text"


@pytest.mark.parametrize(
    ("room", "shown"),
    [(110, "web3  cpu 71% **********   mem 43%   disk 91%"), (98, "web3  cpu 71%   mem 43%   disk 91%"),
     (88, "web3  cpu 71%   disk 91%"), (76, "web3  disk 91%"), (60, "unknown 0")],
)  # fmt: skip
def test_what_the_strip_has_no_room_for_goes_and_the_disk_stays_longest(room: int, shown: str) -> None:
    assert text_of(strip(room, *SERIES), room).endswith(shown)


def test_figures_that_are_old_are_faint_and_say_so() -> None:
    row = strip(116, changed(SERIES[-1], at=NOW_UTC - 46))
    assert text_of(row, 116).endswith("web3  cpu 71%   mem 43%   disk 91%   46s old")
    assert {span.token for span in row.right if span.text.strip()} == {"faint"}


def test_a_host_that_nobody_measured_takes_no_place() -> None:
    assert strip_row(SCENE, 116, UNICODE, with_host=True).right == ()
    assert strip(116, HostReading(at=NOW_UTC, load=1.0)).right == ()
    with_pane = replace(SCENE, readings={"web3": SERIES})
    assert strip_row(with_pane, 116, UNICODE, with_host=False).right == ()
