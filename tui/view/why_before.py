"""What went before a failure, as rows of the why pane: what changed since the last good run, whether it was seen, and
what happened there next. One row each where one can be: of several wordings the longest that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model.past import Then
from tui.view.cells import cells, cut_right, wrap
from tui.view.durations import ago
from tui.view.facts import Place, parse_time
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own, safe
from tui.view.why_words import Fact, Pane, clipped, fitting, text

if TYPE_CHECKING:
    from runners.model.api import Before, Changes, Fix, JobChange, ParamChange, Seen

_MOST_NAMES = 2
_MOST_SAID_CELLS = 120
_THEN = {
    Then.FAILED_AGAIN: ("tried again, it never passed", "never passed"),
    Then.CANCELLED: ("the run was cancelled", "cancelled"),
    Then.ROLLED_BACK: ("the run was rolled back", "rolled back"),
    Then.CONTINUED: ("the run went on without it", "the run went on"),
    Then.NOTHING: ("the run ended with it", "the run ended"),
    Then.OPEN: ("it is still open there", "still open"),
}
"""What became of a failure that nothing was done about, at length and in short."""


def before_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """What changed, seen, fixed by; nothing until the controller has told it, and nothing that it does not know."""
    before = pane.scene.before
    if before is None or before.job_run != member.run.id:
        return
    about = About(
        job=member.job.id, host=member.run.host, room=pane.room, now_utc=pane.now_utc, rows=1 if pane.tight else 2
    )
    yield from about.facts(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The failure that is told about, and the room and the time for it."""

    job: str = ""
    """``rollout/release``; empty: no single one."""
    host: str = ""
    room: int
    """Cells of a value."""
    now_utc: float
    rows: int = 1
    """That changes may take."""

    def facts(self, before: Before) -> Iterator[Fact]:
        """All that is known of before."""
        if before.changes is not None:
            yield "changed", changed_words(before.changes, self)
        if before.seen is not None:
            yield from _seen_facts(before.seen, self)


def about_of(before: Before, room: int, now_utc: float) -> About:
    """About the failure that ``before`` names by itself."""
    job, _, host = (before.job_run or "").partition("@")
    return About(job=job, host=host, room=room, now_utc=now_utc)


def _seen_facts(seen: Seen, about: About) -> Iterator[Fact]:
    yield "seen", text(_seen_words(seen, about))
    fix = seen.fix
    if fix is None:
        return
    helped = fix.how in (Then.PASSED, Then.SKIPPED)
    yield "fixed by" if helped else "then", text(_fix_words(fix, about.room))
    if fix.note:
        said = own(f"{clipped(fix.note_by)}: {clipped(fix.note, _MOST_SAID_CELLS)}")
        yield "noted then", (Span(cut_right(said, about.room)),)


def _seen_words(seen: Seen, about: About) -> SafeText:
    at = parse_time(seen.at)
    often = f"{seen.times} of {seen.of} runs" if seen.of > 1 else "in the run before"
    within = f"in {often}" if seen.of > 1 else often
    age = ago(about.now_utc - at) if at is not None else ""
    last = f", {'last ' if seen.times > 1 else ''}{age}" if age else ""
    run = f" in {_run(seen.run)}" if seen.of > 1 else ""
    always = f", always on {clipped(seen.always_on)}" if seen.always_on else ""
    return fitting(
        about.room,
        f"{within}{always}{last}{run}",
        f"{within}{last}{run}",
        *([f"{often}{always}"] if always else []),
        f"{often}{last}",
        often,
    )


