"""What hosts and timers report to the core. Not durable yet: ``core.observe`` turns what still matters into events.

Late news (about an earlier attempt, about a job run that ended) is normal and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.model.metrics import HostReading
from runners.model.phases import FailureKind, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something about one job run."""

    job_run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReady(News):
    """The session is open and a place is free. Answers ``PrepareHost``."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGaveUp(News):
    """The host cannot be used and nothing was dispatched. Answers ``PrepareHost``."""

    attempt: int
    kind: FailureKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarted(News):
    """The host says that it runs: after a start, or when asked again after contact was lost."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFinished(News):
    """Verdict of the host; all bytes are ours, unless ``log_owed``."""

    key: str
    result: Result
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    kind: FailureKind | None = None
    log_bytes: int = 0
    log_owed: bool = False
    log_cut: bool = False
    log_limited: bool = False
    limits_kept: str = ""
    host_started_at: float = 0.0
    host_ended_at: float = 0.0
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    memory_peak_of: str = ""
    host: HostReading | None = None
    """How its host was when it was last looked at before a failure."""
    files: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What it wrote to ``$ONDUTY_OUTPUT``."""
    output_problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogArrived(News):
    """The log that was ``log_owed`` is ours now, byte for byte."""

    attempt: int
    key: str
    log_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionUncertain(News):
    """The host is silent (``answered`` False), or was asked and has neither process nor result (True)."""

    key: str
    reason: str
    answered: bool
    asked: bool = False
    """A person wanted to know: also what is no news to us is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelProgress(News):
    """A step of cancelling one execution."""

    key: str
    step: str
    survivors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffPassed(News):
    """The time of the next attempt has come. Answers ``WakeAt``."""

    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceGiven(News):
    """The page for a failure. Answers ``Advise``."""

    attempt: int
    page: str | None
    section: str | None = None
    score: float = 0.0
    why: str = ""
    first_line: str = ""
    task: int = 0
    line: int | None = None
