"""What an attempt used, as a row of the why pane."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.usage import usage_of
from tui.view.facts import Place, steps_of
from tui.view.safe_text import own, safe
from tui.view.usage import used_words
from tui.view.why_words import Fact, text


def used_facts(member: Place) -> Iterator[Fact]:
    """What its current attempt used so far and what its limits came to, as rows of the why pane."""
    attempt = member.run.current
    used = usage_of(attempt.tasks if attempt else ())
    words = used_words(used.cpu_s, used.memory_peak_bytes, used.memory_peak_of)
    if words:
        yield "used", text(words)
    tasks = attempt.tasks if attempt else ()
    cut = [spec.name for spec, task in zip(steps_of(member), tasks, strict=False) if task.log_limited]
    if cut:
        yield "log cut", text(own(f"at the log_limit of {safe(', '.join(cut))}; it ran on"))
    if any(task.limits_kept == "process" for task in tasks):
        yield "limits", text(own("memory is kept for each process, not for the job whole: no systemd scope there"))
