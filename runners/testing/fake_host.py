"""One scripted host in memory: its disk of executions outlives sessions, as a real host's does.

No clock, no thread, no task: a host changes only when a test or a session calls it, and tells its listeners.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runners.model.errors import HostRefused, OndutyError
from runners.model.limits import NO_LIMITS
from runners.model.metrics import HostSample
from runners.ports.transport import ExecutionPhase, ExecutionReport, ExecutionRequest, ExecutionResult, HostInspection
from runners.testing.behaviour import (
    Die,
    Exit,
    Fault,
    Gate,
    OnCancel,
    Output,
    Print,
    Refuse,
    Step,
    TimeOut,
    Vanish,
    Work,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One line of the ledger: this host really began this execution."""

    host: str
    key: str
    script: str
    request: ExecutionRequest


@dataclass(slots=True, kw_only=True)
class FakeExecution:
    """What the host's disk knows about one key."""

    key: str
    request: ExecutionRequest | None
    """None: sealed, never started."""
    phase: ExecutionPhase
    log: bytearray = field(default_factory=bytearray)
    output: bytearray = field(default_factory=bytearray)
    """What the job wrote to ``$ONDUTY_OUTPUT``."""
    result: ExecutionResult | None = None
    reason: str = ""
    steps: list[Step] = field(default_factory=list)
    """What is still to come."""
    on_cancel: OnCancel = field(default_factory=OnCancel)
    log_limited: bool = False
    cpu_s: float = 0.0
    memory_peak_bytes: int | None = None
    started_at: float = 0.0
    user: str = ""
    """Whom sudo ran it as; empty: the account that logs in."""

    @property
    def kept_whole(self) -> bool:
        """A fake host keeps every limit."""
        limits = self.request.limits if self.request is not None else NO_LIMITS
        return limits.memory_bytes is not None or limits.cpu_percent is not None

    def print(self, data: bytes) -> None:
        """Into the log, up to its limit."""
        most = self.request.log_limit_bytes if self.request is not None else None
        room = len(data) if most is None else max(0, most // 512 * 512 - len(self.log))
        self.log.extend(data[:room])
        self.log_limited = self.log_limited or len(data) > room

    @property
    def report(self) -> ExecutionReport:
        """As ``ask`` would answer."""
        return ExecutionReport(
            key=self.key, phase=self.phase, log_bytes=len(self.log), result=self.result, reason=self.reason
        )


@dataclass(slots=True)
class FakeHost:
    """A host that does what it was told to do for each script."""

    name: str
    now: Callable[[], float]
    behaviours: list[tuple[str, list[tuple[Step, ...]]]] = field(default_factory=list)
    """Part of a script's text, and what each start of it does; the last one repeats."""
    executions: dict[str, FakeExecution] = field(default_factory=dict)
    ledger: list[Start] = field(default_factory=list)
    released: set[str] = field(default_factory=set)
    lose_next_output: bool = False
    """The link drops when the next output is asked for."""
    connect_error: OndutyError | None = None
    """Raised by every connect until it is None."""
    inspection: HostInspection = field(default_factory=lambda: HostInspection(user="deploy", tools="GNU", sudo="yes"))
    """What it says when it is looked at."""
    lose_next_start: str = ""
    """``before``: the link drops before the next request arrives; ``after``: once it has started, before the answer."""
    sudo_refusal: str = ""
    """What sudo says to whoever asks; empty: it lets us be anybody."""
    workdirs: set[str] = field(default_factory=set)
    sealed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    servers: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """What answers on an address as the host calls it: these bytes, then the end."""
    files: dict[str, bytes] = field(default_factory=dict)
    """By absolute path."""
    modes: dict[str, int] = field(default_factory=dict)
    moved_bytes: int = 0
    """Sent to it, also of what was never finished."""
    holds_transfers: asyncio.Event | None = None
    """While it is not set, nothing is moved; None: nothing waits."""
    asked_streams: list[tuple[str, int]] = field(default_factory=list)
    samples: list[HostSample] = field(default_factory=lambda: [HostSample()])
    sampled: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)
    """What was asked each time: keys, and whether the disks too."""
    listeners: list[Callable[[], None]] = field(default_factory=list)
    """Called after every change."""

    def on(self, script: str, *runs: Sequence[Step]) -> None:
        """Scripts that contain ``script`` do the first of ``runs`` at their first start, and so on."""
        self.behaviours.insert(0, (script, [tuple(run) for run in runs] or [(Exit(0),)]))

    def behaviour(self, script: str) -> tuple[Step, ...] | None:
        """Take the next behaviour for this script; None when the host was told nothing about it."""
        for part, runs in self.behaviours:
            if part in script:
                return runs.pop(0) if len(runs) > 1 else runs[0]
        return None

    def start(self, request: ExecutionRequest, steps: Sequence[Step]) -> FakeExecution:
        """Claim and begin; the caller has looked that the key is free. Raises ``HostRefused`` for ``Refuse``."""
        for step in steps:
            if isinstance(step, Refuse):
                raise HostRefused(f"{self.name}: {step.reason}; nothing was started there")
        execution = FakeExecution(
            key=request.key,
            request=request,
            user=request.sudo,
            phase=ExecutionPhase.RUNNING,
            steps=list(steps),
            started_at=self.now(),
            on_cancel=next((step for step in steps if isinstance(step, OnCancel)), OnCancel()),
        )
        self.executions[request.key] = execution
        self.ledger.append(Start(host=self.name, key=request.key, script=request.script, request=request))
        if request.workdir:
            self.workdirs.add(request.workdir)
        self._advance(execution)
        return execution

    def report(self, key: str, user: str = "") -> ExecutionReport:
        """What the disk says to that user about one key: each has executions of its own."""
        execution = self.executions.get(key)
        if execution is None or execution.user != user:
            return ExecutionReport(key=key, phase=ExecutionPhase.ABSENT)
        return execution.report

    def seal(self, key: str, user: str = "") -> ExecutionReport:
        """Claim without starting; returns what was there before."""
        before = self.report(key, user)
        if before.phase is ExecutionPhase.ABSENT:
            self.executions[key] = FakeExecution(key=key, request=None, phase=ExecutionPhase.CLAIMED, user=user)
            self.sealed.append(key)
        return before

    def remove(self, key: str, user: str = "") -> None:
        """Forget a finished execution of that user."""
        execution = self.executions.get(key)
        if execution is not None and execution.user == user and execution.phase is not ExecutionPhase.RUNNING:
            del self.executions[key]
            self.removed.append(key)

    def release(self, gate: str) -> None:
        """Open a gate, for those who wait and those who come."""
        self.released.add(gate)
        for execution in list(self.executions.values()):
            self._advance(execution)

    def write(self, key: str, data: bytes) -> None:
        """The running job prints."""
        self._running(key).print(data)
        self._changed()

    def finish(
        self,
        key: str,
        *,
        exit_code: int | None = None,
        signal: str | None = None,
        error: str | None = None,
        timed_out: bool = False,
        cancelled: bool = False,
    ) -> None:
        """The running job ends; with nothing given, with exit status 0."""
        if exit_code is None and signal is None and error is None:
            exit_code = 0
        execution = self._running(key)
        execution.result = ExecutionResult(
            exit_code=exit_code,
            signal=signal,
            error=error,
            timed_out=timed_out,
            cancelled=cancelled,
            log_bytes=len(execution.log),
            log_limited=execution.log_limited,
            limits_kept="job" if execution.kept_whole else "",
            started_at=execution.started_at,
            ended_at=self.now(),
            cpu_s=None if error is not None else execution.cpu_s,
            memory_peak_bytes=execution.memory_peak_bytes,
            memory_peak_of="process" if execution.memory_peak_bytes is not None else "",
            output_bytes=len(execution.output),
        )
        execution.phase = ExecutionPhase.DONE
        self._changed()

    def vanish(self, key: str, reason: str) -> None:
        """Job and supervisor are gone without a result."""
        execution = self._running(key)
        execution.phase = ExecutionPhase.LOST
        execution.reason = reason
        self._changed()

    def _running(self, key: str) -> FakeExecution:
        execution = self.executions.get(key)
        if execution is None or execution.phase is not ExecutionPhase.RUNNING:
            raise AssertionError(f"{key} does not run on {self.name}; it is {self.report(key).phase.value}")
        return execution

    def _advance(self, execution: FakeExecution) -> None:
        while execution.steps and execution.phase is ExecutionPhase.RUNNING:
            step = execution.steps[0]
            if isinstance(step, Gate) and step.name not in self.released:
                break
            execution.steps.pop(0)
            match step:
                case Print(data):
                    execution.print(data)
                case Output(data):
                    execution.output.extend(data)
                case Work(cpu_s, memory_bytes):
                    execution.cpu_s += cpu_s
                    execution.memory_peak_bytes = max(execution.memory_peak_bytes or 0, memory_bytes)
                case Exit(code):
                    self.finish(execution.key, exit_code=code)
                case Die(signal):
                    self.finish(execution.key, signal=signal)
                case Fault(error):
                    self.finish(execution.key, error=error)
                case TimeOut():
                    self.finish(execution.key, signal="TERM", timed_out=True)
                case Vanish(reason):
                    self.vanish(execution.key, reason)
                case _:
                    pass
        else:
            if execution.phase is ExecutionPhase.RUNNING and not execution.steps:
                self.finish(execution.key)
        self._changed()

    def _changed(self) -> None:
        for listener in list(self.listeners):
            listener()
