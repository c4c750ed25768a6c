"""The promises of the core under any order of news, intents, losses and restarts.

``ONDUTY_DEEP`` and ``CORE_STEPS`` in the environment make a long run by hand.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runners.core import describe
from runners.core.admit import Refused, admit
from runners.core.decide import decide
from runners.core.guards import targets_of_retry
from runners.core.holds import hold_of, holds
from runners.core.index import index_of
from runners.core.moves import check_move
from runners.core.observe import observe
from runners.core.preview import preview
from runners.core.ready import satisfies
from runners.core.recover import recover
from runners.core.reduce import fold, reduce
from runners.core.tasks import in_flight, is_live, waits_for_host
from runners.model.definition import STOPPING, Part
from runners.model.effects import AskExecution, CancelExecution, PrepareHost, WakeAt
from runners.model.events import (
    CancelRequested,
    Event,
    JobFinished,
    JobQueued,
    JobSkipped,
    JobStarted,
    RetryScheduled,
    RollbackFinished,
    RollbackStarted,
    RunFinished,
    RunPaused,
    RunReleased,
    RunResumed,
    StageStarted,
    TaskDispatched,
)
from runners.model.holds import HoldKind
from runners.model.ids import execution_key
from runners.model.intents import Cancel, Intent, Pause, Resume, Retry, Rollback, Skip
from runners.model.news import (
    AdviceGiven,
    BackoffPassed,
    CancelProgress,
    ExecutionStarted,
    ExecutionUncertain,
    HostGaveUp,
    HostReady,
    News,
)
from runners.model.phases import ENDED, LIVE, RUN_ENDED, FailureKind, Phase, Result, RunPhase, StagePhase
from runners.model.plan import Plan, PlannedJob, PlannedStage
from runners.model.state import JobRunState, RunState
from runners.testing.builders import UID, job, plan_of, stage, task
from runners.testing.simulator import Simulator, finished
from tests.depth import examples

HOSTS = ("web1", "web2", "web3")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to three stages of up to three jobs on up to three hosts."""
    stages: list[PlannedStage] = []
    for s in range(draw(st.integers(1, 3))):
        jobs = []
        for j in range(draw(st.integers(1, 3))):
            needs = [f"j{n}" for n in range(j) if draw(st.booleans())]
            tasks = tuple(
                task(f"t{n}", repeatable=draw(st.integers(0, 3)) > 0, timeout_s=draw(st.sampled_from([None, 5.0])))
                for n in range(draw(st.integers(1, 2)))
            )
            jobs.append(
                job(
                    f"j{j}",
                    " ".join(HOSTS[: draw(st.integers(1, 3))]),
                    tasks,
                    needs=" ".join(needs),
                    on_failure=draw(st.sampled_from(["hold", "hold", "continue", "stop", "rollback"])),
                    attempts=draw(st.integers(1, 3)),
                    timeout_s=draw(st.sampled_from([None, None, 30.0])),
                    verify=draw(st.sampled_from(["", "", "proof"])),
                    closing=draw(st.sampled_from(["", "", "tidy", "tidy sweep"])),
                    rollback=draw(st.sampled_from(["", "undo"])),
                )
            )
        stages.append(stage(f"s{s}", *jobs))
    return plan_of(*stages)


