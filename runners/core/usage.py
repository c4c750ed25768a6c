"""What an attempt used on its host: the sum of its tasks' processor time, and the highest peak of memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runners.model.phases import TaskPhase
from runners.model.state import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """None: nothing was measured."""

    cpu_s: float | None = None
    """At least; of the tasks that were measured."""
    memory_peak_bytes: int | None = None
    memory_peak_of: str = ""
    """``process`` or ``job``, as in ``TaskFinished``; empty without a peak."""


NOTHING_USED = Usage()


def usage_of(tasks: Iterable[TaskState]) -> Usage:
    """Of one attempt; what was kept from an earlier one is not its own."""
    own = [task for task in tasks if task.phase is not TaskPhase.KEPT]
    spent = [task.cpu_s for task in own if task.cpu_s is not None]
    highest = max(own, key=lambda task: task.memory_peak_bytes or 0, default=None)
    if highest is None or highest.memory_peak_bytes is None:
        return Usage(cpu_s=sum(spent) if spent else None)
    return Usage(
        cpu_s=sum(spent) if spent else None,
        memory_peak_bytes=highest.memory_peak_bytes,
        memory_peak_of=highest.memory_peak_of,
    )
