"""What the controller keeps and how much room it has, in words: for ``controller status`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.cli.finding import Finding, bad, ok, warn

if TYPE_CHECKING:
    from runners.model.api import SelfCheck

NEARLY = 2
"""Times the least free space: from here on down it is worth saying."""


def room(itself: SelfCheck, home: str) -> Iterator[Finding]:
    """Whether new runs may begin, and whether there is room for what goes on."""
    from tui.view.durations import size

    if itself.free_bytes is None:
        return
    free, least = size(itself.free_bytes), size(itself.least_free_bytes)
    if itself.free_bytes < itself.least_free_bytes:
        text = f"only {free} are free; no new run is started below {least}, runs that go on go on"
        yield bad("space", text, f"df -h {home}; retention: in settings.yaml")
    elif itself.free_bytes < NEARLY * itself.least_free_bytes:
        yield warn("space", f"{free} are free; no new run is started below {least}", f"df -h {home}")
    else:
        yield ok("space", f"{free} are free")


def kept(itself: SelfCheck, *, now_utc: float) -> Iterator[Finding]:
    """How much was kept at the last look, what goes when, and what could not go."""
    from tui.view.durations import ago, size
    from tui.view.facts import parse_time

    if itself.free_bytes is None:
        return
    has = "not looked at yet"
    if itself.kept_runs is not None and itself.kept_bytes is not None:
        runs = "1 run" if itself.kept_runs == 1 else f"{itself.kept_runs} runs"
        has = f"{runs}, {size(itself.kept_bytes)} of logs and files"
        if (looked_at := parse_time(itself.kept_at)) is not None:
            has += f" ({ago(now_utc - looked_at)})"
    text = f"{has}; {rules(itself)}"
    if itself.removed_runs:
        text += f"; {itself.removed_runs} went since it started"
    if itself.keeping_trouble:
        yield warn("kept runs", f"{text}; not everything that is old could go: {itself.keeping_trouble}")
    else:
        yield ok("kept runs", text)


def rules(itself: SelfCheck) -> str:
    """``ended runs go after 90d, and the oldest beyond 20.0 GB``."""
    from runners.spec.durations import format_duration
    from tui.view.durations import size

    age = f"after {format_duration(itself.keeps_s)}" if itself.keeps_s is not None else ""
    most = f"the oldest beyond {size(itself.keeps_bytes)}" if itself.keeps_bytes is not None else ""
    if not age and not most:
        return "none goes by itself"
    return f"ended runs go {', and '.join(part for part in (age, most) if part)}"
