"""What a run will do, pinned: a definition with its params and its hosts. All that follows reads only the plan.

Kept per job, never per host: a plan for 200 hosts is as long as one for two, plus the host table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runners.model.definition import Concurrency, OnFailure, Part, RetryPolicy, Shell
from runners.model.ids import job_run_id
from runners.model.inventory import Host
from runners.model.kinds import HttpCheck, PinnedSource, TaskKind, Transfer
from runners.model.limits import NO_LIMITS, Limits, format_size
from runners.model.secrets import SecretSource
from runners.model.templates import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """One step with its place and limits settled."""

    name: str
    kind: TaskKind = TaskKind.RUN
    command: str = ""
    """Of ``run``: the text for the shell, exactly as it is sent."""
    shell: Shell = Shell.SH
    login: bool = False
    """The shell reads the profile of the account before the command."""
    sudo: str = ""
    """Whom sudo runs the command as; empty: nobody, it runs as the account that logged in."""
    limits: Limits = NO_LIMITS
    log_limit_bytes: int | None = None
    """None: its log has no limit."""
    http: HttpCheck | None = None
    """Of ``http``. The texts of this and of ``transfer`` may hold templates."""
    transfer: Transfer | None = None
    """Of ``upload`` and ``download``."""
    wait_s: float = 0.0
    """Of ``wait``."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Params and the env of job and task, merged; ``Plan.env_of`` gives the whole."""
    dir: str | None = None
    """None: the work folder."""
    timeout_s: float | None = None
    repeatable: bool = True
    """False: nothing repeats it without a person."""
    part: Part = Part.TASKS
    runbook: str | None = None
    """The task's own link, else None: the job's counts."""

    @property
    def manner(self) -> tuple[str, ...]:
        """How the command is run where that is not as usual: ``sudo as root``, ``bash``, ``at most 512MB``."""
        if self.kind is not TaskKind.RUN:
            return ()
        return (
            *([f"sudo as {self.sudo}"] if self.sudo else []),
            *(["bash"] if self.shell is Shell.BASH else []),
            *(["login shell"] if self.login else []),
            *([f"at most {self.limits}"] if self.limits else []),
            *([f"log cut at {format_size(self.log_limit_bytes)}"] if self.log_limit_bytes is not None else []),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """One job with its pinned hosts."""

    stage: str
    name: str
    hosts: tuple[str, ...]
    """In inventory order; never empty."""
    tasks: tuple[PlannedTask, ...]
    """Everything that an attempt runs, in order: tasks, verify, finally."""
    rollback: tuple[PlannedTask, ...] = ()
    """Everything that a rollback runs, in order: rollback, verify. Empty: the job has none."""
    needs: tuple[str, ...] = ()
    timeout_s: float | None = None
    """One attempt, without queueing and backoff. None: no limit."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    on_failure: OnFailure = OnFailure.HOLD
    runbook: str | None = None
    first_number: int = 1
    """Job run number of the first host; the others follow. Counted from 1 over the whole plan."""

    @property
    def id(self) -> str:
        """``rollout/release``."""
        return f"{self.stage}/{self.name}"

    def steps(self, *, rollback: bool) -> tuple[PlannedTask, ...]:
        """What an attempt of that kind runs, in order."""
        return self.rollback if rollback else self.tasks

    @property
    def sudo_users(self) -> tuple[str, ...]:
        """Whom sudo makes of us in any of its tasks: they share the work folder of an attempt."""
        return tuple(sorted({task.sudo for task in (*self.tasks, *self.rollback) if task.sudo}))

    def job_run_ids(self) -> tuple[str, ...]:
        """Identities of its job runs, in host order."""
        return tuple(job_run_id(self.stage, self.name, host) for host in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """Jobs that may run at the same time, in the order of the file."""

    name: str
    jobs: tuple[PlannedJob, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """An earlier run in which these job runs succeeded last and were not rolled back."""

    run: str
    """``deploy-api/41``."""
    params: Mapping[str, str]
    job_runs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Plan:
    """A run before it starts. Content-addressed: its digest stands in the ``run_created`` event."""

    pipeline: str
    description: str = ""
    owner: str = ""
    environment: str | None = None
    definition_digest: str
    """``sha256:…`` of the pipeline text."""
    params: Mapping[str, str] = field(default_factory=dict)
    """As they were typed, defaults included."""
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    """Where each value comes from; every command of the run gets all of them."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The pipeline's own; a host's variables stand over it, a job's and a task's over those."""
    hosts: Mapping[str, Host] = field(default_factory=dict)
    """Every host the plan touches, ``local`` included when it is used."""
    stages: tuple[PlannedStage, ...] = ()
    limit: str | None = None
    """The pattern outside of which hosts were left out; None: none was given."""
    left_out: tuple[str, ...] = ()
    """Jobs, as ``stage/job``, none of whose hosts the limit names."""
    previous: tuple[Previous, ...] = ()
    """What ``ONDUTY_PREVIOUS_<param>`` is in a rollback, pinned when the run was created; newest run first."""
    concurrency: Concurrency | None = None
    """None: its runs go side by side with any other."""
    runbooks: tuple[str, ...] = ()
    """Files and folders with the pages of the site that the run was started in, absolute; read when one is needed."""
    folder: str = ""
    """Folder of the pipeline file; what is uploaded is looked for from here."""
    inventory_path: str = ""
    """File that the hosts were read from, absolute. Empty: there was none, or a version planned that noted none."""
    sources: Mapping[str, PinnedSource] = field(default_factory=dict)
    """What uploads send, by the ``src`` that stands in the task once it is filled for a host."""

    def env_of(self, task: PlannedTask, host: str) -> dict[str, str]:
        """What a task's command gets on a host; the ``ONDUTY_*`` variables come with the attempt."""
        own = self.hosts[host].vars if host in self.hosts else {}
        return {**self.env, **own, **task.env}

    def scope_of(self, host: str) -> Scope:
        """What templates may name on a host, secrets excepted."""
        record = self.hosts.get(host) or Host(name=host)
        values = {f"params.{name}": value for name, value in self.params.items()}
        values |= {f"host.vars.{name}": value for name, value in record.vars.items()}
        values |= {f"host.labels.{name}": value for name, value in record.labels.items()}
        address = "localhost" if record.is_here and record.address is None else record.target
        return Scope(values={**values, "host.name": record.name, "host.address": address})

    def words_of(self, task: PlannedTask, host: str) -> str:
        """What a task does on a host, for people: a command as it is sent, else a line or more in words."""
        if task.kind is TaskKind.RUN:
            return task.command
        scope = self.scope_of(host)
        return (scope.in_url() if task.kind is TaskKind.HTTP else scope).shown(words_of(task))

    def jobs(self) -> tuple[PlannedJob, ...]:
        """All jobs, in order."""
        return tuple(job for stage in self.stages for job in stage.jobs)

    def job_run_count(self) -> int:
        """How many job runs there are."""
        return sum(len(job.hosts) for stage in self.stages for job in stage.jobs)


def words_of(task: PlannedTask) -> str:
    """What a task does, for people, with its templates as they were written."""
    match task:
        case PlannedTask(kind=TaskKind.HTTP, http=HttpCheck() as check):
            return "\n".join(_http_words(check))
        case PlannedTask(kind=TaskKind.UPLOAD, transfer=Transfer() as transfer):
            mode = f", mode {transfer.mode:04o}" if transfer.mode is not None else ""
            return f"send {transfer.src} to {transfer.dest}{mode}"
        case PlannedTask(kind=TaskKind.DOWNLOAD, transfer=Transfer() as transfer):
            return f"fetch {transfer.src} into the run's folder, as {transfer.dest}"
        case PlannedTask(kind=TaskKind.WAIT):
            return f"wait {_duration(task.wait_s)}"
        case _:
            return task.command


def _http_words(check: HttpCheck) -> Iterator[str]:
    right = " or ".join(map(str, check.status)) or "200 to 299"
    tries = "once"
    if check.within_s is not None:
        tries = f"every {_duration(check.every_s)} within {_duration(check.within_s)}"
    where = "through the host's connection" if check.from_host else "from the controller"
    yield f"{check.method} {check.url}"
    yield f"expect {right}, {tries}, {where}"
    yield from (f"{name}: {value}" for name, value in check.headers.items())
    if check.body is not None:
        yield from check.body.rstrip("\n").split("\n")


def _duration(seconds: float) -> str:
    for unit, size_s in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size_s and seconds % size_s == 0:
            return f"{seconds / size_s:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{seconds * 1000:g}ms"
