"""What can be done about a job run now, and what a person did last: rows of the why pane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.core.guards_run import why_not_rollback
from runners.core.rollback import is_left
from runners.model.phases import FAILURES, RunPhase
from tui.keys.actions import key_of
from tui.view.durations import ago
from tui.view.facts import (
    Place,
    link_of,
)
from tui.view.rows import Span, spaced, width_of
from tui.view.safe_text import own, safe
from tui.view.why_words import Fact, Pane, text


def acted_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """What a person did last."""
    run = member.run
    if run.acted_by and run.acted_at is not None:
        age = ago(pane.now_utc - run.acted_at)
        did = "asked for the rollback" if run.acted == "rolled back" else f"{safe(run.acted)} it"
        yield "last", text(own(f"{safe(run.acted_by)} {did} {age}"))


def next_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """Keys that would be let in now."""
    state, target = pane.scene.state, member.run.id
    keys = [
        (key, label)
        for key, label, why_not in (
            (key_of("retry"), "retry", why_not_retry(state, target)),
            (key_of("skip"), "skip", why_not_skip(state, target)),
            (key_of("roll-back"), "roll back", _why_not_rollback(pane, member)),
            (key_of("cancel"), "cancel", why_not_cancel(state, target)),
        )
        if not why_not
    ]
    if link := link_of(member):
        keys += [(key_of("runbook"), "runbook")] if link.page else []
    yield from _keys(pane, keys)


def _why_not_rollback(pane: Pane, member: Place) -> str:
    """Offered beside what failed, where it takes this job run; it is never the first thing to think of."""
    phase, state = member.run.phase, pane.scene.state
    wanted = phase in FAILURES and is_left(member.job, member.run)
    return why_not_rollback(state) if wanted else "nothing of it"


def next_of_waiting(pane: Pane, member: Place) -> Iterator[Fact]:
    """Keys for what has not started."""
    state, target = pane.scene.state, member.run.id
    keys = [(key_of("pause"), "resume")] if state.phase is RunPhase.PAUSED else []
    keys += [(key_of("give-secret"), "give secret")] if state.secrets_needed else []
    keys += [(key_of("skip"), "skip")] if not why_not_skip(state, target) else []
    keys += [(key_of("cancel"), "cancel")] if not why_not_cancel(state, target) else []
    yield from _keys(pane, keys)


def _keys(pane: Pane, keys: Sequence[tuple[str, str]]) -> Iterator[Fact]:
    """Keys side by side, as many to a row as fit."""
    lines: list[list[tuple[Span, ...]]] = []
    for key, label in keys:
        group = (Span(own(key), "acc", bold=True), Span(own(f" {label}")))
        if lines and width_of(spaced([*lines[-1], group], 3)) <= pane.room:
            lines[-1].append(group)
        else:
            lines.append([group])
    for number, line in enumerate(lines):
        yield "" if number else "next", spaced(line, 3)
