"""``show RUN --json``, whole, with all of its parts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field

from runners.model.api.before import Before
from runners.model.metrics import HostReading


class TaskDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the current attempt."""

    name: str
    kind: str
    phase: str
    attempt: int
    key: str | None
    exit_code: int | None
    started_at: str | None
    ended_at: str | None
    log_bytes: int
    part: str = "tasks"
    """tasks, verify, finally or rollback."""
    files: tuple[str, ...] = ()
    """What a download left on the controller's machine: absolute paths."""
    host_started_at: str | None = None
    host_ended_at: str | None = None
    """By the host's own clock, raw; ``ended_at`` is when onduty was told."""
    cpu_s: float | None = None
    """User + system seconds on the host, at least; null: not measured."""
    memory_peak_bytes: int | None = None
    host: HostReading | None = None
    """How its host was when it was last looked at before this failed; null: it did not fail, or nobody had looked."""
    log_cut: str | None = None
    """``disk``: the host's disk was full; ``limit``: it came to its log_limit; null: the log is whole."""
    limits_kept: str | None = None
    """Limits of memory and processors were kept for the ``job`` whole, or of memory for each ``process``; null: it had
    none."""
    memory_peak_of: str | None = None
    """``process``: of its largest process that was seen; ``job``: of all of it together; null without a peak."""


class NoteDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wrote down."""

    at: str | None
    by: str
    text: str


class RunbookDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The page beside a failure."""

    id: str
    section: str | None
    score: float
    why: str


class HoldDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Why something waits."""

    kind: str
    what: str
    text: str
    since: str | None


class JobDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One job run."""

    stage: str
    job: str
    host: str
    matrix: None
    phase: str
    result: str | None
    attempt: int
    exit_code: int | None
    signal: str | None
    reason: str | None
    hold: str | None
    """Text of the hold."""
    started_at: str | None
    ended_at: str | None
    log_bytes: int
    """Of the current attempt."""
    tasks: tuple[TaskDocument, ...]
    runbook: RunbookDocument | None
    first_line: str | None = None
    """First bad line of a failure, as the host wrote it."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What later jobs read of it: of the attempt that succeeded."""
    cpu_s: float | None = None
    """Of the current attempt, as its tasks say."""
    memory_peak_bytes: int | None = None
    memory_peak_of: str | None = None
    """Of the task of the current attempt that had the highest."""


class StageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One stage."""

    name: str
    phase: str
    started_at: str | None
    ended_at: str | None


class ConcurrencyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The concurrency group of a run."""

    group: str
    limit: int
    """Runs at once."""
    when_busy: str
    """queue or refuse."""


class RunDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``show RUN --json``, whole."""

    id: str
    uid: str
    pipeline: str
    phase: str
    result: str | None
    environment: str | None
    params: Mapping[str, str]
    by: str
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    definition_digest: str
    stages: tuple[StageDocument, ...]
    jobs: tuple[JobDocument, ...]
    holds: tuple[HoldDocument, ...]
    warnings: tuple[str, ...]
    next: tuple[str, ...]
    """Commands to type next."""
    notes: tuple[NoteDocument, ...] = ()
    left: tuple[str, ...] = ()
    """Of an incomplete rollback: job runs that are not rolled back."""
    concurrency: ConcurrencyDocument | None = None
    before: Before | None = None
    """Of a run in which something failed: what changed since the last good one, and whether it was seen before."""


class Seq(msgspec.Struct, frozen=True, kw_only=True):
    """Of a run's state, how far it got."""

    seq: int


class RunAt(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/runs/{uid}?brief=1``: what ``model.snapshot`` has whole, for who only shows the document."""

    document: RunDocument
    state: Seq
