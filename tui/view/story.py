"""What happened in a run over time, from its events: what each job run waited for, and what deserves a mark.

The state of a run says when attempts began and ended; it forgets waits once they are over. The events do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runners.model.events import (
    SYSTEM_ACTOR,
    CancelRequested,
    ContactLost,
    ContactRegained,
    Event,
    JobFinished,
    JobQueued,
    JobSkipped,
    JobStarted,
    NoteAdded,
    RetryScheduled,
    RollbackFinished,
    RollbackStarted,
    RunCreated,
    RunFinished,
    RunHeld,
    RunPaused,
    RunReleased,
    RunResumed,
    SecretGiven,
    SecretNeeded,
    ShellOpened,
    TaskFinished,
    TimeGap,
)
from runners.model.phases import BAD, FAILURES
from runners.model.plan import Plan
from tui.view.durations import duration
from tui.view.safe_text import SafeText, own, safe

LEAST_GAP_S = 1.0
"""A shorter time without a controller is no event for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A time in which a job run did nothing."""

    kind: str
    """queued, backing_off, person or unknown."""
    start: float
    end: float | None = None
    """UTC seconds; None: it still waits."""
    by: str = ""
    """Who ended it; raw, make it safe. Empty: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at one moment."""

    at: float
    text: SafeText
    token: str = "muted"
    rank: int = 2
    """What goes first where not everything fits: 0 people, 1 failures, 2 the rest."""


class Story:
    """Grows with every event; ``add`` is the only writer."""

    def __init__(self, plan: Plan) -> None:
        self._names = dict(_names(plan))
        self.waits: dict[str, list[Wait]] = {}
        """By job run, oldest first; the last one may be open."""
        self.marks: list[Mark] = []
        """In the order of the events."""
        self.seq = 0
        """Of the last event that was added."""
        self._people: list[tuple[float, float | None]] = []
        """When nothing went on without a person, or nothing was to: from, to."""

    def add(self, events: Iterable[Event]) -> None:
        """Go on with these, in order; what was added before changes nothing."""
        for event in events:
            if event.seq > self.seq:
                self.seq = event.seq
                self._take(event)

    def waited_s(self, now_utc: float) -> float:
        """Seconds for which the run was held or paused."""
        return sum((now_utc if end is None else end) - start for start, end in self._people)

    def name_of(self, job_run: str) -> SafeText:
        """``web3`` where the job has several hosts, else ``report``."""
        return self._names.get(job_run) or safe(job_run)

    # ----- events

    def _take(self, event: Event) -> None:
        at, who, what = event.time, event.actor, event.payload
        match what:
            case RunCreated():
                self._mark(at, f"{safe(who)} started", rank=0)
            case RunHeld() | RunPaused() | RunReleased() | RunResumed() | RunFinished() | RollbackFinished():
                self._take_run(event)
            case RollbackStarted():
                by = "the rollback began" if who == SYSTEM_ACTOR else f"{safe(who)} rolled back"
                self._go_on(at)
                self._mark(at, by, "back", rank=0)
            case NoteAdded():
                self._mark(at, f"{safe(who)}: {safe(what.text)}", rank=0)
            case ShellOpened():
                self._mark(at, f"{safe(who)} opened a shell on {safe(what.host)}", rank=0)
            case SecretNeeded():
                self._mark(at, "a secret is missing", "warn", rank=1)
            case SecretGiven():
                self._mark(at, f"{safe(who)} gave {safe(', '.join(what.names))}", rank=0)
            case TimeGap() if what.to_utc - what.from_utc >= LEAST_GAP_S:
                self._mark(what.from_utc, f"no controller for {duration(what.to_utc - what.from_utc)}", "warn", rank=1)
            case CancelRequested():
                whom = "the run" if what.whole_run else self._listed(what.job_runs)
                self._mark(at, f"{safe(who)} cancelled {whom}", rank=0)
            case _:
                self._take_job(event)

    def _take_run(self, event: Event) -> None:
        match event.payload:
            case RunHeld():
                self._stand(event.time)
            case RunPaused():
                self._mark(event.time, f"{safe(event.actor)} paused", "warn", rank=0)
                self._stand(event.time)
            case RunResumed():
                self._mark(event.time, f"{safe(event.actor)} resumed", rank=0)
                self._go_on(event.time)
            case RunReleased():
                self._go_on(event.time)
            case _:
                self._go_on(event.time)
                for job_run in self.waits:
                    self._close(job_run, event.time)

    def _take_job(self, event: Event) -> None:
        at, who, what = event.time, event.actor, event.payload
        match what:
            case JobQueued():
                self._open(what.job_run, "queued", at)
            case JobStarted():
                self._close(what.job_run, at)
            case ContactLost():
                self._open(what.job_run, "unknown", at)
                self._mark(at, f"{self.name_of(what.job_run)} unknown", "unk", rank=1)
            case ContactRegained():
                self._close(what.job_run, at)
                self._mark(at, f"{self.name_of(what.job_run)} is back", rank=2)
            case TaskFinished() if self._is_open(what.job_run, "unknown"):
                self._close(what.job_run, at)
            case RetryScheduled() if what.by_policy:
                self._open(what.job_run, "backing_off", at)
            case RetryScheduled():
                self._close(what.job_run, at, by=who)
                self._mark(at, f"{safe(who)} retried {self.name_of(what.job_run)}", rank=0)
            case JobSkipped():
                self._close(what.job_run, at, by=who)
                self._mark(at, f"{safe(who)} skipped {self.name_of(what.job_run)}", rank=0)
            case JobFinished():
                self._close(what.job_run, at)
                if what.phase in FAILURES:
                    self._mark(at, f"{self.name_of(what.job_run)} failed", "fail", rank=1)
                if what.phase in BAD:
                    self._open(what.job_run, "person", at)
            case _:
                return

    def _mark(self, at: float, text: str, token: str = "muted", *, rank: int) -> None:
        self.marks.append(Mark(at=at, text=own(text), token=token, rank=rank))

    def _listed(self, job_runs: tuple[str, ...]) -> str:
        return self.name_of(job_runs[0]) if len(job_runs) == 1 else f"{len(job_runs)} jobs"

    # ----- waits

    def _open(self, job_run: str, kind: str, at: float) -> None:
        self._close(job_run, at)
        self.waits.setdefault(job_run, []).append(Wait(kind=kind, start=at))

    def _close(self, job_run: str, at: float, *, by: str = "") -> None:
        waits = self.waits.get(job_run)
        if not waits or waits[-1].end is not None:
            return
        last = waits.pop()
        if at > last.start:
            waits.append(Wait(kind=last.kind, start=last.start, end=at, by=by))

    def _is_open(self, job_run: str, kind: str) -> bool:
        last = next(reversed(self.waits.get(job_run, ())), None)
        return last is not None and last.end is None and last.kind == kind

    def _stand(self, at: float) -> None:
        if not self._people or self._people[-1][1] is not None:
            self._people.append((at, None))

    def _go_on(self, at: float) -> None:
        if self._people and self._people[-1][1] is None:
            self._people[-1] = (self._people[-1][0], at)


def _names(plan: Plan) -> Iterator[tuple[str, SafeText]]:
    for job in plan.jobs():
        for host, job_run in zip(job.hosts, job.job_run_ids(), strict=True):
            yield job_run, safe(host if len(job.hosts) > 1 else job.name)
