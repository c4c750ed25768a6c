"""Hosts that are reached over a command: ``ProxyCommand``, and OpenSSH's own client for ``via: openssh``."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.adapters.ssh_handshake import Connection
from runners.model.errors import AuthFailed, HostRefused, HostUnreachable
from runners.model.inventory import Host
from tests.person import until
from tests.ssh.sshd import LOOPBACK, Sshd, SshdFarm
from tests.ssh.test_ssh_jump import hang_up, said_by

pytestmark = pytest.mark.sshd


@pytest.fixture
def gate(sshds: SshdFarm) -> Sshd:
    return sshds.start("gate")


@pytest.fixture
def web(sshds: SshdFarm) -> Sshd:
    return sshds.start("web1")


def asks_for_a_command(web: Sshd, tmp_path: Path, command: str) -> Host:
    """The host under an alias of an ssh_config that has this ProxyCommand."""
    file = tmp_path / "ssh_config"
    file.write_text(f"Host inner\n HostName {LOOPBACK}\n Port {web.port}\n ProxyCommand {command}\n")
    return replace(web.host, name="inner", address=None, port=None, ssh_config=str(file))


def by_hand(gate: Sshd) -> list[str]:
    """``ssh`` to the gate as a person would type it."""
    files = ["-i", str(gate.identity), "-o", f"UserKnownHostsFile={gate.known_hosts}", "-o", "IdentitiesOnly=yes"]
    return ["ssh", "-F", "none", *files, "-p", str(gate.port), LOOPBACK]


def children() -> list[str]:
    """Programs that this process started and that still run."""
    found: list[str] = []
    for child in psutil.Process().children(recursive=True):
        # One that ended meanwhile, or is only waited for, runs no program.
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(child.cmdline()))
    return found


async def test_a_proxy_command_of_the_configuration_is_what_the_connection_goes_over(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    program, *options = by_hand(gate)
    command = shlex.join([program, "-W", "%h:%p", *options])
    connection = await dialler.dial(await config.resolve(asks_for_a_command(web, tmp_path, command)))
    assert await said_by(connection, 'echo "$HOME"') == f"{web.home}\n"
    assert "direct-tcpip" not in web.log
    assert gate.log.count("Accepted publickey") == 1
    await hang_up(connection)
    await _until_gone("-W")


async def _until_gone(words: str) -> None:
    await asyncio.to_thread(until, lambda: not any(words in line for line in children()))


async def test_what_a_proxy_command_said_last_is_why_there_is_no_connection(
    web: Sshd, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    command = "sh -c 'echo first >&2; printf \"no \\033[31mway\\n\" >&2; exit 1'"
    with pytest.raises(HostUnreachable, match=r"over a command \(ProxyCommand\) that ended: no  ?\[31mway; nothing"):
        await dialler.dial(await config.resolve(asks_for_a_command(web, tmp_path, command)))
    with pytest.raises(HostUnreachable, match="ended and said nothing"):
        await dialler.dial(await config.resolve(asks_for_a_command(web, tmp_path, "true")))


async def test_a_jump_host_that_openssh_does_not_reach_is_told_apart_from_the_host_behind_it(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    over = f"{' '.join(by_hand(gate))} -W %h:%p"
    web.stop()
    with pytest.raises(HostUnreachable) as behind:
        await dialler.dial(await config.resolve(asks_for_a_command(web, tmp_path, over)))
    assert behind.value.hop == ""
    gate.stop()
    with pytest.raises(HostUnreachable) as on_the_way:
        await dialler.dial(await config.resolve(asks_for_a_command(web, tmp_path, over)))
    assert on_the_way.value.hop == LOOPBACK
    assert on_the_way.value.cause == f"ssh: connect to host {LOOPBACK} port {gate.port}: Connection refused"


async def test_a_proxy_command_that_hangs_is_given_up_and_ended(
    web: Sshd, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    options = await config.resolve(asks_for_a_command(web, tmp_path, "sleep 4711"))
    with pytest.raises(HostUnreachable, match=r"did not answer within 0\.3 s"):
        await dialler.dial(replace(options, connect_timeout_s=0.3))
    await _until_gone("sleep 4711")


@pytest.fixture
def master(gate: Sshd, tmp_path: Path) -> Iterator[Host]:
    """A jump host that only a ControlMaster, opened before, still gets in to."""
    # A socket's path has room for 108 bytes.
    with tempfile.TemporaryDirectory(prefix="onduty-") as short:
        yield from _master(gate, tmp_path, f"{short}/control")


def _master(gate: Sshd, tmp_path: Path, control: str) -> Iterator[Host]:
    file = tmp_path / "with_master"
    file.write_text(f"Host gate\n HostName {LOOPBACK}\n Port {gate.port}\n ControlPath {control}\n")
    host = Host(name="gate", ssh_config=str(file), known_hosts=str(gate.known_hosts), identity=str(gate.identity))
    opened = subprocess.Popen(
        [*by_hand(gate)[:-1], "-M", "-S", control, "-N", LOOPBACK], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: Path(control).exists() or opened.poll() is not None)
        (gate.folder / "authorized_keys").write_text("")
        yield host
    finally:
        opened.terminate()
        opened.wait()


async def test_via_openssh_goes_over_the_control_master_that_somebody_opened(
    master: Host, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    host = replace(web.host, jump=(master,), via="openssh")
    connections: list[Connection] = [
        await dialler.dial(await config.resolve(replace(host, name=name))) for name in ("web1", "web2")
    ]
    for connection in connections:
        assert await said_by(connection, 'echo "$HOME"') == f"{web.home}\n"
        await hang_up(connection)
    with pytest.raises(AuthFailed, match="gate"):
        await dialler.dial(await config.resolve(replace(host, via=None)))


async def test_via_openssh_without_a_way_in_says_what_ssh_said_and_what_to_type(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    (gate.folder / "authorized_keys").write_text("")
    host = replace(web.host, jump=(gate.host,), via="openssh")
    with pytest.raises(AuthFailed, match=r"that ended: .*Permission denied \(publickey\)") as refused:
        await dialler.dial(await config.resolve(host))
    assert refused.value.hint == f"ssh {LOOPBACK} true"
    assert web.log.count("Accepted") == 0


async def test_via_openssh_without_jump_hosts_is_direct_and_says_so_and_without_a_program_it_is_refused(
    web: Sshd, config: SshConfig, tmp_path: Path
) -> None:
    direct = await config.resolve(replace(web.host, via="openssh"))
    assert (direct.proxy, direct.hops) == ("", ())
    assert direct.notice == "via: openssh has no jump host to go through here: the connection is direct"
    with pytest.raises(HostRefused, match="needs the program ssh, which is not here"):
        await SshConfig(program=None, home=tmp_path).resolve(replace(web.host, jump=(web.host,), via="openssh"))
