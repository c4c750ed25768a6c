"""Durations, ages, times, sizes, counts and shares, as people read them (LOOK section 4).

Values are floored, never rounded up: a clock on the screen must not run ahead of the truth. All texts align right, on
the last digit of the unit.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from tui.view.safe_text import SafeText, own

_MINUTE = 60
_HOUR = 3600
_DAY = 86400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A float like 2.3 times ten may end just below 23; a billionth is far below what is shown.
_NUDGE = 1e-9


def task_duration(seconds: float) -> SafeText:
    """``6.2s`` under a minute, then as ``duration``. Negative counts as 0."""
    if seconds < _MINUTE:
        return own(f"{int(max(0.0, seconds) * 10 + _NUDGE) / 10:.1f}s")
    return duration(seconds)


def duration(seconds: float) -> SafeText:
    """``41s``, ``1m 29s`` under ten minutes, ``12m``, ``1h 05m``, ``3d``. Negative counts as 0."""
    whole = int(max(0.0, seconds) + _NUDGE)
    if whole < _MINUTE:
        return own(f"{whole}s")
    if whole < 10 * _MINUTE:
        return own(f"{whole // _MINUTE}m {whole % _MINUTE:02}s")
    if whole < _HOUR:
        return own(f"{whole // _MINUTE}m")
    if whole < _DAY:
        return own(f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m")
    return own(f"{whole // _DAY}d")


def ago(seconds: float) -> SafeText:
    """An age inside a sentence: ``48s ago``, ``just now``. In a column use ``duration``."""
    return own(f"{duration(seconds)} ago") if seconds >= 1 else own("just now")


def clock(at_utc: float, zone: tzinfo, *, now_utc: float | None = None) -> SafeText:
    """``12:04:33`` in ``zone``; with ``now_utc`` on another day ``Nov 20 12:04``. Both are seconds since 1970."""
    when = datetime.fromtimestamp(at_utc, zone)
    if now_utc is not None and when.date() != datetime.fromtimestamp(now_utc, zone).date():
        return own(f"{day(at_utc, zone)} {when.hour:02}:{when.minute:02}")
    return own(f"{when.hour:02}:{when.minute:02}:{when.second:02}")


def day(at_utc: float, zone: tzinfo) -> SafeText:
    """``Nov 20``, whatever the locale."""
    when = datetime.fromtimestamp(at_utc, zone)
    return own(f"{_MONTHS[when.month - 1]} {when.day}")


def size(count_bytes: int) -> SafeText:
    """``812 B``, ``41.7 MB``, ``412 GB``: powers of 1000, one decimal under 100."""
    if count_bytes < 1000:
        return own(f"{max(0, count_bytes)} B")
    value = float(count_bytes)
    unit = ""
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        value /= 1000
        # 999.95 would be shown as 1000: the next unit says it better.
        if value < 999.5 or unit == "PB":
            break
    return own(f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}")


def count(number: int, noun: str, plural: str | None = None) -> SafeText:
    """``1 line``, ``10482 lines``: without a separator. ``noun`` is a literal of ours."""
    return own(f"{number} {noun if number == 1 else plural or noun + 's'}")


def count_of(number: int, whole: int) -> SafeText:
    """``4 of 11``."""
    return own(f"{number} of {whole}")


def share(percent: float) -> SafeText:
    """``71%``, and ``4.1%`` under 10."""
    return own(f"{percent:.1f}%" if percent < 9.95 else f"{percent:.0f}%")
