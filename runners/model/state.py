"""What is true of a run: the fold of its events. Nested stage > job > host, so that one event copies little.

Written by ``core.reduce`` alone; the controller sends it as a snapshot and screens fold the events that follow with the
same function. ``None`` means: not yet, or does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field

from runners.model.metrics import HostReading
from runners.model.phases import FailureKind, Phase, Result, RunPhase, StagePhase, TaskPhase
from runners.model.plan import Plan


class StatePart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of the state of a run. A struct: copied several times as fast as a dataclass.

    The collector need not look at it: what never changes and is made of older parts alone is in no cycle.
    """


class TaskState(StatePart, frozen=True, kw_only=True):
    """One task of one attempt."""

    phase: TaskPhase = TaskPhase.WAITING
    key: str | None = None
    """None: not dispatched in this attempt."""
    attempt: int = 0
    """Attempt that dispatched it; an earlier one than the job run's for a KEPT task."""
    timeout_s: float | None = None
    """What the host was told; None: no limit."""
    result: Result | None = None
    kind: FailureKind | None = None
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    dispatched_at: float | None = None
    began: bool = False
    """Its host said once that it runs."""
    started_at: float | None = None
    ended_at: float | None = None
    """UTC seconds of the controller."""
    host_started_at: float | None = None
    host_ended_at: float | None = None
    """The host's own clock, seconds since 1970: right also when nobody could be told. None: it has not ended there."""
    log_bytes: int = 0
    log_owed: bool = False
    """Its log is still on the host: the run's secrets were not known when its verdict came."""
    log_cut: bool = False
    log_limited: bool = False
    limits_kept: str = ""
    """As in ``TaskFinished``."""
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    memory_peak_of: str = ""
    """As in ``TaskFinished``."""
    host: HostReading | None = None
    """How its host was when it was last looked at before a failure."""
    files: tuple[str, ...] = ()
    """What a download left here: absolute paths."""
    dispatch_seq: int = 0
    """Seq of the event that dispatched it: what later jobs read is what had been written by then."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What it wrote to ``$ONDUTY_OUTPUT``."""
    output_problems: tuple[str, ...] = ()
    """What was not taken of that."""


class RunbookLink(StatePart, frozen=True, kw_only=True):
    """The page beside a failure."""

    page: str | None
    section: str | None = None
    score: float = 0.0
    why: str = ""
    first_line: str = ""
    """Raw from the host: make it safe before showing it."""
    task: int = 0
    line: int | None = None


class AttemptState(StatePart, frozen=True, kw_only=True):
    """One try. Old attempts never change."""

    number: int
    rollback: bool = False
    """Its steps are those of the job's rollback."""
    from_task: int = 1
    only_task: int = 0
    """The one task before ``finally:`` that it runs; 0: all from ``from_task`` on."""
    workdir_attempt: int = 1
    """Attempt whose work folder is used."""
    tasks: tuple[TaskState, ...] = ()
    """As many as the job has steps for an attempt of its kind."""
    closing: int = 0
    """How many of ``tasks``, the last ones, are ``finally:``."""
    started_at: float | None = None
    idle_s: float = 0.0
    """Seconds that it stood between two tasks because the run was paused: no part of its time limit."""
    ended_at: float | None = None
    ended_seq: int = 0
    """Seq of the event that it ended with; 0: it has not."""
    phase: Phase = Phase.RUNNING
    """RUNNING until it ended; then as its job run ended, or UNKNOWN when a person went past it."""
    result: Result | None = None
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    kind: FailureKind | None = None
    runbook: RunbookLink | None = None


