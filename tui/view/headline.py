"""The one sentence under the top bar: what somebody must know first, and how old it is (LOOK section 2, "Headline").

Failed before unknown before waits for you before a host's warning before plain progress. Nothing is said that is not
known: a silent host's job is neither failed nor still running, and news that is old says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from runners.core.ready import counts_of
from runners.model.holds import HoldKind
from runners.model.parts import OnFailure
from runners.model.phases import BAD, FAILURES, FailureKind, Phase, RunPhase, StagePhase
from tui.keys.actions import key_of
from tui.view.census import plan_census_of
from tui.view.durations import ago, count, duration
from tui.view.expected import left_words
from tui.view.facts import (
    PASSED,
    REPAIR,
    Place,
    failed_task,
    how_it_ended,
    listed,
    parse_time,
    place_of,
    places,
    places_on,
    reached,
    running_task,
    subject,
)
from tui.view.headline_repair import incomplete_words, paused_words, rolling_back_words
from tui.view.headline_rows import full_stop, lost_row, loud_row, plain_row
from tui.view.holds import NEEDS_PERSON, in_keys, run_holds
from tui.view.hops import HopDown, hop_of_run, hop_sentence, next_try
from tui.view.rows import Row, spaced
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.api import HoldDocument
    from tui.view.glyphs import Glyphs
    from tui.view.scene import RunScene

_VERBS = {Phase.TIMED_OUT: " timed out", Phase.ROLLBACK_FAILED: " rollback failed"}
_WANTS_HOST = (Phase.RUNNING, Phase.CANCELLING, Phase.QUEUED, Phase.BACKING_OFF)
_WARNING_PHASES = ("silent", "unreachable", "refused", "host_key_changed")


def run_headline(scene: RunScene, glyphs: Glyphs) -> Row:
    """The sentence of the run screen."""
    state = scene.state
    tolerated = state.phase in (RunPhase.SUCCEEDED, RunPhase.CANCELLED)
    # What failed before a rollback is dealt with by it.
    bad = FAILURES - BAD if state.phase in REPAIR else FAILURES
    failed = [] if tolerated else _oldest_first(places(state, *bad))
    unknown = _oldest_first(places(state, Phase.UNKNOWN))
    if state.phase is RunPhase.ROLLBACK_INCOMPLETE:
        return _incomplete(scene, failed)
    if failed:
        return _failed(scene, failed, unknown)
    if unknown:
        return _unknown(scene, unknown)
    if scene.here.stale_s is not None:
        return lost_row(scene.here)
    waiting = [
        hold
        for hold in scene.holds
        if (hold.kind in NEEDS_PERSON and hold.kind != HoldKind.PAUSED) or hold.text.startswith("survived")
    ]
    if waiting:
        return _waits(scene, waiting)
    return _host_warning(scene) or _progress(scene)


def _failed(scene: RunScene, failed: Sequence[Place], unknown: Sequence[Place]) -> Row:
    first = failed[0]
    stale_s = scene.here.stale_s
    # What follows from it may be different by now, so it is not said of old news.
    old = own(f"No word from the controller for {duration(stale_s)}.") if stale_s is not None else None
    missing = own(f"A secret is missing, {key_of('give-secret')} gives it.") if scene.state.secrets_needed else None
    sentence = f"{how_it_failed(first)} {old or missing or consequence(scene, first)}"
    more = len(failed) + len(unknown) - 1
    verb = own(_VERBS.get(first.run.phase, " failed"))
    return loud_row(
        own(subject(first) + verb), own(sentence), "fail", "failbg", more=more, age=first.run.since, here=scene.here
    )


def how_it_failed(place: Place) -> SafeText:
    """`` in restart: exit 1.``, with what stands before it left to the caller."""
    run = place.run
    if not reached(run):
        reason = safe(run.reason)
        return own(f" before it started: {reason}{full_stop(reason)}" if reason else " before it started.")
    task = failed_task(place) or running_task(place)
    where = f" in {safe(task[1])}" if task else ""
    if run.phase is Phase.TIMED_OUT:
        limit = task[2].timeout_s if task is not None and len(task) == 3 else None
        return own(f"{where}: no end within {duration(limit)}." if limit else f"{where}.")
    if run.kind in (FailureKind.EXIT, FailureKind.SIGNAL) or run.exit_code is not None or run.signal is not None:
        return own(f"{where}: {how_it_ended(run)}.")
    reason = safe(run.reason)
    return own(f"{where}: {reason}{full_stop(reason)}" if reason else f"{where}.")


def consequence(scene: RunScene, place: Place) -> SafeText:
    """What the failure means for the rest of the run, as far as the run's own state says."""
    state = scene.state
    if state.phase is RunPhase.ROLLING_BACK:
        return own("The rollback goes on without it.")
    if state.phase is RunPhase.PAUSED:
        return safe(f"{state.paused_by} paused the run.")
    if state.phase is RunPhase.FAILED:
        return own("The run has ended.")
    if state.phase is RunPhase.CANCELLING:
        return safe(f"{state.cancelled_by} is cancelling the run.")
    if scene.is_held:
        return own("Nothing goes on without a person.")
    others = tuple(places(state, Phase.RUNNING))
    also = f" {_run_on(others)}" if others else ""
    match place.job.on_failure:
        case OnFailure.CONTINUE:
            return own("The run goes on without it.")
        case OnFailure.STOP:
            return own(f"Nothing new starts.{also}")
        case OnFailure.HOLD:
            return own(f"What depends on it waits for a person.{also}")
        case OnFailure.ROLLBACK:
            return own(f"Nothing new starts, then the run is rolled back.{also}")


