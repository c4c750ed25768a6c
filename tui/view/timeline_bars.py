"""The bars of a timeline: what each row did when, as stretches of time, and as cells.

A bar keeps its order: it begins where the one before it in its row has ended, and is a cell wide at least. Waits are
drawn first, so that no wait hides a bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runners.model.holds import HoldKind
from runners.model.phases import LIVE, RUN_ENDED, Phase, StagePhase, TaskPhase
from runners.model.state import AttemptState, TaskState
from tui.view.cells import cells
from tui.view.durations import duration, task_duration
from tui.view.facts import WAITING, Place, stage_before
from tui.view.glyphs import JOB_PHASES, Glyphs
from tui.view.holds import hold_for, hold_words
from tui.view.job_rows import has_begun
from tui.view.job_words import needs_words, wants_person
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.story import Story, Wait
from tui.view.timeline_cells import Cells
from tui.view.timeline_scale import Scale
from tui.view.timeline_tree import Line, task_mark

WORDS_CELLS = 20
"""Cells at the right that belong to ``took`` and to what a waiting row waits for."""
ENDED_CELLS = 14
"""In a run that has ended nothing waits."""
WAITS = ("wait", "unknown")
"""Kinds of stretches in which nothing was known to run."""
_NOTHING = own("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which one thing was so."""

    start: float
    end: float
    """UTC seconds; now for what goes on."""
    kind: str
    """done, running, wait, unknown or stage."""
    token: str
    bad: bool = False
    """It ended in a failure."""
    words: SafeText = _NOTHING
    """Behind a bad end; in the middle of a wait."""


def stretches(scene: RunScene, story: Story, line: Line) -> tuple[Stretch, ...]:
    """What a row did, oldest first; what waits before what it waited for."""
    now_utc = scene.here.now_utc
    match line.kind:
        case "stage":
            return tuple(_stage(scene, line))
        case "task":
            return tuple(one for task in line.done for one in _task(task, now_utc))
        case "run":
            return tuple(one for member in line.members() for one in _job_run(scene, story, member))
        case "job" | "fold":
            return tuple(_together(line.members(), now_utc))
        case _:
            return ()


def _stage(scene: RunScene, line: Line) -> Iterator[Stretch]:
    stage, state = line.stage, scene.state
    if stage is None or stage.started_at is None:
        return
    # A stage in which a run was rolled back has no end of its own.
    over = state.ended_at if state.phase in RUN_ENDED else None
    end = next((at for at in (stage.ended_at, over) if at is not None), scene.here.now_utc)
    yield Stretch(start=stage.started_at, end=end, kind="stage", token="faint")


def _together(members: Iterable[Place], now_utc: float) -> Iterator[Stretch]:
    """From the first begin of any of them to the last end."""
    bars = [one for member in members for attempt in member.run.attempts for one in _attempt(attempt, member, now_utc)]
    if bars:
        worst = max(bars, key=lambda one: (one.token == "fail", one.token == "unk", one.kind == "running"))
        yield Stretch(
            start=min(one.start for one in bars),
            end=max(one.end for one in bars),
            kind="running" if any(one.kind == "running" for one in bars) else "done",
            token=worst.token,
        )


def _job_run(scene: RunScene, story: Story, member: Place) -> Iterator[Stretch]:
    now_utc, run = scene.here.now_utc, member.run
    bars = [one for attempt in run.attempts for one in _attempt(attempt, member, now_utc)]
    for wait in story.waits.get(run.id, ()):
        yield from _wait(scene, member, wait)
    yield from bars


def _wait(scene: RunScene, member: Place, wait: Wait) -> Iterator[Stretch]:
    now_utc = scene.here.now_utc
    end = now_utc if wait.end is None else wait.end
    token, words = "muted", _NOTHING
    if wait.kind == "unknown":
        token, words = "unk", own(f"unknown {duration(end - wait.start)}")
    elif wait.kind == "person":
        hold = hold_for(scene, member)
        waits = wait.end is None and hold is not None and hold.kind == HoldKind.FAILED
        if not wait.by and not waits:
            return
        who = f"{safe(wait.by)} after" if wait.by else "waits for a person"
        words = own(f"{who} {duration(end - wait.start)}")
    elif wait.end is None and member.run.phase not in WAITING and member.run.phase is not Phase.ROLLING_BACK:
        return
    kind = "unknown" if wait.kind == "unknown" else "wait"
    yield Stretch(start=wait.start, end=end, kind=kind, token=token, words=words)


