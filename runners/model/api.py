"""Requests, answers and documents of the controller's API, and what ``--json`` prints.

HTTP/1.1 over a Unix socket. Documents only gain names; none is renamed or removed. Times in documents are RFC 3339 UTC.

Structs and not dataclasses, because every command makes all of these classes: 1 ms instead of 45.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import field

from runners.model.login import LoginQuestion
from runners.model.metrics import HostReading

PROTOCOL = 1
"""Raised when a client of the version before could misunderstand an answer."""


def rfc3339(at_utc: float | None) -> str | None:
    """``2026-11-21T12:01:35.120Z``; None stays None."""
    if at_utc is None:
        return None
    return datetime.fromtimestamp(round(at_utc, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/hello``."""

    version: str
    protocol: int
    pid: int
    home: str
    user: str
    """Who the controller takes the caller for."""
    started_at: str
    capabilities: tuple[str, ...] = ()
    hosts_at_once: int = 0
    """Its cap: hosts connected or connecting at once. 0: it does not say."""
    attempts_per_host: int = 0
    """Its cap: attempts side by side on one host."""


class SelfCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/self``: what only the controller can say of itself."""

    database: str | None
    """What is wrong with what is stored; empty: it is sound. None: too much to look through in a moment."""
    trouble: str = ""
    """Why the last write did not happen; empty: it did."""
    live_runs: int = 0
    hosts_connected: int = 0
    agent: str | None = None
    """The SSH agent that it would use now."""
    free_bytes: int | None = None
    """Where its state lies; None: it does not say."""
    least_free_bytes: int = 0
    """With less it starts no new run."""
    kept_runs: int | None = None
    kept_bytes: int | None = None
    """Of logs and files of all runs, at its last look; None: it did not look yet."""
    keeps_s: float | None = None
    """A run that ended longer ago goes; None: none goes by age."""
    keeps_bytes: int | None = None
    """Beyond it the runs that ended first go; None: none goes by size."""
    removed_runs: int = 0
    """Since it started."""
    keeping_trouble: str = ""
    """Why not everything that is old could go."""


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/runs``: texts and places; the controller plans."""

    id: str
    """ULID made by the client: the same id twice starts one run."""
    definition: str
    definition_path: str
    """Absolute; its folder is the pipeline's folder."""
    inventory: str | None = None
    inventory_path: str | None = None
    inventory_files: Mapping[str, str] = field(default_factory=dict)
    """Texts under ``group_vars/`` and ``host_vars/`` beside an Ansible inventory, by their path from its folder."""
    home: str = ""
    """The client's home folder, for ``~`` in the inventory."""
    params: Mapping[str, str] = field(default_factory=dict)
    limit: str | None = None
    """A pattern; hosts outside are left out."""
    runbooks: tuple[str, ...] = ()
    """Absolute files and folders with the pages of the client's site: the controller knows no current folder."""
    auth_sock: str | None = None
    """The client's SSH_AUTH_SOCK."""
    again: str = ""
    """Uid of the run that this one repeats: what that one pinned counts, not the texts here. Empty: none."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Values that the client read, of sources ``env`` and ``prompt``. Kept in memory only."""

    def __repr__(self) -> str:
        return f"StartRun({self.id}, {self.definition_path})"


class RunStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``POST /v1/runs``; also what ``run --detach --json`` prints."""

    id: str
    """``deploy-api/42``."""
    uid: str


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


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``runs``; newest first."""

    id: str
    uid: str
    pipeline: str
    phase: str
    result: str | None
    environment: str | None
    by: str
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Job runs by phase."""
    hosts: int = 0
    hosts_done: int = 0
    """Hosts whose job runs have all ended well."""
    what: str = ""
    """One line: what failed, what runs, what it waits for."""
    first_line: str = ""
    runbook: str | None = None


class Seq(msgspec.Struct, frozen=True, kw_only=True):
    """Of a run's state, how far it got."""

    seq: int


class RunAt(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/runs/{uid}?brief=1``: what ``model.snapshot`` has whole, for who only shows the document."""

    document: RunDocument
    state: Seq


class IntentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/runs/{uid}/intents``; with ``?preview=1`` nothing happens and the answer says what would."""

    id: str
    """ULID made by the client: the same id twice takes effect once."""
    intent: str
    """retry, skip, cancel, rollback, pause, resume, reconcile or note."""
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


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is now. Never stored."""

    name: str
    address: str
    phase: str
    """idle connecting connected silent unreachable host_key_unknown host_key_changed login refused."""
    text: str = ""
    """Why, when it is not connected."""
    last_heard_s: float | None = None
    """Seconds since the last byte; None: never heard."""
    connect_s: float | None = None
    fingerprint: str | None = None
    user: str | None = None
    runs: tuple[str, ...] = ()
    """Names of the runs that use it now."""
    reading: HostReading | None = None
    """How the host was when it was last looked at; null: nobody had a reason to look since the connection is open."""
    login: LoginQuestion | None = None
    """What its login waits for; hosts behind one jump host share its question. Null: it does not wait for a person."""


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one run only now."""

    uid: str
    phase: str = ""
    """As the document says it: a run that waits for a trusted key alone is held."""
    holds: tuple[HoldDocument, ...] = ()
    log_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes on disk by execution key, live executions only."""
    watchers: tuple[str, ...] = ()
    """Names of the people with a screen on it."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``GET /v1/status/stream``: sent when something changed, and every 2 s as a sign of life."""

    at: str
    runs: tuple[RunStatus, ...] = ()
    hosts: tuple[HostStatus, ...] = ()
    summaries: tuple[RunSummary, ...] | None = None
    """The list of runs, when it changed since the last line; None: unchanged."""


class TrustRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/hosts/trust``: record the keys these hosts show now, if they are the ones the person saw."""

    hosts: tuple[Mapping[str, str], ...]
    """``{"name": …, "fingerprint": "SHA256:…"}``."""


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details; every error answer."""

    type: str
    """The stable word of the error: ``not_found``, ``refused``, ``input`` …"""
    title: str
    detail: str
    hint: str = ""
    problems: tuple[str, ...] = ()
    """For ``input``: every problem of the texts, ``file:line:column  path: text``."""
    exit_code: int = 1
