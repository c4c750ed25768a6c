"""Why a job run failed and is not tried again by itself: rows of the why pane."""

from __future__ import annotations

from collections.abc import Iterator

from runners.model.phases import BAD, Phase, RunPhase, TaskPhase
from tui.view.cells import cells, cut_right
from tui.view.durations import task_duration
from tui.view.exit_words import what_it_means
from tui.view.facts import (
    Place,
    failed_task,
    how_it_ended,
    link_of,
    reached,
    steps_of,
    under,
)
from tui.view.host_names import short_names
from tui.view.host_state import host_facts
from tui.view.rows import Span, blank, width_of
from tui.view.safe_text import own, safe
from tui.view.why_before import before_facts
from tui.view.why_next import acted_facts, next_facts
from tui.view.why_only import only_facts
from tui.view.why_usage import used_facts
from tui.view.why_words import Fact, Pane, attempts_left, names_in, text


def failed_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """How it failed, where else, what went before, and why nothing tries it again."""
    run = member.run
    word = Span(how_it_ended(run), "fail", bold=True)
    if not reached(run):
        yield "failed", (word, Span(own(", nothing was started")))
        if run.reason:
            yield "because", text(safe(run.reason))
    else:
        task = failed_task(member)
        where = own(f" in {safe(task[1])}") if task else own("")
        took = None
        if task is not None and task[2].started_at is not None and task[2].ended_at is not None:
            took = task[2].ended_at - task[2].started_at
        after = Span(own(f" after {task_duration(took)}" if took is not None else ""))
        spans = (word, Span(where), after)
        yield "failed", spans if width_of(spans) <= pane.room else spans[:2]
        means = what_it_means(run)
        if means:
            yield "means", text(means)
        elif run.reason and run.exit_code is None and run.signal is None and run.phase is Phase.FAILED:
            yield "because", text(safe(run.reason))
        elif "disk was full" in run.reason:
            yield "and", text(own("the host's disk was full, its log is cut"))
        yield from first_error(pane, member)
    yield from host_facts(member)
    yield from elsewhere(pane, member)
    yield from only_facts(pane, member)
    yield from before_facts(pane, member)
    yield from _retry(pane, member)
    yield from acted_facts(pane, member)
    yield from next_facts(pane, member)
    yield from used_facts(member)


def first_error(pane: Pane, member: Place) -> Iterator[Fact]:
    """The first bad line: where it is, and what it says where there is room."""
    link = link_of(member)
    if link is None or not link.first_line:
        return
    line = safe(link.first_line)
    where = ""
    if link.line is not None:
        of = safe(steps_of(member)[link.task - 1].name) if 0 < link.task <= len(steps_of(member)) else ""
        where = f"line {link.line + 1}" + (f" of {of}" if of else "")
    spare = pane.room - cells(where) - 2
    if not where:
        yield "first error", text(cut_right(line, pane.room, pane.glyphs.cut))
    elif spare >= 24:
        short = cut_right(line, spare, pane.glyphs.cut)
        yield "first error", (Span(own(where)), blank(2), Span(short, "muted"))
    else:
        yield "first error", text(own(where))


def elsewhere(pane: Pane, member: Place) -> Iterator[Fact]:
    """The other hosts of its job."""
    siblings = [
        one for one in under(pane.scene.state, member.job.id, Phase.SUCCEEDED, *BAD) if one.run is not member.run
    ]
    called = short_names(member.job.hosts)
    passed = [called.get(one.run.host, safe(one.run.host)) for one in siblings if one.run.phase is Phase.SUCCEEDED]
    failed = [called.get(one.run.host, safe(one.run.host)) for one in siblings if one.run.phase in BAD]
    if passed:
        yield "passed on", text(names_in(pane.room, passed))
    if failed:
        yield "failed on", text(own(f"{names_in(pane.room, failed, reserve=5)} too"))


def _retry(pane: Pane, member: Place) -> Iterator[Fact]:
    """Why it is not tried again by itself."""
    run, policy = member.run, member.job.retry
    if pane.scene.state.phase is RunPhase.CANCELLING:
        return
    attempt = run.current
    once = [
        spec.name
        for spec, task in zip(steps_of(member), attempt.tasks if attempt else (), strict=False)
        if not spec.repeatable and task.key is not None and task.phase is not TaskPhase.KEPT
    ]
    asks = Span(own("asks"), "warn")
    if not reached(run):
        yield "retry", (asks, Span(own(": no attempt is used up")))
    elif once:
        left = f", {attempts_left(run.policy_left)}" if run.policy_left else ""
        yield "retry", (asks, Span(own(f": {safe(once[0])} is not repeatable{left}")))
    elif run.policy_left:
        yield "retry", (asks, Span(own(f": {attempts_left(run.policy_left)}, nothing new starts")))
    elif policy.attempts > 1:
        yield "retry", (asks, Span(own(f": all {policy.attempts} attempts are used")))
    else:
        yield "retry", (asks, Span(own(": nothing is retried by itself")))