def _subjects(found: Sequence[Place]) -> list[SafeText]:
    """Who a sentence about these job runs is about, each once."""
    first = {(one.run.host if len(one.job.hosts) > 1 else one.run.id): one for one in reversed(found)}
    return [subject(one) for one in reversed(first.values())]


def _run_on(others: Sequence[Place]) -> str:
    names = _subjects(others)
    return f"{listed(names)} {'runs' if len(names) == 1 else 'run'} on."


def _unknown(scene: RunScene, unknown: Sequence[Place]) -> Row:
    now_utc = scene.here.now_utc
    first = unknown[0]
    hosts = _subjects(unknown)
    one_host = len(hosts) == 1
    it = "it" if one_host else "they"
    down = hop_of_run(scene, first.run.host) if scene.here.stale_s is None else None
    if down is not None:
        others = [one for one in unknown if one.run.host not in down.hosts]
        return _hop_row(down, scene, "unk", more=len(others))
    if scene.here.stale_s is not None:
        said = f": no word from the controller for {duration(scene.here.stale_s)}."
    elif first.run.answered:
        what = f"{safe(first.run.host)} answered, and has neither its process nor its result."
        said = f": {what} Look there before you go on."
    elif (login := _login_of(scene, unknown)) is not None:
        # Somebody can end this silence.
        said = f": {in_keys(login.text)}."
    else:
        since = f" for {duration(now_utc - first.run.since)}" if first.run.since is not None else ""
        said = f": no word{since}. What {it} did is on {'its disk' if one_host else 'their disks'}."
    return loud_row(own(f"{listed(hosts)} unknown"), own(said), "unk", "unkbg", more=0, age=first.run.since,
                 here=scene.here)  # fmt: skip


def _login_of(scene: RunScene, unknown: Sequence[Place]) -> HoldDocument | None:
    """What the hosts of these wait for, where it is a person."""
    ids = {one.run.id for one in unknown}
    return next((hold for hold in scene.holds if hold.kind == HoldKind.LOGIN and hold.what in ids), None)


def _incomplete(scene: RunScene, failed: Sequence[Place]) -> Row:
    how = f" {subject(failed[0])} failed{how_it_failed(failed[0])}" if failed else ""
    return loud_row(
        own("Rollback incomplete"),
        own(f"{':' if how else '.'}{how}{incomplete_words(scene.state)}"),
        "fail",
        "failbg",
        more=0,
        age=scene.state.ended_at,
        here=scene.here,
    )


def _waits(scene: RunScene, holds: Sequence[HoldDocument]) -> Row:
    hold = holds[0]
    place = place_of(scene.state, hold.what)
    name = subject(place) if place is not None else safe(hold.what)
    text = in_keys(hold.text)
    if hold.kind == HoldKind.HOST_KEY and place is not None:
        host = safe(place.run.host)
        text = own(f"{host} shows a key that is not on record. onduty hosts trust {host}")
    held = " Nothing else goes on." if scene.is_held else ""
    return loud_row(
        own(f"{name} waits for you"),
        own(f": {text}{full_stop(text)}{held}"),
        "warn",
        "warnbg",
        more=len(holds) - 1,
        age=parse_time(hold.since),
        here=scene.here,
        key=False,
    )


def _host_warning(scene: RunScene) -> Row | None:
    """A host that something of this run lives on or waits for, and whose line is down."""
    for name in scene.state.plan.hosts:
        status = scene.hosts.get(name)
        if status is None or status.phase not in _WARNING_PHASES:
            continue
        if not any(one.run.phase in _WANTS_HOST for one in places_on(scene.state, name)):
            continue
        if (down := hop_of_run(scene, name)) is not None:
            return _hop_row(down, scene, "warn")
        heard = status.last_heard_s
        word = own(" is silent" if status.phase == "silent" else " is not reached")
        text = safe(status.text)
        said = f": {text}{full_stop(text)}" if text else f": last heard {ago(heard)}." if heard is not None else "."
        return loud_row(own(safe(name) + word), own(said), "warn", "warnbg", more=0, age=None, here=scene.here)
    return None


