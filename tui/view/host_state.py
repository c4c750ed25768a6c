"""How a host is: small graphs of the last minutes while it is looked at, and what was amiss when something failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from runners.model.metrics import HostReading
from runners.model.phases import TaskPhase
from tui.view.cells import cells
from tui.view.durations import ago, duration, share, size
from tui.view.rows import Row, Span, blank, label_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.sparks import spark, step_above

if TYPE_CHECKING:
    from tui.view.facts import Place
    from tui.view.glyphs import Glyphs
    from tui.view.why_words import Fact

KEPT_READINGS = 150
"""Of one host: five minutes of looks every two seconds."""
STALE_S = 6.0
"""A number older than three looks says how old it is."""
_LABEL = 9
FULL_PERCENT = 90.0
_AMISS_PERCENT = 95.0
BUSY_PERCENT = 90.0
_CROWDED = 4.0
"""Load for each processor from which something waits for long."""
_PRESSED_PERCENT = 40.0
_WAITING_PERCENT = 50.0

Series = Callable[[HostReading], float | None]


def state_rows(readings: Sequence[HostReading], now_utc: float, width: int, glyphs: Glyphs) -> list[Row]:
    """``cpu  <graph>  71%`` and so on; a figure that the host does not tell has no row."""
    if not readings:
        return []
    last = readings[-1]
    old_s = now_utc - last.at
    rows = [
        _row(label, readings, series, words, top, warn, width, old_s, glyphs)
        for label, series, words, top, warn in _figures(last, readings)
    ]
    facts = _facts(last)
    if facts:
        rows.append(label_row(own("load"), (Span(facts),), label_width=_LABEL))
    rows += [
        label_row(own("" if number else "job"), (Span(_used(job.cpu_s, job.memory_peak_bytes)),), label_width=_LABEL)
        for number, job in enumerate(last.jobs)
    ]
    return rows


def _figures(
    last: HostReading, readings: Sequence[HostReading]
) -> Iterator[tuple[SafeText, Series, SafeText, float, bool]]:
    """Label, series, its newest value in words, what a full column is, whether it is above its threshold."""
    if last.cpu_percent is not None:
        yield own("cpu"), lambda one: one.cpu_percent, share(last.cpu_percent), 100, last.cpu_percent > BUSY_PERCENT
    if last.memory_percent is not None:
        loud = last.memory_percent > FULL_PERCENT
        yield own("memory"), lambda one: one.memory_percent, share(last.memory_percent), 100, loud
    if last.swap_percent:
        loud = last.swap_percent > FULL_PERCENT
        yield own("swap"), lambda one: one.swap_percent, share(last.swap_percent), 100, loud
    if (room := last.fullest) is not None:
        mount = room.mount
        loud = room.used_percent > FULL_PERCENT
        yield safe(f"disk {mount}"), lambda one: _used_of(one, mount), share(room.used_percent), 100, loud
    for label, series in (("net", net_rate), ("disk i/o", disk_rate)):
        value = series(last)
        if value is not None:
            top = step_above([series(one) for one in readings])
            yield own(label), series, own(f"{size(int(value))}/s"), top, False


def _row(
    label: SafeText,
    readings: Sequence[HostReading],
    series: Series,
    words: SafeText,
    top: float,
    warn: bool,
    width: int,
    old_s: float,
    glyphs: Glyphs,
) -> Row:
    token = "warn" if warn else "graph"
    room = width - max(_LABEL, cells(label) + 1) - 12
    line = spark([series(one) for one in readings], max(0, room), top=top, glyphs=glyphs) if room >= 5 else own("")
    number = Span(words, "faint" if old_s > STALE_S else "warn" if warn else "text")
    age = (Span(own(f" {duration(old_s)} old"), "muted"),) if old_s > STALE_S else ()
    return Row(
        left=(Span(label, "muted", cut="middle"), blank(max(1, _LABEL - cells(label))), Span(line, token)),
        right=(number, *age),
    )


def _facts(last: HostReading) -> SafeText:
    parts = []
    if last.load is not None:
        parts.append(f"{last.load:.1f}" + (f" on {last.cpus} cpus" if last.cpus and last.cpus > 1 else ""))
    parts += [f"{name} pressure {share(value)}" for name, value in last.pressure.items() if value >= 1]
    return safe(", ".join(parts))


def _used(cpu_s: float, peak_bytes: int | None) -> SafeText:
    peak = f", {size(peak_bytes)}" if peak_bytes is not None else ""
    return own(f"{duration(cpu_s)} of cpu{peak}")


def _used_of(reading: HostReading, mount: str) -> float | None:
    return next((room.used_percent for room in reading.rooms if room.mount == mount), None)


def disk_rate(reading: HostReading) -> float | None:
    """Bytes per second read from and written to all disks; None: not known yet."""
    return _sum(reading.disk_read_bytes_per_s, reading.disk_write_bytes_per_s)


def net_rate(reading: HostReading) -> float | None:
    """Bytes per second in and out over all interfaces; None: not known yet."""
    return _sum(reading.net_in_bytes_per_s, reading.net_out_bytes_per_s)


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None and second is None else (first or 0.0) + (second or 0.0)


def amiss(reading: HostReading) -> list[str]:
    """What of a host's state can make a job fail, worst first; empty: nothing that was seen."""
    full = [room for room in reading.rooms if room.used_percent >= _AMISS_PERCENT]
    found = [f"{room.mount} is {share(room.used_percent)} full" for room in full]
    if reading.memory_percent is not None and reading.memory_percent >= _AMISS_PERCENT:
        found.append(f"memory {share(reading.memory_percent)} used")
    if reading.pressure.get("memory", 0.0) >= _PRESSED_PERCENT:
        found.append(f"memory pressure {share(reading.pressure['memory'])}")
    if reading.load is not None and reading.cpus and reading.load >= _CROWDED * reading.cpus:
        found.append(f"load {reading.load:.0f} on {reading.cpus} processor{'' if reading.cpus == 1 else 's'}")
    if reading.waiting_percent is not None and reading.waiting_percent >= _WAITING_PERCENT:
        found.append(f"waits for its disks {share(reading.waiting_percent)} of the time")
    return found


def seen_at_failure(member: Place) -> tuple[HostReading, float] | None:
    """How the host was before the newest failed task ended, and how many seconds before."""
    attempt = member.run.current
    for task in reversed(attempt.tasks if attempt else ()):
        if task.host is not None and task.ended_at is not None and task.phase is not TaskPhase.KEPT:
            return task.host, max(0.0, task.ended_at - task.host.at)
    return None


def host_facts(member: Place) -> Iterator[Fact]:
    """What was amiss with the host of a failure; nothing when nothing was."""
    seen = seen_at_failure(member)
    found = amiss(seen[0]) if seen else []
    if seen and found:
        before = f", {duration(seen[1])} before" if seen[1] >= 1 else ""
        yield "its host", (Span(safe(", ".join(found)), "warn"), Span(own(before)))


def failure_rows(member: Place, now_utc: float, width: int, glyphs: Glyphs) -> list[Row]:
    """How the host of a failure was then, for a host that nobody looks at any more."""
    seen = seen_at_failure(member)
    if seen is None:
        return []
    reading, _ = seen
    when = label_row(own("seen"), (Span(ago(now_utc - reading.at)),), label_width=_LABEL)
    return [when, *state_rows((reading,), reading.at, width, glyphs)]
