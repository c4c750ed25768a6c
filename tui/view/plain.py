"""Runs and what becomes of them as sentences, for who hears the screen or keeps it in a file: only ever added to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from runners.model.api import HoldDocument, RunStatus, RunSummary
from runners.model.holds import PERSON, HoldKind
from runners.model.phases import FAILURES, RUN_ENDED, Phase, RunPhase
from tui.view.board_groups import Need, grouped
from tui.view.durations import ago, count
from tui.view.facts import parse_time
from tui.view.safe_text import SafeText, own, safe

MOST_RECENT = 5
_BAD = (*FAILURES, Phase.UNKNOWN)
_TOLD = frozenset({*PERSON, HoldKind.UNKNOWN, HoldKind.CONCURRENCY, HoldKind.HOST} - {HoldKind.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the controller said."""

    runs: tuple[RunSummary, ...] = ()
    """Newest first."""
    statuses: Mapping[str, RunStatus] = field(default_factory=dict)
    behind: Mapping[str, str] = field(default_factory=dict)
    """Hosts that wait for a jump host that is not reached, and for which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that happened."""

    text: SafeText
    needs: str = ""
    """Id of a run that waits for somebody from now on."""


def state_lines(heard: Heard, now_utc: float) -> Iterator[SafeText]:
    """All runs by how much they need somebody, one sentence each."""
    if not heard.runs:
        yield own("No runs yet. run FILE starts one.")
        return
    for need, runs in grouped(heard.runs, now_utc=now_utc, statuses=heard.statuses).items():
        if not runs:
            continue
        shown = runs[:MOST_RECENT] if need is Need.RECENT else runs
        yield own(f"{need.value}, {len(runs)}:")
        for run in shown:
            yield own(f"  {_whole(run, now_utc)}")
            behind = _behind(heard, run.uid)
            for hop, holds in behind.items():
                yield own(f"    waits: {safe(hop)} is not reached; {count(len(holds), 'job run')} behind it")
            for hold in _holds(heard, run.uid):
                if not any(hold in holds for holds in behind.values()):
                    yield own(f"    waits: {safe(hold.what)}: {safe(hold.text)}")
        if len(shown) < len(runs):
            yield own(f"  and {len(runs) - len(shown)} more: runs")


def _whole(run: RunSummary, now_utc: float) -> str:
    at = parse_time(run.ended_at) or parse_time(run.started_at) or parse_time(run.created_at)
    when = f", {'ended' if run.ended_at else 'begun'} {ago(now_utc - at)}" if at is not None else ""
    return f"{_named(run)}: {_phase(run.phase)}{when}, by {safe(run.by)}.{_because(run)}"


def _named(run: RunSummary) -> str:
    return f"{safe(run.id)}{f' in {safe(run.environment)}' if run.environment else ''}"


def _phase(phase: str) -> str:
    return phase.replace("_", " ")


def _because(run: RunSummary) -> str:
    said = "" if run.what == run.phase or run.phase == RunPhase.SUCCEEDED else run.what
    text = f" {safe(said)}." if said else ""
    text += f" Page: {safe(run.runbook)}." if run.runbook else ""
    return text + (f" First error: {safe(run.first_line)}" if run.first_line else "")


def news(before: Heard, after: Heard) -> tuple[News, ...]:
    """What happened in between, oldest run first."""
    known = {run.uid: run for run in before.runs}
    found: list[News] = []
    for run in reversed(after.runs):
        old = known.get(run.uid)
        if old is None:
            found.append(News(text=own(f"{_named(run)} was started by {safe(run.by)}.")))
        if (old is None and run.phase not in (RunPhase.QUEUED, RunPhase.RUNNING)) or (
            old and (_moved(old, run) or _failures(after, run.uid) - _failures(before, run.uid))
        ):
            waits = run.phase == RunPhase.HELD or (_bad(run) and run.phase not in RUN_ENDED)
            found.append(
                News(text=own(f"{_named(run)}: {_phase(run.phase)}.{_because(run)}"), needs=run.id if waits else "")
            )
        told = {(hold.what, hold.text) for hold in _holds(before, run.uid)}
        behind = _behind(after, run.uid)
        for hop in behind.keys() - _behind(before, run.uid).keys():
            # Once, and not for each host: they wait for the same thing, and go on together.
            rest = "what is behind it waits, or is unknown, until it answers"
            found.append(News(text=own(f"{_named(run)} waits: {safe(hop)} is not reached; {rest}")))
        for hold in _holds(after, run.uid):
            if (hold.what, hold.text) not in told and not any(hold in holds for holds in behind.values()):
                found.append(News(text=own(f"{_named(run)} waits: {safe(hold.what)}: {safe(hold.text)}")))
    for hop in sorted({*before.behind.values()} - {*after.behind.values()}):
        found.append(News(text=own(f"{safe(hop)} answers again, or nothing waits for it any more.")))
    return tuple(found)


def _behind(heard: Heard, uid: str) -> dict[str, list[HoldDocument]]:
    """What of a run waits behind a jump host that is not reached, by the hop."""
    found: dict[str, list[HoldDocument]] = {}
    for hold in _holds(heard, uid):
        hop = heard.behind.get(hold.what.rpartition("@")[2])
        if hop:
            found.setdefault(hop, []).append(hold)
    return found


def _moved(old: RunSummary, run: RunSummary) -> bool:
    """Another phase, or more of it failed or is unknown."""
    return old.phase != run.phase or _bad(run) > _bad(old)


def _bad(run: RunSummary) -> int:
    return sum(run.counts.get(phase.value, 0) for phase in _BAD)


def _failures(heard: Heard, uid: str) -> set[tuple[str, str | None]]:
    """What failed and when: a retry that failed at once leaves the same counts."""
    status = heard.statuses.get(uid)
    return (
        {(hold.what, hold.since) for hold in status.holds if hold.kind in (HoldKind.FAILED, HoldKind.UNKNOWN)}
        if status
        else set()
    )


def _holds(heard: Heard, uid: str) -> Sequence[HoldDocument]:
    """What waits for somebody, or for nobody knows how long; what failed is said by the run itself."""
    status = heard.statuses.get(uid)
    return [hold for hold in status.holds if hold.kind in _TOLD] if status is not None else ()


def nothing_lives(heard: Heard) -> bool:
    """No run goes on by itself."""
    statuses = ((run.phase, heard.statuses.get(run.uid)) for run in heard.runs)
    return all(
        phase in RUN_ENDED or RunPhase.HELD in (phase, status.phase if status is not None else "")
        for phase, status in statuses
    )
