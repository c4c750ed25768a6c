"""What a run leaves for the runs of the same pipeline that come after it. Kept with its row, made from its state."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.model.phases import FailureKind


class Then(enum.StrEnum):
    """What became of a failure."""

    PASSED = "passed"
    """A later attempt passed."""
    FAILED_AGAIN = "failed_again"
    """It was tried again and never passed."""
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"
    CONTINUED = "continued"
    """The run went on without it, as its ``on_failure`` says."""
    NOTHING = "nothing"
    """The run ended with it."""
    OPEN = "open"
    """The run had not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFailure:
    """Attempts of a job that failed alike, with the same end."""

    job: str
    """``rollout/release``."""
    host: str
    """The first of them."""
    hosts: int = 1
    task: str = ""
    """Empty: its host was given up before anything was started."""
    attempt: int = 0
    exit_code: int | None = None
    signal: str | None = None
    kind: FailureKind | None = None
    reason: str = ""
    """``exit 1 in restart``."""
    first_line: str = ""
    """First bad line, as the host wrote it."""
    at_utc: float = 0.0
    """When it failed, on the first of the hosts."""
    then: Then = Then.NOTHING
    by: str = ""
    """Who retried, skipped, cancelled or rolled it back; empty: nobody, or the retry policy."""
    why: str = ""
    """What that person said."""
    shell_by: str = ""
    """Who opened a shell on the host between the failure and what became of it, the last one; empty: nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long the attempts of one job took that passed."""

    usual_s: float
    """The median over its hosts."""
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run, as far as later ones ask."""

    definition_digest: str
    params: Mapping[str, str] | None = None
    """None: too long to be kept twice; the plan has them."""
    limit: str | None = None
    """The pattern outside of which hosts were left out."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds of every stage that passed, by its name, waiting for people included."""
    jobs: Mapping[str, Took] = field(default_factory=dict)
    """By job (``rollout/release``); jobs of which nothing passed are left out."""
    failures: tuple[PastFailure, ...] = ()
    """The first ones by time."""
    note: str = ""
    """The last thing that somebody wrote down beside it."""
    note_by: str = ""
    note_at_utc: float = 0.0
