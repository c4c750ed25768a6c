"""Connecting: what is verified, what is tried, and what is said when there is no connection."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from runners.adapters import ssh_handshake
from runners.adapters.known_hosts import known_hosts_line
from runners.adapters.shell_channel import ShellLost
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import HANDSHAKES_PER_ADDRESS, Dialler
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_shell_channel import SshShell, open_shell
from runners.model.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    HostRefused,
    HostUnreachable,
    LoginNeeded,
)
from runners.model.inventory import Host
from runners.testing.fleet import Fleet
from tests.faults.proxy import Proxy
from tests.ssh.machines import Machine
from tests.ssh.sshd import SshdFarm, closed_port


async def hang_up(connection: Connection) -> None:
    connection.ssh.close()
    await connection.ssh.wait_closed()


async def read_all(shell: SshShell) -> bytes:
    got = b""
    while data := await shell.read_stdout(1 << 20):
        got += data
    return got


async def test_a_known_host_gives_a_shell_with_three_pipes_in_its_home(
    machine: Machine, config: SshConfig, dialler: Dialler
) -> None:
    connection = await dialler.dial(await config.resolve(machine.host))
    shell = await open_shell(connection)
    await shell.write(b'echo "$HOME"; echo trouble >&2; test -t 0 || echo no terminal; exit\n')
    assert await read_all(shell) == f"{machine.home}\nno terminal\n".encode()
    assert await shell.read_stderr(100) == b"trouble\n"
    await shell.wait_closed()
    await hang_up(connection)


async def test_the_fast_algorithms_are_chosen(machine: Machine, config: SshConfig, dialler: Dialler) -> None:
    connection = await dialler.dial(await config.resolve(machine.host))
    assert connection.ssh.get_extra_info("send_cipher") == "aes128-gcm@openssh.com"
    await hang_up(connection)


async def test_bytes_arrive_exactly_in_both_directions(machine: Machine, config: SshConfig, dialler: Dialler) -> None:
    connection = await dialler.dial(await config.resolve(machine.host))
    data = os.urandom(3_000_000)
    shell = await open_shell(connection)
    # dash reads its input ahead, so the bytes are sent once head has said that it reads.
    await shell.write(b'echo ready; head -c 3000000 > "$HOME/copy"; cat "$HOME/copy"; exit\n')
    assert await shell.read_stdout(100) == b"ready\n"
    await shell.write(data)
    assert hashlib.sha256(await read_all(shell)).digest() == hashlib.sha256(data).digest()
    await hang_up(connection)


async def test_an_unknown_key_is_refused_with_its_fingerprint_before_any_login(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    options = await config.resolve(replace(machine.host, known_hosts=str(tmp_path / "missing" / "known_hosts")))
    with pytest.raises(HostKeyUnknown, match="nothing was sent") as refused:
        await dialler.dial(options)
    assert refused.value.fingerprint == machine.fingerprint
    assert refused.value.key_type == "ecdsa-sha2-nistp256"
    assert refused.value.hint == "onduty hosts trust web1"
    assert machine.logins() == 0
    assert not (tmp_path / "missing").exists()


async def test_a_changed_key_is_refused_with_both_fingerprints_before_any_login(
    machine: Machine, config: SshConfig, dialler: Dialler
) -> None:
    on_record = machine.fingerprint
    await machine.show_another_key()
    with pytest.raises(HostKeyChanged, match="nothing was sent") as refused:
        await dialler.dial(await config.resolve(machine.host))
    assert refused.value.known == (on_record,)
    assert refused.value.shown == machine.fingerprint != on_record
    assert on_record in str(refused.value)
    assert machine.fingerprint in str(refused.value)
    assert machine.logins() == 0


async def test_a_host_on_record_with_a_key_of_another_type_only_is_changed(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    options = await config.resolve(replace(machine.host, known_hosts=str(tmp_path / "known")))
    other = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "known").write_text(known_hosts_line(options.record_name, other) + "\n")
    with pytest.raises(HostKeyChanged) as refused:
        await dialler.dial(options)
    assert refused.value.known == (other.get_fingerprint("sha256"),)
    assert machine.logins() == 0


@pytest.mark.sshd
async def test_a_certificate_of_a_trusted_authority_is_enough_and_a_strangers_is_not(
    sshds: SshdFarm, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    daemon = sshds.start("certified", f"HostCertificate {tmp_path}/host-cert.pub")
    daemon.stop()
    authority, stranger = (asyncssh.generate_private_key("ecdsa-sha2-nistp256") for _ in range(2))
    certificate = authority.generate_host_certificate(daemon.host_key, "host", principals=["127.0.0.1"])
    certificate.write_certificate(tmp_path / "host-cert.pub")
    daemon.start()
    options = replace(await config.resolve(daemon.host), known_hosts=(str(tmp_path / "known"),))

    def trust(key: asyncssh.SSHKey) -> None:
        public = " ".join(key.export_public_key().decode().split()[:2])
        (tmp_path / "known").write_text(f"@cert-authority * {public}\n")

    trust(authority)
    await hang_up(await dialler.dial(options))
    trust(stranger)
    with pytest.raises(HostKeyChanged, match="not trusted"):
        await dialler.dial(options)
    assert daemon.log.count("Accepted publickey") == 1


async def test_a_revoked_key_is_refused_though_it_is_also_listed(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    listed = machine.known_hosts.read_text()
    (tmp_path / "known").write_text(listed + "".join(f"@revoked {line}\n" for line in listed.splitlines()))
    options = await config.resolve(replace(machine.host, known_hosts=str(tmp_path / "known")))
    with pytest.raises(HostKeyChanged, match="revoked"):
        await dialler.dial(options)
    assert machine.logins() == 0


async def test_accept_new_records_an_unknown_key_and_never_replaces_a_changed_one(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    known = tmp_path / "new" / "known_hosts"
    options = replace(await config.resolve(replace(machine.host, known_hosts=str(known))), accept_new=True)
    await hang_up(await dialler.dial(options))
    assert known.stat().st_mode & 0o777 == 0o600
    written = known.read_text()
    assert len(written.splitlines()) == 1

    await hang_up(await dialler.dial(options))
    assert known.read_text() == written

    await machine.show_another_key()
    with pytest.raises(HostKeyChanged):
        await dialler.dial(options)
    assert known.read_text() == written


async def test_a_key_that_cannot_be_recorded_is_not_accepted(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    known = str(tmp_path / "a-file" / "known_hosts")
    options = replace(
        await config.resolve(replace(machine.host, known_hosts=None)), known_hosts=(known,), accept_new=True
    )
    with pytest.raises((HostKeyUnknown, HostRefused)):
        await dialler.dial(options)
    assert machine.logins() == 0


async def test_a_wrong_identity_is_said_to_be_refused_and_names_the_key(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    with pytest.raises(AuthFailed, match="nothing was started") as refused:
        await dialler.dial(await config.resolve(replace(machine.host, identity=str(wrong))))
    assert str(wrong) in str(refused.value)


async def test_a_key_that_others_can_read_is_not_used(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    loose = tmp_path / "loose"
    loose.write_bytes(asyncssh.read_private_key(machine.host.identity or "").export_private_key())
    loose.chmod(0o644)
    with pytest.raises(AuthFailed, match="can be read by others"):
        await dialler.dial(await config.resolve(replace(machine.host, identity=str(loose))))


async def test_a_locked_key_without_an_agent_says_what_to_type(
    machine: Machine, config: SshConfig, dialler: Dialler, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.touch(mode=0o600)
    key = asyncssh.read_private_key(machine.host.identity or "")
    locked.write_bytes(key.export_private_key("pkcs8-pem", passphrase="pass"))
    with pytest.raises(LoginNeeded, match="locked with a passphrase and there is no agent") as refused:
        await dialler.dial(await config.resolve(replace(machine.host, identity=str(locked))))
    assert refused.value.hint == f"eval $(ssh-agent); ssh-add {locked}"


async def test_a_closed_port_is_unreachable(config: SshConfig, dialler: Dialler, machine: Machine) -> None:
    with closed_port() as port, pytest.raises(HostUnreachable, match="nothing listens") as refused:
        await dialler.dial(await config.resolve(replace(machine.host, port=port)))
    assert refused.value.hint.startswith("ssh -p ")


async def test_a_name_that_does_not_resolve_is_unreachable(config: SshConfig, dialler: Dialler) -> None:
    options = await config.resolve(replace(any_host(), address="no-such-host.invalid"))
    with pytest.raises(HostUnreachable, match="has no address"):
        await dialler.dial(options)


async def test_a_host_that_never_greets_is_given_up_after_the_connect_timeout(
    config: SshConfig, dialler: Dialler
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        options = await config.resolve(replace(any_host(), port=silent.getsockname()[1]))
        with pytest.raises(HostUnreachable, match=r"did not answer within 0\.3 s \(waiting for its SSH greeting\)"):
            await dialler.dial(replace(options, connect_timeout_s=0.3))


async def test_a_host_that_closes_before_it_greets_is_tried_again(
    fleet: Fleet, config: SshConfig, dialler: Dialler
) -> None:
    with Proxy(fleet["web1"].port) as link:
        link.turn_away = 3
        options = await config.resolve(fleet.host("web1"))
        options = replace(options, port=link.port, host_key_alias=f"[127.0.0.1]:{fleet['web1'].port}")
        connection = await dialler.dial(options)
        assert link.turn_away == 0
        await hang_up(connection)


async def test_a_host_that_always_closes_before_it_greets_is_unreachable_in_the_end(
    config: SshConfig, dialler: Dialler
) -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        options = await config.resolve(replace(any_host(), port=server.sockets[0].getsockname()[1]))
        with pytest.raises(HostUnreachable, match="before it greeted"):
            await dialler.dial(replace(options, connect_timeout_s=0.3))


async def test_no_more_handshakes_at_a_time_than_a_stock_sshd_takes(config: SshConfig, dialler: Dialler) -> None:
    now = most = heard = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most, heard
        now += 1
        most = max(most, now)
        heard += 1
        await reader.read()
        now -= 1
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        options = await config.resolve(replace(any_host(), port=server.sockets[0].getsockname()[1]))
        dials = [dialler.dial(replace(options, connect_timeout_s=1)) for _ in range(3 * HANDSHAKES_PER_ADDRESS)]
        answers = await asyncio.gather(*dials, return_exceptions=True)
    assert most == HANDSHAKES_PER_ADDRESS
    # Waiting for a turn does not use up a host's patience: each one still hears the host's own silence.
    assert heard == len(answers)
    assert all("did not answer within 1 s" in str(answer) for answer in answers)


@pytest.mark.sshd
async def test_thirty_connections_at_once_all_succeed_within_stock_limits(
    sshds: SshdFarm, config: SshConfig, dialler: Dialler
) -> None:
    options = await config.resolve(sshds.start("busy").host)
    connections = await asyncio.gather(*(dialler.dial(options) for _ in range(30)))
    await asyncio.gather(*(hang_up(connection) for connection in connections))


async def test_a_link_that_goes_silent_is_noticed_by_keepalive(
    fleet: Fleet, config: SshConfig, dialler: Dialler, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (ssh_handshake.KEEPALIVE_INTERVAL_S, ssh_handshake.KEEPALIVE_COUNT_MAX) == (5.0, 3)
    monkeypatch.setattr(ssh_handshake, "KEEPALIVE_INTERVAL_S", 0.02)
    with Proxy(fleet["web1"].port) as link:
        options = await config.resolve(fleet.host("web1"))
        options = replace(options, port=link.port, host_key_alias=f"[127.0.0.1]:{fleet['web1'].port}")
        connection = await dialler.dial(options)
        shell = await open_shell(connection)
        link.stall()
        assert await shell.read_stdout(100) == b""
        assert "keepalive" in connection.login.lost_cause


async def test_a_cut_connection_ends_the_shell_and_names_the_cause(
    machine: Machine, config: SshConfig, dialler: Dialler
) -> None:
    connection = await dialler.dial(await config.resolve(machine.host))
    shell = await open_shell(connection)
    await shell.write(b"echo here; read never\n")
    assert await shell.read_stdout(100) == b"here\n"
    assert await machine.drop_connections() >= 1
    assert await shell.read_stdout(100) == b""
    await shell.wait_closed()
    assert connection.login.lost_cause
    with pytest.raises(ShellLost):
        await shell.write(b"x")


async def test_a_child_in_its_own_session_survives_a_cut(machine: Machine, config: SshConfig, dialler: Dialler) -> None:
    options = await config.resolve(machine.host)
    connection = await dialler.dial(options)
    shell = await open_shell(connection)
    os.mkfifo(machine.home / "go")
    await shell.write(
        b'cd "$HOME"; setsid sh -c "read word < go; echo \\$word > done; echo > told" </dev/null >/dev/null 2>&1 &\n'
        b"echo started\n"
    )
    assert await shell.read_stdout(100) == b"started\n"
    assert await machine.drop_connections() >= 1
    await shell.wait_closed()
    again = await dialler.dial(options)
    shell = await open_shell(again)
    await shell.write(b'cd "$HOME"; mkfifo back; echo survived > go; while [ ! -e told ]; do :; done; cat done; exit\n')
    assert await read_all(shell) == b"survived\n"
    await hang_up(again)


async def test_a_host_behind_an_alias_of_a_named_configuration_is_reached(
    machine: Machine, dialler: Dialler, config: SshConfig, tmp_path: Path
) -> None:
    if config.program is None:
        pytest.skip("there is no ssh program")
    host = machine.host
    (tmp_path / "ssh_config").write_text(
        "Host frontend\n"
        f"  HostName 127.0.0.1\n  Port {host.port}\n  User {host.user}\n"
        f"  IdentityFile {host.identity}\n  IdentitiesOnly yes\n  UserKnownHostsFile {host.known_hosts}\n"
    )
    alias = replace(
        any_host(),
        name="web1",
        address="frontend",
        user=None,
        known_hosts=None,
        ssh_config=str(tmp_path / "ssh_config"),
    )
    connection = await dialler.dial(await config.resolve(alias))
    await hang_up(connection)


async def test_all_key_types_of_a_host_are_scanned_without_a_login(
    machine: Machine, config: SshConfig, dialler: Dialler
) -> None:
    keys = await dialler.scan(await config.resolve(machine.host))
    assert [key.get_fingerprint("sha256") for key in keys] == [machine.fingerprint]
    assert machine.logins() == 0


async def test_scanning_a_closed_port_is_unreachable(config: SshConfig, dialler: Dialler) -> None:
    with closed_port() as port, pytest.raises(HostUnreachable):
        await dialler.scan(await config.resolve(replace(any_host(), port=port)))


def any_host() -> Host:
    return Host(name="web1", address="127.0.0.1", user="someone", known_hosts="/nonexistent/known_hosts")
