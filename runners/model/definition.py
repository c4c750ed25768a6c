"""What a pipeline file says: checked, with the defaults of the language, before params and hosts are known."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.model.kinds import HttpCheck, TaskKind, Transfer
from runners.model.limits import NO_LIMITS, Limits
from runners.model.parts import STOPPING as STOPPING
from runners.model.parts import OnFailure as OnFailure
from runners.model.parts import Part as Part
from runners.model.secrets import SecretSource

ROOT = "root"
"""Whom ``sudo: true`` means."""


class Shell(enum.StrEnum):
    """What reads a command."""

    SH = "sh"
    """``sh -e``."""
    BASH = "bash"
    """``bash -eo pipefail``."""


class ParamType(enum.StrEnum):
    """How a param's value is checked. It is always passed on as it was typed."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DURATION = "duration"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One declared parameter."""

    name: str
    type: ParamType = ParamType.STRING
    default: str | None = None
    """None: the param is required."""
    pattern: str | None = None
    """RE2; the whole value must match."""
    choices: tuple[str, ...] = ()
    help: str = ""
    line: int = 0
    column: int = 0
    """Where it is declared, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When a failed attempt is followed by another without anyone asking."""

    attempts: int = 1
    """Counts the first try: 1 means never."""
    delay_s: float = 2.0
    """Seconds between the first failure and the second attempt, before jitter."""
    backoff: float = 2.0
    """Factor from one delay to the next."""
    max_delay_s: float = 60.0
    full_jitter: bool = True
    """Draw the delay evenly from 0 to the computed one (AWS Architecture Blog, "Exponential Backoff And Jitter")."""


class WhenBusy(enum.StrEnum):
    """What becomes of a run whose concurrency group is full."""

    QUEUE = "queue"
    """It waits for its turn."""
    REFUSE = "refuse"
    """It is not created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Runs that must not be side by side, of one pipeline or of several."""

    group: str
    limit: int = 1
    """Runs of the group at once, this one among them."""
    when_busy: WhenBusy = WhenBusy.QUEUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step of a job."""

    name: str
    kind: TaskKind = TaskKind.RUN
    run: str = ""
    """Text for the shell."""
    shell: Shell | None = None
    """None: the job's, else the default's."""
    login: bool | None = None
    """The shell reads the profile first. None: as the job, else the defaults say."""
    sudo: str | None = None
    """Whom sudo runs it as; empty: nobody, it runs as the account that logged in. None: as the job says."""
    limits: Limits | None = None
    """None: the job's, else the defaults'."""
    log_limit_bytes: int | None = None
    """None: the job's, else the defaults'."""
    http: HttpCheck | None = None
    transfer: Transfer | None = None
    """Of ``upload`` and ``download``."""
    wait: str = ""
    """A duration, or the template of a param that is one."""
    timeout_s: float | None = None
    """None: bounded by the attempt's timeout alone."""
    env: Mapping[str, str] = field(default_factory=dict)
    dir: str | None = None
    runbook: str | None = None
    repeatable: bool = True
    """False: running it twice may do harm, so nothing repeats it without a person."""
    part: Part = Part.TASKS
    line: int = 0
    """Line of the task in the file, from 1."""
    kind_line: int = 0
    kind_column: int = 0
    """Where ``http:``, ``upload:`` … stands, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work with one purpose on some hosts."""

    name: str
    hosts: str
    """A pattern over the inventory, not yet evaluated."""
    tasks: tuple[Task, ...]
    """Everything that an attempt runs, in order: tasks, verify, finally."""
    rollback: tuple[Task, ...] = ()
    """What takes it back, then verify again; empty: it has no rollback."""
    needs: tuple[str, ...] = ()
    """Names of jobs of the same stage."""
    timeout_s: float | None = None
    retry: RetryPolicy | None = None
    on_failure: OnFailure | None = None
    shell: Shell | None = None
    login: bool | None = None
    sudo: str | None = None
    limits: Limits | None = None
    log_limit_bytes: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    dir: str | None = None
    runbook: str | None = None
    line: int = 0
    hosts_line: int = 0
    hosts_column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Jobs that may run at the same time."""

    name: str
    jobs: tuple[Job, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a job has when it says nothing itself."""

    timeout_s: float | None = None
    """None: one attempt has no time limit."""
    retry: RetryPolicy = RetryPolicy()
    on_failure: OnFailure = OnFailure.HOLD
    shell: Shell = Shell.SH
    login: bool = False
    sudo: str = ""
    limits: Limits = NO_LIMITS
    log_limit_bytes: int | None = None
    """None: a log has no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A whole file."""

    name: str
    stages: tuple[Stage, ...]
    description: str = ""
    owner: str = ""
    environment: str | None = None
    environment_line: int = 0
    environment_column: int = 0
    params: Mapping[str, Param] = field(default_factory=dict)
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    dir: str | None = None
    concurrency: Concurrency | None = None
    """None: its runs go side by side."""
    defaults: Defaults = Defaults()
    source: str = ""
    """Path of the file, for messages."""