def _fix_words(fix: Fix, room: int) -> SafeText:
    where = f" in {_run(fix.run)}"
    by = f" by {clipped(fix.by)}" if fix.by else ""
    if fix.how == Then.PASSED:
        who = f"a retry{by}" if fix.by else "the next attempt, by itself"
        there = f", after {_whose(fix)} shell on the host"
        after = there if fix.shell_by else ""
        return fitting(room, f"{who}{where}{after}", f"{who}{after}", who)
    if fix.how == Then.SKIPPED:
        why = f": {clipped(fix.why, _MOST_SAID_CELLS)}" if fix.why else ""
        return fitting(room, f"skipped{by}{where}{why}", f"skipped{by}{why}", f"skipped{by}")
    good = f", {_run(fix.next_good)} passed" if fix.next_good else ""
    told, short = next((words for then, words in _THEN.items() if then == fix.how), (safe(fix.how),) * 2)
    by = by if fix.how in (Then.CANCELLED, Then.ROLLED_BACK) else ""
    return fitting(room, f"{told}{by}{where}{good}", f"{told}{by}{good}", f"{short}{by}{good}", f"{short}{good}")


def _whose(fix: Fix) -> str:
    return "a" if fix.shell_by == fix.by else f"{clipped(fix.shell_by)}'s"


def changed_words(changes: Changes, about: About) -> tuple[Span, ...]:
    """``release 2.4.0 -> 2.4.1, restart edited``, as many as there is room for; what is nearest to it first."""
    ended_at = parse_time(changes.ended_at)
    when = f", {ago(about.now_utc - ended_at)}" if ended_at is not None else ""
    since = f" since {_run(changes.run)}"
    items = [*_near(changes, about), *_far(changes, about)]
    if not items:
        return text(fitting(about.room, f"nothing{since}{when}", f"nothing{since}"))
    shown: tuple[Span, ...] = ()
    for number in range(1, len(items) + 1):
        left = len(items) - number
        words = ", ".join(items[:number]) + (f" +{left} more" if left else "")
        if not shown or _fits(words, about):
            shown = text(own(words))
        if _fits(f"{words},{since}", about):
            shown = (Span(own(f"{words},")), Span(own(since), "muted"))
    return shown


def _fits(words: str, about: About) -> bool:
    return cells(words) <= about.rows * about.room and len(wrap(own(words), about.room)) <= about.rows


def _near(changes: Changes, about: About) -> Iterator[str]:
    """Of its own job and host, and the params."""
    for names, words in (
        (changes.hosts_added, "is new"),
        (changes.hosts_moved, "moved"),
        (changes.hosts_set, "has other variables"),
    ):
        if about.host in names:
            yield f"{clipped(about.host)} {words}"
    for change in changes.jobs:
        if change.job == about.job:
            yield _edited(change)
    yield from map(_param, changes.params)


def _far(changes: Changes, about: About) -> Iterator[str]:
    """Of everything else, and who."""
    for change in changes.jobs:
        if change.job != about.job:
            yield _edited(change) + (f" in {clipped(_job(change))}" if change.tasks else "")
    yield from (f"file {clipped(name)}" for name in changes.files)
    yield from (f"env {clipped(name)}" for name in changes.env)
    for names, words in (
        (changes.hosts_added, "new"),
        (changes.hosts_gone, "gone"),
        (changes.hosts_moved, "moved"),
        (changes.hosts_set, "with other variables"),
    ):
        others = [name for name in names if name != about.host]
        if others:
            few = " and ".join(clipped(name) for name in others[:_MOST_NAMES])
            yield f"{f'{len(others)} hosts' if len(others) > _MOST_NAMES else few} {words}"
    if changes.by:
        yield f"{clipped(changes.by)} ran that one"


def _edited(change: JobChange) -> str:
    names = change.tasks
    if names:
        few = " and ".join(clipped(name) for name in names[:_MOST_NAMES])
        return f"{few if len(names) <= _MOST_NAMES else f'{len(names)} tasks'} edited"
    job = clipped(_job(change))
    return {"added": f"job {job} new", "removed": f"job {job} gone"}.get(change.how, f"how {job} is run")


def _job(change: JobChange) -> str:
    return change.job.rpartition("/")[2]


def _param(change: ParamChange) -> str:
    before, now = (
        clipped(value) if value else "unset" if value is None else "empty" for value in (change.before, change.now)
    )
    return f"{clipped(change.name)} {before} -> {now}"


def _run(name: str) -> str:
    """``run 41``: its pipeline is the one that is looked at."""
    return f"run {clipped(name.rpartition('/')[2])}"