def _attempt(attempt: AttemptState, member: Place, now_utc: float) -> Iterator[Stretch]:
    if attempt.started_at is None:
        return
    newest = member.run.current is attempt
    phase = member.run.phase if newest and attempt.ended_at is None else attempt.phase
    mark = JOB_PHASES[phase.value]
    live = attempt.ended_at is None and phase in LIVE
    end = attempt.ended_at if attempt.ended_at is not None else now_utc
    bad = not live and mark.token == "fail"
    if phase is Phase.UNKNOWN:
        # Known up to the last word; what came then is drawn as a wait for it.
        end = min(end, member.run.since or end) if newest else end
        live = False
    yield Stretch(
        start=attempt.started_at,
        end=max(end, attempt.started_at),
        kind="running" if live else "done",
        token=mark.token,
        bad=bad,
        words=_how(attempt.phase, attempt.exit_code, attempt.signal) if bad else _NOTHING,
    )


def _task(task: TaskState, now_utc: float) -> Iterator[Stretch]:
    start = task.started_at if task.started_at is not None else task.dispatched_at
    if start is None:
        return
    mark = task_mark(task.phase)
    live = task.ended_at is None and task.phase in (TaskPhase.DISPATCHED, TaskPhase.RUNNING)
    end = task.ended_at if task.ended_at is not None else now_utc if live else start
    yield Stretch(
        start=start,
        end=max(start, end),
        kind="running" if live else "done",
        token=mark.token,
        bad=mark.token == "fail",
    )


def _how(phase: Phase, exit_code: int | None, signal: str | None) -> SafeText:
    if phase is Phase.TIMED_OUT:
        return own("timed out")
    if exit_code is not None:
        return own(f"exit {exit_code}")
    return safe(f"killed by {signal}") if signal else own("failed")


# ----- cells


def bar_spans(
    found: Sequence[Stretch],
    scale: Scale,
    width: int,
    right: Span,
    now_utc: float | None,
    glyphs: Glyphs,
    *,
    waits: bool = False,
) -> tuple[Span, ...]:
    """A row of ``width`` cells: bars in the scale's cells, ``right`` at the end, the now line over the free ones.

    ``now_utc``: where the now line stands; None: the run has ended. ``waits``: the row has yet to begin.
    """
    drawn = Cells(width)
    bars = [one for one in found if one.kind not in WAITS]
    waiting = [one for one in found if one.kind in WAITS]
    for wait in (one for one in waiting if one.kind == "wait"):
        drawn.fill(scale.x(wait.start), min(scale.x(wait.end), scale.cells), glyphs.divider, wait.token)
    places = _draw_bars(drawn, bars, scale, glyphs)
    for wait in (one for one in waiting if one.kind == "unknown"):
        # Over the bar: the attempt may have gone on all the time, and nobody knew.
        first = scale.x(wait.start)
        drawn.fill(first, min(max(first + 1, scale.x(wait.end)), scale.cells), glyphs.divider, wait.token)
    right_at = width - cells(right.text)
    if right.text:
        drawn.write(right_at, right.text, right.token, bold=right.bold)
    now_at = None if now_utc is None else scale.x(now_utc)
    if now_at is not None and 0 <= now_at < width and now_at < right_at - 1:
        if drawn.is_free(now_at, now_at + 1, over=glyphs.divider):
            # What has just begun is a cell wide, and that one is its own.
            drawn.fill(now_at, now_at + 1, glyphs.event, "acc")
        if waits and right.text and drawn.is_free(now_at + 1, now_at + 6):
            drawn.fill(now_at + 2, now_at + 5, glyphs.divider, "muted")
    for end, bar in places:
        room = end + 2 + cells(bar.words)
        if (
            bar.words
            and bar.end <= scale.end
            and room < right_at
            and drawn.is_free(end + 1, room + 1, over=glyphs.divider)
        ):
            drawn.write(end + 1, own(f" {bar.words}" + (" " if room < scale.cells else "")), "fail")
    for wait in (one for one in waiting if one.words):
        _write_in(drawn, wait, scale, places)
    return drawn.spans()


