"""Facts that happened: past tense, durable before anyone acts on them, never changed.

``PAYLOADS`` maps the type on the wire (``task_finished``) to its class. A new event is a class here, a case in
``runners/core/reduce.py`` and a row in the recorded log of ``tests/unit/recorded``: every version ever written stays
readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from runners.model.metrics import HostReading
from runners.model.phases import FailureKind, Phase, Result, RunPhase, StagePhase


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What every event type is. A struct: made, read and written several times as fast as a dataclass."""

    version: ClassVar[int] = 1


class RunCreated(Payload, frozen=True, kw_only=True):
    """A run exists, with its number and its pinned plan."""

    uid: str
    name: str
    """``deploy-api/42``."""
    pipeline: str
    number: int
    plan_digest: str
    definition_digest: str
    secret_marks: Mapping[str, str] = {}
    """Of secrets that were known then, by name: tells another value from the same one, and nothing of the value."""


class RunStarted(Payload, frozen=True, kw_only=True):
    """The first stage may start."""


class RunHeld(Payload, frozen=True, kw_only=True):
    """Nothing lives and nothing can start without a person."""

    waits_for: tuple[str, ...]
    """Job runs a person has to decide about; the first 200."""


class RunReleased(Payload, frozen=True, kw_only=True):
    """A held run goes on."""


class RunFinished(Payload, frozen=True, kw_only=True):
    """The run ended."""

    phase: RunPhase
    result: Result
    warnings: tuple[str, ...] = ()


class RunPaused(Payload, frozen=True, kw_only=True):
    """A person asked that no new attempt starts. What waited for its host waits for the run again."""

    now: bool = False
    """Running attempts stop between two tasks, too."""
    reason: str = ""
    intent: str = ""
    """Id of the intent."""


class RunResumed(Payload, frozen=True, kw_only=True):
    """A paused run goes on."""

    reason: str = ""
    intent: str = ""
    """Id of the intent."""


class RollbackStarted(Payload, frozen=True, kw_only=True):
    """What runs is stopped, nothing else starts, then every job run that can be is rolled back.

    Which ones these are follows from the state: what dispatched anything, has a rollback and is not rolled back yet.
    """

    not_running: bool = False
    """The person vouches that unknown job runs are dead: they are rolled back too, their keys sealed first."""
    reason: str = ""
    intent: str = ""
    """Id of the intent; empty when ``on_failure: rollback`` asked for it."""


class RollbackFinished(Payload, frozen=True, kw_only=True):
    """The run ended: ROLLED_BACK or ROLLBACK_INCOMPLETE."""

    phase: RunPhase
    result: Result
    left: tuple[str, ...] = ()
    """Job runs that have a rollback and are not rolled back; the first 200."""
    warnings: tuple[str, ...] = ()


class NoteAdded(Payload, frozen=True, kw_only=True):
    """A person wrote something down."""

    text: str
    intent: str = ""
    """Id of the intent."""


class ShellOpened(Payload, frozen=True, kw_only=True):
    """A person opened a shell on a host from the screen. What they did there, and for how long, is not known."""

    host: str
    intent: str = ""
    """Id of the intent."""


class SecretNeeded(Payload, frozen=True, kw_only=True):
    """Values that the controller cannot come by, or does not have any more. Nothing is started without them."""

    secrets: Mapping[str, str]
    """Why, by name: ``/etc/token: no such file``. Never a value."""


class SecretGiven(Payload, frozen=True, kw_only=True):
    """These are known again. Values are kept in memory only."""

    names: tuple[str, ...]
    intent: str = ""
    """Id of the intent."""
    marks: Mapping[str, tuple[str, ...]] = {}
    """As in ``RunCreated``, of all values that count from now on, oldest first."""


class LogFetched(Payload, frozen=True, kw_only=True):
    """The log of a task is here whose verdict came first, because its secrets were not known."""

    job_run: str
    attempt: int
    key: str
    log_bytes: int


