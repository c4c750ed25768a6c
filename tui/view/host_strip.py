"""The selected host in a few cells at the right of the strip: cpu with its spark, memory, the fullest disk."""

from __future__ import annotations

from collections.abc import Sequence

from runners.model.metrics import HostReading
from tui.view.durations import duration, share
from tui.view.facts import looked_at
from tui.view.glyphs import Glyphs
from tui.view.host_pane import host_of
from tui.view.host_state import BUSY_PERCENT, FULL_PERCENT, STALE_S, seen_at_failure
from tui.view.rows import Span, blank, spaced, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.sparks import spark

SPARK_CELLS = 10
GAP = 3
Group = tuple[Span, ...]


def host_strip(scene: RunScene, room: int, glyphs: Glyphs) -> tuple[Span, ...]:
    """``web3  cpu 71% ⣀⣤⣶   mem 43%   disk 91%`` in at most ``room`` cells; empty when nothing was measured.

    The spark goes first, then memory, then the cpu: a full disk is what stops a job for certain.
    """
    name = host_of(scene)
    readings: Sequence[HostReading] = scene.readings.get(name, ()) if name is not None else ()
    readings = tuple(readings or _at_failure(scene, name))
    if name is None or not readings:
        return ()
    last = readings[-1]
    old_s = scene.here.now_utc - last.at
    old = old_s > STALE_S
    line = spark([one.cpu_percent for one in readings], SPARK_CELLS, top=100, glyphs=glyphs)
    cpu = _figure("cpu", last.cpu_percent, BUSY_PERCENT, old)
    memory = _figure("mem", last.memory_percent, FULL_PERCENT, old)
    room_of = last.fullest
    disk = _figure("disk", room_of.used_percent if room_of is not None else None, FULL_PERCENT, old)
    drawn = (*cpu, blank(1), Span(line, "graph")) if cpu and not old else cpu
    age: Group = (Span(own(f"{duration(old_s)} old"), "faint"),) if old else ()
    for figures in ((drawn, memory, disk, age), (cpu, memory, disk, age), (cpu, disk, age), (disk, age)):
        if not any(figures[:-1]):
            continue
        first: Group = (Span(safe(name), "faint" if old else "text", bold=not old, cut="middle"), blank(2))
        spans = (*first, *spaced(figures, GAP))
        if width_of(spans) <= room:
            return spans
    return ()


def _at_failure(scene: RunScene, name: str | None) -> Sequence[HostReading]:
    member = looked_at(scene)
    seen = seen_at_failure(member) if member is not None and member.run.host == name else None
    return (seen[0],) if seen is not None else ()


def _figure(label: str, value: float | None, warns_above: float, old: bool) -> Group:
    if value is None:
        return ()
    token = "faint" if old else "warn" if value > warns_above else "text"
    words: SafeText = share(value)
    return Span(own(f"{label} "), "faint" if old else "muted"), Span(words, token)
