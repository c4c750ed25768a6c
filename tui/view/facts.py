"""Small questions about a run that several parts of the screen ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from runners.model.api import HoldDocument
from runners.model.holds import HoldKind
from runners.model.phases import BAD, LIVE, FailureKind, Phase, StagePhase, TaskPhase
from runners.model.plan import PlannedJob, PlannedTask
from runners.model.state import JobRunState, RunbookLink, RunState, TaskState
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

WAITING = frozenset({Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF})
FOLDED = {
    "passed": Phase.SUCCEEDED,
    "skipped": Phase.SKIPPED,
    "cancelled": Phase.CANCELLED,
    "queued": Phase.QUEUED,
    "waiting": Phase.WAITING,
}
"""What a folded row of the tree stands for, by the word in its id."""
PASSED = frozenset({Phase.SUCCEEDED, Phase.SKIPPED})
NEEDS_PERSON = frozenset({HoldKind.FAILED.value, HoldKind.HOST_KEY.value, HoldKind.SECRET.value})
_QUEUE = frozenset({HoldKind.HOST.value, HoldKind.HOST_KEY.value, HoldKind.SECRET.value, HoldKind.CAPACITY.value})
_STAGE_DONE = (StagePhase.PASSED, StagePhase.SKIPPED)


@dataclass(frozen=True, slots=True)
class Place:
    """One job run with where it stands."""

    stage: str
    job: PlannedJob
    run: JobRunState


def places(state: RunState) -> Iterator[Place]:
    """Every job run, in plan order."""
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job in zip(planned_stage.jobs, stage.jobs, strict=True):
            for run in job.runs:
                yield Place(stage.name, planned, run)


def place_of(state: RunState, job_run: str) -> Place | None:
    """The job run of that id."""
    return next((place for place in places(state) if place.run.id == job_run), None)


def under(state: RunState, selected: str) -> tuple[Place, ...]:
    """The job runs of a stage, a job or a job run; of a folded row those it may stand for; empty for anything else."""
    if not selected:
        return ()
    whole, at, host = selected.partition("@")
    if at and host in FOLDED:
        found = tuple(one for one in places(state) if one.job.id == whole and one.run.phase is FOLDED[host])
        if found:
            return found
    if at:
        return tuple(one for one in places(state) if one.run.id == selected)
    return tuple(one for one in places(state) if selected in (one.stage, one.job.id))


def worst(state: RunState) -> Place | None:
    """What somebody should look at first: the earliest failure, else the earliest unknown, else what runs."""
    ranked = sorted(
        (place for place in places(state) if place.run.phase in BAD or place.run.phase in LIVE),
        key=lambda place: (_rank(place.run.phase), place.run.since or 0.0),
    )
    return ranked[0] if ranked else None


def looked_at(scene: RunScene) -> Place | None:
    """The job run that the panes beside the list are about: the selected one, else the worst of what is selected."""
    members = under(scene.state, scene.selected)
    if len(members) == 1:
        return members[0]
    if members:
        bad = [one for one in members if one.run.phase in BAD or one.run.phase in LIVE]
        return min(bad, key=lambda one: (_rank(one.run.phase), one.run.since or 0.0)) if bad else None
    return worst(scene.state)


def _rank(phase: Phase) -> int:
    return 0 if phase in BAD else 1 if phase is Phase.UNKNOWN else 2


def link_of(place: Place) -> RunbookLink | None:
    """The page and first bad line of the failure it ended with."""
    attempt = place.run.current
    return place.run.runbook or (attempt.runbook if attempt is not None and place.run.phase in BAD else None)


def steps_of(place: Place) -> tuple[PlannedTask, ...]:
    """The steps of the current attempt: those of the rollback, when it is one."""
    attempt = place.run.current
    return place.job.steps(rollback=attempt is not None and attempt.rollback)


def running_task(place: Place) -> tuple[int, str] | None:
    """Number and name of the task that an attempt is at; None when none was dispatched."""
    attempt = place.run.current
    if attempt is None:
        return None
    for number in range(len(attempt.tasks), 0, -1):
        task = attempt.tasks[number - 1]
        if task.key is not None and task.phase is not TaskPhase.KEPT:
            return number, steps_of(place)[number - 1].name
    return None


def failed_task(place: Place) -> tuple[int, str, TaskState] | None:
    """Number, name and state of the task that ended the current attempt badly."""
    attempt = place.run.current
    for number, task in enumerate(attempt.tasks if attempt else (), 1):
        if task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.UNKNOWN, TaskPhase.CANCELLED):
            return number, steps_of(place)[number - 1].name, task
    return None


def elapsed_s(run: JobRunState, now_utc: float) -> float | None:
    """Seconds of the current attempt; None when it has not begun or the next one waits."""
    attempt = run.current
    if attempt is None or attempt.started_at is None or run.phase in WAITING:
        return None
    return (now_utc if attempt.ended_at is None else attempt.ended_at) - attempt.started_at


def short_name(place: Place) -> SafeText:
    """``release@web3``."""
    return safe(f"{place.job.name}@{place.run.host}")


def subject(place: Place) -> SafeText:
    """Who a sentence is about: the host where the job has several, else ``report@edge1``."""
    return safe(place.run.host) if len(place.job.hosts) > 1 else short_name(place)


def reached(run: JobRunState) -> bool:
    """Whether the end of the job run is one of its current attempt; False when its host was given up before."""
    attempt = run.current
    return attempt is not None and attempt.ended_at is not None and attempt.phase is run.phase


def how_it_ended(run: JobRunState) -> SafeText:
    """``exit 1``, ``timed out``, ``killed by TERM``, ``unreachable``: the first words of the reason."""
    if run.phase is Phase.TIMED_OUT:
        return own("timed out")
    if run.exit_code is not None:
        return own(f"exit {run.exit_code}")
    if run.signal is not None:
        return safe(f"killed by {run.signal}")
    if run.kind is FailureKind.UNREACHABLE:
        return own("not reached")
    if run.kind is FailureKind.AUTH:
        return own("login refused")
    return own(run.kind.value.replace("_", " ")) if run.kind else own("failed")


def hold_for(scene: RunScene, place: Place) -> HoldDocument | None:
    """What a job run waits for: its own hold, else the one that its job or its stage shares."""
    shared: HoldDocument | None = None
    for hold in scene.holds:
        if hold.what == place.run.id:
            return hold
        kinds = _QUEUE if place.run.phase is Phase.QUEUED else {HoldKind.NEEDS.value}
        if hold.what == place.job.id and hold.kind in kinds and place.run.phase in (Phase.WAITING, Phase.QUEUED):
            shared = hold
        if hold.what == place.stage and hold.kind == HoldKind.STAGE.value and place.run.phase is Phase.WAITING:
            shared = shared or hold
    return shared


def stage_before(state: RunState, stage: str) -> str:
    """Name of the last stage before ``stage`` that has not passed; empty when there is none."""
    found = ""
    for one in state.stages:
        if one.name == stage:
            break
        if one.phase not in _STAGE_DONE:
            found = one.name
    return found


def hold_words(hold: HoldDocument | None, state: RunState) -> SafeText:
    """A hold in the few words of a list: ``needs rollout``, ``connecting``; empty when there are none that short."""
    if hold is None:
        return own("")
    match hold.kind:
        case HoldKind.STAGE:
            before = stage_before(state, hold.what)
            return safe(f"needs {before}") if before else own("")
        case HoldKind.NEEDS if hold.text.startswith("nothing new starts"):
            return own("nothing new starts")
        case HoldKind.NEEDS:
            return safe(hold.text)
        case HoldKind.HOST if hold.text.startswith("connecting"):
            return own("connecting")
        case HoldKind.HOST if hold.text.endswith("is being prepared"):
            return own("preparing")
        case HoldKind.HOST:
            return own("not reached")
        case HoldKind.HOST_KEY:
            return own("trust its key")
        case HoldKind.SECRET:
            return own("a secret is missing")
        case HoldKind.CAPACITY:
            return own("no free place")
        case _:
            return own("")


def parse_time(text: str | None) -> float | None:
    """UTC seconds of a document's RFC 3339 time; None for None and for what is no time."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def listed(names: Sequence[str], most: int = 2) -> SafeText:
    """``web6``, ``web6 and web7``, ``web6, web7 and 3 more``."""
    shown = [safe(name) for name in names]
    if len(shown) > most:
        return own(f"{', '.join(shown[:most])} and {len(shown) - most} more")
    return own(f"{', '.join(shown[:-1])} and {shown[-1]}") if len(shown) > 1 else own("".join(shown))