class LockTaken(Payload, frozen=True, kw_only=True):
    """It has a place in its concurrency group: it starts, or a person opens it again."""

    group: str


class LockReleased(Payload, frozen=True, kw_only=True):
    """Its place in the concurrency group is free: it ends in the same commit."""

    group: str


class StageStarted(Payload, frozen=True, kw_only=True):
    """Its jobs may start. Again, when a retry opened a stage that had stopped."""

    stage: str


class StageFinished(Payload, frozen=True, kw_only=True):
    """PASSED, SKIPPED or STOPPED."""

    stage: str
    phase: StagePhase


class JobQueued(Payload, frozen=True, kw_only=True):
    """What it needs is satisfied; it waits for its host and a place."""

    job_run: str
    attempt: int
    """The attempt that it waits to start."""
    rollback: bool = False
    """That attempt rolls back."""


class JobStarted(Payload, frozen=True, kw_only=True):
    """An attempt began: its host is there and its first task follows in the same commit."""

    job_run: str
    attempt: int
    from_task: int = 1
    """First task that runs; those before it are kept from the attempt before."""
    only_task: int = 0
    """The one task before ``finally:`` that runs; 0: all from ``from_task`` on."""
    rollback: bool = False
    """Its steps are those of the rollback."""


class TaskDispatched(Payload, frozen=True, kw_only=True):
    """Committed before the host is asked. From here on only the host knows."""

    job_run: str
    attempt: int
    task: int
    """From 1."""
    key: str
    timeout_s: float | None = None
    """What the host was told: the task's limit or what is left of the attempt's."""
    rollback: bool = False
    """It is one of the job's rollback steps."""


class TaskStarted(Payload, frozen=True, kw_only=True):
    """The host said that it runs."""

    job_run: str
    attempt: int
    task: int
    key: str


class TaskFinished(Payload, frozen=True, kw_only=True):
    """The host's verdict; every byte of the log is ours, unless it is ``log_owed``."""

    job_run: str
    attempt: int
    task: int
    key: str
    result: Result
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    """``exit 1``, ``killed by TERM``, ``no answer within 10m``; empty for success."""
    kind: FailureKind | None = None
    """None for success and cancellation."""
    log_bytes: int = 0
    """Of our file; masking changes the length. While ``log_owed``, of the host's."""
    log_owed: bool = False
    """The log is still on the host: what it must not show was not known when the verdict came."""
    log_cut: bool = False
    """The host's disk was full."""
    log_limited: bool = False
    """It came to its ``log_limit``."""
    limits_kept: str = ""
    """Limits of memory and processors were kept for the ``job`` whole, or of memory for each ``process``; empty: it had
    none."""
    host_started_at: float = 0.0
    host_ended_at: float = 0.0
    """The host's own clock, seconds since 1970."""
    cpu_s: float | None = None
    """User + system seconds on the host, at least; None: not measured."""
    memory_peak_bytes: int | None = None
    """None: not measured."""
    memory_peak_of: str = ""
    """``process``: of its largest process that was seen; ``job``: of all of it together."""
    host: HostReading | None = None
    """How its host was when it was last looked at before a failure."""
    files: tuple[str, ...] = ()
    """What a download left on this machine: absolute paths."""


