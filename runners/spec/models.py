"""The shape of a pipeline and an inventory: both the checks and ``onduty schema`` come from these models.

Every key of the language that is not built yet stands in ``later`` of the model where a person would write it, so
that it is refused by name and never parsed and ignored.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from runners.model.kinds import TaskKind
from runners.spec.connection_fields import Address, Hops, Port, User, ViaWord
from runners.spec.fields import (
    Command,
    Directory,
    Duration,
    EnvKey,
    FilePath,
    FreeText,
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
    PositiveDuration,
    Reference,
    Text,
    TrueOrFalse,
    Variable,
    Version,
    WhenBusyWord,
    WholeNumber,
    Words,
    is_null,
)
from runners.spec.kind_fields import (
    Body,
    Header,
    HeaderKey,
    HostPath,
    LandingPath,
    Method,
    Mode,
    Origin,
    SourcePath,
    Statuses,
    Url,
    WaitFor,
)
from runners.spec.limit_fields import CpuShare, LogSize, MemorySize, Niceness, some_limit
from runners.spec.manner import ShellWord, SudoUser
from runners.spec.nodes import Scalar

_LATER_ANYWHERE = frozenset(
    {"approval", "rolling", "matrix", "gate", "when", "requires", "notify", "exclusive", "artifacts"}
    | {"schedule", "windows"}
)
_LATER_TASK = frozenset(["outputs"])

_SHELL = "sh is sh -e, bash is bash -eo pipefail."
_LOGIN = "true: the shell reads the profile of the account first."
_TIMEOUT = (
    "For one attempt, tasks and verify, without queueing and backoff; each task of a rollback or finally has as long."
)
_SUDO = "true: root through sudo; or the name of a user."
_LOG_LIMIT = "What a command prints after so much of it is dropped, and said; the command goes on."

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


class SecretModel(Model):
    """Where one secret comes from: exactly one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    file: FilePath | None = Field(
        default=None, description="Read by the controller; relative paths start beside the pipeline."
    )
    env: Variable | None = Field(default=None, description="A variable in the environment of whoever starts the run.")
    command: Words | None = Field(default=None, description="Prints it; executed by the controller without a shell.")
    prompt: Line | None = Field(default=None, description="What the person is asked who starts the run.")


class RetryModel(Model):
    """When a failed attempt is followed by another without anyone asking. A job's own replaces the default whole."""

    attempts: WholeNumber = Field(default=1, ge=1, le=100, description="Counts the first try: 1 means never again.")
    delay: Duration = Field(default=2.0, description="Before the second attempt.")
    backoff: Number = Field(default=2.0, ge=1, le=100, description="Factor from one delay to the next.")
    max_delay: Duration | None = Field(default=None, description="1m, or the delay where that is longer.")
    jitter: JitterWord = Field(default="full", description="full: from nothing to the whole delay.")


class ConcurrencyModel(Model):
    """Runs that must not be side by side, of this pipeline or of several that name the same group."""

    group: Name = Field(description="Pipelines that name the same group share it.")
    limit: WholeNumber = Field(default=1, ge=1, le=1000, description="Runs at once, held and paused ones included.")
    when_busy: WhenBusyWord = Field(default="queue", description="queue: wait for the turn; refuse: start nothing.")


def _group_alone(value: object) -> object:
    return {"group": value} if isinstance(value, Scalar) and not is_null(value) else value


