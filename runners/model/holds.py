"""Why something waits. Only the controller computes holds; they are never stored."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class HoldKind(enum.StrEnum):
    """What is waited for."""

    FAILED = "failed"
    """A person: retry, skip or cancel."""
    UNKNOWN = "unknown"
    """A silent host, or a person."""
    NEEDS = "needs"
    """Other jobs of its stage."""
    STAGE = "stage"
    """The stage before."""
    BACKOFF = "backoff"
    """The time of the next attempt."""
    HOST = "host"
    """Its host: connecting, or not reachable."""
    HOST_KEY = "host_key"
    """Somebody who trusts the host's key."""
    LOGIN = "login"
    """Somebody who answers what its host asks, or brings the key."""
    SECRET = "secret"  # noqa: S105
    """Somebody who gives a secret, or mends the place it comes from."""
    CAPACITY = "capacity"
    """A free place."""
    CANCEL = "cancel"
    """The tree on the host to be gone."""
    PAUSED = "paused"
    """A person who resumes the run."""
    WAIT = "wait"
    """The end of a ``wait`` task."""
    ROLLBACK = "rollback"
    """Its turn to be rolled back."""
    CONCURRENCY = "concurrency"
    """Other runs of its concurrency group."""


PERSON = frozenset({HoldKind.FAILED, HoldKind.HOST_KEY, HoldKind.LOGIN, HoldKind.SECRET, HoldKind.PAUSED})
"""Kinds that only a person can end. UNKNOWN too, once its host has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One waiting thing, in words."""

    kind: HoldKind
    what: str
    """A job run id, ``stage/job``, the name of a stage, or of the run."""
    text: str
    """``needs purge``, ``retry in 12s`` is computed by the screen from ``until``; a sentence a person can act on."""
    since: float | None = None
    """UTC seconds."""
    until: float | None = None
    """UTC seconds of the end, where it is known (backoff, give-up)."""
    login: str = ""
    """Of a LOGIN: what ``onduty login`` is typed with, the host or jump host that asks."""
