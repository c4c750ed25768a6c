"""Real hosts for tests: sshd's (marker ``sshd``) and the loopback fleet."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from runners.adapters.known_hosts import KnownHosts
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.testing.fleet import Fleet
from tests.ssh.machines import FleetMachine, Machine, SshdMachine
from tests.ssh.sshd import SshdFarm, can_log_in, find_sshd, make_privilege_separation_folder


@pytest.fixture
def sshds(tmp_path: Path) -> Iterator[SshdFarm]:
    """Starts sshd's by name. Without sshd: a loud skip at home, a failure in CI."""
    missing = "" if find_sshd() else "openssh-server is not installed (apt install openssh-server)"
    missing = missing or can_log_in()
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run against a real sshd: {missing}")
        pytest.skip(f"NOT TESTED AGAINST A REAL SSHD: {missing}")
    make_privilege_separation_folder()
    farm = SshdFarm(tmp_path / "sshd")
    try:
        yield farm
    finally:
        farm.stop()


@pytest_asyncio.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """Two hosts of the loopback fleet."""
    hosts = Fleet(tmp_path / "fleet", ["web1", "web2"])
    await hosts.start()
    try:
        yield hosts
    finally:
        await hosts.stop()


@pytest.fixture(params=[pytest.param("sshd", marks=pytest.mark.sshd), "fleet"])
def machine(request: pytest.FixtureRequest) -> Machine:
    """A real sshd, then a host of the fleet: the test runs on both."""
    if request.param == "sshd":
        return SshdMachine(request.getfixturevalue("sshds").start("web1"))
    return FleetMachine(request.getfixturevalue("fleet"), "web1")


@pytest.fixture
def config(tmp_path: Path) -> SshConfig:
    """Resolves with the real ``ssh -G`` where there is one, and without the person's own files."""
    home = tmp_path / "person"
    (home / ".ssh").mkdir(parents=True)
    return SshConfig(home=home)


@pytest.fixture
def dialler() -> Dialler:
    """Connects without an agent."""
    return Dialler(KnownHosts(), lambda: None)