class OutputsRecorded(Payload, frozen=True, kw_only=True):
    """What a task wrote to ``$ONDUTY_OUTPUT``; its ``task_finished`` follows in the same commit.

    Several events say it where one would be too large: a key that comes again goes on where it ended.
    """

    job_run: str
    attempt: int
    task: int
    key: str
    """Of the execution."""
    values: Mapping[str, str] = msgspec.field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Sentences about what was not taken."""


class ContactLost(Payload, frozen=True, kw_only=True):
    """Something was dispatched and its host cannot be asked, or was asked and has neither process nor result."""

    job_run: str
    attempt: int
    reason: str
    answered: bool = False
    """True: the host was reached and does not know either; only a person can say."""


class ContactRegained(Payload, frozen=True, kw_only=True):
    """The host was asked and it still runs there."""

    job_run: str
    attempt: int


class RetryScheduled(Payload, frozen=True, kw_only=True):
    """The next attempt, by the policy or by a person."""

    job_run: str
    attempt: int
    """The attempt to come."""
    by_policy: bool
    not_before: float
    """UTC seconds; in the past or now: at once. Without meaning when a person retries."""
    reason: str = ""
    fence: tuple[str, ...] = ()
    """Keys that must be sealed on the host first: a person vouched that an unknown attempt is dead."""
    intent: str = ""
    """Id of the intent; empty when the policy retries."""
    from_task: int = 1
    only_task: int = 0
    """As in ``JobStarted``."""


class JobFinished(Payload, frozen=True, kw_only=True):
    """A job run ended: SUCCEEDED, FAILED, TIMED_OUT or CANCELLED; ROLLED_BACK or ROLLBACK_FAILED."""

    job_run: str
    attempt: int
    """0: no attempt was ever started."""
    phase: Phase
    result: Result
    exit_code: int | None = None
    signal: str | None = None
    reason: str = ""
    """``exit 1 in restart``."""
    kind: FailureKind | None = None


class JobSkipped(Payload, frozen=True, kw_only=True):
    """A person decided that it need not pass. It satisfies what needs it."""

    job_run: str
    reason: str = ""
    intent: str = ""
    """Id of the intent."""


class CancelRequested(Payload, frozen=True, kw_only=True):
    """A person asked to stop these job runs, or the whole run.

    What may be alive is being cancelled from here on; what was not started ends by a ``job_finished`` of its own.
    """

    job_runs: tuple[str, ...]
    """At most 200; empty for the whole run."""
    whole_run: bool
    reason: str = ""
    intent: str = ""
    """Id of the intent."""


class CancelStepped(Payload, frozen=True, kw_only=True):
    """TERM was sent, KILL was sent, it is gone, or these survive."""

    type_name: ClassVar[str] = "cancel_step"

    job_run: str
    attempt: int
    step: str
    """asked, term, kill, gone or survivors."""
    survivors: tuple[str, ...] = ()
    """``pid 311 root sleep 600``."""


class RunbookLinked(Payload, frozen=True, kw_only=True):
    """The page beside a failure, and the failing line."""

    job_run: str
    attempt: int
    page: str | None
    section: str | None = None
    score: float = 0.0
    why: str = ""
    first_line: str = ""
    """First bad line of the log as it came from the host; make it safe before showing it."""
    task: int = 0
    line: int | None = None
    """Line number of ``first_line`` in that task's log, from 0."""


class IntentRefused(Payload, frozen=True, kw_only=True):
    """Somebody asked for something that was not admitted."""

    intent: str
    """``retry``."""
    targets: tuple[str, ...] = ()
    why: str = ""


class TimeGap(Payload, frozen=True, kw_only=True):
    """The controller was down or the machine asleep."""

    from_utc: float
    to_utc: float
    why: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event with its envelope."""

    run: str
    seq: int
    """From 1, without gaps."""
    time: float
    """UTC seconds of the controller, to the millisecond."""
    actor: str
    """Who asked (a user name from the peer's credentials), or ``onduty`` itself."""
    payload: Payload
    previous: str = ""
    """Hash of the event before; empty for the first."""
    hash: str = ""

    @property
    def type(self) -> str:
        """``task_finished``."""
        return type_of(self.payload)


SYSTEM_ACTOR = "onduty"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def type_of(payload: Payload) -> str:
    """The type on the wire of a payload."""
    return _TYPES[type(payload)]


PAYLOADS: Mapping[str, type[Payload]] = {
    getattr(cls, "type_name", _snake(cls.__name__)): cls for cls in Payload.__subclasses__()
}
_TYPES: Mapping[type[Payload], str] = {cls: name for name, cls in PAYLOADS.items()}
