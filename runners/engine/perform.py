"""Effects into actions. Every action may be asked for again after a crash and then does nothing new."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from runners.core.index import job_run_of, planned_job_of
from runners.core.secrets import OwedLog, owed_log_of, owed_logs
from runners.core.tasks import is_live, waits_for_host
from runners.engine.advice import advise
from runners.engine.errand_of import Errands, due_of, spec_of
from runners.engine.errands import Doing, Errand
from runners.engine.host_link import HostLink
from runners.engine.host_pool import HostPool
from runners.engine.host_wants import Execution, PlaceKey, Stage
from runners.engine.limits import Limits
from runners.engine.own_errands import OwnErrand, OwnErrands
from runners.engine.request import build_request
from runners.engine.secret_gate import SecretGate
from runners.engine.tell import TellNews
from runners.engine.timers import Timer, Timers
from runners.model.effects import (
    Advise,
    AskExecution,
    CancelExecution,
    Effect,
    ForgetExecution,
    ForgetWorkdirs,
    PrepareHost,
    ReleaseHost,
    StartExecution,
    WakeAt,
)
from runners.model.events import Event
from runners.model.ids import parse_key
from runners.model.kinds import TaskKind
from runners.model.news import BackoffPassed
from runners.model.state import RunState
from runners.ports.failure_advisor import FailureAdvisor
from runners.ports.log_store import LogStore
from runners.ports.transport import ExecutionRequest

log = logging.getLogger("onduty.engine")


class Performer:
    """Does what the core wants done, once it is durable that it was wanted."""

    def __init__(
        self,
        *,
        pool: HostPool,
        logs: LogStore,
        advisor: FailureAdvisor,
        timers: Timers,
        limits: Limits,
        tell: TellNews,
        own: OwnErrands,
        errands: Errands,
        gate: SecretGate,
    ) -> None:
        self._own = own
        self._errands = errands
        self._gate = gate
        self._pool = pool
        self._logs = logs
        self._advisor = advisor
        self._timers = timers
        self._limits = limits
        self._tell = tell
        self._prepared: dict[tuple[str, str], tuple[int, HostLink]] = {}
        """Attempts that wait for their host, or have a place and have not started: by run and job run."""
        self._alarms: dict[tuple[str, str], Timer] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, state: RunState, effects: Sequence[Effect]) -> None:
        """Start doing all of it; nothing is waited for."""
        for effect in effects:
            try:
                self._perform(state, effect)
            except Exception:
                log.exception("run %s: %r failed", state.name, effect)

    def reserve(self, state: RunState, effect: PrepareHost, *, leaving: frozenset[PlaceKey]) -> bool:
        """Answer ``effect`` with a place at once where that needs no waiting; say whether."""
        if effect.fence or not self._gate.is_open(state):
            return False
        return self._link(state, effect.host).reserve((state.uid, effect.job_run, effect.attempt), leaving=leaving)

    def unreserve(self, state: RunState, effect: PrepareHost) -> None:
        """The reservation came to nothing."""
        self._link(state, effect.host).release(state.uid, effect.job_run, effect.attempt)

    def call_off(self, state: RunState, events: Sequence[Event]) -> None:
        """Stop preparing hosts for attempts that will not start any more."""
        for event in events:
            job_run = getattr(event.payload, "job_run", None)
            prepared = self._prepared.get((state.uid, job_run)) if job_run is not None else None
            if job_run is None or prepared is None:
                continue
            attempt, link = prepared
            now = job_run_of(state, job_run)
            if waits_for_host(now) and now.next_attempt == attempt:
                continue
            del self._prepared[state.uid, job_run]
            if not (is_live(now) and now.attempt == attempt):
                link.release(state.uid, job_run, attempt)

    async def close(self) -> None:
        """Drop what is not done yet; it is derived again from the state."""
        await self._own.close()
        for alarm in self._alarms.values():
            alarm.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _perform(self, state: RunState, effect: Effect) -> None:
        match effect:
            case PrepareHost() | StartExecution() if not self._gate.is_open(state):
                self._gate.keep(state, effect)
            case PrepareHost():
                link = self._link(state, effect.host)
                self._prepared[state.uid, effect.job_run] = (effect.attempt, link)
                fence = tuple((key, spec_of(state, effect.job_run, key).sudo) for key in effect.fence)
                link.prepare(state.uid, effect.job_run, effect.attempt, fence)
            case StartExecution():
                self._carry(state, effect, Stage.START)
            case AskExecution() if not self._gate.is_open(state) and not _is_command(state, effect):
                # The controller does it itself, and what it would write down could not be masked.
                self._gate.keep(state, effect)
            case AskExecution():
                self._carry(state, effect, Stage.ASK)
            case CancelExecution() if self._gate.cancel(state, effect):
                return
            case CancelExecution():
                link = self._link(state, effect.host)
                if not self._own.cancel(effect.key) and not link.cancel(effect.key, effect.grace_s):
                    log.info("run %s: %s is not carried any more; nothing to cancel", state.name, effect.key)
            case WakeAt():
                self._wake_at(state.uid, effect)
            case ReleaseHost():
                self._own.drop((state.uid, effect.job_run, effect.attempt))
                self._link(state, effect.host).release(state.uid, effect.job_run, effect.attempt)
            case Advise():
                self._spawn(state, effect)
            case ForgetExecution() if (owed := owed_log_of(job_run_of(state, effect.job_run), effect.key)) is not None:
                # Its log is still there alone.
                if self._gate.is_open(state):
                    self._fetch(state, owed)
            case ForgetExecution():
                # Its log was put on disk before its verdict became an event.
                # An errand left nothing on its host.
                spec = spec_of(state, effect.job_run, effect.key)
                if spec.kind is TaskKind.RUN:
                    self._link(state, effect.host).forget(effect.key, spec.sudo)
            case ForgetWorkdirs():
                users = planned_job_of(state, effect.job_run).sudo_users
                self._link(state, effect.host).forget_workdirs(effect.workdirs, users)
            case _:
                raise TypeError(f"no such effect: {effect!r}")

    def secrets_known(self, state: RunState) -> None:
        """What waited on hosts for the run's secrets goes on; logs that were left there are fetched."""
        self._pool.secrets_known(state.uid, self._gate.values(state))
        for owed in owed_logs(state):
            self._fetch(state, owed)

    def _fetch(self, state: RunState, owed: OwedLog) -> None:
        self._link(state, owed.host).fetch(
            Execution(
                run=state.uid,
                job_run=owed.job_run,
                # No attempt has this number: who leaves the attempt's place does not give up its log.
                attempt=0,
                request=ExecutionRequest(key=owed.key, script=""),
                stage=Stage.ASK,
                owed=True,
            )
        )

    def _link(self, state: RunState, host: str) -> HostLink:
        return self._pool.link(state.plan.hosts[host])

    def _carry(self, state: RunState, effect: StartExecution | AskExecution, stage: Stage) -> None:
        parts = parse_key(effect.key)
        is_open = self._gate.is_open(state)
        secrets = self._gate.values(state) if is_open else None
        errand, due_utc = self._errands.of(state, effect.job_run, effect.key, secrets or {}), None
        if errand is not None:
            due_utc = due_of(state, effect.job_run, effect.task, effect.timeout_s)
            if not errand.needs_session:
                self._do_here(state, effect, stage, errand, due_utc)
                return
        request = build_request(
            state,
            job_run=effect.job_run,
            key=effect.key,
            attempt=parts.attempt,
            task=parts.task,
            timeout_s=effect.timeout_s,
            workdir=effect.workdir,
            secrets=secrets,
        )
        grace_s = self._limits.silent_s if stage is Stage.START else self._limits.silent_at_start_s
        ask = effect if isinstance(effect, AskExecution) else None
        self._link(state, effect.host).start(
            Execution(
                run=state.uid,
                job_run=effect.job_run,
                attempt=parts.attempt,
                request=request,
                stage=stage,
                silent_grace_s=grace_s,
                errand=errand,
                due_utc=due_utc,
                lacks_secrets=errand is None and not is_open,
                began=ask is not None and ask.began,
                answered=ask is not None and ask.answered,
            ),
            asked=ask is not None and ask.asked,
        )
        if not is_open:
            self._gate.wants(state)

    def _do_here(
        self,
        state: RunState,
        effect: StartExecution | AskExecution,
        stage: Stage,
        errand: Errand,
        due_utc: float | None,
    ) -> None:
        self._link(state, effect.host).occupy(state.uid, effect.job_run, effect.attempt)
        doing = Doing(errand, timers=self._timers, due_utc=due_utc, timeout_s=effect.timeout_s)
        own = OwnErrand(
            run=state.uid,
            job_run=effect.job_run,
            attempt=effect.attempt,
            key=effect.key,
            errand=errand,
            doing=doing,
        )
        if stage is Stage.START:
            self._own.start(own)
        else:
            self._own.ask(own, asked=isinstance(effect, AskExecution) and effect.asked)

    def _wake_at(self, uid: str, effect: WakeAt) -> None:
        place = (uid, effect.job_run)
        held = self._alarms.pop(place, None)
        if held is not None:
            held.cancel()

        def ring() -> None:
            self._alarms.pop(place, None)
            self._tell(uid, BackoffPassed(job_run=effect.job_run, attempt=effect.attempt))

        self._alarms[place] = self._timers.at_utc(effect.at_utc, ring)

    def _spawn(self, state: RunState, effect: Advise) -> None:
        async def ask() -> None:
            self._tell(state.uid, await advise(state, effect, logs=self._logs, advisor=self._advisor))

        task = asyncio.get_running_loop().create_task(ask(), name=f"onduty advice {effect.job_run}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_command(state: RunState, effect: AskExecution) -> bool:
    return spec_of(state, effect.job_run, effect.key).kind is TaskKind.RUN
