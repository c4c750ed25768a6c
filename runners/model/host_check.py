"""What ``onduty hosts --check`` says of one host. A document of the API: it only gains names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveThere:
    """Something of onduty that lives on a host, under the account that was logged in to."""

    key: str
    label: str
    """``alice deploy-api/42 rollout/release@web3``, as that host has it: make it safe before showing it."""
    since: str | None
    """RFC 3339, by the host's clock."""
    ours: bool
    """It belongs to a run of the controller that looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheck:
    """One host, looked at over a connection of its own. What is None could not be learned."""

    name: str
    address: str
    phase: str
    """ok, unfit (reached, and something is not fine), or why it was not reached: unreachable login host_key_unknown
    host_key_changed refused."""
    reached: bool
    problems: tuple[str, ...] = ()
    """Sentences; empty when all is fine."""
    hint: str = ""
    """What to type about the first of them; may be empty."""
    connect_s: float | None = None
    user: str | None = None
    key_type: str | None = None
    fingerprint: str | None = None
    key_known: bool | None = None
    """Whether the key that it showed is on record; None: it showed none."""
    shell: str | None = None
    """Path of the program that ``sh`` is there."""
    tools: str | None = None
    """GNU, busybox or other."""
    shell_start_s: float | None = None
    """Median time of a shell with its start-up files."""
    sudo: str | None = None
    """Without a password: yes or no; none: there is no sudo; root: the account is root."""
    state_dir: str | None = None
    state_free_bytes: int | None = None
    home_free_bytes: int | None = None
    clock_offset_s: float | None = None
    """Host's clock minus ours."""
    executions: tuple[LiveThere, ...] = ()
