"""The record of a run: the whole story in order of time, for a postmortem.

Grows with every event. Facts, hosts and open ends are told from the state; what happened from the events alone, so that
it is the same tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from runners.core.rollback import is_left
from runners.model.events import Event, RunbookLinked
from runners.model.phases import FAILURES, RUN_ENDED, Phase
from runners.model.plan import Plan
from runners.model.state import RunState
from tui.view.durations import clock, count, day, duration
from tui.view.facts import Place, places, short_name, untidy
from tui.view.glyphs import JOB_PHASES, RUN_PHASES
from tui.view.record_words import DETAIL, FAILURE, PEOPLE, STORY, Told, Words
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.story import Story

SHOWN = {
    "story": frozenset({PEOPLE, FAILURE, STORY}),
    "people": frozenset({PEOPLE}),
    "failures": frozenset({FAILURE}),
    "all": frozenset({PEOPLE, FAILURE, STORY, DETAIL}),
}
"""What a reader can choose to see, and which kinds of events that has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event."""

    seq: int
    at: float
    """UTC seconds."""
    actor: SafeText
    type: str
    told: Told


class Record:
    """What happened; ``add`` is the only writer."""

    def __init__(self, plan: Plan) -> None:
        self._words = Words(plan)
        self.story = Story(plan)
        self.entries: list[Entry] = []
        """In order. One that is there is replaced only when the page beside a failure comes."""
        self.changes = 0
        """How often one was replaced."""
        self._failed: dict[str, int] = {}
        """By job run: where its newest failure stands in ``entries``."""

    @property
    def seq(self) -> int:
        """Of the last event."""
        return self.story.seq

    def add(self, events: Iterable[Event]) -> None:
        """Go on with these; what was added before changes nothing."""
        for event in events:
            if event.seq <= self.seq:
                continue
            self.story.add((event,))
            self._take(event)

    def shown(self, what: str) -> list[Entry]:
        """The entries that a reader chose to see; ``what`` is one of ``SHOWN``."""
        kinds = SHOWN[what]
        return [one for one in self.entries if one.told.kind in kinds]

    def _take(self, event: Event) -> None:
        told = self._words.tell(event)
        payload = event.payload
        job_run = getattr(payload, "job_run", "")
        if isinstance(payload, RunbookLinked) and job_run in self._failed:
            # The first bad line belongs to the failure; it comes a moment later.
            at = self._failed.pop(job_run)
            failure = self.entries[at]
            page = (own(f"runbook {safe(payload.page)}: {safe(payload.why)}"),) if payload.page else ()
            more = replace(failure.told, more=(*failure.told.more, *page), quoted=told.quoted)
            self.entries[at] = replace(failure, told=more)
            self.changes += 1
            told = replace(told, kind=DETAIL)
        elif event.type == "job_finished" and told.kind == FAILURE:
            self._failed[job_run] = len(self.entries)
        self.entries.append(Entry(seq=event.seq, at=event.time, actor=safe(event.actor), type=event.type, told=told))


# ----- what stands around the story


def title_of(state: RunState) -> SafeText:
    """``deploy-api/42: rolled back``."""
    return own(f"{safe(state.name)}: {RUN_PHASES[state.phase.value].word}")


def headline_facts(scene: RunScene, record: Record) -> Iterator[tuple[SafeText, SafeText]]:
    """Who, what, where, when: label and value."""
    state, plan, zone = scene.state, scene.state.plan, scene.here.zone
    yield own("result"), own(RUN_PHASES[scene.phase or state.phase.value].word)
    yield own("started by"), safe(state.by)
    if plan.environment:
        yield own("environment"), safe(plan.environment)
    if plan.description:
        yield own("what"), safe(plan.description)
    for name, value in plan.params.items():
        yield own("param"), safe(f"{name}={value}")
    if plan.limit:
        yield own("limit"), safe(plan.limit)
    if plan.inventory_path:
        yield own("inventory"), safe(plan.inventory_path)
    yield own("created"), moment(state.created_at, zone)
    if state.started_at is not None:
        yield own("began"), moment(state.started_at, zone)
    ended = state.ended_at if state.phase in RUN_ENDED else None
    if ended is not None:
        yield own("ended"), moment(ended, zone)
    if state.started_at is not None:
        took = duration((scene.here.now_utc if ended is None else ended) - state.started_at)
        waited = record.story.waited_s(scene.here.now_utc)
        of_it = f", {duration(waited)} of it waiting for people" if waited >= 1 else ""
        yield own("took"), own(f"{took}{of_it}" if ended is not None else f"{took} so far{of_it}")
    if state.reason:
        yield own("reason"), safe(state.reason)
    yield own("definition"), safe(plan.definition_digest)
    yield own("uid"), safe(state.uid)
    yield own("times"), zone_name(state.created_at, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """What a host had last."""

    host: SafeText
    job: SafeText
    """``release``; empty: it was not touched."""
    word: SafeText
    token: str
    at: float | None = None


def host_lines(state: RunState) -> tuple[HostLine, ...]:
    """Every host of the plan with the last job run that was started there."""
    last: dict[str, Place | None] = {}
    for place in places(state):
        known = last.setdefault(place.run.host, None)
        if place.run.first_dispatch and (known is None or _began(place) >= _began(known)):
            last[place.run.host] = place
    return tuple(_host_line(host, place) for host, place in last.items())


def _host_line(host: str, place: Place | None) -> HostLine:
    if place is None:
        return HostLine(host=safe(host), job=own(""), word=own("untouched"), token="muted")
    mark = JOB_PHASES[place.run.phase.value]
    reason = f", {safe(place.run.reason)}" if place.run.phase in FAILURES and place.run.reason else ""
    again = f", attempt {place.run.attempt}" if place.run.attempt > 1 else ""
    word = own(f"{mark.word}{reason}{again}")
    return HostLine(host=safe(host), job=safe(place.job.name), word=word, token=mark.word_token, at=place.run.since)


def _began(place: Place) -> float:
    attempt = place.run.current
    return attempt.started_at or 0.0 if attempt is not None else 0.0


def hosts_in_short(found: Sequence[HostLine]) -> SafeText:
    """``7 of 15 hosts touched``."""
    touched = sum(bool(one.job) for one in found)
    return own(f"{touched} of {count(len(found), 'host')} touched")


def open_ends(scene: RunScene) -> Iterator[SafeText]:
    """What is not settled: failures nobody answered, what is unknown, what waits, what is left, warnings."""
    state = scene.state
    for place in places(state, *FAILURES, Phase.UNKNOWN, Phase.CANCELLED):
        run = place.run
        if run.phase is Phase.UNKNOWN:
            yield own(f"{short_name(place)} is unknown: {safe(run.reason)}")
        elif run.phase in FAILURES:
            yield own(f"{short_name(place)} {JOB_PHASES[run.phase.value].word}: {safe(run.reason)}")
        for survivor in run.survivors:
            yield own(f"{short_name(place)} left alive: {safe(survivor)}")
        if state.rolled_back_by and state.phase in RUN_ENDED and run.phase not in FAILURES and is_left(place.job, run):
            yield own(f"{short_name(place)} is not rolled back")
    for name, why in state.secrets_needed.items():
        yield own(f"the secret {safe(name)} is missing: {safe(why)}")
    for hold in scene.holds:
        yield own(f"{safe(hold.what)} waits: {safe(hold.text)}")
    for warning in state.warnings:
        yield own(f"warning: {safe(warning)}")
    for place in places(state):
        for name, _ in untidy(place):
            yield own(f"{short_name(place)}: finally {safe(name)} did not pass")


# ----- times


def moment(at: float, zone: tzinfo) -> SafeText:
    """``2026-11-21 12:01:35``."""
    return own(datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S"))


def zone_name(at: float, zone: tzinfo) -> SafeText:
    """``UTC``, ``UTC+01:00``: whose time it is."""
    offset = datetime.fromtimestamp(at, zone).strftime("%z")
    return own("UTC" if offset in ("+0000", "") else f"UTC{offset[:3]}:{offset[3:5]}")


def time_of(entry: Entry, before: float | None, zone: tzinfo) -> SafeText:
    """``12:01:35``, with the day where that is another one than of what stands before."""
    time = clock(entry.at, zone)
    if before is not None and day(before, zone) == day(entry.at, zone):
        return time
    return own(f"{day(entry.at, zone)} {time}")
