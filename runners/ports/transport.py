"""The seam between the engine and a host: connect, start, follow, ask, cancel.

An *execution* is one task of one attempt; its key ``<uid>.<job run number>.<attempt>.<task>`` is unique for ever. What
an adapter promises here is what the contract suite in ``runners/testing/transport_contract.py`` checks, for the fake
as for ``local`` and ``ssh``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runners.model.definition import Shell
from runners.model.inventory import Host
from runners.model.limits import NO_LIMITS, Limits
from runners.model.metrics import HostSample
from runners.ports.byte_stream import ByteStream
from runners.ports.courier import Courier
from runners.ports.logins import Logins


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """Everything a host needs to run one task. Goes over stdin, never through argv, never into a file we write."""

    key: str
    script: str
    """Text for the shell, without NUL."""
    shell: Shell = Shell.SH
    """A host that has none of the name says so in the result; then nothing of the script ran."""
    login: bool = False
    """The profile of the account is read first; ``env`` stands over what it sets, and ``dir`` over where it goes."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Reaches the job byte for byte and nothing else; secrets are among them. ``ONDUTY_WORKDIR`` and ``ONDUTY_OUTPUT``
    are set by the host."""
    dir: str | None = None
    """Where the command runs; None means the work folder. A folder that is not there is a failure with a reason."""
    workdir: str = ""
    """Name of the work folder (``<uid>.<job run number>.<attempt>``), created empty on first use, shared by the tasks
    of one attempt."""
    sudo: str = ""
    """Whom the command runs as, through sudo; empty: the account that logged in. For ``HostSession.under``."""
    sharers: tuple[str, ...] = ()
    """Every user that sudo gives a task of this attempt, the same for all its tasks: the work folder is theirs too."""
    timeout_s: float | None = None
    """Enforced on the host, also while nobody is connected. None means no limit."""
    label: str = ""
    """``alice deploy-api/42 rollout/release@web3``: readable on the host, for other people. No newline."""
    limits: Limits = NO_LIMITS
    """A host that cannot keep them says so in the result; then nothing of the script ran. What it has is in
    ``limits_kept``."""
    log_limit_bytes: int | None = None
    """The log ends there, to the 512 bytes below; the job goes on. None: it has no limit."""
    earlier: str | None = None
    """Text of the file that ``$ONDUTY_OUTPUTS`` names, private to the login and removed with the execution; None: the
    variable is not set. At most 16 MiB."""


class ExecutionPhase(enum.StrEnum):
    """What a host says about one key."""

    ABSENT = "absent"
    """Never claimed there: starting it is safe."""
    CLAIMED = "claimed"
    """Claimed but never started and nothing lives: it never will run under this key."""
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"
    """It was started, nothing of it lives, and there is no result: only a person can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """The verdict read from the host's disk. Exactly one of ``exit_code``, ``signal``, ``error`` says how it ended."""

    exit_code: int | None = None
    signal: str | None = None
    """``TERM``, ``KILL`` … when a signal ended it. A shell cannot tell exit 143 from TERM; see ``exit_code``."""
    error: str | None = None
    """Our own fault, in words (the folder is missing, fork failed); the script did not run."""
    timed_out: bool = False
    """The time limit ended it."""
    cancelled: bool = False
    """``cancel`` ended it."""
    log_bytes: int = 0
    """Final size of the log; the log is complete when this many bytes were received."""
    log_cut: bool = False
    """The host's disk was full and output is missing after ``log_bytes``."""
    log_limited: bool = False
    """Output is missing after ``log_bytes``: it came to its ``log_limit_bytes``."""
    limits_kept: str = ""
    """How limits of memory and processors were kept: for the ``job`` whole, or of memory alone for each ``process``."""
    started_at: float = 0.0
    ended_at: float = 0.0
    """The host's own clock, seconds since 1970."""
    cpu_s: float | None = None
    """User + system seconds of the job and its children, or fewer: of children that it did not wait for only what was
    seen of them counts. None when not measured."""
    memory_peak_bytes: int | None = None
    """None when not measured: it was over before anybody looked, or the host does not tell."""
    memory_peak_of: str = ""
    """``process``: the largest one that was seen, of the job and its children; ``job``: all of it together."""
    output_bytes: int = 0
    """Size of what the job had written to ``$ONDUTY_OUTPUT`` when it ended; 0: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """Answer to ``ask`` for one key."""

    key: str
    phase: ExecutionPhase
    log_bytes: int = 0
    result: ExecutionResult | None = None
    """There exactly when ``phase`` is DONE."""
    reason: str = ""
    """For LOST: why (``rebooted since``, ``the supervisor is gone``)."""


class CancelStep(enum.StrEnum):
    """Shown to the person who asked, in this order."""

    TERM = "term"
    KILL = "kill"
    GONE = "gone"
    SURVIVORS = "survivors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A process that lives on after KILL, or that we may not signal."""

    pid: int
    user: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """Said once, when a session opens."""

    boot_id: str
    clock_offset_s: float
    """Host's clock minus ours."""
    state_dir: str
    """Where executions live on that host."""
    user: str
    connect_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveExecution:
    """Something of onduty that lives on a host, under the account that we log in to."""

    key: str
    label: str
    """As its ``ExecutionRequest`` had it. Anybody with that account can have written it."""
    since_utc: float
    """By the host's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInspection:
    """What a host says when it is looked at. None, or empty: it could not say."""

    user: str = ""
    key_type: str = ""
    fingerprint: str = ""
    """``SHA256:…`` of the key that it showed, which is the one on record. Empty where there is none: this machine."""
    connect_s: float = 0.0
    """From the first packet to the end of the login."""
    shell: str = ""
    """Path of the program that ``sh`` is there."""
    tools: str = ""
    """``GNU``, ``busybox`` or ``other``."""
    shell_start_s: float = 0.0
    """From the wish for a shell to its first answer, start-up files included: the median of some."""
    clock_offset_s: float | None = None
    """Host's clock minus ours."""
    state_dir: str = ""
    """Where executions would live; empty: nowhere."""
    state_free_bytes: int | None = None
    home_free_bytes: int | None = None
    sudo: str = ""
    """Without a password: ``yes`` or ``no``; ``none``: there is no sudo; ``root``: the account is root itself."""
    sudo_words: str = ""
    missing: tuple[str, ...] = ()
    """Why no job can run there, in words."""
    executions: tuple[LiveExecution, ...] = ()
    silent: str = ""
    """What it was asked when it stopped answering: ``facts``, ``rooms`` or ``sudo``."""


