"""The screen on a pty while a large run goes on: how long a key takes until what it does can be seen."""

from __future__ import annotations

import re
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
_HEAD_ROWS = 2
_EDGE = re.compile(rb"\x1b\[(\d+);1H(?:\x1b\[[0-9;]*m)*" + "┃".encode())
"""The edge in the first column, as it is written to a terminal."""


def measure_crowd(place: Place) -> Iterator[Row]:
    """Jobs on hosts with fifty events a second; ``j`` and ``k`` until the selection stands elsewhere."""
    jobs, hosts = place.sizes.crowd
    app = OnPty(str(jobs), str(hosts), str(_HZ), environ=place.environ, size=_SIZE, module="tests.bench.crowd")
    try:
        app.sees("failed", "jobs", "host-007")
        before = psutil.Process(app.process.pid).memory_info().rss
        app.until(lambda: _selected(app), "a selection")
        row = _selected(app)
        took_ms: list[float] = []
        for number in range(_KEYS if jobs * hosts > 1000 else _FEW_KEYS):
            ms, row = _press(app, b"j" if number % 20 < 10 else b"k", row)
            took_ms.append(ms)
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


def _press(app: OnPty, key: bytes, row: int) -> tuple[float, int]:
    """Milliseconds from a key to the selection on another row than ``row``, and that row."""
    app.reads(lambda _: False, _BETWEEN_S)
    started_s = time.perf_counter()
    app.press(key)
    # The selected row is painted again now and then, for its time ticks.
    drawn = app.reads(lambda came: _rows_with_edge(came) - {row})
    took_ms = (time.perf_counter() - started_s) * 1000
    return took_ms, next(iter(_rows_with_edge(drawn) - {row}), row)


def _selected(app: OnPty) -> int:
    """Row with the edge of the selection, from 1; 0: none has it yet."""
    return next((y + 1 for y in range(_HEAD_ROWS, _SIZE[1]) if app.screen.buffer[y][0].data == "┃"), 0)


def _rows_with_edge(drawn: bytes) -> set[int]:
    """Rows of the screen that were painted with the edge of a selection; the headline has one as well."""
    return {int(row) for row in _EDGE.findall(drawn) if int(row) > _HEAD_ROWS}
