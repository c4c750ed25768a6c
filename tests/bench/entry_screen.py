"""The screen on a pty while a large run goes on: how long a key takes until what it does can be seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import psutil

from tests.bench.measure import Row
from tests.bench.place import Place
from tests.terminal.ptys import OnPty

_SIZE = (160, 44)
_HZ = 50
_KEYS = 60
_FEW_KEYS = 10
"""Where nothing but that it works is shown."""
_BETWEEN_S = 0.12
_BUDGET_MS = 100.0


def measure_crowd(place: Place) -> Iterator[Row]:
    """Jobs on hosts with fifty events a second; ``j`` and ``k`` until the selection stands elsewhere."""
    jobs, hosts = place.sizes.crowd
    app = OnPty(str(jobs), str(hosts), str(_HZ), environ=place.environ, size=_SIZE, module="tests.bench.crowd")
    try:
        app.sees("failed", "jobs", "host-007")
        before = psutil.Process(app.process.pid).memory_info().rss
        took_ms = [
            _press(app, b"j" if number % 20 < 10 else b"k")
            for number in range(_KEYS if jobs * hosts > 1000 else _FEW_KEYS)
        ]
        after = psutil.Process(app.process.pid).memory_info().rss
        used = psutil.Process(app.process.pid).cpu_times()
    finally:
        app.close()
    p95 = statistics.quantiles(took_ms, n=20)[18]
    yield Row(
        what=f"{jobs} jobs on {hosts} hosts, {_HZ} events/s: key to repaint, p95",
        ours=p95,
        unit="ms",
        budget="100 ms",
        met=p95 <= _BUDGET_MS,
        note=f"median {statistics.median(took_ms):.0f} ms of {len(took_ms)} keys; "
        f"{before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after; {used.user + used.system:.1f} s of processor",
    )


def _press(app: OnPty, key: bytes) -> float:
    """Milliseconds from a key to the selection on another row; then a pause, as a hand makes one."""
    before = _selected(app)
    started_s = time.perf_counter()
    app.press(key)
    app.until(lambda: _selected(app) not in (before, None), "the selection moved")
    took_ms = (time.perf_counter() - started_s) * 1000
    rest = started_s + took_ms / 1000 + _BETWEEN_S
    app.until(lambda: time.perf_counter() >= rest, "the hand moved on")
    return took_ms


def _selected(app: OnPty) -> int | None:
    """Row of the screen with the edge of the selection."""
    return next((y for y in range(2, app.screen.lines) if app.screen.buffer[y][0].data == "┃"), None)