class JobRunState(StatePart, frozen=True, kw_only=True):
    """One job on one host."""

    id: str
    number: int
    host: str
    phase: Phase = Phase.WAITING
    since: float | None = None
    """UTC seconds of the last change of phase."""
    attempts: tuple[AttemptState, ...] = ()
    """Oldest first; the last one is current."""
    next_attempt: int = 1
    """The attempt that is queued or backing off; else the one a retry would start."""
    not_before: float | None = None
    """UTC seconds, while backing off."""
    policy_left: int = 0
    """Attempts the retry policy may still start without a person."""
    fence: tuple[str, ...] = ()
    """Keys to seal before the next attempt."""
    next_from: int = 1
    next_only: int = 0
    """Scope of the attempt to come, as in ``AttemptState``."""
    first_dispatch: int = 0
    """Seq of the event that first dispatched anything; 0: nothing ever was."""
    rollback_due: bool = False
    """Its turn to be rolled back comes."""
    retry_asked: bool = False
    """A person asked for the attempt to come: it starts also in a run that stops."""
    result: Result | None = None
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    """``exit 1 in restart``; why it is unknown; why it was skipped."""
    kind: FailureKind | None = None
    answered: bool = False
    """While unknown: its host was reached and does not know either."""
    cancel_asked: bool = False
    """Something may be alive and a person asked to stop it; stays through UNKNOWN until it ended."""
    cancel_step: str = ""
    """While ``cancel_asked``: asked, term, kill, gone, survivors. Empty: what is on the host may finish, because it is
    a ``finally:`` task that nobody has asked to stop."""
    survivors: tuple[str, ...] = ()
    runbook: RunbookLink | None = None
    """The page beside the failure it ended with; also when no attempt was started."""
    acted: str = ""
    """``retried``, ``skipped``, ``cancelled`` or ``rolled back``: what a person did last."""
    acted_by: str = ""
    acted_at: float | None = None

    @property
    def attempt(self) -> int:
        """Number of the current attempt; 0: none was started."""
        return self.attempts[-1].number if self.attempts else 0

    @property
    def current(self) -> AttemptState | None:
        """The current attempt."""
        return self.attempts[-1] if self.attempts else None


class JobState(StatePart, frozen=True, kw_only=True, weakref=True, gc=True):
    """One job: its job runs in host order. What is worked out of it may be kept for as long as it lives."""

    name: str
    runs: tuple[JobRunState, ...]
    counts: Mapping[Phase, int] = field(default_factory=dict)
    """How many of ``runs`` are in each phase; phases without any are left out."""
    outputs: bool = False
    """A task of it wrote to ``$ONDUTY_OUTPUT``; which ones counts is for ``core.outputs`` to say."""


class StageState(StatePart, frozen=True, kw_only=True):
    """One stage."""

    name: str
    phase: StagePhase = StagePhase.WAITING
    jobs: tuple[JobState, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None


class Note(StatePart, frozen=True, kw_only=True):
    """What a person wrote down."""

    at: float
    by: str
    text: str


class Shell(StatePart, frozen=True, kw_only=True):
    """A person opened a shell on a host."""

    at: float
    by: str
    host: str


class RunState(StatePart, frozen=True, kw_only=True, weakref=True, gc=True):
    """A whole run at ``seq``. What is worked out of it may be kept for as long as it lives."""

    uid: str
    name: str
    number: int
    plan: Plan
    plan_digest: str
    by: str
    """Who started it."""
    seq: int
    phase: RunPhase = RunPhase.QUEUED
    result: Result | None = None
    stages: tuple[StageState, ...] = ()
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    stopping: bool = False
    """An ``on_failure: stop`` job failed: nothing new starts but what a person retries."""
    lock_taken: bool = False
    """It has a place in its concurrency group."""
    intents: tuple[str, ...] = ()
    """Ids of the last 256 intents that took effect, oldest first: the same id again changes nothing."""
    cancelled_by: str = ""
    paused_by: str = ""
    """Empty: it is not paused."""
    paused_at: float | None = None
    pause_now: bool = False
    """Running attempts start no further task before ``finally:``."""
    rolled_back_by: str = ""
    """Who asked for the rollback last; ``onduty`` for ``on_failure: rollback``."""
    reason: str = ""
    """Why it was paused or rolled back, as that person said."""
    secrets_needed: Mapping[str, str] = field(default_factory=dict)
    """Secrets whose values are not known, and why; nothing starts while there are any."""
    secrets_needed_at: float | None = None
    secret_marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of every value that a host may still show, by the secret's name, oldest first."""
    folders_removed_at: float | None = None
    """When the run last ended: work folders of before are gone."""
    notes: tuple[Note, ...] = ()
    """The last 50, oldest first."""
    shells: tuple[Shell, ...] = ()
    """The last 50, oldest first."""
    warnings: tuple[str, ...] = ()
    last_hash: str = ""
    last_event_at: float = 0.0
