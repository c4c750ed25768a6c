"""What a host says of itself, from healthy, old, small and hostile ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from runners.model.metrics import HostReading, HostSample, JobUse, Room
from runners.model.wire import decode, encode
from runners.remote import request
from runners.remote.notices import Reply, RoomLine, SampleLine, parse_notice
from runners.remote.samples import parse_room, parse_sample, reading_of
from tests.unit.remote_shells import SHELLS, LoadedShell

HEALTHY = """\
stat:cpu  3000 100 700 6000 200 0 5 135 0 0
meminfo:MemTotal:       24684084 kB
meminfo:MemFree:         1000000 kB
meminfo:MemAvailable:   12342042 kB
meminfo:Buffers:            1000 kB
meminfo:SwapTotal:       2000000 kB
meminfo:SwapFree:        1500000 kB
loadavg:3.24 3.85 3.10 2/345 12345
uptime:25000.51 12777.22
diskstats:   8       0 sda 100 0 2000 10 200 0 4000 20 0 30 30
diskstats: 259       0 nvme0n1 1 0 48 10 2 0 96 20 0 30 30
net/dev:  eth0: 515421511   21690    0    0    0     0          0         0  1707129   16493    0    0    0     0 0 0
net/dev:enp3s0:100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0
pressure/cpu:some avg10=24.52 avg60=26.87 avg300=49.22 total=13614394403
pressure/io:some avg10=0.00 avg60=0.10 avg300=0.00 total=5
gauge u.1.1.1 G 250 41208 p .
cpus 4
""".splitlines()


def test_a_healthy_host_is_read_whole() -> None:
    disk = Room(mount="/", size_bytes=100, free_bytes=9, used_percent=91.0)
    assert parse_sample(HEALTHY, (disk,)) == HostSample(
        uptime_s=25000.51,
        cpu_busy=3940.0,
        cpu_stolen=135.0,
        cpu_waiting=200.0,
        cpu_all=10140.0,
        cpus=4,
        memory_total_bytes=24684084 * 1024,
        memory_available_bytes=12342042 * 1024,
        swap_total_bytes=2_048_000_000,
        swap_free_bytes=1_536_000_000,
        load=3.24,
        disk_read_bytes=2048 * 512,
        disk_written_bytes=4096 * 512,
        net_in_bytes=515421611,
        net_out_bytes=1707179,
        pressure={"cpu": 24.52, "io": 0.0},
        rooms=(disk,),
        jobs=(JobUse(key="u.1.1.1", cpu_s=2.5, memory_peak_bytes=41208 * 1024, memory_peak_of="process"),),
    )


def test_two_looks_make_rates_and_one_makes_none() -> None:
    before = parse_sample(HEALTHY)
    later = [
        line.replace("3000 100 700 6000 200", "3080 100 720 6100 200")
        .replace("25000.51", "25002.51")
        .replace("100 0 2000 10 200 0 4000", "100 0 2004 10 200 0 4400")
        .replace("515421511", "515423511")
        for line in HEALTHY
    ]
    first = reading_of(None, before, at_utc=5.04)
    assert (first.cpu_percent, first.disk_read_bytes_per_s, first.net_in_bytes_per_s) == (None, None, None)
    assert (first.at, first.memory_percent, first.swap_percent, first.load) == (5.0, 50.0, 25.0, 3.24)
    now = reading_of(before, parse_sample(later), at_utc=7.0)
    assert (now.cpu_percent, now.waiting_percent, now.stolen_percent) == (50.0, 0.0, 0.0)
    assert (now.disk_read_bytes_per_s, now.disk_write_bytes_per_s) == (1024.0, 102_400.0)
    assert (now.net_in_bytes_per_s, now.net_out_bytes_per_s) == (1000.0, 0.0)


def test_after_a_reboot_counters_begin_again_and_no_rate_is_made_of_that() -> None:
    before = parse_sample(HEALTHY)
    fresh = parse_sample(["stat:cpu  5 0 5 90 0 0 0 0 0 0", "uptime:3.1 2.0", "net/dev:eth0: 5 1 0 0 0 0 0 0 7 1"])
    now = reading_of(before, fresh, at_utc=1.0)
    assert (now.cpu_percent, now.net_in_bytes_per_s, now.disk_read_bytes_per_s) == (None, None, None)


def test_an_old_kernel_without_an_estimate_counts_what_can_be_given_back() -> None:
    lines = ["meminfo:MemTotal: 1000 kB", "meminfo:MemFree: 100 kB", "meminfo:Buffers: 50 kB", "meminfo:Cached: 350 kB"]
    assert reading_of(None, parse_sample(lines), at_utc=1.0).memory_percent == 50.0


def test_what_a_container_does_not_show_is_absent_and_not_zero() -> None:
    sample = parse_sample(["loadavg:0.00 0.01 0.05 1/2 3"])
    assert sample == HostSample(load=0.0)
    reading = reading_of(sample, sample, at_utc=1.0)
    assert reading == HostReading(at=1.0, load=0.0)


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("/dev/sda1  1000 500 400 56% /", Room(mount="/", size_bytes=1_024_000, free_bytes=409_600, used_percent=55.6)),
        (
            "//nas/a share 2000 2000 0 100% /mnt/two words",
            Room(mount="/mnt/two words", size_bytes=2_048_000, free_bytes=0, used_percent=100.0),
        ),
        ("proc 0 0 0 0% /proc", Room(mount="/proc", size_bytes=0, free_bytes=0, used_percent=0.0)),
        ("Filesystem 1024-blocks Used Available Capacity Mounted on", None),
        ("/dev/sda1 1000 -5 400 56% /", None),
        ("/dev/sda1 1000 5 400 56%", None),
        ("", None),
    ],
)
def test_a_line_of_df_is_a_filesystem_or_nothing(line: str, room: Room | None) -> None:
    assert parse_room(line) == room


NAMES = st.sampled_from(
    ["stat", "meminfo", "loadavg", "uptime", "diskstats", "net/dev", "pressure/cpu", "pressure/io", "gauge u", "cpus"]
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.integers(-5, 1 << 70).map(str),
    st.floats().map(str),
    st.sampled_from(["cpu", "MemTotal:", "MemFree:", "avg10=1e999", "avg10=50", "eth0:", "G", ".", "p", "sda", "١٢"]),
)
LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.tuples(NAMES, st.sampled_from([":", " ", ""]), st.lists(WORDS, max_size=14)).map(
            lambda one: one[0] + one[1] + " ".join(one[2])
        ),
    ),
    max_size=12,
)


@given(LINES, LINES, st.lists(st.text(max_size=60), max_size=3))
def test_no_host_can_make_a_number_that_is_none(first: list[str], then: list[str], rooms: list[str]) -> None:
    disks = [room for room in map(parse_room, rooms) if room is not None]
    before, now = parse_sample(first, disks), parse_sample(then, disks)
    reading = reading_of(before, now, at_utc=1.0)
    for value in structs.asdict(reading).values():
        if isinstance(value, float | int):
            assert math.isfinite(value)
            assert value >= 0
    for percent in (reading.cpu_percent, reading.memory_percent, reading.swap_percent, *reading.pressure.values()):
        assert percent is None or 0 <= percent <= 100
    assert decode(encode(reading), HostReading) == reading


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoadedShell]:
    with LoadedShell(request.param, tmp_path / "home") as loaded:
        yield loaded


def test_each_shell_tells_how_this_machine_is_in_small_lines(shell: LoadedShell) -> None:
    (shell.state / "u.1.1.1.x").write_text("a record\n")
    (shell.state / "u.1.1.1.g").write_text("G 250 41208 p .\n")
    shell.send(request.sample(7, ["u.1.1.1", "u.2.1.1"], rooms=True))
    lines: list[str] = []
    rooms: list[Room] = []
    whole = False
    while not whole or not rooms:
        line = shell.line()
        assert len(line) < 512
        match parse_notice(line):
            case SampleLine(number=7, text=text):
                lines.append(text)
            case RoomLine(text=text):
                rooms += [room] if (room := parse_room(text)) else []
            case Reply(number=7, word="ok"):
                whole = True
            case other:
                raise AssertionError(other)
    sample = parse_sample(lines, rooms)
    assert sample.memory_total_bytes is not None
    assert sample.uptime_s is not None
    assert sample.cpu_all is not None
    assert sample.cpus is not None
    assert sample.load is not None
    assert [job.key for job in sample.jobs] == ["u.1.1.1"]
    assert sample.rooms[0].size_bytes > 0