class Watcher:
    """Checks each event against the promises with books of its own: it uses nothing of the state."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seq = 1
        self.keys: set[str] = set()
        self.live: dict[str, int] = {}
        self.best: dict[str, int] = {}
        self.cancelled = False
        self.stops: set[str] = set()
        self.asked: set[str] = set()
        self.rolling_back: set[str] = set()
        self.dispatched: list[str] = []
        self.run_rolls_back = False
        self.paused = False
        self.paused_now = False

    def see(self, event: Event, before: RunState) -> None:
        """One more event."""
        assert event.seq == self.seq + 1
        self.seq = event.seq
        payload: Any = event.payload
        match payload:
            case RunPaused(now=now):
                self.paused, self.paused_now = True, now
            case RunResumed():
                self.paused = self.paused_now = False
            case RollbackStarted():
                self.run_rolls_back = True
                self.cancelled = self.paused = self.paused_now = False
                self.stops.clear()
            case RollbackFinished(left=left):
                assert not self.live or all(self._run(before, id_).phase is Phase.UNKNOWN for id_ in self.live)
                self.run_rolls_back = False
                for id_ in dict.fromkeys(self.dispatched):
                    if self._planned(id_).rollback and id_ not in left:
                        assert self._run(before, id_).phase is Phase.ROLLED_BACK
            case JobQueued(job_run=id_, rollback=True):
                assert self.run_rolls_back
                assert id_ in self.dispatched, "what never ran is rolled back"
                assert self._run(before, id_).phase is not Phase.ROLLED_BACK
                assert not any(run.phase in (Phase.RUNNING, Phase.CANCELLING) for run in _runs(before)), (
                    "something was taken back beside what lives"
                )
            case JobQueued(job_run=id_):
                assert not self.run_rolls_back
                assert not self.paused, "something new started in a paused run"
                self._may_start(id_, before)
                assert not self.stops or id_ in self.asked, "something new started after a stop"
            case RetryScheduled(job_run=id_, by_policy=False):
                self.asked.add(id_)
                self.stops.discard(id_)
            case JobSkipped(job_run=id_):
                self.stops.discard(id_)
            case JobFinished(job_run=id_, phase=Phase.FAILED | Phase.TIMED_OUT):
                self.asked.discard(id_)
                if self._planned(id_).on_failure in STOPPING and not self.run_rolls_back:
                    self.stops.add(id_)
            case JobStarted(job_run=id_, attempt=attempt, rollback=rollback):
                assert not self.paused
                assert rollback == self.run_rolls_back
                if rollback:
                    self.rolling_back.add(id_)
                assert id_ not in self.live, f"{id_} has two live attempts"
                assert attempt == self.best.get(id_, 0) + 1
                self.asked.discard(id_)
                self.live[id_] = self.best[id_] = attempt
            case TaskDispatched(job_run=id_, key=key, attempt=attempt, task=n):
                assert key not in self.keys, f"{key} was dispatched twice"
                self.keys.add(key)
                assert self.live[id_] == attempt
                s, j, _ = index_of(self.plan).places[id_]
                spec = self.plan.stages[s].jobs[j].steps(rollback=id_ in self.rolling_back)[n - 1]
                self.dispatched.append(id_)
                assert not self.paused_now or spec.part is Part.FINALLY, "a run paused between tasks went on"
                if self.run_rolls_back:
                    assert spec.part is Part.FINALLY or id_ in self.rolling_back
                assert not self.cancelled or spec.part is Part.FINALLY, "a cancelled run dispatched something"
            case CancelRequested(whole_run=True):
                self.cancelled = not self.run_rolls_back
                self.paused = self.paused_now = False
            case RunReleased():
                self.cancelled = self.paused = self.paused_now = False
            case RunFinished(phase=phase):
                assert not self.live
                assert phase is not RunPhase.CANCELLED or self.cancelled
            case StageStarted(stage=name):
                stages = [planned.name for planned in self.plan.stages]
                position = stages.index(name)
                if before.stages[position].phase in (StagePhase.WAITING, StagePhase.STOPPED):
                    earlier = before.stages[:position]
                    assert all(one.phase in (StagePhase.PASSED, StagePhase.SKIPPED) for one in earlier)
            case _:
                pass

    def _run(self, state: RunState, id_: str) -> JobRunState:
        return next(run for run in _runs(state) if run.id == id_)

    def _planned(self, id_: str) -> PlannedJob:
        return next(planned for planned in self.plan.jobs() if id_ in planned.job_run_ids())

    def _may_start(self, id_: str, before: RunState) -> None:
        s, j, h = index_of(self.plan).places[id_]
        run = before.stages[s].jobs[j].runs[h]
        if run.phase is not Phase.WAITING:
            return
        assert before.stages[s].phase is StagePhase.RUNNING
        planned = self.plan.stages[s].jobs
        for need in planned[j].needs:
            n = next(position for position, other in enumerate(planned) if other.name == need)
            assert all(satisfies(planned[n], other.phase) for other in before.stages[s].jobs[n].runs)

    def after(self, before: RunState, state: RunState) -> None:
        """The state after an event: who left what, by the table and by a person."""
        for old, new in zip(_runs(before), _runs(state), strict=True):
            if old.phase is not new.phase:
                check_move(old.phase, new.phase)
                if old.phase in ENDED:
                    assert new.phase in (Phase.WAITING, Phase.SKIPPED, Phase.ROLLING_BACK)
            if not is_live(new):
                self.live.pop(new.id, None)
            for before_attempt, now in zip(old.attempts[:-1], new.attempts, strict=False):
                assert before_attempt == now, "an old attempt changed"


def _flies(run: JobRunState) -> bool:
    return run.phase in LIVE and bool(in_flight(run))


def _runs(state: RunState) -> list[JobRunState]:
    return [run for one in state.stages for planned in one.jobs for run in planned.runs]


class CoreMachine(RuleBasedStateMachine):
    """A run, hosts that do anything, and people who press anything."""

    sim: Simulator

    @initialize(plan=plans(), dice=st.sampled_from([0.0, 0.5, 0.99]))
    def begin(self, plan: Plan, dice: float) -> None:
        """A random plan."""
        self.sim = Simulator(plan, dice=lambda: dice)
        self.watcher = Watcher(plan)
        self.checked = 1
        self.state = fold(plan, self.sim.events[:1])
        self.asked: list[tuple[Intent, str]] = []
        self.told: list[News] = []

    def _check(self) -> None:
        for event in self.sim.events[self.checked :]:
            before = self.state
            self.watcher.see(event, before)
            self.state = reduce(before, event)
            self.watcher.after(before, self.state)
        self.checked = len(self.sim.events)
        assert self.state == self.sim.state

    def _pick(self, data: st.DataObject, *phases: Phase) -> str:
        return data.draw(st.sampled_from([run.id for run in _runs(self.sim.state) if run.phase in phases]))

    def _has(self, *phases: Phase) -> bool:
        return any(run.phase in phases for run in _runs(self.sim.state))

    def _tell(self, news: News) -> None:
        self.told.append(news)
        self.sim.tell(news)

    # ----- hosts

    def _one(self, data: st.DataObject, which: Callable[[JobRunState], bool]) -> str:
        return data.draw(st.sampled_from([run.id for run in _runs(self.sim.state) if which(run)]))

    def _any(self, which: Callable[[JobRunState], bool]) -> bool:
        return any(which(run) for run in _runs(self.sim.state))

    @precondition(lambda self: self._any(waits_for_host))
    @rule(data=st.data())
    def host_is_ready(self, data: st.DataObject) -> None:
        """The usual answer."""
        id_ = self._one(data, waits_for_host)
        rollback = self.sim.phase(id_) is Phase.ROLLING_BACK
        self.sim.prepares.pop(id_, None)
        self._tell(HostReady(job_run=id_, attempt=self.sim.run(id_).next_attempt))
        assert self.sim.phase(id_) is (Phase.ROLLING_BACK if rollback else Phase.RUNNING)

    @precondition(lambda self: self._any(waits_for_host))
    @rule(data=st.data(), kind=st.sampled_from([FailureKind.UNREACHABLE, FailureKind.HOST_KEY]))
    def host_is_given_up(self, data: st.DataObject, kind: FailureKind) -> None:
        """Nothing was dispatched."""
        id_ = self._one(data, waits_for_host)
        rollback = self.sim.phase(id_) is Phase.ROLLING_BACK
        self.sim.prepares.pop(id_, None)
        attempts = len(self.sim.run(id_).attempts)
        self._tell(HostGaveUp(job_run=id_, attempt=self.sim.run(id_).next_attempt, kind=kind, reason="no answer"))
        assert self.sim.phase(id_) in ((Phase.ROLLBACK_FAILED,) if rollback else (Phase.FAILED, Phase.ROLLING_BACK))
        assert len(self.sim.run(id_).attempts) == attempts

    @precondition(lambda self: self._any(_flies) and self.sim.state.phase not in RUN_ENDED)
    @rule(
        data=st.data(),
        result=st.sampled_from(
            [Result.SUCCESS] * 4 + [Result.FAILURE, Result.FAILURE, Result.TIMEOUT, Result.ERROR, Result.CANCELLATION]
        ),
    )
    def task_ends(self, data: st.DataObject, result: Result) -> None:
        """A verdict, also from a host that was silent."""
        id_ = self._one(data, _flies)
        key = self.sim.key(id_)
        news = finished(id_, key, 0 if result is Result.SUCCESS else 1, result)
        self.sim.starts.pop(key, None)
        self._tell(news)
        # The same verdict again, as after a reconnect.
        assert self.sim.tell(news) == ()

    @precondition(lambda self: self._any(_flies) and self.sim.state.phase not in RUN_ENDED)
    @rule(data=st.data())
    def task_runs(self, data: st.DataObject) -> None:
        """The host says that it runs."""
        id_ = self._one(data, _flies)
        self._tell(ExecutionStarted(job_run=id_, key=self.sim.key(id_)))
        assert self.sim.phase(id_) in (Phase.RUNNING, Phase.CANCELLING, Phase.ROLLING_BACK)

    @precondition(lambda self: self._any(_flies) and self.sim.state.phase not in RUN_ENDED)
    @rule(data=st.data(), answered=st.booleans())
    def contact_is_lost(self, data: st.DataObject, answered: bool) -> None:
        """Silence, or an answer that knows nothing."""
        id_ = self._one(data, _flies)
        cancelled = self.sim.run(id_).cancel_asked
        self._tell(ExecutionUncertain(job_run=id_, key=self.sim.key(id_), reason="cut", answered=answered))
        assert self.sim.phase(id_) in (
            Phase.UNKNOWN,
            *([Phase.CANCELLED, Phase.ROLLBACK_FAILED, Phase.ROLLING_BACK] if cancelled else []),
        )

    @precondition(lambda self: self._has(Phase.CANCELLING, Phase.UNKNOWN))
    @rule(data=st.data(), step=st.sampled_from(["term", "kill", "gone", "survivors"]))
    def cancel_goes_on(self, data: st.DataObject, step: str) -> None:
        """Steps of a cancel, or late ones of none."""
        id_ = self._pick(data, Phase.CANCELLING, Phase.UNKNOWN)
        survivors = ("pid 311 root sleep 600",) if step == "survivors" else ()
        self._tell(CancelProgress(job_run=id_, key=self.sim.key(id_), step=step, survivors=survivors))

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        """Timers fire."""
        self.sim.advance(seconds)

    @precondition(lambda self: self.sim.advices)
    @rule(page=st.sampled_from([None, "port-in-use"]))
    def advice_comes(self, page: str | None) -> None:
        """The page of a failure, if it is still one."""
        effect = self.sim.advices.pop(next(iter(self.sim.advices)))
        self._tell(AdviceGiven(job_run=effect.job_run, attempt=effect.attempt, page=page, task=effect.task))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def old_news_comes_again(self, data: st.DataObject) -> None:
        """Late, doubled, out of order: whatever was said once."""
        self.sim.tell(data.draw(st.sampled_from(self.told)))

    @rule(data=st.data(), attempt=st.integers(1, 3), number=st.integers(1, 9), n=st.integers(1, 2))
    def a_stranger_talks(self, data: st.DataObject, attempt: int, number: int, n: int) -> None:
        """News about keys that may never have been dispatched."""
        id_ = data.draw(st.sampled_from([run.id for run in _runs(self.sim.state)]))
        key = execution_key(UID, number, attempt, n)
        news: News = data.draw(
            st.sampled_from(
                [
                    finished(id_, key, 1),
                    ExecutionUncertain(job_run=id_, key=key, reason="cut", answered=True),
                    BackoffPassed(job_run=id_, attempt=attempt + 7),
                    HostReady(job_run=id_, attempt=attempt + 7),
                    HostReady(job_run="no/such@host", attempt=1),
                ]
            )
        )
        if in_flight(self.sim.run(id_)) and self.sim.key(id_) == key:
            return
        assert observe(self.sim.state, news, self.sim.now_utc) == ()

    # ----- people

    def _ask(self, intent: Intent, actor: str) -> None:
        state = self.sim.state
        foreseen = preview(state, intent, self.sim.now_utc)
        refused: Refused | None = None
        payloads: tuple[Any, ...] = ()
        try:
            payloads = admit(state, intent, actor, self.sim.now_utc)
        except Refused as error:
            refused = error
        assert foreseen.refusal == (refused.message if refused else "")
        if refused is not None:
            assert refused.reasons
            assert all(refused.reasons)
            return
        assert payloads
        self.sim.ask(intent, actor)
        self.asked.append((intent, actor))
        if isinstance(intent, Retry):
            assert {p.job_run for p in payloads if hasattr(p, "job_run")} == set(foreseen.targets)

    @rule(
        data=st.data(),
        count=st.integers(0, 2),
        not_running=st.booleans(),
        actor=st.sampled_from(["alice", "bob"]),
    )
    def someone_retries(self, data: st.DataObject, count: int, not_running: bool, actor: str) -> None:
        """Some, or all."""
        targets = tuple(data.draw(st.sampled_from([run.id for run in _runs(self.sim.state)])) for _ in range(count))
        seen = {target: self.sim.run(target).attempt for target in targets} if data.draw(st.booleans()) else {}
        scope = data.draw(st.sampled_from([{}, {}, {"from_task": "t1"}, {"task": "t0"}, {"task": "t1"}]))
        intent = Retry(id=self.sim.intent_id(), targets=targets, seen_attempts=seen, not_running=not_running, **scope)
        self._ask(intent, actor)

    @rule(data=st.data(), not_running=st.booleans(), seldom=st.integers(0, 3))
    def someone_skips(self, data: st.DataObject, not_running: bool, seldom: int) -> None:
        """One; seldom, or nothing is left that could fail."""
        if seldom:
            return
        target = data.draw(st.sampled_from([run.id for run in _runs(self.sim.state)]))
        self._ask(Skip(id=self.sim.intent_id(), targets=(target,), not_running=not_running), "bob")

    @rule(data=st.data(), seldom=st.integers(0, 7))
    def someone_cancels(self, data: st.DataObject, seldom: int) -> None:
        """Seldom the run or one of it."""
        if seldom > 2:
            return
        count = 1 if seldom else 0
        targets = tuple(data.draw(st.sampled_from([run.id for run in _runs(self.sim.state)])) for _ in range(count))
        self._ask(Cancel(id=self.sim.intent_id(), targets=targets), "alice")

    @rule(seldom=st.integers(0, 9), not_running=st.booleans())
    def someone_rolls_back(self, seldom: int, not_running: bool) -> None:
        """Seldom, from any phase."""
        if seldom == 0:
            self._ask(Rollback(id=self.sim.intent_id(), not_running=not_running), "carol")

    @rule(seldom=st.integers(0, 3), now=st.booleans())
    def someone_pauses(self, seldom: int, now: bool) -> None:
        """Now and then."""
        if seldom == 0:
            self._ask(Pause(id=self.sim.intent_id(), now=now), "carol")

    @rule()
    def someone_resumes(self) -> None:
        """Whenever it is paused; else it is refused."""
        self._ask(Resume(id=self.sim.intent_id()), "dave")

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def an_intent_comes_again(self, data: st.DataObject) -> None:
        """A client that lost the answer asks again, with the same id."""
        intent, actor = data.draw(st.sampled_from(self.asked))
        assert self.sim.ask(intent, actor) == ()

    # ----- the controller

    @rule()
    def controller_restarts(self) -> None:
        """Only the events are left."""
        self.sim.restart()

    @invariant()
    def promises_hold(self) -> None:
        """After every step."""
        if not hasattr(self, "sim"):
            return
        self._check()
        state = self.sim.state
        more = decide(state, None, self.sim.now_utc, lambda: 0.5).events
        assert more == (), f"decide is not at rest: {more}"
        owed = recover(state)
        for stage_state in state.stages:
            for job_state in stage_state.jobs:
                assert job_state.counts == Counter(run.phase for run in job_state.runs)
        for run in _runs(state):
            flying = [t for t in (run.attempts[-1].tasks if run.attempts else ()) if t.phase.value == "running"]
            assert len(flying) <= 1
            match run.phase:
                case _ if waits_for_host(run):
                    assert any(isinstance(e, PrepareHost) and e.job_run == run.id for e in owed)
                    assert run.id in self.sim.prepares, "nobody was asked to prepare its host"
                case Phase.RUNNING if not in_flight(run):
                    assert state.pause_now
                case Phase.RUNNING | Phase.CANCELLING | Phase.ROLLING_BACK | Phase.UNKNOWN if run.answered:
                    assert in_flight(run)
                case Phase.RUNNING | Phase.CANCELLING | Phase.ROLLING_BACK | Phase.UNKNOWN:
                    assert in_flight(run)
                    assert any(isinstance(e, AskExecution) and e.key == self.sim.key(run.id) for e in owed)
                    if run.cancel_asked and run.cancel_step:
                        assert any(isinstance(e, CancelExecution) and e.job_run == run.id for e in owed)
                        assert self.sim.key(run.id) in self.sim.cancels
                case Phase.BACKING_OFF:
                    assert any(isinstance(e, WakeAt) and e.job_run == run.id for e in owed)
                    assert run.id in self.sim.wakes or state.phase is RunPhase.PAUSED, "nobody will wake it"
                case Phase.FAILED | Phase.TIMED_OUT | Phase.ROLLBACK_FAILED if run.runbook is None:
                    vouched = bool(run.attempts) and run.attempts[-1].phase is Phase.UNKNOWN
                    assert run.id in self.sim.advices or vouched, f"nobody looks for the page of {run}"
        self._ends_or_says_why(state)

    def _ends_or_says_why(self, state: RunState) -> None:
        phases = Counter(run.phase for run in _runs(state))
        found = holds(state, {})
        describe.document(state, found)
        describe.summary(state, found)
        targets_of_retry(state)
        if state.phase in RUN_ENDED:
            assert not found
            incomplete = state.phase is RunPhase.ROLLBACK_INCOMPLETE
            assert set(phases) <= ENDED | {Phase.WAITING} | ({Phase.UNKNOWN} if incomplete else set())
            assert all(run.answered for run in _runs(state) if run.phase is Phase.UNKNOWN)
            assert incomplete == bool(incomplete and (describe.document(state, found).left or phases[Phase.UNKNOWN]))
            assert state.phase is RunPhase.FAILED or Phase.WAITING not in phases
            return
        for run in _runs(state):
            if waits_for_host(run) or run.phase in (
                Phase.WAITING,
                Phase.BACKING_OFF,
                Phase.UNKNOWN,
                Phase.CANCELLING,
            ):
                assert hold_of(state, found, run.id) is not None, f"{run.id} does not say what it waits for"
        if state.phase is RunPhase.HELD:
            assert not any(phases[p] for p in (Phase.QUEUED, Phase.RUNNING, Phase.CANCELLING, Phase.BACKING_OFF))
            assert all(run.answered for run in _runs(state) if run.phase is Phase.UNKNOWN)
            assert any(hold.kind in (HoldKind.FAILED, HoldKind.UNKNOWN) for hold in found)
            assert describe.document(state, found).next
        elif state.phase is RunPhase.PAUSED:
            assert not phases[Phase.QUEUED]
            assert any(hold.kind is HoldKind.PAUSED and hold.what == state.name for hold in found)
        else:
            live = (*LIVE, Phase.QUEUED, Phase.BACKING_OFF)
            assert any(phases[p] for p in live), f"{state.phase} but nothing happens"

    def teardown(self) -> None:
        """Everybody does what they should: the run ends, or is held and says why."""
        if not hasattr(self, "sim"):
            return
        if self.sim.state.phase is RunPhase.PAUSED:
            self.sim.resume()
        for _ in range(1000):
            runs = _runs(self.sim.state)
            moving = next((r for r in runs if r.phase in (*LIVE, Phase.QUEUED) and not r.answered), None)
            if moving is not None and waits_for_host(moving):
                self.sim.ready(moving.id)
            elif moving is not None:
                self.sim.finish(moving.id)
            elif any(r.phase is Phase.BACKING_OFF for r in runs):
                self.sim.advance(1000.0)
            else:
                break
        assert self.sim.state.phase in RUN_ENDED | {RunPhase.HELD} or self._has(Phase.UNKNOWN)
        self._check()
        self.sim.restart()


CoreMachine.TestCase.settings = settings(
    max_examples=examples(25),
    stateful_step_count=int(os.environ.get("CORE_STEPS", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class TestCore(CoreMachine.TestCase):  # type: ignore[misc, valid-type]
    """Run by pytest."""
