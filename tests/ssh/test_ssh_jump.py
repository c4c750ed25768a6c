"""Hosts behind jump hosts, on real sshd's: the way there, the keys on it, and what is said when it ends early."""

from __future__ import annotations

import asyncio
import getpass
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runners.adapters.interactive import host_from_json, host_to_json, interactive_command
from runners.adapters.known_hosts import KnownHosts, fingerprint
from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_shell_channel import open_shell
from runners.engine.host_failure import failure_of
from runners.model.errors import AuthFailed, HostKeyChanged, HostKeyUnknown, HostRefused, HostUnreachable
from runners.model.inventory import Host
from tests.ssh.sshd import LOOPBACK, Sshd, SshdFarm, closed_port
from tests.ssh.test_ssh_transport import Heard, request

pytestmark = pytest.mark.sshd

Behind = Callable[..., Host]


@pytest.fixture
def gate(sshds: SshdFarm) -> Sshd:
    return sshds.start("gate")


@pytest.fixture
def web(sshds: SshdFarm) -> Sshd:
    return sshds.start("web1")


def behind(host: Sshd, *hops: Host | Sshd) -> Host:
    """The host, reached through the hops."""
    return replace(host.host, jump=tuple(hop.host if isinstance(hop, Sshd) else hop for hop in hops))


async def hang_up(connection: Connection) -> None:
    connection.ssh.close()
    await connection.ssh.wait_closed()


async def said_by(connection: Connection, command: str) -> str:
    """What a command prints there."""
    shell = await open_shell(connection)
    await shell.write(f"{command}; exit\n".encode())
    got = b""
    while data := await shell.read_stdout(65536):
        got += data
    await shell.wait_closed()
    return got.decode()


