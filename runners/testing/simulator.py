"""A run without hosts, clocks or disk: the core driven by hand, in virtual time. Tests read like a transcript.

What the core asks of the world is kept in ``prepares``, ``starts``, ``wakes``, ``cancels`` and ``advices`` until the
test answers it. Job runs are named by their short name (``release@web3``) or their id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from runners.core.admit import admit
from runners.core.index import index_of, job_run_of, short_name
from runners.core.observe import observe
from runners.core.recover import recover
from runners.core.reduce import begin, fold
from runners.core.settle import settle, unchained
from runners.core.tasks import in_flight
from runners.core.usage import NOTHING_USED, Usage
from runners.model.effects import (
    Advise,
    AskExecution,
    CancelExecution,
    Effect,
    ForgetExecution,
    PrepareHost,
    ReleaseHost,
    StartExecution,
    WakeAt,
)
from runners.model.events import (
    SYSTEM_ACTOR,
    CancelRequested,
    Event,
    JobFinished,
    Payload,
    RetryScheduled,
    RollbackFinished,
    RunCreated,
    RunFinished,
    RunHeld,
    StageFinished,
)
from runners.model.intents import Cancel, Intent, Pause, Resume, Retry, Rollback, Skip
from runners.model.news import (
    AdviceGiven,
    BackoffPassed,
    CancelProgress,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionUncertain,
    HostGaveUp,
    HostReady,
    News,
)
from runners.model.outputs import NO_OUTPUTS, Outputs
from runners.model.phases import LIVE, FailureKind, Phase, Result, RunPhase
from runners.model.plan import Plan
from runners.model.state import JobRunState, RunState
from runners.testing.builders import UID


class Simulator:
    """One run; ``events`` and ``effects`` are everything so far, ``state`` is their fold."""

    def __init__(
        self,
        plan: Plan,
        *,
        by: str = "alice",
        number: int = 42,
        dice: Callable[[], float] = lambda: 0.5,
        now_utc: float = 1000.0,
    ) -> None:
        self.plan = plan
        self.now_utc = now_utc
        self.dice = dice
        created = RunCreated(
            uid=UID,
            name=f"{plan.pipeline}/{number}",
            pipeline=plan.pipeline,
            number=number,
            plan_digest="sha256:" + "1" * 64,
            definition_digest=plan.definition_digest,
        )
        first = Event(run=UID, seq=1, time=self.now_utc, actor=by, payload=created)
        self.events: list[Event] = [first]
        self.effects: list[Effect] = []
        self.state: RunState = begin(plan, first)
        self.prepares: dict[str, PrepareHost] = {}
        """By job run id: hosts to get ready."""
        self.starts: dict[str, StartExecution | AskExecution] = {}
        """By key: what the hosts were told to run, or to be asked about."""
        self.wakes: dict[str, WakeAt] = {}
        self.cancels: dict[str, CancelExecution] = {}
        """By key."""
        self.advices: dict[str, Advise] = {}
        self._intents = 0
        self._said = 1
        self.settle((), touched=None)

    # ----- the loop

    def settle(
        self, payloads: Sequence[Payload], *, actor: str = SYSTEM_ACTOR, touched: frozenset[str] | None = frozenset()
    ) -> tuple[Event, ...]:
        """One step: fold, decide, keep what is asked of the world."""
        settled = settle(
            self.state, payloads, now_utc=self.now_utc, dice=self.dice, actor=actor, seal=unchained, touched=touched
        )
        self.state = settled.state
        self.events += settled.events
        self._take(settled.effects)
        return settled.events

    def _take(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self.effects.append(effect)
            match effect:
                case PrepareHost():
                    self.prepares[effect.job_run] = effect
                case StartExecution() | AskExecution():
                    self.starts[effect.key] = effect
                case WakeAt():
                    self.wakes[effect.job_run] = effect
                case CancelExecution():
                    self.cancels[effect.key] = effect
                case Advise():
                    self.advices[effect.job_run] = effect
                case ReleaseHost():
                    # A wake-up is not called off: it comes late and changes nothing.
                    self.prepares.pop(effect.job_run, None)
                case ForgetExecution():
                    self.starts.pop(effect.key, None)
                    self.cancels.pop(effect.key, None)
                case _:
                    pass

    def tell(self, news: News) -> tuple[Event, ...]:
        """A host or a timer reports; the events it became, with what followed."""
        return self.settle(observe(self.state, news, self.now_utc))

    def ask(self, intent: Intent, actor: str = "alice") -> tuple[Event, ...]:
        """A person asks; raises ``Refused``."""
        return self.settle(admit(self.state, intent, actor, self.now_utc), actor=actor)

    def restart(self) -> None:
        """The controller dies and comes back: only the events are left. Raises when they fold to something else."""
        folded = fold(self.plan, self.events)
        if folded != self.state:
            raise AssertionError("the events do not fold to the live state")
        for pending in (self.prepares, self.starts, self.wakes, self.cancels, self.advices):
            pending.clear()
        self._take(recover(folded))
        self.settle((), touched=None)

    # ----- looking

    def id_of(self, name: str) -> str:
        """The id of a job run by its short name or id."""
        if name in index_of(self.plan).places:
            return name
        for id_ in index_of(self.plan).places:
            if short_name(self.state, id_) == name:
                return id_
        raise KeyError(name)

    def run(self, name: str) -> JobRunState:
        """A job run's state."""
        return job_run_of(self.state, self.id_of(name))

    def phase(self, name: str) -> Phase:
        """A job run's phase."""
        return self.run(name).phase

    def run_phase(self) -> RunPhase:
        """The run's phase now; type checkers take an attribute's for what they saw of it last."""
        return self.state.phase

    def phases(self) -> dict[str, str]:
        """Every job run's phase, by short name."""
        return {short_name(self.state, id_): self.phase(id_).value for id_ in index_of(self.plan).places}

    def key(self, name: str) -> str:
        """The key that the host of a live job run has now."""
        run = self.run(name)
        n = in_flight(run) if run.phase in LIVE else 0
        found = run.attempts[-1].tasks[n - 1].key if n else None
        if found is None:
            raise AssertionError(f"{name} has nothing on its host; it is {run.phase.value}")
        return found

    def said(self) -> list[str]:
        """The events since this was last asked, one line each."""
        lines = [line_of(self.state, event) for event in self.events[self._said :]]
        self._said = len(self.events)
        return lines

    # ----- the world answers

    def ready(self, *names: str) -> None:
        """These hosts (none named: all that are prepared) are there."""
        ids = [self.id_of(name) for name in names] or list(self.prepares)
        for id_ in ids:
            effect = self.prepares.pop(id_)
            self.tell(HostReady(job_run=id_, attempt=effect.attempt))

    def give_up(
        self, name: str, kind: FailureKind = FailureKind.UNREACHABLE, reason: str = "no answer within 2m"
    ) -> None:
        """Its host cannot be used, and nothing was dispatched."""
        effect = self.prepares.pop(self.id_of(name))
        self.tell(HostGaveUp(job_run=effect.job_run, attempt=effect.attempt, kind=kind, reason=reason))

    def started(self, name: str) -> None:
        """Its host says that it runs."""
        self.tell(ExecutionStarted(job_run=self.id_of(name), key=self.key(name)))

    def finish(
        self,
        name: str,
        exit_code: int = 0,
        result: Result | None = None,
        log_bytes: int = 100,
        outputs: Outputs = NO_OUTPUTS,
        used: Usage = NOTHING_USED,
    ) -> None:
        """Its host gives the verdict about the task that it has; ``result`` where an exit code does not say it."""
        key = self.key(name)
        self.starts.pop(key, None)
        self.cancels.pop(key, None)
        self.tell(finished(self.id_of(name), key, exit_code, result, log_bytes, outputs, used))

    def lose(self, name: str, reason: str = "the link was cut") -> None:
        """Its host is silent."""
        self.tell(ExecutionUncertain(job_run=self.id_of(name), key=self.key(name), reason=reason, answered=False))

    def vanish(self, name: str, reason: str = "rebooted since") -> None:
        """Its host answers and has neither process nor result."""
        key = self.key(name)
        self.starts.pop(key, None)
        self.tell(ExecutionUncertain(job_run=self.id_of(name), key=key, reason=reason, answered=True))

    def cancel_step(self, name: str, step: str, *survivors: str) -> None:
        """Its host reports a step of cancelling."""
        self.tell(CancelProgress(job_run=self.id_of(name), key=self.key(name), step=step, survivors=survivors))

    def advise(self, name: str, page: str | None = "port-in-use", first_line: str = "error: boom") -> None:
        """The page for its failure was looked up."""
        effect = self.advices.pop(self.id_of(name))
        self.tell(
            AdviceGiven(
                job_run=effect.job_run,
                attempt=effect.attempt,
                page=page,
                section="Diagnosis" if page else None,
                score=0.9 if page else 0.0,
                why="log matches 'boom'" if page else "",
                first_line=first_line,
                task=effect.task,
            )
        )

    def advance(self, seconds: float) -> None:
        """Time passes, and timers that came due fire."""
        self.now_utc += seconds
        for wake in list(self.wakes.values()):
            if wake.at_utc <= self.now_utc:
                del self.wakes[wake.job_run]
                self.tell(BackoffPassed(job_run=wake.job_run, attempt=wake.attempt))

    def play(self, failing: Mapping[str, int] | None = None) -> None:
        """Go on until the world owes nothing: hosts are there, tasks pass, but those ``failing``.

        Names in ``failing`` are ``release@web3`` (its first task) or ``release@web3 restart``; values are exit codes.
        """
        codes = failing or {}
        while self.prepares or self.starts or self.wakes:
            if self.prepares:
                self.ready(next(iter(self.prepares)))
            elif self.starts:
                start = next(iter(self.starts.values()))
                name = short_name(self.state, start.job_run)
                planned = next(p for p in self.plan.jobs() if start.job_run in p.job_run_ids())
                rollback = job_run_of(self.state, start.job_run).attempts[-1].rollback
                task = planned.steps(rollback=rollback)[start.task - 1].name
                code = codes.get(f"{name} {task}", codes.get(name, 0) if start.task == 1 else 0)
                self.finish(start.job_run, code)
            else:
                self.advance(max(0.0, min(w.at_utc for w in self.wakes.values()) - self.now_utc))

    # ----- a person asks

    def intent_id(self) -> str:
        """A new one each time."""
        self._intents += 1
        return f"intent-{self._intents}"

    def retry(self, *names: str, by: str = "alice", not_running: bool = False, reason: str = "") -> None:
        """Retry these, or all; raises ``Refused``."""
        targets = tuple(self.id_of(name) for name in names)
        self.ask(Retry(id=self.intent_id(), targets=targets, not_running=not_running, reason=reason), by)

    def retry_from(self, task: str, *names: str, by: str = "alice", not_running: bool = False) -> None:
        """Retry these, or all, from a task on; raises ``Refused``."""
        targets = tuple(self.id_of(name) for name in names)
        self.ask(Retry(id=self.intent_id(), targets=targets, from_task=task, not_running=not_running), by)

    def retry_task(self, task: str, *names: str, by: str = "alice") -> None:
        """Retry one task of these, or of all; raises ``Refused``."""
        targets = tuple(self.id_of(name) for name in names)
        self.ask(Retry(id=self.intent_id(), targets=targets, task=task), by)

    def rollback(self, *, by: str = "alice", not_running: bool = False, reason: str = "") -> None:
        """Roll the run back; raises ``Refused``."""
        self.ask(Rollback(id=self.intent_id(), not_running=not_running, reason=reason), by)

    def pause(self, *, now: bool = False, by: str = "alice", reason: str = "") -> None:
        """Pause the run; raises ``Refused``."""
        self.ask(Pause(id=self.intent_id(), now=now, reason=reason), by)

    def resume(self, by: str = "alice") -> None:
        """Go on; raises ``Refused``."""
        self.ask(Resume(id=self.intent_id()), by)

    def skip(self, *names: str, by: str = "alice", not_running: bool = False, reason: str = "") -> None:
        """Skip these; raises ``Refused``."""
        targets = tuple(self.id_of(name) for name in names)
        self.ask(Skip(id=self.intent_id(), targets=targets, not_running=not_running, reason=reason), by)

    def cancel(self, *names: str, by: str = "alice", reason: str = "") -> None:
        """Cancel these, or the whole run; raises ``Refused``."""
        self.ask(Cancel(id=self.intent_id(), targets=tuple(self.id_of(name) for name in names), reason=reason), by)


