"""The top bar: where this is, which environment, how it stands, how old the news is, who is here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.core.ready import counts_of
from runners.model.phases import FAILURES, RUN_ENDED, Phase, RunPhase
from tui.view.board_groups import Need, failing, grouped, unknown
from tui.view.durations import duration
from tui.view.expected import usual_spans
from tui.view.facts import REPAIR, WAITING, is_due, places
from tui.view.holds import asking
from tui.view.layout import size_class
from tui.view.rows import Row, Span, spaced, width_of
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs
    from tui.view.scene import BoardScene, Here, RunScene

LAG_WORTH_SAYING_S = 2.0


def environment_spans(environment: str | None) -> tuple[Span, ...]:
    """The chip: upper case for production alone, never coloured; nothing where none is named."""
    if not environment:
        return ()
    if environment.lower() == "production":
        return (Span(own(" PRODUCTION "), "text", bold=True, bg="chip"),)
    return (Span(safe(f" {environment.lower()} "), "muted", bold=True, bg="chip"),)


def run_bar(scene: RunScene, width: int, height: int, glyphs: Glyphs, *, page: SafeText | None = None) -> Row:
    """The bar of the run screen. Name, environment, failed, unknown and a lag over 2 s never go.

    ``page``: what of the run is shown, ``timeline``, a host; None: the run itself.
    """
    state, here = scene.state, scene.here
    phases = Counter(counts_of(state))
    # What is still to be rolled back waits, however it ended.
    due = [one.run.phase for one in places(state) if is_due(state, one.run)] if state.phase in REPAIR else []
    phases.subtract(due)
    narrow = size_class(width, height).value in ("narrow", "tiny")
    failed = sum(phases[phase] for phase in FAILURES)
    person = asking(scene)
    waiting = max(0, sum(phases[phase] for phase in WAITING) + len(due) - person)
    running = phases[Phase.RUNNING] + phases[Phase.CANCELLING]
    pipeline, _, number = state.name.rpartition("/")
    crumbs = [] if narrow else [Span(own("onduty"), "muted"), Span(own(f" {glyphs.crumb} "), "faint")]
    crumbs.append(Span(safe(f"{pipeline}/{number}"), "text", bold=page is None, cut="middle"))
    if page is not None:
        crumbs += [Span(own(f" {glyphs.crumb} "), "faint"), Span(page, bold=True, cut="middle")]
    counts: list[tuple[str, tuple[Span, ...]]] = []
    for name, sign, number_of, word, token in (
        ("failed", glyphs.failed, failed, "failed", "fail"),
        ("unknown", glyphs.unknown, phases[Phase.UNKNOWN], "unknown", "unk"),
        ("person", glyphs.person, person, _waits(person), "warn"),
        ("running", glyphs.running, running, "running", "run"),
        ("rolling back", glyphs.rolled_back, phases[Phase.ROLLING_BACK], "rolling back", "back"),
        ("waiting", glyphs.waiting, waiting, "waiting", "muted"),
        ("passed", glyphs.passed, phases[Phase.SUCCEEDED], "passed", "ok"),
        ("rolled back", glyphs.rolled_back, phases[Phase.ROLLED_BACK], "rolled back", "back"),
    ):
        if number_of:
            counts.append((name, _count(sign, number_of, word, token, worded=True)))
    if state.phase is RunPhase.PAUSED:
        counts.append(("paused", (Span(own(f"{glyphs.paused} "), "muted"), Span(own("paused"), "text"))))
    ended_at = state.ended_at if state.phase in RUN_ENDED else None
    started_at = state.started_at or state.created_at
    release = state.plan.params.get("release")
    right: list[tuple[str, tuple[Span, ...]]] = [
        ("release", (Span(safe(f"release {release}"), "muted"),) if release else ()),
        ("elapsed", (Span(duration((ended_at or here.now_utc) - started_at)),)),
        ("usual", usual_spans(scene)),
        *line_spans(here),
        ("user", (Span(safe(here.user)),) if here.user else ()),
    ]
    if len(scene.watchers) > 1:
        right.append(("watching", (Span(own(f"{len(scene.watchers)} watching"), "muted"),)))
    return squeezed(crumbs, environment_spans(state.plan.environment), counts, right, width)


def board_bar(scene: BoardScene, width: int, glyphs: Glyphs) -> Row:
    """The bar of the list of runs."""
    groups = grouped(scene.summaries, now_utc=scene.here.now_utc, statuses=scene.statuses)
    bad = groups[Need.BAD]
    failed = sum(failing(run) for run in bad)
    counts = []
    for name, sign, number, word, token in (
        ("failed", glyphs.failed, failed, "failed", "fail"),
        ("unknown", glyphs.unknown, sum(unknown(run) for run in bad), "unknown", "unk"),
        ("person", glyphs.person, len(groups[Need.PERSON]), _waits(len(groups[Need.PERSON])), "warn"),
        ("running", glyphs.running, len(groups[Need.RUNNING]), "running", "run"),
    ):
        if number:
            counts.append((name, _count(sign, number, word, token, worded=True)))
    crumbs = [Span(own("onduty"), "muted"), Span(own(f" {glyphs.crumb} "), "faint"), Span(own("runs"), bold=True)]
    right = [*line_spans(scene.here), ("user", (Span(safe(scene.here.user)),) if scene.here.user else ())]
    return squeezed(crumbs, (), counts, right, width)


def _waits(number: int) -> str:
    return "waits for you" if number == 1 else "wait for you"


def line_spans(here: Here) -> list[tuple[str, tuple[Span, ...]]]:
    """How old the news is: the lag, or for how long the controller is lost."""
    if here.stale_s is not None:
        return [("stale", (Span(own(f"no controller for {duration(here.stale_s)}"), "warn", bold=True),))]
    if here.lag_s is None:
        return []
    late = here.lag_s > LAG_WORTH_SAYING_S
    text = own(f"lag {here.lag_s:.1f}s")
    return [("late" if late else "lag", (Span(text, "warn" if late else "muted"),))]


def _count(sign: SafeText, number: int, word: str, token: str, *, worded: bool) -> tuple[Span, ...]:
    words = f"{number} {word}" if worded else str(number)
    if token == "fail":
        return (Span(own(f" {sign} {words} "), token, bold=True, reverse=True),)
    loud = token in ("unk", "warn")
    return (Span(own(f"{sign} "), token, bold=loud), Span(own(words), token if loud else "text", bold=loud))


_DROPS = (
    "usual",
    "passed",
    "release",
    "watching",
    "words",
    "waiting",
    "elapsed",
    "lag",
    "rolled back",
    "running",
    "user",
)
"""What goes first when it gets tight (LOOK section 2, "Top bar")."""


def squeezed(
    crumbs: Sequence[Span],
    environment: tuple[Span, ...],
    counts: list[tuple[str, tuple[Span, ...]]],
    right: list[tuple[str, tuple[Span, ...]]],
    width: int,
) -> Row:
    """A bar in which what matters least went first."""
    drops = list(_DROPS)
    while True:
        left = spaced([tuple(crumbs), environment, spaced([spans for _, spans in counts], 3)], 2)
        after = spaced([spans for _, spans in right], 3)
        if width_of(left) + width_of(after) + 2 + (3 if after else 0) <= width or not drops:
            return Row(left=left, right=after, margins=(1, 1), gap=3)
        drop = drops.pop(0)
        if drop == "words":
            counts = [(name, _wordless(spans)) for name, spans in counts]
        else:
            counts = [(name, spans) for name, spans in counts if name != drop]
            right = [(name, spans) for name, spans in right if name != drop]


def _wordless(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Sign and number alone; the failed chip keeps its word, it is what the eye looks for."""
    if spans[0].reverse:
        return spans
    sign, words = spans
    if not words.text[:1].isdigit():
        return spans
    return (sign, Span(own(words.text.split(" ")[0]), words.token, words.bold))
