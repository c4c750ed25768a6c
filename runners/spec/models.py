"""The shape of a pipeline and an inventory: both the checks and ``onduty schema`` come from these models.

Every key of the language that is not built yet stands in ``later`` of the model where a person would write it, so
that it is refused by name and never parsed and ignored.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from runners.spec.fields import (
    Address,
    Command,
    Directory,
    Duration,
    EnvKey,
    FilePath,
    FreeText,
    Hops,
    HostsPattern,
    JitterWord,
    LabelKey,
    Line,
    Name,
    NameKey,
    Number,
    OnFailureWord,
    ParamTypeWord,
    Paths,
    Port,
    PositiveDuration,
    Reference,
    Text,
    TrueOrFalse,
    User,
    Version,
    WholeNumber,
    Words,
)
from runners.spec.manner import ShellWord

_LATER_ANYWHERE = frozenset(
    {"approval", "rolling", "matrix", "gate", "when", "requires", "notify", "exclusive", "artifacts"}
    | {"schedule", "windows", "limits"}
)
_LATER_TASK = frozenset(["http", "upload", "download", "wait", "sudo", "outputs"])

_SHELL = "sh is sh -e, bash is bash -eo pipefail."
_LOGIN = "true: the shell reads the profile of the account first."

Env = dict[EnvKey, Text]


class Model(BaseModel):
    """A mapping whose keys are known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    later: ClassVar[frozenset[str]] = _LATER_ANYWHERE
    """Keys that come with a later version."""

    @classmethod
    def known_keys(cls) -> dict[str, FieldInfo]:
        """The fields by the key that stands in a file."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}


class ParamModel(Model):
    """One declared parameter."""

    type: ParamTypeWord = Field(default="string", description="How a value is checked. It is passed on as typed.")
    default: Text | None = Field(default=None, description="Without a default the param is required.")
    pattern: FreeText | None = Field(default=None, description="RE2; the whole value must match.")
    choices: Annotated[list[Text], Field(min_length=1)] | None = Field(default=None, description="For type choice.")
    help: FreeText = Field(default="", description="One line for the person who starts the run.")


class RetryModel(Model):
    """When a failed attempt is followed by another without anyone asking. A job's own replaces the default whole."""

    attempts: WholeNumber = Field(default=1, ge=1, le=100, description="Counts the first try: 1 means never again.")
    delay: Duration = Field(default=2.0, description="Before the second attempt.")
    backoff: Number = Field(default=2.0, ge=1, le=100, description="Factor from one delay to the next.")
    max_delay: Duration | None = Field(default=None, description="1m, or the delay where that is longer.")
    jitter: JitterWord = Field(default="full", description="full: from nothing to the whole delay.")


class DefaultsModel(Model):
    """What a job has when it says nothing itself."""

    later = _LATER_ANYWHERE | {"sudo"}

    timeout: PositiveDuration | None = Field(default=None, description="For one attempt, without queueing and backoff.")
    retry: RetryModel | None = None
    on_failure: OnFailureWord = "hold"
    shell: ShellWord = Field(default="sh", description=_SHELL)
    login: TrueOrFalse = Field(default=False, description=_LOGIN)


class TaskModel(Model):
    """One step of a job."""

    later = _LATER_ANYWHERE | _LATER_TASK
    kinds_later: ClassVar[frozenset[str]] = frozenset({"http", "upload", "download", "wait"})

    name: Name | None = Field(default=None, description="Without one it is named after its command.")
    run: Command = Field(description="Text for the shell. Params and env arrive as environment variables.")
    shell: ShellWord | None = Field(default=None, description=_SHELL)
    login: TrueOrFalse | None = Field(default=None, description=_LOGIN)
    timeout: PositiveDuration | None = None
    env: Env = {}
    dir: Directory | None = Field(default=None, description="Where the command runs on the host.")
    runbook: Name | None = Field(default=None, description="The page for a failure of this task.")
    repeatable: TrueOrFalse = Field(
        default=True, description="false: running it twice may do harm, so nothing repeats it without a person."
    )


Tasks = Annotated[list[TaskModel], Field(min_length=1)]


