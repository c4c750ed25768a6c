"""One face for a real sshd and a host of the loopback fleet, so that a test says once what holds for both."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from runners.model.inventory import Host
from runners.testing.fleet import Fleet
from tests.ssh.sshd import Sshd


class Machine(Protocol):
    """A host that a test may break."""

    @property
    def host(self) -> Host: ...
    @property
    def home(self) -> Path: ...
    @property
    def known_hosts(self) -> Path: ...
    @property
    def fingerprint(self) -> str: ...
    async def stop(self) -> None: ...
    async def start(self) -> None: ...
    async def drop_connections(self) -> int: ...
    async def show_another_key(self) -> None: ...
    def logins(self) -> int:
        """How many logins were begun (not: succeeded)."""
        ...


class SshdMachine:
    """A real sshd."""

    def __init__(self, daemon: Sshd) -> None:
        self.daemon = daemon
        self.home = daemon.home
        self.known_hosts = daemon.known_hosts

    @property
    def host(self) -> Host:
        return self.daemon.host

    @property
    def fingerprint(self) -> str:
        return self.daemon.fingerprint

    async def stop(self) -> None:
        self.daemon.stop()

    async def start(self) -> None:
        self.daemon.start()

    async def drop_connections(self) -> int:
        return self.daemon.drop_connections()

    async def show_another_key(self) -> None:
        self.daemon.show_another_key()

    def logins(self) -> int:
        log = self.daemon.log
        return log.count("Accepted publickey") + log.count("Failed publickey") + log.count("[preauth]: user")


class FleetMachine:
    """A host of the fleet."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self.fleet = fleet
        self.name = name
        self.home = fleet[name].home
        self.known_hosts = fleet.known_hosts

    @property
    def host(self) -> Host:
        return self.fleet.host(self.name)

    @property
    def fingerprint(self) -> str:
        return self.fleet[self.name].fingerprint

    async def stop(self) -> None:
        await self.fleet.stop(self.name)

    async def start(self) -> None:
        await self.fleet.start(self.name)

    async def drop_connections(self) -> int:
        return await self.fleet.drop_connections(self.name)

    async def show_another_key(self) -> None:
        await self.fleet.change_host_key(self.name)

    def logins(self) -> int:
        return len(self.fleet[self.name].logins)
