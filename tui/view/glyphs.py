"""Every sign on the screen, in Unicode and in ASCII, and how each phase looks (LOOK section 5).

All are one cell wide and width-neutral, box drawing apart, so the grid is the same in both sets.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tui.view.safe_text import SafeText, own


class Glyphs(Struct, frozen=True, kw_only=True):
    """One set of signs; each is exactly one cell."""

    passed: SafeText
    failed: SafeText
    running: SafeText
    waiting: SafeText
    person: SafeText
    unknown: SafeText
    skipped: SafeText
    rolled_back: SafeText
    paused: SafeText
    cancelled: SafeText
    mark: SafeText
    """First bad line, current step."""
    folded: SafeText
    open: SafeText
    event: SafeText
    """An event in a graph, the now line."""
    edge: SafeText
    """Selection, headline, toast, focus of a field, scroll thumb."""
    heavy: SafeText
    """Rule of the focused pane; also the done part of a bar."""
    thin: SafeText
    """Rule of other panes."""
    divider: SafeText
    """Task divider, wait in a timeline."""
    bar_done: SafeText
    bar_running: SafeText
    bar_rest: SafeText
    cut: SafeText
    crumb: SafeText
    track: SafeText
    """Scroll column, bar between the two kinds of keys."""
    marked: SafeText
    """A row marked with space."""

    def of(self, name: str) -> SafeText:
        """The sign of a field's name, as ``PhaseMark.glyph`` holds it."""
        sign: SafeText = getattr(self, name)
        return sign


UNICODE = Glyphs(
    passed=own("✓"),
    failed=own("✗"),
    running=own("↻"),
    waiting=own("◦"),
    person=own("!"),
    unknown=own("?"),
    skipped=own("⊘"),
    rolled_back=own("↶"),
    paused=own("ǁ"),
    cancelled=own("⊖"),
    mark=own("▸"),
    folded=own("▸"),
    open=own("▾"),
    event=own("╎"),
    edge=own("┃"),
    heavy=own("━"),
    thin=own("─"),
    divider=own("╌"),
    bar_done=own("━"),
    bar_running=own("╍"),
    bar_rest=own("━"),
    cut=own("⋯"),
    crumb=own("›"),
    track=own("│"),
    marked=own("+"),
)
ASCII = Glyphs(
    passed=own("+"),
    failed=own("x"),
    running=own("~"),
    waiting=own("."),
    person=own("!"),
    unknown=own("?"),
    skipped=own("-"),
    rolled_back=own("<"),
    paused=own("="),
    cancelled=own("%"),
    mark=own(">"),
    folded=own(">"),
    open=own("v"),
    event=own(":"),
    edge=own("|"),
    heavy=own("="),
    thin=own("-"),
    divider=own("-"),
    bar_done=own("="),
    bar_running=own("~"),
    bar_rest=own("-"),
    cut=own("~"),
    crumb=own(">"),
    track=own("|"),
    marked=own("+"),
)


class PhaseMark(Struct, frozen=True):
    """Sign, word and colour of one phase: always all three."""

    glyph: str
    """Field name in ``Glyphs``."""
    word: SafeText
    """What stands there when nothing more telling is known (a running task's name, what a wait needs, ``exit 1``)."""
    token: str
    """Colour of the sign."""
    word_token: str
    bold: bool = False
    """Of the word and the sign; only what somebody must look at."""
    severity: int = 0
    """Order in lists: 5 failed, 4 unknown, 3 waits for a person, 2 running, 1 waiting, 0 done."""


def _mark(
    glyph: str, word: str, token: str, severity: int, *, of_word: str | None = None, bold: bool = False
) -> PhaseMark:
    return PhaseMark(glyph, own(word), token, of_word or token, bold, severity)


JOB_PHASES: Mapping[str, PhaseMark] = {
    "waiting": _mark("waiting", "waiting", "muted", 1),
    "queued": _mark("waiting", "queued", "muted", 1),
    "running": _mark("running", "running", "run", 2),
    "backing_off": _mark("waiting", "retry", "muted", 1),
    "succeeded": _mark("passed", "passed", "ok", 0, of_word="muted"),
    "failed": _mark("failed", "failed", "fail", 5, bold=True),
    "timed_out": _mark("failed", "timed out", "fail", 5, bold=True),
    "cancelling": _mark("cancelled", "cancelling", "muted", 2),
    "cancelled": _mark("cancelled", "cancelled", "muted", 0),
    "skipped": _mark("skipped", "skipped", "muted", 0),
    "unknown": _mark("unknown", "unknown", "unk", 4, bold=True),
    "rolling_back": _mark("rolled_back", "rolling back", "back", 2),
    "rolled_back": _mark("rolled_back", "rolled back", "back", 0),
    "rollback_failed": _mark("failed", "rollback failed", "fail", 5, bold=True),
}
"""Phases of a job run. ``queued`` waits for its host or a free place, so it is drawn as waiting."""

TASK_PHASES: Mapping[str, PhaseMark] = {
    **JOB_PHASES,
    "waiting": _mark("waiting", "not run", "muted", 1),
    "dispatched": _mark("running", "starting", "run", 2),
    "started": _mark("running", "running", "run", 2),
    "kept": _mark("skipped", "kept", "muted", 0),
    "not_run": _mark("skipped", "not run", "muted", 0),
    "lost": JOB_PHASES["unknown"],
}
"""Phases of a task; those of a job run and what only tasks have."""

STAGE_PHASES: Mapping[str, PhaseMark] = {
    "waiting": JOB_PHASES["waiting"],
    "running": JOB_PHASES["running"],
    "held": _mark("person", "held", "warn", 3, bold=True),
    "passed": _mark("passed", "passed", "ok", 0, of_word="muted"),
    "skipped": JOB_PHASES["skipped"],
    "stopped": _mark("cancelled", "stopped", "muted", 0),
}
"""Phases of a stage; its sign on screen is that of its worst member."""

RUN_PHASES: Mapping[str, PhaseMark] = {
    "queued": _mark("waiting", "queued", "muted", 1),
    "running": JOB_PHASES["running"],
    "held": _mark("person", "held", "warn", 3, bold=True),
    "paused": _mark("paused", "paused", "warn", 1),
    "cancelling": JOB_PHASES["cancelling"],
    "succeeded": JOB_PHASES["succeeded"],
    "failed": JOB_PHASES["failed"],
    "cancelled": JOB_PHASES["cancelled"],
    "rolling_back": JOB_PHASES["rolling_back"],
    "rolled_back": JOB_PHASES["rolled_back"],
    "rollback_incomplete": _mark("failed", "rollback incomplete", "fail", 5, bold=True),
}
"""Phases of a run."""


def pick_glyphs(*, ascii_only: bool) -> Glyphs:
    """The set for this terminal."""
    return ASCII if ascii_only else UNICODE
