"""How a host is, on the screen: graphs with a number, gaps that are gaps, and what was amiss when something failed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from runners.model.metrics import HostReading, JobUse, Room
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator, finished
from tests.screens import scenes
from tests.unit.test_view_why import said
from tests.unit.view_text import texts_of
from tui.view.cells import cells
from tui.view.glyphs import ASCII, UNICODE, Glyphs
from tui.view.host_pane import host_rows
from tui.view.host_state import amiss, state_rows
from tui.view.sparks import spark, step_above
from tui.view.usage import reading_briefly

FULL = Room(mount="/var", size_bytes=1000, free_bytes=0, used_percent=100.0)
ROOT = Room(mount="/", size_bytes=1000, free_bytes=900, used_percent=10.0)
NOW = HostReading(
    at=1000.0,
    cpu_percent=71.0,
    cpus=4,
    memory_percent=43.0,
    memory_total_bytes=8_000_000_000,
    load=3.25,
    disk_read_bytes_per_s=1_000_000.0,
    disk_write_bytes_per_s=500_000.0,
    net_in_bytes_per_s=4_100_000.0,
    pressure={"cpu": 12.0, "io": 0.0},
    rooms=(FULL, ROOT),
    jobs=(JobUse(key="u.1.1.1", cpu_s=62.0, memory_peak_bytes=41_700_000, memory_peak_of="process"),),
)


def test_a_host_in_a_few_rows_each_with_its_number() -> None:
    before = HostReading(at=998.0, cpu_percent=5.0, memory_percent=40.0, rooms=(ROOT,))
    assert texts_of(state_rows((before, NOW), 1000.5, 42, ASCII), 42) == [
        "cpu                          =         71%",
        "memory                       =         43%",
        "disk /var                    =        100%",
        "net                          _    4.1 MB/s",
        "disk i/o                     .    1.5 MB/s",
        "load     3.2 on 4 cpus, cpu pressure 12%",
        "job      1m 02s of cpu, 41.7 MB",
    ]


def test_a_figure_that_a_host_does_not_tell_has_no_row() -> None:
    rows = texts_of(state_rows((HostReading(at=1.0, load=0.5),), 1.0, 42, UNICODE), 42)
    assert rows == ["load     0.5"]
    assert state_rows((), 1.0, 42, UNICODE) == []


def test_an_old_number_says_how_old_it_is() -> None:
    (row,) = texts_of(state_rows((HostReading(at=1.0, cpu_percent=7.0),), 48.0, 42, UNICODE), 42)
    assert row.endswith("7.0% 47s old")


def test_a_number_above_its_threshold_is_loud_and_its_graph_as_well() -> None:
    (row,) = state_rows((HostReading(at=1.0, cpu_percent=97.0),), 1.0, 42, UNICODE)
    assert {span.token for span in (row.left[2], *row.right)} == {"warn"}


@pytest.mark.parametrize(("glyphs", "full", "half", "zero"), [(UNICODE, "⣿", "⣤", "⣀"), (ASCII, "#", "=", "_")])
def test_a_spark_fills_from_the_bottom_and_zero_is_no_gap(glyphs: Glyphs, full: str, half: str, zero: str) -> None:
    assert spark([100, 100, 30, 30, 0, 0, None, None], 4, top=100, glyphs=glyphs) == f"{full}{half}{zero} "
    assert spark([100.0], 3, top=100, glyphs=glyphs)[:2] == "  "


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1e12)), max_size=40),
    st.integers(0, 20),
    st.floats(0, 1e12),
    st.sampled_from([UNICODE, ASCII]),
)
def test_a_spark_is_as_wide_as_asked_whatever_the_values(
    values: list[float | None], width: int, top: float, glyphs: Glyphs
) -> None:
    assert cells(spark(values, width, top=top, glyphs=glyphs)) == width
    assert step_above(values) >= max((value for value in values if value is not None), default=0)


def test_what_can_make_a_job_fail_is_named_and_a_healthy_host_is_not() -> None:
    assert amiss(HostReading(at=1.0, cpu_percent=100.0, memory_percent=80.0, load=2.0, cpus=2, rooms=(ROOT,))) == []
    sick = HostReading(
        at=1.0, memory_percent=99.0, load=31.4, cpus=4, waiting_percent=80.0, pressure={"memory": 60.0}, rooms=(FULL,)
    )
    assert amiss(sick) == [
        "/var is 100% full",
        "memory 99% used",
        "memory pressure 60%",
        "load 31 on 4 processors",
        "waits for its disks 80% of the time",
    ]


def failed_with(reading: HostReading | None) -> Simulator:
    sim = Simulator(plan_of(stage("s", job("a", "web1"))))
    sim.ready()
    sim.tell(replace(finished("s/a@web1", sim.key("a@web1"), 1), host=reading))
    return sim


def test_why_names_what_was_amiss_with_the_host_and_when_that_was_seen() -> None:
    sim = failed_with(replace_at(NOW, 997.0))
    rows = said(scenes.scene_of(sim, "s/a@web1"), 60)
    assert "its host     /var is 100% full, 3s before" in rows
    assert not [row for row in said(scenes.scene_of(failed_with(None), "s/a@web1")) if row.startswith("its host")]


def test_a_mount_that_is_hostile_text_is_made_safe() -> None:
    room = Room(mount="/\x1b]0;x\x07[red]", size_bytes=1, free_bytes=0, used_percent=100.0)
    sim = failed_with(HostReading(at=1.0, rooms=(room,)))
    shown = [*said(scenes.scene_of(sim, "s/a@web1"), 80), reading_briefly(HostReading(at=1.0, rooms=(room,)))]
    assert not [row for row in shown if "\x1b" in row or "\x07" in row]


def test_the_pane_shows_graphs_while_it_is_looked_at_and_else_how_it_was_at_the_failure() -> None:
    scene = scenes.scene_of(failed_with(replace_at(NOW, 997.0)), "s/a@web1")
    rows = texts_of(host_rows(scene, 42, UNICODE), 42)
    at = next(number for number, row in enumerate(rows) if row.startswith("when it failed"))
    assert rows[at + 1].startswith("seen     ")
    assert rows[at + 2].startswith("cpu ")
    live = replace(scene, readings={"web1": (NOW,)})
    assert texts_of(host_rows(live, 42, UNICODE), 42)[0].startswith("cpu ")


def replace_at(reading: HostReading, at: float) -> HostReading:
    return changed(reading, at=at)


def test_a_column_has_the_three_figures_that_matter() -> None:
    assert reading_briefly(NOW) == "cpu 71%, memory 43%, /var 100%"
    assert reading_briefly(HostReading(at=1.0)) == ""
