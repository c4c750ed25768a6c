"""Each event of a run in a sentence for people, as a postmortem tells it. Everything is safe for a terminal here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.model import events as said
from runners.model.events import SYSTEM_ACTOR, Event
from runners.model.phases import FAILURES, Phase, Result, StagePhase
from runners.model.plan import Plan, PlannedJob
from tui.view.durations import count, duration, size, task_duration
from tui.view.facts import task_name
from tui.view.glyphs import JOB_PHASES, RUN_PHASES
from tui.view.safe_text import SafeText, own, safe
from tui.view.story import LEAST_GAP_S

PEOPLE, FAILURE, STORY, DETAIL = "people", "failure", "story", "detail"
"""What an event is: a person's, something went wrong, part of the story, or only of the whole record."""
_SHORT_S = 10.0
_STEPS = {"asked": "was asked to stop", "term": "got TERM", "kill": "got KILL", "gone": "is gone, confirmed",
          "survivors": "left something alive"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One event in words."""

    kind: str
    text: SafeText
    more: tuple[SafeText, ...] = ()
    """Reasons, first bad lines, what was written: a line each."""
    quoted: tuple[SafeText, ...] = ()
    """Lines that a host wrote."""


class Words:
    """Says events in order; remembers what a later one is told with."""

    def __init__(self, plan: Plan) -> None:
        self._jobs: dict[str, PlannedJob] = {}
        self._names: dict[str, SafeText] = {}
        for job in plan.jobs():
            for host, job_run in zip(job.hosts, job.job_run_ids(), strict=True):
                self._jobs[job_run] = job
                self._names[job_run] = safe(f"{job.name}@{host}")
        self._started: dict[tuple[str, int], float] = {}
        self._tasks: dict[str, float] = {}
        self._backwards: set[tuple[str, int]] = set()
        self._unknown: dict[str, float] = {}

    def name(self, job_run: str) -> SafeText:
        """``release@web3``."""
        return self._names.get(job_run) or safe(job_run)

    def task(self, job_run: str, attempt: int, number: int) -> SafeText:
        """``restart``, ``verify smoke``."""
        job = self._jobs.get(job_run)
        steps = job.steps(rollback=(job_run, attempt) in self._backwards) if job is not None else ()
        return safe(task_name(steps[number - 1])) if 0 < number <= len(steps) else own(f"task {number}")

    def tell(self, event: Event) -> Told:
        """The event in words."""
        who = safe(event.actor)
        match event.payload:
            case said.RunCreated():
                return Told(PEOPLE, own(f"{who} started it"))
            case said.NoteAdded(text=text):
                return Told(PEOPLE, own(f"{who} noted"), (safe(text),))
            case said.ShellOpened(host=host):
                return Told(PEOPLE, own(f"{who} opened a shell on {safe(host)}"))
            case said.IntentRefused(intent=intent, targets=targets, why=why):
                of = f" of {self._listed(targets)}" if targets else ""
                return Told(PEOPLE, own(f"{who} asked for {safe(intent)}{of}, refused"), _reason(why))
            case said.JobSkipped(job_run=job_run, reason=reason):
                return Told(PEOPLE, own(f"{who} skipped {self.name(job_run)}"), _reason(reason))
            case said.CancelRequested(whole_run=whole, job_runs=job_runs, reason=reason):
                what = "the run" if whole else self._listed(job_runs)
                return Told(PEOPLE, own(f"{who} cancelled {what}"), _reason(reason))
            case said.RunPaused(now=now, reason=reason):
                how = ", also between two tasks" if now else ""
                return Told(PEOPLE, own(f"{who} paused the run{how}"), _reason(reason))
            case said.RunResumed(reason=reason):
                return Told(PEOPLE, own(f"{who} resumed the run"), _reason(reason))
            case said.SecretGiven(names=names):
                return Told(PEOPLE, own(f"{who} gave {safe(', '.join(names))}, values are not kept"))
            case said.RetryScheduled():
                return self._retry(event, event.payload)
            case said.RollbackStarted(reason=reason):
                if event.actor == SYSTEM_ACTOR:
                    return Told(FAILURE, own("the whole run is rolled back, as on_failure says"), _reason(reason))
                return Told(PEOPLE, own(f"{who} rolled the whole run back"), _reason(reason))
            case _:
                return self._run(event)

    def _retry(self, event: Event, what: said.RetryScheduled) -> Told:
        name = self.name(what.job_run)
        if what.by_policy:
            after = f" in {duration(what.not_before - event.time)}" if what.not_before > event.time else ""
            return Told(STORY, own(f"{name} is tried again{after}, attempt {what.attempt}, by its retry policy"))
        scope = ""
        if what.only_task:
            scope = f", {self.task(what.job_run, what.attempt, what.only_task)} alone"
        elif what.from_task > 1:
            scope = f" from {self.task(what.job_run, what.attempt, what.from_task)} on"
        vouched = (own("who vouched that the attempt before is dead"),) if what.fence else ()
        text = own(f"{safe(event.actor)} retried {name}{scope}, attempt {what.attempt}")
        return Told(PEOPLE, text, (*vouched, *_reason(what.reason)))

    # ----- the run and its stages

    def _run(self, event: Event) -> Told:
        match event.payload:
            case said.RunStarted():
                return Told(DETAIL, own("the run began"))
            case said.RunHeld(waits_for=waits_for):
                of = f": {self._listed(waits_for)}" if waits_for else ""
                return Told(FAILURE, own(f"nothing goes on without a person{of}"))
            case said.RunReleased():
                return Told(STORY, own("the run goes on"))
            case said.RunFinished(phase=phase, warnings=warnings):
                return Told(STORY, own(f"the run ended: {RUN_PHASES[phase.value].word}"), _all("warning", warnings))
            case said.RollbackFinished(phase=phase, left=left, warnings=warnings):
                more = _all("left", [self.name(one) for one in left]) + _all("warning", warnings)
                kind = FAILURE if left else STORY
                return Told(kind, own(f"the rollback ended: {RUN_PHASES[phase.value].word}"), more)
            case said.StageStarted(stage=stage):
                return Told(STORY, own(f"stage {safe(stage)} began"))
            case said.StageFinished(stage=stage, phase=phase):
                kind = FAILURE if phase is StagePhase.STOPPED else STORY
                return Told(kind, own(f"stage {safe(stage)} {phase.value}"))
            case said.SecretNeeded(secrets=secrets):
                why = tuple(safe(f"{name}: {reason}") for name, reason in secrets.items())
                return Told(FAILURE, own(f"{count(len(why), 'secret')} cannot be read"), why)
            case said.LockTaken(group=group):
                return Told(DETAIL, own(f"it has a place in {safe(group)}"))
            case said.LockReleased(group=group):
                return Told(DETAIL, own(f"its place in {safe(group)} is free"))
            case said.TimeGap(from_utc=start, to_utc=end, why=why):
                kind = STORY if end - start >= LEAST_GAP_S else DETAIL
                return Told(kind, own(f"there was no controller for {duration(end - start)}"), _reason(why))
            case _:
                return self._job(event)

    # ----- job runs

    def _job(self, event: Event) -> Told:
        match event.payload:
            case said.JobQueued(job_run=job_run, attempt=attempt, rollback=rollback):
                what = ", to be rolled back" if rollback else f", attempt {attempt}" if attempt > 1 else ""
                return Told(DETAIL, own(f"{self.name(job_run)} waits for its host and a place{what}"))
            case said.JobStarted(job_run=job_run, attempt=attempt, rollback=rollback):
                self._started[job_run, attempt] = event.time
                if rollback:
                    self._backwards.add((job_run, attempt))
                what = ", rollback" if rollback else f", attempt {attempt}" if attempt > 1 else ""
                return Told(STORY if attempt > 1 else DETAIL, own(f"{self.name(job_run)} began{what}"))
            case said.JobFinished():
                return self._finished(event, event.payload)
            case said.ContactLost(job_run=job_run, reason=reason, answered=answered):
                self._unknown.setdefault(job_run, event.time)
                why = "its host answers and does not know what became of it" if answered else "its host is silent"
                return Told(FAILURE, own(f"{self.name(job_run)} is unknown: {why}"), _reason(reason))
            case said.ContactRegained(job_run=job_run):
                return Told(FAILURE, own(f"{self.name(job_run)} runs on{self._after_unknown(job_run, event.time)}"))
            case said.CancelStepped(job_run=job_run, step=step, survivors=survivors):
                kind = FAILURE if survivors else DETAIL if step == "asked" else STORY
                text = own(f"{self.name(job_run)} {_STEPS.get(step, safe(step))}")
                return Told(kind, text, tuple(safe(one) for one in survivors))
            case said.RunbookLinked(job_run=job_run, page=page, why=why, first_line=first_line):
                about = f": {safe(page)}, {safe(why)}" if page else ", no page fits"
                quoted = (safe(first_line),) if first_line else ()
                return Told(FAILURE, own(f"{self.name(job_run)} was looked into{about}"), (), quoted)
            case _:
                return self._execution(event)

    def _finished(self, event: Event, what: said.JobFinished) -> Told:
        name, began = self.name(what.job_run), self._started.get((what.job_run, what.attempt))
        after = f" after {_took(event.time - began)}" if began is not None else ""
        unknown = self._after_unknown(what.job_run, event.time)
        word = JOB_PHASES[what.phase.value].word
        bad = what.phase in FAILURES
        reason = _reason(what.reason) if bad or what.result is Result.ERROR else ()
        again = f", attempt {what.attempt}" if what.attempt > 1 else ""
        text = own(f"{name} {word}{after}{again}{unknown}")
        return Told(FAILURE if bad else STORY, text, reason)

    def _after_unknown(self, job_run: str, at: float) -> str:
        since = self._unknown.pop(job_run, None)
        return f", unknown for {duration(at - since)}" if since is not None else ""

    # ----- executions

    def _execution(self, event: Event) -> Told:
        match event.payload:
            case said.TaskDispatched(job_run=job_run, attempt=attempt, task=task, key=key):
                text = own(f"{self.name(job_run)} {self.task(job_run, attempt, task)} was sent, {safe(key)}")
                return Told(DETAIL, text)
            case said.TaskStarted(job_run=job_run, attempt=attempt, task=task, key=key):
                self._tasks[key] = event.time
                return Told(DETAIL, own(f"{self.name(job_run)} {self.task(job_run, attempt, task)} runs"))
            case said.TaskFinished():
                return self._task_finished(event, event.payload)
            case said.OutputsRecorded(job_run=job_run, values=values, problems=problems):
                text = own(f"{self.name(job_run)} wrote {safe(', '.join(values)) if values else 'nothing usable'}")
                return Told(DETAIL, text, tuple(safe(one) for one in problems))
            case said.LogFetched(job_run=job_run, log_bytes=log_bytes):
                return Told(DETAIL, own(f"the log of {self.name(job_run)} is here, {size(log_bytes)}"))
            case _:
                return Told(DETAIL, safe(event.type.replace("_", " ")))

    def _task_finished(self, event: Event, what: said.TaskFinished) -> Told:
        began = self._tasks.pop(what.key, None)
        took = f" after {task_duration(event.time - began)}" if began is not None else ""
        good = what.result is Result.SUCCESS
        word = JOB_PHASES[Phase.SUCCEEDED.value].word if good else safe(what.reason) or own(what.result.value)
        unknown = self._after_unknown(what.job_run, event.time)
        name, task = self.name(what.job_run), self.task(what.job_run, what.attempt, what.task)
        # The host's word about what was unknown is part of that story.
        return Told(FAILURE if unknown else DETAIL, own(f"{name} {task}: {word}{took}{unknown}"))

    def _listed(self, job_runs: Sequence[str]) -> str:
        names = [self.name(one) for one in job_runs[:3]]
        rest = len(job_runs) - len(names)
        return ", ".join(names) + (f" and {rest} more" if rest else "")


def _took(seconds: float) -> SafeText:
    """Of a job run: a short one to the tenth, or it would have taken no time at all."""
    return task_duration(seconds) if seconds < _SHORT_S else duration(seconds)


def _reason(text: str) -> tuple[SafeText, ...]:
    return (safe(text),) if text else ()


def _all(label: str, lines: Sequence[str]) -> tuple[SafeText, ...]:
    return tuple(own(f"{label}: {safe(line)}") for line in lines)
