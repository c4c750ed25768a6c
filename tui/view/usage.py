"""What an attempt used on its host, in words that claim no more than was measured."""

from __future__ import annotations

from runners.model.metrics import HostReading
from tui.view.durations import share, size, task_duration
from tui.view.safe_text import SafeText, own, safe

_LEAST_CPU_S = 0.1
"""Less is nothing to speak of, and the kernel counts in hundredths."""


def used_words(cpu_s: float | None, memory_peak_bytes: int | None, memory_peak_of: str | None) -> SafeText:
    """``12.4s of cpu, 41.7 MB in its largest process``; empty when there is nothing to say."""
    parts = []
    if cpu_s is not None and cpu_s >= _LEAST_CPU_S:
        parts.append(f"{task_duration(cpu_s)} of cpu")
    if memory_peak_bytes is not None:
        where = "at its peak" if memory_peak_of == "job" else "in its largest process"
        parts.append(f"{size(memory_peak_bytes)} {where}")
    return own(", ".join(parts))


def reading_briefly(reading: HostReading) -> SafeText:
    """``cpu 71%, memory 43%, / 91%``, for a column."""
    room = reading.fullest
    parts = [
        f"{name} {share(percent)}"
        for name, percent in (
            ("cpu", reading.cpu_percent),
            ("memory", reading.memory_percent),
            (room.mount if room else "", room.used_percent if room else None),
        )
        if percent is not None
    ]
    return safe(", ".join(parts))


def used_briefly(cpu_s: float | None, memory_peak_bytes: int | None) -> SafeText:
    """``12.4s 41.7 MB``, for a column; empty when nothing was measured."""
    cpu = task_duration(cpu_s) if cpu_s is not None else own("")
    peak = size(memory_peak_bytes) if memory_peak_bytes is not None else own("")
    return own(f"{cpu} {peak}".strip())
