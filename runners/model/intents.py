"""What a person asks for. Imperative; admitted or refused by ``core.admit`` against the state of that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Asked by somebody, for a reason, once."""

    id: str
    """Made by the client (ULID): the same id twice takes effect once."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Intent):
    """Run failed job runs again, as a new attempt: of the whole job, from a task on, or of one task."""

    targets: tuple[str, ...] = ()
    """Job run ids; empty: all that failed or were never reached. All or nothing."""
    seen_attempts: dict[str, int] = field(default_factory=dict)
    """Attempt that the person saw, by target; another one now is refused."""
    not_running: bool = False
    """The person vouches that unknown targets are dead; their old keys are fenced first."""
    from_task: str = ""
    """Name of the first task that runs; those before it are kept. Empty: the first."""
    task: str = ""
    """Name of the only task that runs. Empty: all."""
    busy: str = ""
    """Filled in by the controller, for an ended run: who holds its concurrency group; empty: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(Intent):
    """Let these job runs count as satisfied without passing."""

    targets: tuple[str, ...]
    seen_attempts: dict[str, int] = field(default_factory=dict)
    not_running: bool = False
    busy: str = ""
    """As in ``Retry``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Intent):
    """Stop what runs, whole tree, and start nothing more."""

    targets: tuple[str, ...] = ()
    """Empty: the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback(Intent):
    """Stop what runs, then take back what the run did; of an incomplete rollback only what is left."""

    not_running: bool = False
    """The person vouches that unknown job runs are dead; they are rolled back too."""
    despite_later: bool = False
    """Also when a later run changed the same hosts."""
    later: tuple[str, ...] = ()
    """Filled in by the controller: what later runs changed on the same hosts, ``deploy-api/43 on web1, web2``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Intent):
    """Start no new attempt; running attempts finish all their tasks."""

    now: bool = False
    """They stop between two tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Intent):
    """Go on after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile(Intent):
    """Ask the hosts now what became of unknown job runs."""

    targets: tuple[str, ...] = ()
    """Job run ids; empty: all that are unknown. All or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Intent):
    """Write something down beside the run."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(Intent):
    """Write down that a shell is being opened on a host of the run."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Give(Intent):
    """Secrets are known again. Their values go another way, so that no list of what people asked for holds them."""

    names: tuple[str, ...]
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the values that count from now on."""


INTENTS: dict[str, type[Intent]] = {
    "retry": Retry,
    "skip": Skip,
    "cancel": Cancel,
    "rollback": Rollback,
    "pause": Pause,
    "resume": Resume,
    "reconcile": Reconcile,
    "note": Note,
    "shell": Shell,
}


def name_of(intent: Intent) -> str:
    """``retry``."""
    return type(intent).__name__.lower()
