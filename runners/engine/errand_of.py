"""Which errand a task is: chosen by its kind, filled for its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runners.core.consequences import workdir_of
from runners.core.index import job_run_of, planned_job_of
from runners.engine.download_errand import DownloadErrand
from runners.engine.errands import Errand
from runners.engine.http_errand import HttpErrand
from runners.engine.moving import Where
from runners.engine.timers import Timers
from runners.engine.upload_errand import UploadErrand
from runners.engine.wait_errand import WaitErrand
from runners.model.ids import parse_key
from runners.model.kinds import HttpCheck, TaskKind, Transfer, filled_http, filled_transfer
from runners.model.plan import PlannedTask
from runners.model.state import JobRunState, RunState, TaskState
from runners.ports.clock import Clock
from runners.ports.run_files import RunFiles
from runners.ports.source_files import SourceFiles
from runners.ports.web import Web


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What errands reach the world with."""

    web: Web
    sources: SourceFiles
    files: RunFiles


class Errands:
    """Makes the errand of a task."""

    def __init__(self, tools: Tools, *, clock: Clock, timers: Timers) -> None:
        self._tools = tools
        self._clock = clock
        self._timers = timers

    def of(self, state: RunState, job_run: str, key: str, secrets: Mapping[str, str]) -> Errand | None:
        """The errand of an execution; None for a command. ``secrets`` are the run's, by name.

        Raises ``LookupError`` when the plan has no such task.
        """
        spec = spec_of(state, job_run, key)
        if spec.kind is TaskKind.RUN:
            return None
        run, parts = job_run_of(state, job_run), parse_key(key)
        task = _task(run, parts.attempt, parts.task)
        dispatched_utc = task.dispatched_at or task.started_at or self._clock.now_utc()
        match spec:
            case PlannedTask(kind=TaskKind.WAIT):
                return WaitErrand(until_utc=dispatched_utc + spec.wait_s, wait_s=spec.wait_s, timers=self._timers)
            case PlannedTask(kind=TaskKind.HTTP, http=HttpCheck() as check):
                return HttpErrand(
                    filled_http(check, state.plan.scope_of(run.host), secrets),
                    repeatable=spec.repeatable,
                    dispatched_utc=dispatched_utc,
                    timeout_s=task.timeout_s,
                    web=self._tools.web,
                    clock=self._clock,
                    timers=self._timers,
                )
            case PlannedTask(kind=TaskKind.UPLOAD | TaskKind.DOWNLOAD as kind, transfer=Transfer() as transfer):
                filled = filled_transfer(transfer, state.plan.scope_of(run.host))
                where = Where(
                    run=state.uid,
                    key=key,
                    attempt=f"{parts.number}.{parts.attempt}",
                    host=run.host,
                    workdir=workdir_of(state, run),
                    dir=spec.dir,
                    sharers=planned_job_of(state, job_run).sudo_users,
                )
                if kind is TaskKind.DOWNLOAD:
                    return DownloadErrand(filled, where, files=self._tools.files, clock=self._clock)
                return UploadErrand(
                    filled,
                    where,
                    folder=state.plan.folder,
                    pinned=state.plan.sources[filled.src],
                    sources=self._tools.sources,
                    clock=self._clock,
                )
            case _:
                raise LookupError(f"{job_run}: {spec.name} is of kind {spec.kind}, which nothing here can do")


def due_of(state: RunState, job_run: str, task: int, timeout_s: float | None) -> float | None:
    """When the time of the current attempt's task is over, by the wall clock; None: never."""
    found = job_run_of(state, job_run).attempts[-1].tasks[task - 1]
    began = found.dispatched_at or found.started_at
    return None if timeout_s is None or began is None else began + timeout_s


def spec_of(state: RunState, job_run: str, key: str) -> PlannedTask:
    """The task of the plan that an execution is. ``LookupError`` when there is none."""
    run, parts = job_run_of(state, job_run), parse_key(key)
    rollback = next((one.rollback for one in run.attempts if one.number == parts.attempt), False)
    return planned_job_of(state, job_run).steps(rollback=rollback)[parts.task - 1]


def _task(run: JobRunState, attempt: int, task: int) -> TaskState:
    return next((one.tasks[task - 1] for one in run.attempts if one.number == attempt), TaskState())