class LimitsModel(Model):
    """What each command may use of its host. A task's own replaces the job's whole, and that the default."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    cpu: CpuShare | None = Field(default=None, description="Of one processor: 50%, 150%. Needs systemd on the host.")
    memory: MemorySize | None = Field(
        default=None, description="Of the whole command where the host has systemd, else of each of its processes."
    )
    nice: Niceness | None = Field(default=None, description="0 to 19: the nicer, the later it gets a processor.")


SomeLimits = Annotated[LimitsModel, BeforeValidator(some_limit)]


class DefaultsModel(Model):
    """What a job has when it says nothing itself."""

    timeout: PositiveDuration | None = Field(default=None, description=_TIMEOUT)
    retry: RetryModel | None = None
    on_failure: OnFailureWord = "hold"
    shell: ShellWord = Field(default="sh", description=_SHELL)
    login: TrueOrFalse = Field(default=False, description=_LOGIN)
    sudo: SudoUser = Field(default="", description=_SUDO)
    limits: SomeLimits | None = None
    log_limit: LogSize | None = Field(default=None, description=_LOG_LIMIT)


class HttpModel(Model):
    """One HTTP request. Templates such as {{ host.address }} are filled in url, headers and body."""

    later = _LATER_ANYWHERE | {"ca", "verify", "json", "redirects"}

    url: Url = Field(description="http:// or https://; secrets never stand here. Redirects are not followed.")
    method: Method = Field(default="GET", description="GET and HEAD are repeated until within; others are sent once.")
    headers: dict[HeaderKey, Header] = {}
    body: Body | None = None
    status: Statuses = Field(default=(), description="What counts as right; 200 to 299 where nothing is said.")
    within: PositiveDuration | None = Field(default=None, description="How long it is tried; else it is sent once.")
    every: PositiveDuration | None = Field(default=None, description="Between two tries; 2s.")
    from_: Origin = Field(default="controller", alias="from", description="host: through the host's SSH connection.")


class UploadModel(Model):
    """Files whose content is pinned when the run starts. Each is checked on the host, then renamed into its place."""

    src: SourcePath = Field(description="A file or a folder, relative to the pipeline file.")
    dest: HostPath = Field(description="On the host, relative to dir; with / at its end: into that folder.")
    mode: Mode | None = Field(default=None, description="Octal, for every file; else the mode that it has here.")


class DownloadModel(Model):
    """Files of a host, kept with the run."""

    src: HostPath = Field(description="A file or a folder on the host, relative to dir.")
    dest: LandingPath = Field(default="./", description="Below the run's own folder; with / at its end: into it.")


class TaskModel(Model):
    """One step of a job, of exactly one kind."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind.value]} for kind in TaskKind]})

    later = _LATER_ANYWHERE | _LATER_TASK

    name: Name | None = Field(default=None, description="Without one it is named after what it does.")
    run: Command | None = Field(
        default=None, description="Text for the shell. Params and env arrive as environment variables."
    )
    http: HttpModel | None = Field(default=None, description="A request whose answer must be right.")
    upload: UploadModel | None = Field(default=None, description="Files or a folder from here to the host.")
    download: DownloadModel | None = Field(default=None, description="Files or a folder into the run's own folder.")
    wait: WaitFor | None = Field(default=None, description="How long; also a param of type duration.")
    shell: ShellWord | None = Field(default=None, description=_SHELL)
    login: TrueOrFalse | None = Field(default=None, description=_LOGIN)
    sudo: SudoUser | None = Field(default=None, description=_SUDO)
    limits: SomeLimits | None = None
    log_limit: LogSize | None = Field(default=None, description=_LOG_LIMIT)
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
    timeout: PositiveDuration | None = Field(default=None, description=_TIMEOUT)
    retry: RetryModel | None = None
    on_failure: OnFailureWord | None = None
    shell: ShellWord | None = Field(default=None, description="For all its commands. " + _SHELL)
    login: TrueOrFalse | None = Field(default=None, description="For all its commands. " + _LOGIN)
    sudo: SudoUser | None = Field(default=None, description="For all its commands. " + _SUDO)
    limits: SomeLimits | None = Field(default=None, description="For each of its commands.")
    log_limit: LogSize | None = Field(default=None, description="For each of its commands. " + _LOG_LIMIT)
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

    later = _LATER_ANYWHERE | {"rollback", "finally", "verify", "vars", "outputs"}

    version: Version
    name: Name
    description: FreeText = ""
    owner: Line | None = None
    environment: Name | None = Field(default=None, description="May stand in the inventory as well; both must agree.")
    params: dict[EnvKey, ParamModel] = {}
    secrets: dict[EnvKey, SecretModel] = Field(default={}, description="Masked wherever a run shows or stores text.")
    env: Env = {}
    dir: Directory | None = Field(default=None, description="Where commands run on a host.")
    concurrency: Annotated[ConcurrencyModel, BeforeValidator(_group_alone)] | None = Field(
        default=None, description="How many runs there are at once; a name alone is the group."
    )
    defaults: DefaultsModel = DefaultsModel()
    stages: Annotated[list[StageModel], Field(min_length=1)]


class ConnectionModel(Model):
    """How to reach a host. What is not said is left to ssh and its configuration files."""

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
    via: ViaWord | None = Field(
        default=None, description="openssh: its own client goes to the jump hosts; a ControlMaster serves."
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

    later = frozenset({"vars", "plugin"})

    environment: Name | None = None
    command: Words | None = Field(
        default=None, description="Prints the hosts as Ansible's --list does; in place of hosts: and groups:."
    )
    defaults: ConnectionModel = ConnectionModel()
    hosts: dict[NameKey, HostModel] = {}
    groups: dict[NameKey, GroupModel] = {}
