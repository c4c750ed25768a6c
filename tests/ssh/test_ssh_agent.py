"""Logging in with a real agent: which of its keys are offered, and in which order."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from runners.adapters.known_hosts import KnownHosts
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.model.errors import AuthFailed, LoginNeeded
from tests.ssh.agent import Agent, running_agent
from tests.ssh.machines import Machine
from tests.ssh.sshd import SshdFarm


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path / "agent") as agent:
        yield agent


async def log_in(machine: Machine, config: SshConfig, agent_path: str | None, **changes: Any) -> None:
    options = replace(await config.resolve(machine.host), **changes)
    connection = await Dialler(KnownHosts(), lambda: agent_path).dial(options)
    connection.ssh.close()
    await connection.ssh.wait_closed()


async def test_a_key_that_only_the_agent_holds_lets_us_in(machine: Machine, config: SshConfig, agent: Agent) -> None:
    agent.add(Path(machine.host.identity or ""))
    await log_in(machine, config, agent.socket, named_identity=None, identities=())


async def test_the_named_identity_comes_before_a_full_agent(machine: Machine, config: SshConfig, agent: Agent) -> None:
    agent.add_strangers(8)
    await log_in(machine, config, agent.socket)


async def test_a_locked_identity_that_the_agent_holds_comes_before_the_agents_other_keys(
    machine: Machine, config: SshConfig, agent: Agent, tmp_path: Path
) -> None:
    agent.add_strangers(8)
    agent.add(Path(machine.host.identity or ""))
    key = asyncssh.read_private_key(machine.host.identity or "")
    locked = tmp_path / "locked"
    locked.touch(mode=0o600)
    locked.write_bytes(key.export_private_key("pkcs8-pem", passphrase="pass"))
    (tmp_path / "locked.pub").write_bytes(key.export_public_key())
    await log_in(machine, config, agent.socket, named_identity=str(locked), identities=(str(locked),))


async def test_identities_only_keeps_the_agents_other_keys_from_the_host(
    machine: Machine, config: SshConfig, agent: Agent, tmp_path: Path
) -> None:
    agent.add(Path(machine.host.identity or ""))
    with pytest.raises(AuthFailed, match="there was no key to offer"):
        await log_in(
            machine, config, agent.socket, named_identity=None, identities=(str(tmp_path / "no"),), identities_only=True
        )


async def test_the_agent_of_the_configuration_is_used_instead_of_the_sessions(
    machine: Machine, config: SshConfig, agent: Agent
) -> None:
    agent.add(Path(machine.host.identity or ""))
    with pytest.raises(AuthFailed):
        await log_in(machine, config, agent.socket, named_identity=None, identities=(), identity_agent="")
    await log_in(machine, config, None, named_identity=None, identities=(), identity_agent=agent.socket)


async def test_a_dead_agent_is_named_and_files_still_work(machine: Machine, config: SshConfig, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    await log_in(machine, config, gone)
    with pytest.raises(LoginNeeded, match=f"the agent at {gone} does not answer"):
        await log_in(machine, config, gone, named_identity=None, identities=())


async def test_an_openssh_key_with_a_passphrase_is_seen_as_locked(
    machine: Machine, config: SshConfig, tmp_path: Path
) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen")
    path = tmp_path / "locked"
    subprocess.run(  # noqa: ASYNC221  # a few milliseconds, before anything runs
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "pass word", "-f", str(path)], check=True
    )
    with pytest.raises(AuthFailed, match="locked with a passphrase"):
        await log_in(machine, config, None, named_identity=str(path), identities=(str(path),))


@pytest.mark.sshd
@pytest.mark.parametrize("where", ["beside the key", "in the configuration"])
async def test_certificate_of_a_locked_key_is_shown_while_the_agent_signs(
    sshds: SshdFarm, config: SshConfig, agent: Agent, tmp_path: Path, where: str
) -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "ca.pub").write_bytes(authority.export_public_key())
    daemon = sshds.start("certified", f"TrustedUserCAKeys {tmp_path}/ca.pub")
    (daemon.folder / "authorized_keys").write_text("")
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    plain, locked = tmp_path / "plain", tmp_path / "locked"
    for path, passphrase in ((plain, None), (locked, "pass")):
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key("pkcs8-pem", passphrase=passphrase))
    (tmp_path / "locked.pub").write_bytes(key.export_public_key())
    certificate = authority.generate_user_certificate(key, "me", principals=[daemon.host.user or ""])
    name = "locked-cert.pub" if where == "beside the key" else "elsewhere-cert.pub"
    certificate.write_certificate(tmp_path / name)
    agent.add(plain)
    options = replace(
        await config.resolve(daemon.host),
        named_identity=None,
        identities=(str(locked),),
        identities_only=True,
        certificates=() if where == "beside the key" else (str(tmp_path / name),),
    )
    connection = await Dialler(KnownHosts(), lambda: agent.socket).dial(options)
    connection.ssh.close()
    await connection.ssh.wait_closed()
    assert "ECDSA-CERT" in daemon.log
