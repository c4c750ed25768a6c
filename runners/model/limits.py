"""What a command may use of its host."""

from __future__ import annotations

from dataclasses import dataclass

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None: as the account that logs in has it."""

    cpu_percent: int | None = None
    """Of one processor: 150 is one and a half."""
    memory_bytes: int | None = None
    """Of the job whole where the host can keep that, else of each of its processes."""
    nice: int | None = None
    """0 to 19, on top of the account's own."""

    def __bool__(self) -> bool:
        return self != NO_LIMITS

    def __str__(self) -> str:
        """``50% of a cpu, 512MB, nice 10``."""
        parts = (
            f"{self.cpu_percent}% of a cpu" if self.cpu_percent is not None else "",
            format_size(self.memory_bytes) if self.memory_bytes is not None else "",
            f"nice {self.nice}" if self.nice is not None else "",
        )
        return ", ".join(part for part in parts if part)


NO_LIMITS = Limits()


def format_size(count_bytes: int) -> str:
    """The shortest exact form: ``512MB``, ``64KiB``, ``1500B``."""
    exact = [(count_bytes // size, unit) for unit, size in UNITS.items() if count_bytes % size == 0]
    number, unit = min(exact, key=lambda one: one[0])
    return f"{number}{unit}"
