"""What the core wants done in the world: verbs, performed by the engine after the events of the same step are durable.

Every effect can be performed again after a crash: ``recover`` derives the same ones from the state.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to do for one job run."""

    job_run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareHost(Effect):
    """Get a session with its host and a place under the caps; answer ``HostReady`` or ``HostGaveUp``.

    The engine calls it off when the job run leaves ``queued``.
    """

    host: str
    attempt: int
    fence: tuple[str, ...] = ()
    """Seal these keys on the host before answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExecution(Effect):
    """Start one task on its host, at most once, and follow it."""

    host: str
    key: str
    attempt: int
    task: int
    timeout_s: float | None = None
    workdir: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExecution(Effect):
    """Ask the host about a task that was dispatched before a restart, then go on.

    ABSENT: start it, under the same key, unless it ``began``. RUNNING or DONE: follow. CLAIMED: seal it and report it
    finished with result ``error``. LOST: uncertain, and answered.
    """

    host: str
    key: str
    attempt: int
    task: int
    timeout_s: float | None = None
    workdir: str = ""
    began: bool = False
    """The host said once that it ran: a host that has no trace of it lost it, and must not run it again."""
    asked: bool = False
    """A person asks: the host is tried now, and what comes of it is told whatever it is."""
    answered: bool = False
    """The host was asked before and did not know: when it is silent now, it is not asked for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelExecution(Effect):
    """TERM, grace, KILL, confirmed gone. On a host that cannot be reached: as soon as it can."""

    host: str
    key: str
    grace_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt(Effect):
    """Answer ``BackoffPassed`` at this time."""

    attempt: int
    at_utc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHost(Effect):
    """The attempt is over: its place is free."""

    host: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advise(Effect):
    """Find the page and the first bad line of a failed attempt; answer ``AdviceGiven``."""

    attempt: int
    task: int
    """The failed task; 0: no task ran."""
    key: str | None
    """Whose log to look at; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetExecution(Effect):
    """Its bytes are ours: sync the log, then remove the host's copy."""

    host: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetWorkdirs(Effect):
    """The run ended: remove the work folders of this job run."""

    host: str
    workdirs: tuple[str, ...]
