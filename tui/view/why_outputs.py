"""What a job run said to later jobs, as rows of the why pane: ``release = 2.4.1``. None holds a secret."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.outputs import outputs_of
from tui.view.cells import cut_right
from tui.view.facts import Place
from tui.view.glyphs import Glyphs
from tui.view.rows import Span
from tui.view.safe_text import own, safe
from tui.view.why_words import Fact

MOST_OUTPUTS = 20
MOST_PROBLEMS = 3
MOST_ROWS = 3
"""Of one value; ``onduty show --json`` has all of it."""
_MOST_CHARACTERS = 1000
"""Of a value before it is measured: it may be 64 KiB."""


def output_facts(member: Place, room: int, glyphs: Glyphs) -> Iterator[Fact]:
    """The outputs of its current attempt by name, a later task's over an earlier one's, and what was not taken."""
    attempt = member.run.current
    if attempt is None or attempt.rollback:
        return
    found = {key: value for task in attempt.tasks for key, value in task.outputs.items()}
    for number, (key, value) in enumerate(list(found.items())[:MOST_OUTPUTS]):
        words = own(f"{safe(key)} = {safe(value[:_MOST_CHARACTERS])}")
        yield "" if number else "outputs", (Span(cut_right(words, MOST_ROWS * room, glyphs.cut)),)
    if len(found) > MOST_OUTPUTS:
        yield "", (Span(own(f"and {len(found) - MOST_OUTPUTS} more"), "muted"),)
    if found and not outputs_of(member.run) and attempt.ended_at is not None:
        yield "", (Span(own("no later job reads them: it did not succeed"), "muted"),)
    problems = [problem for task in attempt.tasks for problem in task.output_problems]
    for number, problem in enumerate(problems[:MOST_PROBLEMS]):
        yield "" if number else "warning", (Span(safe(problem), "warn"),)