def _hop_row(down: HopDown, scene: RunScene, token: str, more: int = 0) -> Row:
    subject_of_it, said = hop_sentence(down, scene)
    row = loud_row(subject_of_it, said, token, f"{token}bg", more=more)
    return replace(row, right=spaced([row.right, next_try(down, scene.here.now_utc)], 3))


def _progress(scene: RunScene) -> Row:
    state = scene.state
    counts = counts_of(state)
    took = ""
    if state.started_at is not None and state.ended_at is not None:
        took = f" in {duration(state.ended_at - state.started_at)}"
    hosts = count(len(plan_census_of(state.plan).hosts), "host")
    match state.phase:
        case RunPhase.SUCCEEDED:
            warnings = count(len(state.warnings), "warning") if state.warnings else ""
            also = f" {warnings}: {safe(state.warnings[0])}{full_stop(state.warnings[0])}" if warnings else ""
            return plain_row(own("Passed."), own(f" {hosts}{took}.{also}"), state.ended_at, scene.here)
        case RunPhase.CANCELLED:
            by = f" by {safe(state.cancelled_by)}" if state.cancelled_by else ""
            done = sum(counts.get(phase, 0) for phase in PASSED)
            left = own(f" {done} of {sum(counts.values())} job runs had passed, and stay as they are.")
            return plain_row(own("Cancelled"), own(f"{by}.{left}"), state.ended_at, scene.here)
        case RunPhase.CANCELLING:
            alive = counts.get(Phase.RUNNING, 0) + counts.get(Phase.CANCELLING, 0)
            by = f" by {safe(state.cancelled_by)}" if state.cancelled_by else ""
            return plain_row(own("Cancelling"), own(f"{by}, {count(alive, 'job run')} to stop."))
        case RunPhase.FAILED:
            return plain_row(own("Failed."), own(f" {hosts}{took}."), state.ended_at, scene.here)
        case RunPhase.QUEUED | RunPhase.RUNNING if waits := run_holds(scene):
            text = safe(waits[0].text or waits[0].kind)
            return plain_row(own("Waiting"), own(f": {text}{full_stop(text)}"), parse_time(waits[0].since), scene.here)
        case RunPhase.QUEUED:
            return plain_row(own("Queued."), own(f" {hosts}."))
        case RunPhase.HELD:
            return plain_row(own("Held."), own(" Nothing goes on without a person."))
        case RunPhase.PAUSED:
            return plain_row(
                own("Paused"), paused_words(state, tuple(places(state, Phase.RUNNING))), state.paused_at, scene.here
            )
        case RunPhase.ROLLING_BACK:
            return plain_row(own("Rolling back."), rolling_back_words(state))
        case RunPhase.ROLLED_BACK:
            by = f" by {safe(state.rolled_back_by)}" if state.rolled_back_by else ""
            back = counts.get(Phase.ROLLED_BACK, 0)
            taken = f" {count(back, 'job run')} taken back."
            also = f" {safe(state.warnings[0])}{full_stop(state.warnings[0])}" if state.warnings else ""
            return plain_row(own("Rolled back"), own(f"{by}{took}.{taken}{also}"), state.ended_at, scene.here)
        case RunPhase.ROLLBACK_INCOMPLETE:
            return plain_row(own("Rollback incomplete."), own(""), state.ended_at, scene.here)
        case RunPhase.RUNNING:
            return plain_row(*_running(scene))


def _running(scene: RunScene) -> tuple[SafeText, SafeText]:
    """``Passing. rollout 8 of 11 hosts, then after. About 1m 20s left.``"""
    state = scene.state
    now: list[str] = []
    after: list[str] = []
    for stage in state.stages:
        if stage.phase in (StagePhase.RUNNING, StagePhase.HELD):
            done = sum(job.counts.get(phase, 0) for job in stage.jobs for phase in PASSED)
            total = sum(len(job.runs) for job in stage.jobs)
            noun = "hosts" if len(stage.jobs) == 1 else "job runs"
            many = f" {done} of {total} {noun}" if total > 1 else ""
            now.append(f"{safe(stage.name)}{many}")
        elif stage.phase is StagePhase.WAITING:
            after.append(stage.name)
    then = f", then {listed(after)}" if after and now else f"{listed(after)} comes first" if after else ""
    again = tuple(places(state, Phase.BACKING_OFF))
    retry = (
        f" {listed([subject(one) for one in again[:3]], of=len(again))} failed once and is tried again."
        if again
        else ""
    )
    left = left_words(scene) if now and not again else ""
    told = f" {left}" if left else ""
    word = own("Running.") if again else own("Passing.") if now else own("Starting.")
    return word, own(f" {', '.join(now)}{then}.{retry}{told}" if now or after else "")


def _oldest_first(found: Iterable[Place]) -> list[Place]:
    return sorted(found, key=lambda one: one.run.since or 0.0)
