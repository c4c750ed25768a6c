"""What an attempt used, as a row of the why pane."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.usage import usage_of
from tui.view.facts import Place
from tui.view.usage import used_words
from tui.view.why_words import Fact, text


def used_facts(member: Place) -> Iterator[Fact]:
    """What its current attempt used so far, as a row of the why pane."""
    attempt = member.run.current
    used = usage_of(attempt.tasks if attempt else ())
    words = used_words(used.cpu_s, used.memory_peak_bytes, used.memory_peak_of)
    if words:
        yield "used", text(words)
