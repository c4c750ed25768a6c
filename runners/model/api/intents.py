"""What a client asks of a run, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field


class IntentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/runs/{uid}/intents``; with ``?preview=1`` nothing happens and the answer says what would."""

    id: str
    """ULID made by the client: the same id twice takes effect once."""
    intent: str
    """retry, skip, cancel, rollback, pause, resume, reconcile, note or shell."""
    targets: tuple[str, ...] = ()
    """``stage/job@host``, ``stage/job``, ``job@host`` or ``job`` where that is unique."""
    seen_attempts: Mapping[str, int] = field(default_factory=dict)
    not_running: bool = False
    reason: str = ""
    from_task: str = ""
    task: str = ""
    """Of a retry: the first task that runs, or the only one."""
    now: bool = False
    """Of a pause: between two tasks."""
    despite_later: bool = False
    """Of a rollback: also when a later run changed the same hosts."""
    text: str = ""
    """Of a note."""
    host: str = ""
    """Of a shell: where it is opened."""


class GiveSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/runs/{uid}/secrets``: what a run waits for, or values that changed."""

    id: str
    """ULID made by the client: the same id twice takes effect once."""
    names: tuple[str, ...] = ()
    """Those without a value are read again by the controller; empty: all that the run waits for."""
    values: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"GiveSecrets({self.id}, {sorted({*self.names, *self.values})})"


class IntentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted and durable."""

    accepted: bool
    text: str
    """What happens now, in a sentence."""
    seq: int
    """The run's last event after the intent."""
    targets: tuple[str, ...] = ()
