"""Hosts and groups as people declare them, and the one host record everything else uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL = "local"
"""The name of the controller's own machine; always there, never in a file."""
UNGROUPED = "ungrouped"
"""Hosts that are in no group; always there, as in Ansible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How to reach one host. What is None is left to ``ssh -G`` and its configuration files."""

    name: str
    address: str | None = None
    """What ``ssh`` would be given; None means ``name``."""
    port: int | None = None
    user: str | None = None
    identity: str | None = None
    """Absolute path of a private key."""
    known_hosts: str | None = None
    """Absolute path of a known_hosts file that replaces the user's."""
    ssh_config: str | None = None
    """Absolute path for ``ssh -F``."""
    jump: tuple[Host, ...] | None = None
    """Hosts to go through, the first hop first. Empty: straight to the host, whatever ssh's configuration says. None:
    as ssh's configuration says."""
    via: str | None = None
    """``openssh``: OpenSSH's own client goes to the jump hosts, and an existing ControlMaster serves. None: we do."""
    local: bool = False
    """The controller's own machine under another name: no SSH."""
    vars: Mapping[str, str] = field(default_factory=dict)
    """For the environment of every command here: over the pipeline's env, under a job's."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Variables that cannot be passed on, and why. Empty in a plan."""
    refused: tuple[str, ...] = ()
    """Why the host cannot be used at all. Always empty in a plan."""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        """Whether it is the controller's own machine, under whatever name."""
        return self.local or self.name == LOCAL

    @property
    def target(self) -> str:
        """The address to connect to."""
        return self.address or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of hosts, in the order of the file."""

    name: str
    hosts: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every host and group that a pipeline can name, in the order of the file."""

    hosts: Mapping[str, Host] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    environment: str | None = None
    source: str = ""
    """Path of the file, for messages; empty when there is none."""