def _draw_bars(drawn: Cells, bars: Sequence[Stretch], scale: Scale, glyphs: Glyphs) -> list[tuple[int, Stretch]]:
    """Draw them; each one's first free column behind it."""
    places: list[tuple[int, Stretch]] = []
    at = 0
    shown = [bar for bar in bars if bar.end >= scale.start and bar.start <= scale.end]
    for number, bar in enumerate(shown, 1):
        # Each of those that follow has a cell left.
        most = max(1, scale.cells - len(shown) + number)
        first = min(max(at, scale.x(bar.start)), most - 1)
        end = min(max(first + 1, scale.x(bar.end)), most)
        sign = glyphs.thin if bar.kind == "stage" else glyphs.bar_running if bar.kind == "running" else glyphs.bar_done
        drawn.fill(first, end, sign, bar.token)
        at = end
        if bar.bad and bar.end <= scale.end:
            drawn.write(end, glyphs.failed, "fail", bold=True)
            at += 1
        places.append((end, bar))
    return places


def _write_in(drawn: Cells, wait: Stretch, scale: Scale, places: Sequence[tuple[int, Stretch]]) -> None:
    """Words in the middle of a wait, with three cells of it on both sides."""
    first, end = max(0, scale.x(wait.start)), min(scale.x(wait.end), scale.cells)
    for behind, bar in places:
        if wait.kind == "wait" and bar.start < wait.end and bar.end <= wait.start + 0.001:
            first = max(first, behind + (2 + cells(bar.words) + 1 if bar.bad and bar.words else 0))
    room = end - first
    if room >= cells(wait.words) + 6:
        at = first + (room - cells(wait.words)) // 2
        drawn.write(at - 1, own(f" {wait.words} "), wait.token)


# ----- what stands at the right


def took(found: Sequence[Stretch], line: Line) -> SafeText:
    """From the first begin of its bars to the last end; empty where it has none."""
    bars = [one for one in found if one.kind not in WAITS]
    if not bars or (line.kind == "task" and line.phase is TaskPhase.UNKNOWN):
        return _NOTHING
    seconds = bars[-1].end - bars[0].start if line.kind != "task" else sum(one.end - one.start for one in bars)
    return task_duration(seconds) if line.kind == "task" else duration(seconds)


def right_of(scene: RunScene, line: Line, found: Sequence[Stretch]) -> Span:
    """What it took, or what it waits for."""
    words = _waits_for(scene, line)
    if words:
        first = line.first()
        person = line.stage is None and first is not None and wants_person(hold_for(scene, first))
        return Span(words, "warn" if person else "muted")
    goes_on = line.stage is not None and line.stage.ended_at is None and scene.state.phase not in RUN_ENDED
    live = goes_on or any(one.kind == "running" for one in found)
    bad = line.kind in ("run", "task") and any(one.bad for one in found[-1:])
    return Span(took(found, line), "text" if live or bad else "muted")


def is_waiting(line: Line) -> bool:
    """Whether nothing of it was ever started, and something is to be."""
    if line.stage is not None:
        return line.stage.phase is StagePhase.WAITING
    if line.tree is None:
        return False
    if line.kind == "job":
        return all(job.counts.keys() <= WAITING and not has_begun(job) for _, job in line.tree.jobs)
    return all(run.phase in WAITING and not run.attempts for run in line.tree.runs)


def _waits_for(scene: RunScene, line: Line) -> SafeText:
    first = line.first()
    if first is None:
        return _NOTHING
    if line.stage is not None:
        before = stage_before(scene.state, line.stage.name) if is_waiting(line) else ""
        return safe(f"needs {before}") if before else _NOTHING
    if first.run.phase not in WAITING or (line.kind == "job" and not is_waiting(line)):
        return _NOTHING
    hold = hold_for(scene, first)
    if hold is not None and hold.kind == HoldKind.STAGE:
        return needs_words(scene, first.job, hold)
    if first.run.phase is Phase.BACKING_OFF and first.run.not_before is not None:
        return own(f"retry in {duration(first.run.not_before - scene.here.now_utc)}")
    return hold_words(hold, scene.state)


def extent(found: Sequence[Stretch]) -> tuple[float, float] | None:
    """From when to when a row did something; where it did nothing, waited."""
    shown = [one for one in found if one.kind not in WAITS] or found
    return (min(one.start for one in shown), max(one.end for one in shown)) if shown else None