EXIT_WORDS = {
    126: "found, but it may not be executed",
    127: "a command was not found",
    128: "git and others: a fatal error",
    255: "also what ssh says when its line breaks",
}
"""What shells mean by an exit code (POSIX.1-2024, XCU 2.8.2); 128 and 255 are habits of programs."""
SIGNAL_WORDS = {
    1: ("HUP", "its terminal or parent went away"),
    2: ("INT", "interrupted"),
    3: ("QUIT", "quit, with a core"),
    4: ("ILL", "illegal instruction"),
    6: ("ABRT", "it gave up by itself"),
    7: ("BUS", "bad memory access"),
    8: ("FPE", "arithmetic error"),
    9: ("KILL", "killed, often for lack of memory"),
    11: ("SEGV", "bad memory access"),
    13: ("PIPE", "nobody read its output"),
    14: ("ALRM", "its own alarm"),
    15: ("TERM", "asked to end"),
    24: ("XCPU", "its cpu limit"),
    25: ("XFSZ", "its file size limit"),
}
"""Signals by their number on Linux (signal(7)), in words."""


def what_it_means(run: JobRunState) -> SafeText:
    """An exit code or a signal in words, saying so where it is ambiguous; empty when there is nothing to add."""
    if run.signal is not None:
        name = run.signal.removeprefix("SIG")
        return own(next((words for known, words in SIGNAL_WORDS.values() if known == name), ""))
    code = run.exit_code
    if code is None or run.phase is Phase.TIMED_OUT:
        return own("")
    if code in EXIT_WORDS:
        return own(EXIT_WORDS[code])
    if code - 128 in SIGNAL_WORDS:
        name, words = SIGNAL_WORDS[code - 128]
        # A shell cannot tell `exit 143` from a child that TERM ended.
        return own(f"{name} ended a command ({words}), or it said {code} itself")
    return own("")
