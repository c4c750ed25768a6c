"""Where ``J`` goes: a time of day, so much earlier or later, a line by its number, a share of the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from tui.view.log_document import LineAt
from tui.view.log_source import LogSource

UNDERSTOOD = "12:04, 12:04:33, 2026-11-20 12:04, -5m, +1h30m, :812 or 50%"
"""What can be typed."""
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CLOCK = re.compile(r"(?:(\d{4})-(\d\d?)-(\d\d?)[ T]+)?(\d\d?):(\d\d)(?::(\d\d))?\Z")
_BY = re.compile(r"([+-])((?:\d+[smhd])+)\Z")
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, of a day when one was given."""

    hour: int
    minute: int
    second: int
    day: tuple[int, int, int] | None = None

    def on(self, near_utc: float, zone: tzinfo) -> float:
        """Seconds since 1970: of its own day, else of the day of ``near_utc``. ``ValueError`` for no such day."""
        near = datetime.fromtimestamp(near_utc, zone)
        year, month, day = self.day or (near.year, near.month, near.day)
        return near.replace(
            year=year, month=month, day=day, hour=self.hour, minute=self.minute, second=self.second, microsecond=0
        ).timestamp()


@dataclass(frozen=True, slots=True)
class Jump:
    """What was typed, understood."""

    kind: Literal["clock", "by", "line", "share"]
    value: float = 0.0
    """Seconds to go by, number of a line from 1, or a share from 0 to 1."""
    clock: Clock | None = None


def parse_jump(text: str) -> Jump | None:
    """None: it is none of what is ``UNDERSTOOD``."""
    text = text.strip()
    if clock := _CLOCK.match(text):
        year, month, day, hour, minute, second = (int(part) if part else 0 for part in clock.groups())
        if hour > 23 or minute > 59 or second > 59:
            return None
        return Jump("clock", clock=Clock(hour, minute, second, (year, month, day) if year else None))
    if by := _BY.match(text):
        total = sum(int(number[-9:]) * _UNITS_S[unit] for number, unit in re.findall(r"(\d+)([smhd])", by[2]))
        return Jump("by", -float(total) if by[1] == "-" else float(total))
    if text.startswith(":") and text[1:].isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS:
        return Jump("line", float(text[1:]))
    if text.endswith("%") and re.fullmatch(r"\d{1,3}(\.\d+)?", text[:-1]) and float(text[:-1]) <= 100:
        return Jump("share", float(text[:-1]) / 100)
    return None


def span_of(sources: Sequence[LogSource]) -> tuple[float, float] | None:
    """Times of the first and the last line; None when no host wrote anything, or no time is known."""
    with_lines = [source for source in sources if source.lines]
    if not with_lines:
        return None
    first, last = with_lines[0].time_of_line(0), with_lines[-1].time_of_line(with_lines[-1].lines - 1)
    return None if first is None or last is None else (first, last)


def line_at_time(sources: Sequence[LogSource], at_utc: float) -> LineAt | None:
    """The first line that came at or after a time; None when none did. Costs a few reads of the index."""
    for section, source in enumerate(sources):
        last = source.time_of_line(source.lines - 1) if source.lines else None
        if last is None or last < at_utc:
            continue
        low, high = 0, source.lines - 1
        while low < high:
            middle = (low + high) // 2
            came = source.time_of_line(middle)
            if came is not None and came < at_utc:
                low = middle + 1
            else:
                high = middle
        return LineAt(section, low)
    return None


def time_to_look_for(jump: Jump, span: tuple[float, float], from_utc: float, zone: tzinfo) -> float | None:
    """The time that ``jump`` means, inside ``span``; None when it lies outside or is none.

    A time without a day is of the day of ``from_utc``, else of the first day on which the log has that time. Going by
    some time ends at the ends of the log.
    """
    first, last = span
    if jump.kind == "by":
        return min(max(first, from_utc + jump.value), last)
    if jump.clock is None:
        return None
    try:
        wanted = jump.clock.on(from_utc, zone)
        day = datetime.fromtimestamp(first, zone)
        while not first - 1 < wanted <= last and jump.clock.day is None and day.timestamp() <= last:
            wanted = jump.clock.on(day.timestamp(), zone)
            day += timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    # Times are shown without fractions: the second in which the log began is inside.
    return wanted if int(first) - 60 < wanted <= last else None
