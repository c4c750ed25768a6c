"""Durations as people write them: ``500ms 10s 5m 2h 1d``."""

from __future__ import annotations

import re

from runners.spec.report import quoted

_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)\Z")
_BARE_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?\Z")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
MAX_S = 366 * 86400.0


def parse_duration(text: str) -> float:
    """Seconds. ``ValueError`` says in one sentence what to write instead."""
    match = _DURATION.match(text)
    if match is None:
        if _BARE_NUMBER.match(text):
            raise ValueError(f"{text} has no unit; write {text.partition('.')[0]}s, or another of ms s m h d")
        raise ValueError(f"{quoted(text)} is no duration; write one number and one unit, such as 500ms 10s 5m 2h 1d")
    unit = _UNIT_S[match[2]]
    seconds = int(match[1]) / 1000 if match[2] == "ms" else int(match[1]) * unit
    if seconds > MAX_S:
        raise ValueError(f"{quoted(text)} is longer than 366d")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact form: ``10m``, ``90s``, ``500ms``, ``0s``."""
    thousandths = round(seconds * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if thousandths % size == 0 and (thousandths or unit == "s"):
            return f"{thousandths // size}{unit}"
    return f"{thousandths}ms"