async def until_nobody_is_on(daemon: Sshd) -> None:
    """Wait until every connection of the daemon has ended."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, daemon.connection_processes(), 30)
    assert alive == []


async def test_host_is_reached_through_the_jump_host_and_with_its_own_address_from_there(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    connection = await dialler.dial(await config.resolve(behind(web, gate)))
    assert connection.socket is None
    assert await said_by(connection, 'echo "$HOME"') == f"{web.home}\n"
    assert gate.log.count("Accepted publickey") == 1
    await hang_up(connection)
    await until_nobody_is_on(gate)


async def test_chain_of_jump_hosts_is_gone_through_in_order(
    sshds: SshdFarm, gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    inner = sshds.start("inner")
    connection = await dialler.dial(await config.resolve(behind(web, gate, inner)))
    assert await said_by(connection, 'echo "$HOME"') == f"{web.home}\n"
    assert [daemon.log.count("Accepted publickey") for daemon in (gate, inner, web)] == [1, 1, 1]
    await hang_up(connection)
    await asyncio.gather(until_nobody_is_on(gate), until_nobody_is_on(inner))


async def test_proxy_jump_of_the_configuration_leads_the_same_way(
    gate: Sshd, web: Sshd, tmp_path: Path, config: SshConfig, dialler: Dialler
) -> None:
    own = tmp_path / "ssh_config"
    own.write_text(
        f"Host front\n HostName {LOOPBACK}\n Port {web.port}\n ProxyJump door\n"
        f"Host door\n HostName {LOOPBACK}\n Port {gate.port}\n"
        f"Host *\n User {getpass.getuser()}\n IdentityFile {web.identity}\n UserKnownHostsFile {web.known_hosts}\n"
    )
    connection = await dialler.dial(await config.resolve(Host(name="front", ssh_config=str(own))))
    assert await said_by(connection, 'echo "$HOME"') == f"{web.home}\n"
    assert gate.log.count("Accepted publickey") == 1
    await hang_up(connection)


async def test_many_hosts_behind_one_jump_host_cost_it_one_login(
    sshds: SshdFarm, gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    other = sshds.start("web2")
    options = [await config.resolve(behind(daemon, gate)) for daemon in (web, other) for _ in range(6)]
    connections = await asyncio.gather(*(dialler.dial(one) for one in options))
    assert gate.log.count("Accepted publickey") == 1
    assert web.log.count("Accepted publickey") == other.log.count("Accepted publickey") == 6
    for connection in connections[1:]:
        await hang_up(connection)
    assert await said_by(connections[0], "echo still here") == "still here\n"
    await hang_up(connections[0])
    await until_nobody_is_on(gate)
    again = await dialler.dial(options[0])
    assert gate.log.count("Accepted publickey") == 2
    await hang_up(again)


async def test_job_runs_behind_a_jump_host_and_its_loss_is_the_loss_of_the_session(
    gate: Sshd, web: Sshd, config: SshConfig
) -> None:
    transport = SshTransport(agent_path=lambda: None, config=config)
    heard = Heard()
    session = await transport.connect(behind(web, gate), heard)
    await session.start(request(1, 'echo "$HOME"; exit 3'))
    await heard.finished.wait()
    assert heard.result is not None
    assert (heard.result.exit_code, heard.output) == (3, f"{web.home}\n".encode())
    gate.drop_connections()
    await heard.lost.wait()
    again = Heard()
    session = await transport.connect(behind(web, gate), again)
    await session.close()


async def test_unknown_key_of_a_jump_host_is_refused_before_anything_is_sent_and_named(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    stranger = replace(gate.host, known_hosts=str(tmp_path / "none"))
    with pytest.raises(HostKeyUnknown) as refused:
        await dialler.dial(await config.resolve(behind(web, stranger)))
    assert str(refused.value) == (
        f"web1 is reached through gate: gate ({LOOPBACK}:{gate.port}) shows an unknown host key, "
        f"ecdsa-sha2-nistp256 {gate.fingerprint}; nothing was sent to it"
    )
    assert (refused.value.fingerprint, refused.value.hop) == (gate.fingerprint, "gate")
    assert refused.value.hint == "onduty hosts trust web1"
    assert failure_of("web1", refused.value).text == (
        f"gate, on the way to web1, shows ecdsa-sha2-nistp256 {gate.fingerprint}, which no known_hosts file lists; "
        "onduty hosts trust web1"
    )
    assert "Accepted" not in gate.log
    # The harness itself looked once whether it listens.
    assert web.log.count("Connection from") == 1


async def test_changed_key_behind_a_jump_host_and_of_the_jump_host_are_both_refused(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    web.show_another_key()
    with pytest.raises(HostKeyChanged, match=r"^web1 \(127.0.0.1:\d+\) shows another host key"):
        await dialler.dial(await config.resolve(behind(web, gate)))
    assert "Accepted" not in web.log
    await until_nobody_is_on(gate)
    gate.show_another_key()
    with pytest.raises(HostKeyChanged, match=r"^web1 is reached through gate: gate \(.*\) shows another host key"):
        await dialler.dial(await config.resolve(behind(web, gate)))
    assert gate.log.count("Accepted publickey") == 1


async def test_jump_host_that_does_not_let_us_in_is_named(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    (gate.folder / "authorized_keys").write_text("")
    with pytest.raises(AuthFailed, match=r"^web1 is reached through gate: gate \(.*\) refused the login as"):
        await dialler.dial(await config.resolve(behind(web, gate)))


async def test_jump_host_that_is_down_is_named_and_all_who_wait_for_it_hear_it(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    gate.stop()
    options = await config.resolve(behind(web, gate))
    answers = await asyncio.gather(*(dialler.dial(options) for _ in range(3)), return_exceptions=True)
    for answer in answers:
        assert isinstance(answer, HostUnreachable)
        assert str(answer) == (
            f"web1 is reached through gate: gate ({LOOPBACK}:{gate.port}) refused the connection "
            f"(nothing listens on port {gate.port}); nothing was started there"
        )
        assert answer.hop == "gate"
        assert answer.cause.endswith(f"(nothing listens on port {gate.port})")
    gate.start()
    await hang_up(await dialler.dial(options))


async def test_host_that_the_jump_host_cannot_reach_is_told_apart_from_the_jump_host(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    with closed_port() as port:
        nowhere = replace(behind(web, gate), port=port)
        options = await config.resolve(nowhere)
        with pytest.raises(HostUnreachable) as refused:
            await dialler.dial(options)
    assert f"web1 ({LOOPBACK}:{nowhere.port}) cannot be reached from gate ({LOOPBACK}:{gate.port})" in str(
        refused.value
    )
    assert refused.value.hint.startswith(f"ssh -p {gate.port} ")
    assert refused.value.hop == ""
    await until_nobody_is_on(gate)


async def test_jump_host_that_forwards_nothing_says_so(
    sshds: SshdFarm, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    closed = sshds.start("closed", "AllowTcpForwarding no")
    with pytest.raises(HostRefused, match=r"closed \(.*\) does not forward to web1 .*AllowTcpForwarding"):
        await dialler.dial(await config.resolve(behind(web, closed)))


async def test_who_gives_up_waiting_takes_the_jump_host_away_from_nobody(
    gate: Sshd, web: Sshd, config: SshConfig, dialler: Dialler
) -> None:
    options = await config.resolve(behind(web, gate))
    first, second = asyncio.create_task(dialler.dial(options)), asyncio.create_task(dialler.dial(options))
    await asyncio.sleep(0)
    first.cancel()
    connection = await second
    assert await said_by(connection, "echo fine") == "fine\n"
    await hang_up(connection)
    await until_nobody_is_on(gate)


async def test_trust_begins_with_the_hosts_on_the_way(
    sshds: SshdFarm, gate: Sshd, web: Sshd, config: SshConfig, tmp_path: Path
) -> None:
    known = str(tmp_path / "known")
    inner = sshds.start("inner")
    hops = [replace(daemon.host, known_hosts=known) for daemon in (gate, inner)]
    target = replace(behind(web, *hops), known_hosts=known)
    for expected in (gate, inner, web):
        transport = SshTransport(agent_path=lambda: None, config=config)
        unknown = await transport.unknown_hop(target) or target
        assert unknown.name == expected.name
        keys = [key for _, _, key in await transport.scan_keys(unknown)]
        assert [fingerprint(key) for key in keys] == [expected.fingerprint]
        assert await transport.trust_keys(unknown, keys) == (known, 1)
    dialler = Dialler(KnownHosts(), lambda: None)
    await hang_up(await dialler.dial(await config.resolve(target)))


@pytest.mark.parametrize("hops", [1, 2])
def test_shell_of_the_person_goes_the_same_way(
    sshds: SshdFarm, gate: Sshd, web: Sshd, hops: int, config: SshConfig
) -> None:
    if config.program is None:
        pytest.skip("there is no ssh program")
    way = [gate, sshds.start("inner")][:hops]
    target = behind(web, *way)
    command = [word for word in interactive_command(target) if word != "-t"]
    done = subprocess.run([*command, 'echo "$HOME"'], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.stdout.decode() == f"{web.home}\n", done.stderr.decode()
    assert [daemon.log.count("Accepted publickey") for daemon in way] == [1] * hops


def test_words_of_the_way_are_quoted_for_the_shell_that_ssh_hands_them_to() -> None:
    gate = Host(name="gate", address="gate", identity="/k/a b%c", known_hosts="/k/it's")
    command = interactive_command(Host(name="web", jump=(gate,)), ssh_program="/usr/bin/ssh")
    (proxy,) = [word for word in command if word.startswith("ProxyCommand=")]
    assert proxy == (
        "ProxyCommand=/usr/bin/ssh -o StrictHostKeyChecking=yes -i '/k/a b%%%%c' "
        "-o 'UserKnownHostsFile=\"/k/it'\"'\"'s\"' -W '[%h]:%p' -- gate"
    )
    straight = interactive_command(Host(name="web", jump=()), ssh_program="/usr/bin/ssh")
    assert straight == ["/usr/bin/ssh", "-t", "-o", "StrictHostKeyChecking=yes", "-o", "ProxyJump=none", "--", "web"]


def test_jump_hosts_reach_our_own_client_too() -> None:
    host = Host(name="web", jump=(Host(name="gate", user="u", port=22, jump=()), Host(name="inner")))
    assert host_from_json(host_to_json(host)) == host
    with pytest.raises(ValueError, match="jump is not a list"):
        host_from_json('{"name": "a", "jump": "b"}')
