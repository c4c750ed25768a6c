"""What a run will do, pinned: a definition with its params and its hosts. All that follows reads only the plan.

Kept per job, never per host: a plan for 200 hosts is as long as one for two, plus the host table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runners.model.definition import OnFailure, Part, RetryPolicy, Shell
from runners.model.ids import job_run_id
from runners.model.inventory import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """One step with its place and limits settled."""

    name: str
    kind: str = "run"
    command: str = ""
    """The text for the shell, exactly as it is sent."""
    shell: Shell = Shell.SH
    login: bool = False
    """The shell reads the profile of the account before the command."""
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
        """How the command is run where that is not as usual: ``bash``, ``login shell``."""
        return (
            *(["bash"] if self.shell is Shell.BASH else []),
            *(["login shell"] if self.login else []),
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
    runbooks: tuple[str, ...] = ()
    """Files and folders with the pages of the site that the run was started in, absolute; read when one is needed."""
    folder: str = ""
    """Folder of the pipeline file; relative paths of transfers will start here."""

    def env_of(self, task: PlannedTask, host: str) -> dict[str, str]:
        """What a task's command gets on a host; the ``ONDUTY_*`` variables come with the attempt."""
        own = self.hosts[host].vars if host in self.hosts else {}
        return {**self.env, **own, **task.env}

    def jobs(self) -> tuple[PlannedJob, ...]:
        """All jobs, in order."""
        return tuple(job for stage in self.stages for job in stage.jobs)

    def job_run_count(self) -> int:
        """How many job runs there are."""
        return sum(len(job.hosts) for stage in self.stages for job in stage.jobs)