class JobModel(Model):
    """Work with one purpose on some hosts."""

    later = _LATER_ANYWHERE | _LATER_TASK | {"secrets", "concurrency", "outputs", "vars"}

    hosts: HostsPattern = Field(description="Hosts, groups, all, local, slices such as web[0]; joined by : or ,")
    tasks: Tasks
    verify: Tasks | None = Field(default=None, description="After the tasks: proves that they did what they should.")
    finally_: Tasks | None = Field(
        default=None,
        alias="finally",
        description="After tasks and verify, whatever their result; failing is a warning.",
    )
    rollback: Tasks | None = Field(default=None, description="Takes the tasks back; verify runs after it.")
    needs: list[Reference] = Field(default=[], description="Jobs of the same stage that must pass first.")
    timeout: PositiveDuration | None = Field(default=None, description="For one attempt, without queueing and backoff.")
    retry: RetryModel | None = None
    on_failure: OnFailureWord | None = None
    shell: ShellWord | None = Field(default=None, description="For all its commands. " + _SHELL)
    login: TrueOrFalse | None = Field(default=None, description="For all its commands. " + _LOGIN)
    env: Env = {}
    dir: Directory | None = Field(default=None, description="Where commands run on the host.")
    runbook: Name | None = Field(default=None, description="The page for a failure of this job.")


class StageModel(Model):
    """Jobs that may run at the same time."""

    later = _LATER_ANYWHERE | {"concurrency", "needs"}

    name: Name
    jobs: Annotated[dict[NameKey, JobModel], Field(min_length=1)]


class PipelineModel(Model):
    """A pipeline file."""

    later = _LATER_ANYWHERE | {"secrets", "concurrency", "rollback", "finally", "verify", "vars", "outputs"}

    version: Version
    name: Name
    description: FreeText = ""
    owner: Line | None = None
    environment: Name | None = Field(default=None, description="May stand in the inventory as well; both must agree.")
    params: dict[EnvKey, ParamModel] = {}
    env: Env = {}
    dir: Directory | None = Field(default=None, description="Where commands run on a host.")
    defaults: DefaultsModel = DefaultsModel()
    stages: Annotated[list[StageModel], Field(min_length=1)]


class ConnectionModel(Model):
    """How to reach a host. What is not said is left to ssh and its configuration files."""

    later = frozenset({"via"})

    address: Address | None = Field(default=None, description="What ssh is given; the host's name when there is none.")
    port: Port | None = None
    user: User | None = None
    identity: FilePath | None = Field(
        default=None, description="A private key; relative paths start beside the inventory."
    )
    known_hosts: FilePath | None = Field(default=None, description="Used in place of the user's own known_hosts.")
    ssh_config: FilePath | None = Field(default=None, description="For ssh -F.")
    jump: Hops | None = Field(
        default=None, description="Hosts to go through: hosts of this file, or aliases of ssh; none: straight to it."
    )
    vars: Env = Field(default={}, description="For every command on the host: over the pipeline's env, under a job's.")


class HostModel(ConnectionModel):
    """One host."""

    labels: dict[LabelKey, Text] = {}


class GroupModel(ConnectionModel):
    """A named set of hosts."""

    hosts: list[Reference] = []
    children: list[Reference] = []


class SiteModel(Model):
    """A site's ``onduty.yaml``."""

    later = frozenset({"secrets", "notify", "schedule"})

    pipelines: Paths = Field(default=(), description="Files, or folders whose *.yaml are pipelines to be run by name.")
    inventories: Paths = Field(default=(), description="Files, or folders of files; chosen with -i NAME.")
    runbooks: Paths = Field(default=(), description="Files, or folders of pages; they win over the built-in ones.")


class InventoryModel(Model):
    """An inventory file."""

    later = frozenset({"vars", "plugin", "via"})

    environment: Name | None = None
    command: Words | None = Field(
        default=None, description="Prints the hosts as Ansible's --list does; in place of hosts: and groups:."
    )
    defaults: ConnectionModel = ConnectionModel()
    hosts: dict[NameKey, HostModel] = {}
    groups: dict[NameKey, GroupModel] = {}