def finished(
    job_run: str,
    key: str,
    exit_code: int = 0,
    result: Result | None = None,
    log_bytes: int = 100,
    outputs: Outputs = NO_OUTPUTS,
    used: Usage = NOTHING_USED,
) -> ExecutionFinished:
    """A verdict, as a host gives it."""
    if result is None:
        result = Result.SUCCESS if exit_code == 0 else Result.FAILURE
    reasons = {
        Result.SUCCESS: "",
        Result.FAILURE: f"exit {exit_code}",
        Result.TIMEOUT: "no end within its time",
        Result.ERROR: "the folder is missing",
        Result.CANCELLATION: "killed by TERM",
    }
    kinds = {Result.FAILURE: FailureKind.EXIT, Result.TIMEOUT: FailureKind.TIMEOUT, Result.ERROR: FailureKind.ERROR}
    return ExecutionFinished(
        job_run=job_run,
        key=key,
        result=result,
        exit_code=exit_code if result in (Result.SUCCESS, Result.FAILURE) else None,
        signal="TERM" if result is Result.CANCELLATION else None,
        reason=reasons.get(result, ""),
        cpu_s=used.cpu_s,
        memory_peak_bytes=used.memory_peak_bytes,
        memory_peak_of=used.memory_peak_of,
        kind=kinds.get(result),
        log_bytes=log_bytes,
        outputs=outputs.values,
        output_problems=outputs.problems,
    )


def line_of(state: RunState, event: Event) -> str:
    """``job_finished release@web3 failed: exit 1 in restart``: an event as a transcript says it."""
    payload = event.payload
    words = [event.type]
    job_run = getattr(payload, "job_run", None)
    if job_run is not None:
        words.append(short_name(state, job_run))
    task = getattr(payload, "task", 0)
    if task:
        words.append(f"task {task}")
    match payload:
        case JobFinished(phase=phase, reason=reason):
            words.append(phase.value + (f": {reason}" if reason else ""))
        case RetryScheduled(attempt=attempt, by_policy=by_policy):
            words.append(f"attempt {attempt} by {'policy' if by_policy else event.actor}")
        case StageFinished(stage=name, phase=stage_phase):
            words.append(f"{name} {stage_phase.value}")
        case RunFinished(phase=run_phase) | RollbackFinished(phase=run_phase):
            words.append(run_phase.value)
        case RunHeld(waits_for=ids):
            words += [short_name(state, id_) for id_ in ids]
        case CancelRequested(job_runs=ids):
            words += [short_name(state, id_) for id_ in ids] or ["everything"]
        case _ if hasattr(payload, "stage"):
            words.append(str(payload.stage))
        case _:
            pass
    return " ".join(words)
