"""The phases of a job run, a stage and a run, and the results that the outside world reads."""

from __future__ import annotations

import enum


class Phase(enum.StrEnum):
    """Phase of a job run. The legal moves between them are the table in ``runners/core/moves.py``."""

    WAITING = "waiting"
    """What it needs has not passed yet."""
    QUEUED = "queued"
    """Ready; waits for its host or a free place."""
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    """The policy's next attempt waits for its time."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    """Something was dispatched and nobody can say what became of it."""
    ROLLING_BACK = "rolling_back"
    """Its rollback waits for its host, or runs."""
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"


LIVE = frozenset({Phase.RUNNING, Phase.CANCELLING, Phase.UNKNOWN, Phase.ROLLING_BACK})
"""Something may be alive on the host."""
ENDED = frozenset(
    {
        Phase.SUCCEEDED,
        Phase.FAILED,
        Phase.TIMED_OUT,
        Phase.CANCELLED,
        Phase.SKIPPED,
        Phase.ROLLED_BACK,
        Phase.ROLLBACK_FAILED,
    }
)
"""Changes only through a new attempt or a rollback."""
BAD = frozenset({Phase.FAILED, Phase.TIMED_OUT})
FAILURES = BAD | {Phase.ROLLBACK_FAILED}
"""What a page and a first bad line are looked up for."""


class StagePhase(enum.StrEnum):
    """Phase of a stage."""

    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"
    PASSED = "passed"
    SKIPPED = "skipped"
    """Every job run in it was skipped."""
    STOPPED = "stopped"
    """The run ended before it passed."""


class RunPhase(enum.StrEnum):
    """Phase of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    HELD = "held"
    """Nothing lives and nothing can start without a person."""
    PAUSED = "paused"
    """A person asked that no new attempt starts."""
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_INCOMPLETE = "rollback_incomplete"
    """The rollback has ended and something is left, which can be tried again."""


RUN_ENDED = frozenset(
    {
        RunPhase.SUCCEEDED,
        RunPhase.FAILED,
        RunPhase.CANCELLED,
        RunPhase.ROLLED_BACK,
        RunPhase.ROLLBACK_INCOMPLETE,
    }
)


class TaskPhase(enum.StrEnum):
    """Phase of one task of one attempt."""

    WAITING = "waiting"
    DISPATCHED = "dispatched"
    """Committed; the host may or may not have it yet."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    KEPT = "kept"
    """Passed in an earlier attempt that this one goes on with."""
    NOT_RUN = "not_run"


class Result(enum.StrEnum):
    """OpenTelemetry CI/CD semantic conventions, ``cicd.pipeline.result``."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    """Never reached, or our own fault."""
    TIMEOUT = "timeout"
    CANCELLATION = "cancellation"
    SKIP = "skip"


class FailureKind(enum.StrEnum):
    """The stable word that runbooks match on."""

    EXIT = "exit"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    DISK_FULL = "disk_full"
    HOST_KEY = "host_key"
    AUTH = "auth"
    ERROR = "error"
    """Our own fault, or the folder of the command is missing."""
