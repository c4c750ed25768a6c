"""What a person asks for. Imperative; admitted or refused by ``core.admit`` against the state of that moment."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Asked by somebody, for a reason, once."""

    id: str
    """Made by the client (ULID): the same id twice takes effect once."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Intent):
    """Run failed job runs again, as a new attempt of the whole job."""

    targets: tuple[str, ...] = ()
    """Job run ids; empty: all that failed or were never reached. All or nothing."""
    seen_attempts: dict[str, int] = field(default_factory=dict)
    """Attempt that the person saw, by target; another one now is refused."""
    not_running: bool = False
    """The person vouches that unknown targets are dead; their old keys are fenced first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(Intent):
    """Let these job runs count as satisfied without passing."""

    targets: tuple[str, ...]
    seen_attempts: dict[str, int] = field(default_factory=dict)
    not_running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Intent):
    """Stop what runs, whole tree, and start nothing more."""

    targets: tuple[str, ...] = ()
    """Empty: the whole run."""


INTENTS: dict[str, type[Intent]] = {"retry": Retry, "skip": Skip, "cancel": Cancel}


def name_of(intent: Intent) -> str:
    """``retry``."""
    return type(intent).__name__.lower()
