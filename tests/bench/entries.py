"""Every benchmark by name, in the order in which they run: the short ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.bench import entry_core, entry_fleet, entry_flood, entry_host, entry_logs, entry_screen, entry_start
from tests.bench.measure import LeftOut, Row
from tests.bench.place import Place

Entry = Callable[[Place], Iterable[Row | LeftOut]]

ENTRIES: Mapping[str, Entry] = {
    "start": entry_start.measure,
    "fold": entry_core.measure_fold,
    "jobs": entry_core.measure_jobs,
    "gap": entry_host.measure_gap,
    "supervised": entry_host.measure_supervised,
    "stream": entry_logs.measure_stream,
    "long": entry_logs.measure_long,
    "flood": entry_flood.measure,
    "crowd": entry_screen.measure_crowd,
    "fleet": entry_fleet.measure,
}