class SessionSink(Protocol):
    """What a session tells the engine. Called from the event loop, one call at a time per session."""

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        """Bytes of the log from ``offset``: in order, without gaps. A slow sink slows the host."""

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        """After the last ``on_output``: every byte up to ``result.log_bytes`` was delivered."""

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        """The followed execution is LOST: nothing lives and there is no result."""

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        """Progress of ``cancel``."""

    async def on_lost(self, cause: str) -> None:
        """The session is over; nothing more will be called. Called once, not after ``close``."""


class Supervisor(Protocol):
    """What one user of a host is asked for. Every method raises ``SessionLost`` when the session ended before the
    answer came. Executions of another user are not known here."""

    async def start(self, request: ExecutionRequest) -> ExecutionReport:
        """Claim the key and start it, at most once whoever asks how often; then follow it from byte 0.

        Returns RUNNING (or DONE for a quick one). For a key that was known already nothing is started and its report
        is returned. Raises ``HostRefused`` when the host provably did not start it (full disk: nothing was claimed).
        """
        ...

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """What the host's disk says about these keys, in the same order. Never ABSENT when that is not certain."""
        ...

    async def seal(self, key: str) -> ExecutionReport:
        """Claim the key so that nobody can start it any more; the report says what was there before."""
        ...

    async def follow(self, key: str, offset: int) -> None:
        """Deliver the log from ``offset`` and then the result, through the sink. Idempotent."""
        ...

    async def output(self, key: str, size_bytes: int) -> bytes:
        """The first ``size_bytes`` of what a finished job wrote to ``$ONDUTY_OUTPUT``, without NUL at the end.

        Fewer when less is there: of an unknown key nothing. It is there until ``remove``.
        """
        ...

    async def cancel(self, key: str, grace_s: float) -> None:
        """TERM to the whole tree, ``grace_s`` seconds, KILL; steps and then the result come through the sink."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete finished executions whose bytes were all received and synced. Unknown keys are not an error."""
        ...


class HostSession(Supervisor, Protocol):
    """One open session with one host; it is the supervisor of the account that logged in itself."""

    facts: HostFacts

    async def under(self, user: str) -> Supervisor:
        """The supervisor of ``user``, through sudo on the same connection; the account's own for an empty name.

        What is asked of it is told through the session's one sink. Use it at once and ask again later: what nobody
        uses is closed. Raises ``SudoRefused`` when sudo does not let us, within seconds; then nothing ran, and the
        session goes on.
        """
        ...

    async def sample(self, keys: Sequence[str] = (), *, rooms: bool = False) -> HostSample:
        """How the host is now, and what these executions of the account itself used so far.

        ``rooms``: have its disks looked at too; how full they are is in this answer or in a later one. What the host
        does not say is None. Raises ``SessionLost``.
        """
        ...

    async def remove_workdirs(self, workdirs: Sequence[str], sharers: Sequence[str] = ()) -> None:
        """Delete work folders by name, with what ``sharers`` left in them. Missing ones are not an error."""
        ...

    async def open_stream(self, host: str, port: int) -> ByteStream:
        """Connect from the host to ``host`` and ``port`` as they are called there.

        Raises ``StreamRefused`` when the host says no, or allows no forwarding.
        """
        ...

    async def open_courier(self, workdir: str, dir: str | None, sharers: Sequence[str] = ()) -> Courier:
        """Begin to move files. Relative paths start where a command of the attempt would run: in ``dir``, else in the
        work folder ``workdir``, made when it is not there, with its ``sharers``. Raises ``HostRefused``."""
        ...

    async def close(self) -> None:
        """End the session. What runs on the host runs on."""
        ...


class Transport(Protocol):
    """Opens sessions."""

    @property
    def logins(self) -> Logins:
        """Where a person answers what its hosts ask."""
        ...

    async def connect(self, host: Host, sink: SessionSink) -> HostSession:
        """Open a session within the connect timeout.

        Raises ``HostUnreachable``, ``HostKeyUnknown``, ``HostKeyChanged``, ``AuthFailed``, ``LoginNeeded`` or
        ``HostRefused``; in each case nothing ran on the host. ``LoginNeeded``: a person has to do something first;
        connect again when ``logins`` says that something moved, or now and then, which disturbs nobody.
        """
        ...

    async def inspect(self, host: Host) -> HostInspection:
        """Look at a host over a connection of its own, and change nothing there. Raises as ``connect`` does.

        Nobody is asked for anything: ``LoginNeeded`` says what somebody would be asked.
        """
        ...
