"""A flood: many jobs print together while somebody presses keys."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from runners.adapters.log_reader import LogReader
from tests.bench.flood_run import UID, log_keys
from tests.bench.measure import BenchFailed, Row, percentile
from tests.bench.place import Place
from tests.terminal.ptys import OnPty

JOBS = 50
LINES_PER_S = 100_000
_SIZE = (120, 40)
_BUDGET_S = 0.1
_PATIENCE_S = 120.0
_BETWEEN_KEYS_S = 0.1
_LEAST_S = 5.0
_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[ -/]*[0-~])", re.S)


@dataclass(frozen=True, slots=True)
class Way:
    """How the flood is looked at, and the keys that lead there from the run."""

    name: str
    keys: tuple[tuple[bytes, bytes], ...]
    """Each with a text that stands there then."""
    pressed: tuple[tuple[bytes, bytes], ...] = ((b"f", b"paused"), (b"f", b"following"))
    """Again and again, each with what it draws that was not drawn before; without a text: not measured."""
    whole: bool = False
    """For as long as the jobs of the flood print; else for a part of it."""


WAYS = (
    Way("merged", ((b"a", b"by time"),), whole=True),
    Way("one job's log", ()),
    Way("merged, filtered", ((b"a", b"by time"), (b"&", b"lines that match"), (b"5 took\r", b"filter"))),
    Way("hosts alike", (), ((b"u", b"by what they said"), (b"q", b""))),
)


@dataclass(slots=True)
class _Seen:
    took_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    grown_bytes: int = 0
    """From the middle of the flood to its end."""
    cpu_share: float = 0.0
    """Of one processor, while it printed."""
    lines: int = 0
    wrote_s: float = 0.0


def measure(place: Place) -> Iterator[Row]:
    """From a key to what it does on the terminal, while 50 jobs print 100,000 lines a second and the pane follows."""
    for way in WAYS:
        if not way.whole and place.sizes.flood_s < _LEAST_S:
            # Where nothing but that it works is shown, one way is enough.
            continue
        seconds = place.sizes.flood_s if way.whole else place.sizes.flood_s / 6
        seen = _look(place, way, seconds)
        p95_s = percentile(seen.took_s, 95)
        yield Row(
            what=f"{LINES_PER_S:,} lines/s from {JOBS} jobs, {way.name}: key to repaint, p95",
            ours=p95_s * 1000,
            unit="ms",
            budget="100 ms",
            met=p95_s <= _BUDGET_S,
            note=f"median {percentile(seen.took_s, 50) * 1000:.0f} ms of {len(seen.took_s)} keys; "
            f"{seen.cpu_share * 100:.0f} % of a processor; {seen.lines:,} lines in {seen.wrote_s:.1f} s, all on disk",
        )
        if way.whole:
            yield Row(
                what=f"{LINES_PER_S:,} lines/s from {JOBS} jobs, {way.name}: memory of the screen at its peak",
                ours=seen.peak_bytes / 2**20,
                unit="MiB",
                budget="120 MiB",
                met=seen.peak_bytes <= 120 * 2**20,
                note=f"{seen.grown_bytes / 2**20:+.1f} MiB in the second half of {seconds:g} s",
            )


def _look(place: Place, way: Way, seconds: float) -> _Seen:
    folder = place.folder / f"flood-{WAYS.index(way)}"
    folder.mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.flood_writer", str(folder), str(JOBS), str(LINES_PER_S), str(seconds)],
        env=place.environ,
        stdout=subprocess.PIPE,
    )
    # What somebody exported is believed before the terminal.
    size = {"COLUMNS": str(_SIZE[0]), "LINES": str(_SIZE[1])}
    environ = {**place.environ, **size, "ONDUTY_HOME": str(folder)}
    screen = OnPty(str(JOBS), environ=environ, size=_SIZE, module="tests.bench.flood_screen")
    seen = _Seen()
    try:
        _until(screen, b"following")
        for keys, text in way.keys:
            screen.press(keys)
            _until(screen, text)
        process = psutil.Process(screen.process.pid)
        began_s, before_s, middle = time.monotonic(), _cpu_s(process), 0
        while writer.poll() is None or not seen.took_s:
            for key, text in way.pressed:
                if text:
                    seen.took_s.append(_press(screen, key, text))
                else:
                    screen.press(key)
            if not middle and time.monotonic() - began_s > seconds / 2:
                middle = process.memory_info().rss
        seen.cpu_share = (_cpu_s(process) - before_s) / (time.monotonic() - began_s)
        seen.grown_bytes = process.memory_info().rss - (middle or process.memory_info().rss)
        seen.peak_bytes = _peak_bytes(process.pid)
    finally:
        screen.close()
        if writer.poll() is None:
            writer.kill()
        said = writer.communicate()[0].split()
    if len(said) != 2:
        raise BenchFailed("the jobs did not print to their end")
    seen.lines, seen.wrote_s = int(said[0]), float(said[1])
    on_disk = sum(_lines(folder, key) for key in log_keys(JOBS))
    if on_disk != seen.lines:
        raise BenchFailed(f"{seen.lines:,} lines were printed, {on_disk:,} are on disk")
    return seen


def _press(screen: OnPty, key: bytes, text: bytes) -> float:
    """Seconds from a key until a text is drawn that was not drawn before it."""
    screen.reads(lambda _: False, _BETWEEN_KEYS_S)
    started_s = time.perf_counter()
    screen.press(key)
    _until(screen, text)
    return time.perf_counter() - started_s


def _until(screen: OnPty, text: bytes) -> None:
    came = screen.reads(lambda came: text in _CONTROL.sub(b"", came), _PATIENCE_S)
    drawn = _CONTROL.sub(b"", came)
    if text not in drawn:
        raise BenchFailed(f"the screen never showed {text!r}: {drawn[-300:]!r}")


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _lines(folder: Path, key: str) -> int:
    """Lines of a log on disk, counted in its bytes and in its index."""
    with LogReader(folder, UID, key) as log:
        counted = at = 0
        while block := log.read_range(at, 1 << 20):
            counted, at = counted + block.count(b"\n"), at + len(block)
        if counted != log.lines:
            raise BenchFailed(f"the index of {key} has {log.lines} lines, its log {counted}")
        return counted
